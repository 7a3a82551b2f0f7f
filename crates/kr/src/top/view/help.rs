//! The list of keys.

use ratatui::layout::Rect;

use super::canvas::{Canvas, line};
use crate::output::wrap;

/// What keys and columns mean.
const ENTRIES: [(&str, &str); 18] = [
    ("up down j k", "select; also PageUp, PageDown, Home, End"),
    ("Enter", "one function: histogram, trends, slow calls; Esc goes back"),
    ("/", "only functions that match: a part of the name, or * and ?"),
    ("left right h l s", "the column to sort by; S the other way round"),
    ("n c e b m 5 9 x", "sort by name, calls, errors, busy, median, p95, p99, max"),
    ("+ -", "longer or shorter window: 10 s, 1 min, 5 min, all"),
    ("t", "trend of calls/s or of p99"),
    ("p", "stand still, go on"),
    ("Ctrl-L Ctrl-Z q", "draw anew, suspend, quit"),
    ("", ""),
    ("calls/s", "calls that ended in the window, a second"),
    ("errors", "those of them that failed or were aborted"),
    ("busy", "how many were going on at once, on average"),
    ("median p95 p99", "nearest rank, within 1 %; max is exact"),
    ("dropped lost", "calls that became no row; kr health says why"),
    ("yellow", "more than three times the median, and a millisecond"),
    ("~", "numbers of a part of the window: others were busier before"),
    ("3-9 of 20", "lines that are in view"),
];

/// Columns of the keys.
const KEY_WIDTH: u16 = 18;

/// The lines of the list in a terminal of this width.
fn lines(area: Rect) -> Vec<(&'static str, String)> {
    let room = usize::from(area.width.saturating_sub(KEY_WIDTH + 1));
    let wrapped = ENTRIES.into_iter().flat_map(|(keys, text)| {
        let texts = wrap(text, room).into_iter();
        texts.enumerate().map(move |(row, text)| (if row == 0 { keys } else { "" }, text))
    });
    wrapped.collect()
}

/// Lines that find no room.
pub fn beyond(area: Rect) -> usize {
    lines(area).len().saturating_sub(usize::from(area.height.saturating_sub(1)))
}

/// Draws the list from a line on.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, offset: usize) {
    let paint = canvas.paint;
    let room = area.height.saturating_sub(1);
    for (row, (keys, text)) in (0..room).zip(lines(area).iter().skip(offset)) {
        canvas.put(line(area, row), 1, keys, paint.strong());
        canvas.put(line(area, row), KEY_WIDTH, text, paint.plain());
    }
    let more = if beyond(area) > offset { "j down  " } else { "" };
    let text = format!("{more}any other key back  q quit");
    canvas.put(line(area, room), 1, &text, paint.faint());
}
