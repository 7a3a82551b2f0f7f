//! One function: its numbers, its durations by how often they came, its trends, its slow calls.

use ratatui::layout::Rect;

use super::Scene;
use super::canvas::{Canvas, Field, cut, cut_front, line, to_columns, width};
use super::frame::Parts;
use super::table::{calls_a_second, quantile};
use crate::fit::ESSENTIAL;
use crate::rows::lane_and_seq;
use crate::top::model::{Line, Single, SlowCall};
use crate::top::number::{count, rate};
use crate::top::paint::STEPS;
use crate::top::picture::{Bar, heights, highest, histogram, steps, stretches};
use crate::top::ring::{Doing, RING_SECONDS, SLOW_COUNT};
use crate::top::state::Detail;
use crate::top::window::Window;
use crate::units;

/// From this width on histogram and trends stand side by side.
const WIDE: u16 = 72;
/// Lines of pictures with their heading at most, and of slow calls with theirs at least.
const PICTURES_HEIGHT_MAX: u16 = 18;
const SLOW_HEIGHT_MIN: u16 = 4;
/// A picture with its heading.
const PICTURE_HEIGHT_MIN: u16 = 5;
/// Durations and counts beside bars.
const LABEL_WIDTH: u16 = 7;
const COUNT_WIDTH: u16 = 6;
/// Names of trends.
const NAME_WIDTH: u16 = 7;

/// Where the parts of a function stand; those without lines have no room.
struct Places {
    histogram: Rect,
    trends: Rect,
    slow: Rect,
}

fn places(body: Rect) -> Places {
    let part = |y: u16, height: u16| Rect { y: body.y + y, height, ..body };
    if body.height < PICTURE_HEIGHT_MIN + SLOW_HEIGHT_MIN {
        return Places { histogram: part(0, 0), trends: part(0, 0), slow: body };
    }
    let room = body.height - SLOW_HEIGHT_MIN;
    if body.width >= WIDE {
        let wanted = (body.height * 11 / 20).clamp(PICTURE_HEIGHT_MIN, PICTURES_HEIGHT_MAX);
        let height = wanted.min(room);
        let half = body.width / 2;
        let pictures = part(0, height);
        return Places {
            histogram: Rect { width: half - 1, ..pictures },
            trends: Rect { x: body.x + half + 1, width: body.width - half - 1, ..pictures },
            slow: part(height, body.height - height),
        };
    }
    let trends = if room >= 2 * PICTURE_HEIGHT_MIN { PICTURE_HEIGHT_MIN } else { 0 };
    let bars = (room - trends).min(PICTURES_HEIGHT_MAX / 2);
    Places {
        histogram: part(0, bars),
        trends: Rect { x: body.x + 1, width: body.width - 1, ..part(bars, trends) },
        slow: part(bars + trends, body.height - bars - trends),
    }
}

/// Slow calls that find no room.
pub fn beyond(scene: &Scene<'_>, detail: &Detail, parts: &Parts) -> usize {
    let single = scene.model.single(scene.state.window, &detail.name);
    let all = single.map_or(0, |single| single.slowest.len());
    all.saturating_sub(slow_count(places(parts.body).slow))
}

fn slow_count(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(2))
}

/// Draws one function.
pub fn draw(scene: &Scene<'_>, detail: &Detail, canvas: &mut Canvas<'_>, parts: &Parts) {
    let single = scene.model.single(scene.state.window, &detail.name);
    draw_title(detail, single.as_ref(), canvas, parts.title);
    let Some(single) = single else {
        let area = line(parts.body, parts.body.height / 2);
        canvas.centered(area, "It was not called lately; Esc goes back");
        return;
    };
    draw_numbers(&single.line, canvas, parts.numbers);
    let places = places(parts.body);
    if places.histogram.height > 0 {
        draw_histogram(scene, &single.doing, canvas, places.histogram);
    }
    if places.trends.height > 0 {
        draw_trends(scene, detail, canvas, places.trends);
    }
    draw_slow(scene, detail, &single, canvas, places.slow);
}

