//! What stands around the table or a function: whose calls, totals, notes, keys.

use ratatui::layout::{Position, Rect};

use super::Scene;
use super::canvas::{Canvas, Field, line, to_columns, width};
use crate::top::board::RING_COUNT_MAX;
use crate::top::model::Model;
use crate::top::news::{Look, Losses, Writer};
use crate::top::number::{count, rate};
use crate::top::paint::Paint;
use crate::top::picture::{heights, stretches};
use crate::top::ring::RING_SECONDS;
use crate::top::window::Window;
use crate::units;

/// Lines below which none is left empty.
const ROOMY_HEIGHT: u16 = 14;
/// Columns of the trend of all calls.
const TREND_WIDTH_MIN: u16 = 10;
const TREND_WIDTH_MAX: u16 = 60;

/// Where things stand.
pub struct Parts {
    /// Whose calls, and when.
    pub title: Rect,
    /// Totals, or the numbers of a function.
    pub numbers: Rect,
    /// What it is about.
    pub body: Rect,
    /// What the reader should know; no line when there is nothing.
    pub note: Rect,
    /// The keys.
    pub keys: Rect,
}

/// Divides the screen.
pub fn parts(scene: &Scene<'_>, area: Rect) -> Parts {
    let gap = u16::from(area.height >= ROOMY_HEIGHT);
    let note_height = u16::from(!notes(scene).is_empty());
    let top = 2 + gap;
    let below = 1 + note_height;
    let row = |y: u16, height: u16| Rect { y: area.y.saturating_add(y), height, ..area };
    let last = area.height.saturating_sub(1);
    Parts {
        title: row(0, 1),
        numbers: row(1, 1),
        body: row(top, area.height.saturating_sub(top + below)),
        note: row(last.saturating_sub(note_height), note_height),
        keys: row(last, 1),
    }
}

/// Draws what stands around; tells where the cursor stands, if it is seen.
pub fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, parts: &Parts) -> Option<Position> {
    draw_state(scene, canvas, parts.title);
    if scene.state.detail.is_none() {
        draw_totals(scene, canvas, parts.numbers);
    }
    if parts.note.height > 0 {
        let style = canvas.paint.notable();
        canvas.put(parts.note, 1, &notes(scene).join("; "), style);
    }
    if scene.state.typing.is_some() {
        return Some(draw_pattern(scene, canvas, parts.keys));
    }
    draw_keys(scene, canvas, parts.keys);
    None
}

/// Whose calls these are, at the left; the window and the time of the last look, at the right.
fn draw_state(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    let (state, paint) = (scene.state, canvas.paint);
    let look = scene.model.look.as_ref();
    let clock = look.map(|look| scene.times.clock(look.at_ns)).unwrap_or_default();
    let window = match state.window {
        Window::All => "all calls".to_owned(),
        window => format!("last {}", window.words()),
    };
    let pause = if state.is_paused { "paused  " } else { "" };
    let left = area.width.saturating_sub(1 + width(&clock));
    canvas.put(area, left, &clock, paint.plain());
    let left = left.saturating_sub(2 + width(&window));
    canvas.put(area, left, &window, paint.strong());
    let left = left.saturating_sub(width(pause));
    canvas.put(area, left, pause, paint.notable());
    if state.detail.is_some() {
        return;
    }
    let area = Rect { width: left.saturating_sub(2), ..area };
    let at = canvas.put(area, 1, "kr top", paint.strong());
    let writers = look.map(|look| writers(look, paint)).unwrap_or_default();
    canvas.put(area, at + 2, &writers, paint.plain());
}

/// Who writes, in words.
fn writers(look: &Look, paint: Paint) -> String {
    let Some(first) = look.writers.first() else { return String::new() };
    let is_same = |other: &Writer| (&other.service, &other.host) == (&first.service, &first.host);
    let mut text = if first.service.is_empty() {
        format!("process {}", first.pid)
    } else {
        [&*first.service, &first.version].join(" ").trim_end().to_owned()
    };
    if !first.host.is_empty() {
        text = format!("{text} on {}", first.host);
    }
    let text = paint.text(&text);
    let rest = match look.writers.len() {
        1 => String::new(),
        all if look.writers.iter().all(is_same) => format!(", {all} processes"),
        all => format!(" and {} more", all - 1),
    };
    let end = if look.open_lanes == 0 { ", ended" } else { "" };
    format!("{text}{rest}{end}")
}

fn draw_totals(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    let (model, state, paint) = (scene.model, scene.state, canvas.paint);
    let Some(look) = model.look.as_ref().filter(|look| look.lanes > 0) else { return };
    let Some((total, length)) = model.total(state.window) else { return };
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let calls = format!("{} calls/s", rate(total.calls as f64 / length));
    let plain = |text: String, importance| Field { text, style: paint.plain(), importance };
    let told = |number: u64, noun: &str, importance| Field {
        text: format!("{} {noun}", count(number)),
        style: if number > 0 { paint.alert() } else { paint.plain() },
        importance,
    };
    let errors = if total.errors == 1 { "error" } else { "errors" };
    let losses = model.losses(state.window);
    let fields = [
        told(total.errors, errors, 5),
        told(losses.dropped, "dropped", 4),
        Field {
            text: lost(&losses),
            style: if losses.lost > 0 { paint.alert() } else { paint.plain() },
            importance: 3,
        },
        plain(lanes(look), 2),
    ];
    let at = canvas.put(area, 1, &calls, paint.strong());
    let all = fields.iter().map(|field| width(&field.text) + 2).sum::<u16>();
    let room = area.width.saturating_sub(at + 1 + all + 1).min(TREND_WIDTH_MAX);
    let at =
        if room >= TREND_WIDTH_MIN { draw_trend(scene, canvas, area, at + 1, room) } else { at };
    canvas.fields(area, at + 2, &fields);
}

