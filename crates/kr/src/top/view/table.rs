//! The table of functions.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Scene;
use super::canvas::{Canvas, cut, line, to_columns, width};
use super::frame::Parts;
use crate::fit::{ESSENTIAL, GAP, Need, fit};
use crate::top::column::{COLUMNS, Column};
use crate::top::model::Line;
use crate::top::number::{count, rate};
use crate::top::picture::{heights, stretches};
use crate::top::ring::{Doing, RING_SECONDS};
use crate::top::state::Trend;
use crate::top::window::Window;
use crate::units;

/// Columns in which a name still means something, and more than which none takes.
const NAME_WIDTH_MIN: usize = 16;
const NAME_WIDTH_MAX: usize = 60;
const TREND_WIDTH_MIN: usize = 7;
const TREND_WIDTH_MAX: usize = 60;
/// Columns of durations: `12.5 ms`, and of most that are longer, `1,234 s`.
const DURATION_WIDTH: usize = 7;
const RATE_WIDTH: usize = 7;
const ERRORS_WIDTH: usize = 6;
/// The mark of the selected line at the left, and as much at the right.
const MARK_WIDTH: u16 = 1;

/// A call far slower than usual: as in `kr outliers`, three times the median and a millisecond.
const FAR_FACTOR: u64 = 3;
const FAR_NS: u64 = 1_000_000;

/// How many functions find room.
pub fn line_count(parts: &Parts) -> usize {
    usize::from(parts.body.height.saturating_sub(1))
}

/// Draws the table, or why it is empty.
pub fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, parts: &Parts) {
    if scene.state.count() == 0 {
        let texts = nothing(scene);
        let top = parts.body.height.saturating_sub(to_columns(texts.len())) / 2;
        for (row, text) in (top..).zip(&texts) {
            canvas.centered(line(parts.body, row), text);
        }
        return;
    }
    let widths = widths(scene, parts.body);
    draw_header(scene, canvas, line(parts.body, 0), &widths);
    for (row, (function, is_selected)) in (1..).zip(scene.state.in_view(scene.model)) {
        let area = line(parts.body, row);
        draw_line(scene, canvas, area, &widths, function);
        if is_selected {
            canvas.put(area, 0, ">", canvas.paint.plain());
            canvas.style(area, canvas.paint.selected());
        }
    }
}

/// Why there is nothing to show, and what to do.
fn nothing(scene: &Scene<'_>) -> Vec<String> {
    let (model, state, paint) = (scene.model, scene.state, scene.paint);
    let Some(look) = &model.look else { return vec!["Reading the last 5 minutes".to_owned()] };
    if look.lanes == 0 {
        let dir = paint.text(scene.dir);
        return vec![
            "There is no database yet in".to_owned(),
            dir.into_owned(),
            "It is shown as soon as a captured function was called.".to_owned(),
        ];
    }
    if !model.lines().is_empty() {
        let pattern = paint.text(state.pattern.text());
        return vec![format!("No function matches {pattern}"), "Esc shows all".to_owned()];
    }
    if state.window == Window::All && !model.has_totals() {
        return vec!["Reading all calls".to_owned()];
    }
    let mut texts = vec!["No calls in the last 5 minutes".to_owned()];
    if let Some(last) = look.last_end_ns {
        texts.push(format!("The last one ended {}", scene.times.second(last)));
        if state.window != Window::All {
            texts.push("+ makes the window longer, up to all calls".to_owned());
        }
    }
    texts
}

/// The width of each column and of the trend; `None` for those that find no room.
fn widths(scene: &Scene<'_>, area: Rect) -> Vec<Option<usize>> {
    let (model, state) = (scene.model, scene.state);
    let names =
        model.lines().iter().map(|line| usize::from(width(&scene.paint.text(&line.name.name))));
    let longest = names.max().unwrap_or(0).clamp(NAME_WIDTH_MIN, NAME_WIDTH_MAX);
    let need = |column: Column| {
        let (natural, importance) = match column {
            Column::Name => (longest, ESSENTIAL),
            Column::Calls => (RATE_WIDTH, 8),
            Column::Errors => (ERRORS_WIDTH, 4),
            Column::Busy => (RATE_WIDTH, 1),
            Column::P95 => (DURATION_WIDTH, 3),
            Column::Median => (DURATION_WIDTH, 6),
            Column::P99 => (DURATION_WIDTH, 7),
            Column::Max => (DURATION_WIDTH, 5),
        };
        let least = if column == Column::Name { NAME_WIDTH_MIN } else { natural };
        let importance = if column == state.sort { ESSENTIAL } else { importance };
        Need { natural, least, importance }
    };
    let trend = Need { natural: TREND_WIDTH_MAX, least: TREND_WIDTH_MIN, importance: 2 };
    let needs: Vec<Need> = COLUMNS.into_iter().map(need).chain([trend]).collect();
    fit(&needs, Some(usize::from(area.width.saturating_sub(2 * MARK_WIDTH))))
}