/// Leaves room at the right for the window and the time.
fn draw_title(detail: &Detail, single: Option<&Single>, canvas: &mut Canvas<'_>, area: Rect) {
    const STATE_WIDTH: u16 = 32;
    let paint = canvas.paint;
    let room = usize::from(area.width.saturating_sub(STATE_WIDTH).max(12));
    let name = paint.text(&detail.name);
    let end = canvas.put(area, 1, &cut(&name, room, paint), paint.strong());
    let rest = room.saturating_sub(usize::from(end) + 1);
    let source = single.map_or("", |single| &*single.line.name.source);
    if rest >= 8 && !source.is_empty() {
        let source = paint.text(source);
        canvas.put(area, end + 2, &cut_front(&source, rest, paint), paint.faint());
    }
}

fn draw_numbers(function: &Line, canvas: &mut Canvas<'_>, area: Rect) {
    let paint = canvas.paint;
    let plain = |text: String, importance| Field { text, style: paint.plain(), importance };
    let mark = if function.is_recent { "~" } else { "" };
    let errors = if function.errors == 1 { "error" } else { "errors" };
    let mut fields = vec![
        plain(format!("{mark}{} calls/s", rate(function.rate)), ESSENTIAL),
        Field {
            text: format!("{} {errors}", count(function.errors)),
            style: if function.errors > 0 { paint.alert() } else { paint.plain() },
            importance: 5,
        },
        plain(format!("busy {}", rate(function.busy)), 1),
    ];
    if let Some(all) = function.quantiles_ns {
        let named = [("median", 4), ("p95", 2), ("p99", 7), ("max", 6)];
        let shown = named.into_iter().zip(all);
        fields.extend(shown.map(|((name, importance), ns)| {
            plain(format!("{name} {}", units::duration_ns(ns)), importance)
        }));
    }
    canvas.fields(area, 1, &fields);
}

fn draw_histogram(scene: &Scene<'_>, doing: &Doing, canvas: &mut Canvas<'_>, area: Rect) {
    let paint = canvas.paint;
    let window = match scene.state.window {
        Window::All => "all calls".to_owned(),
        window => format!("last {}", window.words()),
    };
    let heading = format!("durations, {window}: {}", units::counted(doing.calls(), "call"));
    canvas.put(line(area, 0), 1, &heading, paint.strong());
    let room = usize::from(area.height.saturating_sub(2));
    let bars = histogram(&doing.durations.sketch, room);
    let most = bars.iter().map(|bar| bar.count()).max().unwrap_or(0);
    let left = 1 + LABEL_WIDTH + 1;
    let room = usize::from(area.width.saturating_sub(left + 1 + COUNT_WIDTH));
    for (row, bar) in (1..).zip(&bars) {
        let area = line(area, row);
        let Bar::Of(lower_ns, calls) = *bar else {
            canvas.put_right(area, 1 + LABEL_WIDTH, paint.gap(), paint.faint());
            continue;
        };
        let label = units::duration(lower_ns.round());
        canvas.put_right(area, 1 + LABEL_WIDTH, &label, paint.plain());
        #[expect(clippy::cast_precision_loss, reason = "for a picture")]
        let steps = steps(calls as f64, most as f64, room * STEPS);
        let end = canvas.growing(area, left, steps, paint.picture());
        canvas.put(area, end + 1, &count(calls), paint.plain());
    }
}

