//! Puts text on the screen; what finds no room is cut.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::fit::{GAP, Need, fit};
use crate::top::paint::{Paint, STEPS};

/// The screen.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    /// What the terminal can show.
    pub paint: Paint,
}

/// A part of a line that may be left out.
pub struct Field {
    /// What it says.
    pub text: String,
    /// How.
    pub style: Style,
    /// The lower, the sooner it goes when there is no room.
    pub importance: u8,
}

impl<'a> Canvas<'a> {
    /// The screen.
    pub const fn new(buffer: &'a mut Buffer, paint: Paint) -> Self {
        Self { buffer, paint }
    }

    /// Writes text in a line of `area`, from so many columns behind its left edge on; says behind
    /// which column it ends.
    pub fn put(&mut self, area: Rect, left: u16, text: &str, style: Style) -> u16 {
        let room = area.width.saturating_sub(left);
        if room == 0 || area.height == 0 || !self.buffer.area.contains(area.as_position()) {
            return left;
        }
        let text = cut(text, usize::from(room), self.paint);
        let (end, _) =
            self.buffer.set_stringn(area.x + left, area.y, &text, usize::from(room), style);
        end - area.x
    }

    /// Writes text so that it ends before a column.
    pub fn put_right(&mut self, area: Rect, right: u16, text: &str, style: Style) {
        let left = right.saturating_sub(width(text));
        self.put(area, left, text, style);
    }

    /// Writes text in the middle of a line.
    pub fn centered(&mut self, area: Rect, text: &str) {
        let left = area.width.saturating_sub(width(text)) / 2;
        self.put(area, left, text, Style::new());
    }

    /// Styles a whole line.
    pub fn style(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area, style);
    }

    /// Writes as many fields as find room, in their order; says behind which column they end.
    pub fn fields(&mut self, area: Rect, left: u16, fields: &[Field]) -> u16 {
        let needs: Vec<Need> = fields
            .iter()
            .map(|field| {
                let natural = usize::from(width(&field.text));
                Need { natural, least: natural, importance: field.importance }
            })
            .collect();
        let room = usize::from(area.width.saturating_sub(left));
        let widths = fit(&needs, Some(room));
        let mut at = left;
        for (field, _) in fields.iter().zip(widths).filter(|(_, width)| width.is_some()) {
            let gap = if at == left { 0 } else { to_columns(GAP) };
            at = self.put(area, at + gap, &field.text, field.style);
        }
        at
    }

    /// Draws bars side by side that go upwards; `area` is as high as they are at most.
    pub fn rising(&mut self, area: Rect, heights: &[usize], style: Style) {
        for (column, &height) in (area.x..area.right()).zip(heights) {
            for row in 0..area.height {
                let below = usize::from(area.height - 1 - row) * STEPS;
                let step = height.saturating_sub(below).min(STEPS);
                let character = self.paint.rising(step);
                self.buffer.set_string(column, area.y + row, character, style);
            }
        }
    }

    /// Draws a bar that goes to the right, filled in so many steps.
    pub fn growing(&mut self, area: Rect, left: u16, steps: usize, style: Style) -> u16 {
        let mut bar = self.paint.growing(STEPS).repeat(steps / STEPS);
        if !steps.is_multiple_of(STEPS) {
            bar.push_str(self.paint.growing(steps % STEPS));
        }
        self.put(area, left, &bar, style)
    }
}

/// Columns that text takes.
pub fn width(text: &str) -> u16 {
    to_columns(text.width())
}

/// A count of columns, as the screen counts them.
pub fn to_columns(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// One line of an area.
pub fn line(area: Rect, row: u16) -> Rect {
    let height = u16::from(row < area.height);
    Rect { y: area.y.saturating_add(row), height, ..area }
}

/// Text cut at the end, with a mark.
pub fn cut(text: &str, room: usize, paint: Paint) -> Cow<'_, str> {
    if text.width() <= room {
        return text.into();
    }
    let kept = keep(text.chars(), room.saturating_sub(1));
    format!("{kept}{}", paint.cut()).into()
}

/// Text cut at the front, with a mark: of a source the line matters more than the folder.
pub fn cut_front(text: &str, room: usize, paint: Paint) -> Cow<'_, str> {
    if text.width() <= room {
        return text.into();
    }
    let kept: String = keep(text.chars().rev(), room.saturating_sub(1)).chars().rev().collect();
    format!("{}{kept}", paint.cut()).into()
}

fn keep(chars: impl Iterator<Item = char>, mut room: usize) -> String {
    let fits = |char: &char| {
        let width = char.width().unwrap_or(0);
        let fits = width <= room;
        room = if fits { room - width } else { 0 };
        fits
    };
    chars.take_while(fits).collect()
}