/// Calls `draw` with each column that has room, its left edge and its width; `None` is the trend.
fn each_column(widths: &[Option<usize>], mut draw: impl FnMut(Option<Column>, u16, u16)) {
    let mut left = MARK_WIDTH;
    let columns = COLUMNS.into_iter().map(Some).chain([None]);
    for (column, width) in columns.zip(widths) {
        let Some(width) = *width else { continue };
        draw(column, left, to_columns(width));
        left += to_columns(width + GAP);
    }
}

fn draw_header(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, widths: &[Option<usize>]) {
    let (state, paint) = (scene.state, canvas.paint);
    each_column(widths, |column, left, width| {
        let Some(column) = column else {
            canvas.put(area, left, &trend_title(scene, width), paint.strong());
            return;
        };
        let is_upwards = (column == Column::Name) != state.is_reversed;
        let is_sorted = state.sort == column;
        let mark = if is_sorted { paint.sorted(is_upwards) } else { "" };
        if column == Column::Name {
            canvas.put(area, left, &format!("{}{mark}", column.title()), paint.strong());
        } else {
            let title = format!("{mark}{}", column.title());
            canvas.put_right(area, left + width, &title, paint.strong());
        }
    });
}

fn trend_title(scene: &Scene<'_>, width: u16) -> String {
    let what = match scene.state.trend {
        Trend::Calls => "calls/s",
        Trend::P99 => "p99",
    };
    let span = if scene.state.window.trend_seconds() == 60 { "1 min" } else { "5 min" };
    let whole = format!("{what}, {span}");
    if to_columns(whole.len()) <= width { whole } else { what.to_owned() }
}

fn draw_line(
    scene: &Scene<'_>,
    canvas: &mut Canvas<'_>,
    area: Rect,
    widths: &[Option<usize>],
    function: &Line,
) {
    let paint = canvas.paint;
    let usual = if function.calls == 0 { paint.faint() } else { paint.plain() };
    each_column(widths, |column, left, width| match column {
        None => draw_trend(scene, canvas, area, left, width, function),
        Some(Column::Name) => {
            let name = paint.text(&function.name.name);
            canvas.put(area, left, &cut(&name, width.into(), paint), usual);
        }
        Some(column) => {
            let style = style(column, function, canvas).unwrap_or(usual);
            canvas.put_right(area, left + width, &cell(column, function), style);
        }
    });
}

fn cell(column: Column, function: &Line) -> String {
    // What is known of a part of the window only is marked.
    let mark = if function.is_recent { "~" } else { "" };
    match column {
        Column::Name => String::new(),
        Column::Calls => format!("{mark}{}", rate(function.rate)),
        Column::Errors => count(function.errors),
        Column::Busy => rate(function.busy),
        _ => function.quantile_ns(column).map_or_else(|| "-".to_owned(), units::duration_ns),
    }
}

/// How a number that one should look at is shown.
fn style(column: Column, function: &Line, canvas: &Canvas<'_>) -> Option<Style> {
    let [median, ..] = function.quantiles_ns?;
    let is_far =
        |ns: u64| ns > median.saturating_mul(FAR_FACTOR).max(median.saturating_add(FAR_NS));
    match column {
        Column::Errors if function.errors > 0 => Some(canvas.paint.alert()),
        Column::P95 | Column::P99 | Column::Max
            if function.quantile_ns(column).is_some_and(is_far) =>
        {
            Some(canvas.paint.notable())
        }
        _ => None,
    }
}

fn draw_trend(
    scene: &Scene<'_>,
    canvas: &mut Canvas<'_>,
    area: Rect,
    left: u16,
    width: u16,
    function: &Line,
) {
    let (model, state) = (scene.model, scene.state);
    let span = state.window.trend_seconds();
    let stretches = stretches(model.end(), span, RING_SECONDS, width.into());
    let of = match state.trend {
        Trend::Calls => calls_a_second,
        Trend::P99 => p99,
    };
    let heights = heights(&model.trend(Some(&function.name.name), &stretches, of), 1);
    let area = Rect { x: area.x + left, width, ..area };
    let style = canvas.paint.picture();
    canvas.rising(area, &heights, style);
}

/// Calls a second.
#[expect(clippy::cast_precision_loss, reason = "for a picture")]
pub fn calls_a_second(doing: &Doing, seconds: f64) -> Option<f64> {
    Some(doing.calls() as f64 / seconds)
}

/// The 99th percentile.
pub fn p99(doing: &Doing, _seconds: f64) -> Option<f64> {
    quantile(doing, 0.99)
}

/// A percentile in nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "for a picture")]
pub fn quantile(doing: &Doing, q: f64) -> Option<f64> {
    doing.durations.quantile(q).map(|ns| ns as f64)
}
