//! The one handle through which `kr` writes, with its colours and its width.
//!
//! A reader that closes the pipe ends the program quietly; any other error is a failure.

use std::fmt::Display;
use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use anstyle::{Ansi256Color, AnsiColor, Style};

use crate::failure::Failure;
use crate::options::Color;
use crate::pager::Sink;
pub use crate::remarks::note;
use crate::screen;

/// The standard output.
pub struct Output {
    sink: Sink,
    is_color: bool,
    width: Option<usize>,
}

impl Output {
    /// The standard output, with the colours that were asked for, and a pager for long answers on a
    /// terminal if `is_paged`.
    pub fn new(color: Color, is_paged: bool) -> Self {
        let is_color = match color {
            Color::Always => true,
            Color::Never => false,
            // Honours NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM=dumb.
            Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        };
        let width = screen::width();
        // Who cannot type has nothing to leave a pager with.
        let height = screen::height().filter(|_| is_paged && io::stdin().is_terminal());
        let sink = width.zip(height).map_or_else(Sink::plain, |(w, h)| Sink::terminal(w, h));
        Self { sink, is_color, width }
    }

    /// Characters of a line; `None` when there is no limit, as in a file or a pipe.
    pub const fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether there are colours.
    pub const fn is_color(&self) -> bool {
        self.is_color
    }

    /// Writes a line.
    pub fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        Ok(self.sink.line(format_args!("{text}"))?)
    }

    /// Writes whole lines for programs, each with its end.
    pub fn raw_lines(&mut self, lines: &[u8]) -> Result<(), Failure> {
        Ok(self.sink.lines(lines)?)
    }

    /// Writes text in lines that fit, each with `indent` spaces before it.
    pub fn paragraph(&mut self, indent: usize, text: &str) -> Result<(), Failure> {
        self.lines(indent, text, Style::new())
    }

    /// As [`Output::paragraph`], for text that matters less.
    pub fn faint_paragraph(&mut self, indent: usize, text: &str) -> Result<(), Failure> {
        self.lines(indent, text, Style::new().dimmed())
    }

    /// As [`Output::paragraph`], for text that somebody should look at.
    pub fn alert_paragraph(&mut self, indent: usize, text: &str) -> Result<(), Failure> {
        self.lines(indent, text, AnsiColor::Red.on_default())
    }

    fn lines(&mut self, indent: usize, text: &str, style: Style) -> Result<(), Failure> {
        let width = self.width.unwrap_or(100).saturating_sub(indent).max(20);
        for line in wrap(text, width) {
            let line = self.paint(&line, style);
            self.line(format_args!("{:indent$}{line}", ""))?;
        }
        Ok(())
    }

    /// Writes out what is still held back. From then on there is no pager if there was none so far.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.sink.flush()?)
    }

    /// Text of a heading.
    pub fn strong(&self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    /// Text that matters less.
    pub fn faint(&self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    /// Text that somebody should look at.
    pub fn alert(&self, text: &str) -> String {
        self.paint(text, AnsiColor::Red.on_default())
    }

    /// A function, or a command to type.
    pub fn subject(&self, text: &str) -> String {
        self.paint(text, AnsiColor::Cyan.on_default())
    }

    /// Text in one of the 256 colours that terminals have.
    pub fn coloured(&self, text: &str, colour: u8) -> String {
        self.paint(text, Ansi256Color(colour).on_default())
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.is_color && !style.is_plain() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// A command that is to be copied, so kept on one line.
pub fn unbroken(command: &str) -> String {
    command.replace(' ', "\u{a0}")
}

/// Text in lines of at most so many characters, broken between words.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    // A number stays with its unit.
    let text = join_units(text);
    for word in text.split(' ') {
        let word = word.replace('\u{a0}', " ");
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(&word);
        } else if chars(line) + 1 + chars(&word) <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

/// Puts a space that does not break between a number and its unit.
fn join_units(text: &str) -> String {
    let mut text = text.to_owned();
    for unit in ["ns", "us", "ms", "s", "%"] {
        for end in [" ", ",", ";", "."] {
            text = text.replace(&format!(" {unit}{end}"), &format!("\u{a0}{unit}{end}"));
        }
    }
    text
}

fn chars(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_break_between_words_and_not_before_units() {
        // Promise: a sentence fits the terminal, and no number is parted from its unit.
        let lines = wrap("1 call in 250 takes 402 ms on average, 71 % of the time", 23);
        assert_eq!(lines, ["1 call in 250 takes", "402 ms on average, 71 %", "of the time"]);
    }
}