fn lost(losses: &Losses) -> String {
    match losses.lost_at_most {
        0 => format!("{} lost", count(losses.lost)),
        more => format!("{} to {} lost", count(losses.lost), count(losses.lost + more)),
    }
}

fn lanes(look: &Look) -> String {
    let all = units::counted(look.lanes as u64, "lane");
    if look.open_lanes == look.lanes { all } else { format!("{all}, {} open", look.open_lanes) }
}

fn draw_trend(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, left: u16, room: u16) -> u16 {
    let model = scene.model;
    let span = scene.state.window.trend_seconds();
    let stretches = stretches(model.end(), span, RING_SECONDS, room.into());
    let heights = heights(&model.total_trend(&stretches), 1);
    let end = left + to_columns(heights.len());
    let area = Rect { x: area.x + left, width: end - left, ..area };
    let style = canvas.paint.picture();
    canvas.rising(area, &heights, style);
    end
}

/// What the reader should know.
fn notes(scene: &Scene<'_>) -> Vec<String> {
    let (model, paint) = (scene.model, scene.paint);
    let look = model.look.as_ref();
    let mut notes = Vec::new();
    if let Some(failure) = &model.failure {
        notes.push(format!("{}; it is tried again", paint.text(failure)));
    }
    if let Some(since_ns) = look.and_then(|look| look.paused_ns) {
        let (since, program) = (scene.times.clock(since_ns), scene.program);
        notes.push(format!("captures are paused since {since}, {program} resume ends that"));
    }
    if look.is_some_and(|look| look.is_partial) {
        notes.push(format!("some stored rows cannot be read, see {} health", scene.program));
    }
    if let Some(missed) = look.map(|look| look.missed).filter(|missed| *missed > 0) {
        notes.push(format!("{} expired before they were seen", units::counted(missed, "row")));
    }
    if scene.state.window != Window::All && model.board.is_crowded() {
        notes.push(crowd(model, scene));
    }
    if model.board.elsewhen() > 0 {
        let calls = units::counted(model.board.elsewhen(), "call");
        notes.push(format!("{calls} came with times long past or to come"));
    }
    notes
}

fn crowd(model: &Model, scene: &Scene<'_>) -> String {
    let (kept, all) = (units::count(RING_COUNT_MAX as u64), model.board.function_count());
    let all = units::count(all as u64);
    if scene.state.pattern.is_empty() {
        format!("the busiest {kept} of {all} functions; / for others")
    } else {
        format!("the busiest {kept} of {all} functions, those that match first")
    }
}

/// The pattern that is being typed; tells where the cursor stands.
fn draw_pattern(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect) -> Position {
    let (state, paint) = (scene.state, canvas.paint);
    let end = canvas.put(area, 1, "/", paint.strong());
    let text = state.pattern.text();
    let text = if text.is_empty() { text.into() } else { paint.text(text) };
    let at = canvas.put(area, end, &text, paint.plain());
    let found = format!("{} found  Enter keep  Esc leave", count(state.count() as u64));
    if at + 4 + width(&found) < area.width {
        canvas.put_right(area, area.width - 1, &found, paint.faint());
    }
    Position::new(area.x + at.min(area.width.saturating_sub(1)), area.y)
}

/// Keys and what they do, those first without which one is lost.
fn draw_keys(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    let (state, paint) = (scene.state, canvas.paint);
    let pause = if state.is_paused { "go on" } else { "pause" };
    let filter = format!("filter {}", paint.text(state.pattern.text()));
    let filter = if state.pattern.is_empty() { "filter" } else { &*filter };
    let table = [
        ("q", "quit"),
        ("?", "keys"),
        ("Enter", "details"),
        ("s", "sort"),
        ("/", filter),
        ("+ -", "window"),
        ("t", "trend"),
        ("p", pause),
    ];
    let detail = [
        ("q", "quit"),
        ("?", "keys"),
        ("Esc", "back"),
        ("s", "order of slow calls"),
        ("+ -", "window"),
        ("p", pause),
    ];
    let keys = if state.detail.is_some() { &detail[..] } else { &table[..] };
    let (first, last) = state.places();
    let places = format!("{first}-{last} of {}", units::count(state.count() as u64));
    let is_scrolled = state.detail.is_none() && last - first + 1 < state.count();
    let right = if is_scrolled { width(&places) + 3 } else { 1 };
    let mut at = 1;
    for (key, text) in keys {
        if at + width(key) + 1 + width(text) > area.width.saturating_sub(right) {
            break;
        }
        at = canvas.put(area, at, key, paint.strong()) + 1;
        at = canvas.put(area, at, text, paint.faint()) + 2;
    }
    if is_scrolled {
        canvas.put_right(line(area, 0), area.width - 1, &places, paint.plain());
    }
}