/// What is drawn over time: its name, how it is taken of what was done, how it is written.
type Trend = (&'static str, fn(&Doing, f64) -> Option<f64>, fn(f64) -> String);

const TRENDS: [Trend; 4] = [
    ("p99", |doing, _| quantile(doing, 0.99), duration),
    ("median", |doing, _| quantile(doing, 0.5), duration),
    ("calls/s", calls_a_second, rate),
    ("p95", |doing, _| quantile(doing, 0.95), duration),
];
/// The same from top to bottom, when there is room for so many.
const ORDERS: [&[usize]; 5] = [&[], &[0], &[2, 0], &[2, 1, 0], &[2, 1, 3, 0]];

fn duration(ns: f64) -> String {
    units::duration(ns.round())
}

fn draw_trends(scene: &Scene<'_>, detail: &Detail, canvas: &mut Canvas<'_>, area: Rect) {
    let (model, paint) = (scene.model, canvas.paint);
    let span = scene.state.window.trend_seconds();
    let heading = if span == 60 { "over the last minute" } else { "over the last 5 minutes" };
    canvas.put(line(area, 0), 0, heading, paint.strong());
    let room = area.height.saturating_sub(2);
    let shown = ORDERS[usize::from(room).min(ORDERS.len() - 1)];
    let Some(each) = room.checked_div(to_columns(shown.len())) else { return };
    let left = NAME_WIDTH + 1;
    let columns = area.width.saturating_sub(left + 2 + LABEL_WIDTH);
    let stretches = stretches(model.end(), span, RING_SECONDS, columns.into());
    for (place, &index) in (0_u16..).zip(shown) {
        let (name, of, write) = TRENDS[index];
        let values = model.trend(Some(&detail.name), &stretches, of);
        let top = 1 + place * each;
        let bars = Rect { x: area.x + left, y: area.y + top, width: columns, height: each };
        canvas.put(line(area, top), 0, name, paint.plain());
        canvas.rising(bars, &heights(&values, each.into()), paint.picture());
        let highest = write(highest(&values));
        let right = left + columns + 1;
        canvas.put_right(line(area, top), right + LABEL_WIDTH, &highest, paint.plain());
    }
}

fn draw_slow(
    scene: &Scene<'_>,
    detail: &Detail,
    single: &Single,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    let paint = canvas.paint;
    let calls = scene.state.slow_calls(single.slowest.clone());
    let order = if detail.is_latest_first { "slow calls, latest first" } else { "slowest calls" };
    let end = canvas.put(line(area, 0), 1, order, paint.strong());
    let of = if scene.state.window == Window::All {
        format!("the {} slowest", calls.len())
    } else {
        format!("the {SLOW_COUNT} slowest of each 10 s")
    };
    canvas.put(line(area, 0), end + 2, &of, paint.faint());
    if calls.is_empty() {
        canvas.put(line(area, 1), 1, "none in this window", paint.faint());
        return;
    }
    let shown = calls.iter().skip(detail.offset).take(usize::from(area.height.saturating_sub(1)));
    for (row, call) in (1..).zip(shown) {
        draw_slow_call(scene, call, canvas, line(area, row));
    }
}

fn draw_slow_call(scene: &Scene<'_>, call: &SlowCall, canvas: &mut Canvas<'_>, area: Rect) {
    let paint = canvas.paint;
    let clock = scene.times.clock_millisecond(call.end_ns);
    let at = canvas.put(area, 1, &clock, paint.plain()) + 2 + LABEL_WIDTH;
    let is_failed = call.outcome != "ok";
    canvas.put_right(area, at, &units::duration_ns(call.duration_ns), paint.strong());
    let style = if is_failed { paint.alert() } else { paint.plain() };
    let (at, end) = (at + 2, at + 2 + width("aborted") + 2);
    let id = lane_and_seq(call.id);
    let command = format!("{} why {id}", scene.program);
    let room = |left: u16| area.width.saturating_sub(left);
    if width(&command) <= room(end) {
        canvas.put(area, at, call.outcome, style);
        canvas.put(area, end, &command, paint.plain());
    } else if width(&id) <= room(end) {
        canvas.put(area, at, call.outcome, style);
        canvas.put(area, end, &id, paint.plain());
    } else {
        canvas.put(area, at, &id, style);
    }
}
