//! What stands on the screen: a function of what is known and what is looked at.

mod canvas;
mod detail;
mod frame;
mod help;
mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::model::Model;
use super::paint::Paint;
use super::state::{Room, State};
use crate::when::Times;
use canvas::Canvas;

/// A terminal smaller than this shows nothing but that it is.
pub const WIDTH_MIN: u16 = 40;
pub const HEIGHT_MIN: u16 = 8;

/// All that is shown.
pub struct Scene<'a> {
    /// What is known.
    pub model: &'a Model,
    /// What is looked at.
    pub state: &'a State,
    /// What the terminal can show.
    pub paint: Paint,
    /// How times are shown.
    pub times: &'a Times,
    /// `kr`, and `--dir` if it was needed, for commands that are suggested.
    pub program: &'a str,
    /// The directory.
    pub dir: &'a str,
}

/// Draws all; tells where the cursor stands, if it is seen.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    let mut canvas = Canvas::new(buffer, scene.paint);
    if is_small(area) {
        draw_small(&mut canvas, area);
        return None;
    }
    if let Some(offset) = scene.state.help {
        help::draw(&mut canvas, area, offset);
        return None;
    }
    let parts = frame::parts(scene, area);
    match &scene.state.detail {
        Some(detail) => detail::draw(scene, detail, &mut canvas, &parts),
        None => table::draw(scene, &mut canvas, &parts),
    }
    frame::draw(scene, &mut canvas, &parts)
}

/// How much room there is in a terminal of this size.
pub fn room(scene: &Scene<'_>, area: Rect) -> Room {
    let parts = frame::parts(scene, area);
    let detail = scene.state.detail.as_ref();
    Room {
        lines: table::line_count(&parts),
        slow_calls_beyond: detail.map_or(0, |detail| detail::beyond(scene, detail, &parts)),
        help_beyond: help::beyond(area),
    }
}

const fn is_small(area: Rect) -> bool {
    area.width < WIDTH_MIN || area.height < HEIGHT_MIN
}

fn draw_small(canvas: &mut Canvas<'_>, area: Rect) {
    let wanted = format!("{WIDTH_MIN}x{HEIGHT_MIN}");
    let texts = [
        format!("too small: {}x{}, kr top needs {wanted}", area.width, area.height),
        format!("too small, needs {wanted}"),
        "too small".to_owned(),
    ];
    let fitting = texts.iter().find(|text| text.len() <= usize::from(area.width));
    let text = fitting.map_or("small", String::as_str);
    canvas.centered(Rect { y: area.y + area.height / 2, height: 1, ..area }, text);
}

#[cfg(test)]
mod tests;
