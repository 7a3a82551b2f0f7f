//! Characters and colours, as far as the terminal has them.

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

use crate::escape;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether there may be colours.
    pub is_color: bool,
    /// Whether it shows more than ASCII.
    pub is_unicode: bool,
}

/// Steps of one character of a bar.
pub const STEPS: usize = 8;

const RISING: [&str; STEPS + 1] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const RISING_ASCII: [&str; STEPS + 1] = [" ", ".", ".", ":", ":", "|", "|", "#", "#"];
const GROWING: [&str; STEPS + 1] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
const GROWING_ASCII: [&str; STEPS + 1] = [" ", "-", "-", "-", "-", "=", "=", "=", "#"];

impl Paint {
    /// A character of a bar that goes upwards, filled in so many of [`STEPS`].
    pub fn rising(self, step: usize) -> &'static str {
        let all = if self.is_unicode { &RISING } else { &RISING_ASCII };
        all[step.min(STEPS)]
    }

    /// A character of a bar that goes to the right, filled in so many of [`STEPS`].
    pub fn growing(self, step: usize) -> &'static str {
        let all = if self.is_unicode { &GROWING } else { &GROWING_ASCII };
        all[step.min(STEPS)]
    }

    /// The mark of the column that is sorted by.
    pub const fn sorted(self, is_upwards: bool) -> &'static str {
        match (self.is_unicode, is_upwards) {
            (true, true) => "↑",
            (true, false) => "↓",
            (false, true) => "<",
            (false, false) => ">",
        }
    }

    /// The mark of what was cut.
    pub const fn cut(self) -> &'static str {
        if self.is_unicode { "…" } else { "~" }
    }

    /// The mark of what is left out of a list.
    pub const fn gap(self) -> &'static str {
        if self.is_unicode { "…" } else { "..." }
    }

    /// Text of a database that a person is to read.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        let text = escape::name(text);
        if self.is_unicode || text.is_ascii() {
            return text;
        }
        let escaped = text.chars().flat_map(|char| {
            let (plain, escaped) = if char.is_ascii() {
                (Some(char), None)
            } else {
                (None, Some(char.escape_unicode()))
            };
            plain.into_iter().chain(escaped.into_iter().flatten())
        });
        Cow::Owned(escaped.collect())
    }

    /// Text as it stands.
    pub const fn plain(self) -> Style {
        Style::new()
    }

    /// A heading.
    pub const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What matters less.
    pub const fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What is selected.
    pub const fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A picture.
    pub const fn picture(self) -> Style {
        self.colored(Color::Cyan)
    }

    /// What one should look at.
    pub const fn notable(self) -> Style {
        self.colored(Color::Yellow)
    }

    /// What is wrong.
    pub const fn alert(self) -> Style {
        self.colored(Color::Red).add_modifier(Modifier::BOLD)
    }

    const fn colored(self, color: Color) -> Style {
        if self.is_color { Style::new().fg(color) } else { Style::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ascii_where_nothing_else_can_be_shown() {
        // Promise: a name cannot speak to the terminal, nor show what it has no character for.
        let paint = |is_unicode| Paint { is_color: false, is_unicode };
        assert_eq!(paint(true).text("é\x1b[31m"), "é\\u{1b}[31m");
        assert_eq!(paint(false).text("é\x1b[31m"), "\\u{e9}\\u{1b}[31m");
        assert_eq!(paint(false).text("getQuote"), "getQuote");
        for step in 0..=STEPS {
            let ascii = paint(false);
            assert!(ascii.rising(step).is_ascii() && ascii.growing(step).is_ascii());
        }
    }
}
