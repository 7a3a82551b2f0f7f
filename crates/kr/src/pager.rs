//! Where output goes: to a file or a pipe in whole lines, to a terminal at once if it fits, else
//! through a pager.
//!
//! A pager is started with the first line that does not fit, so short answers never see one, and
//! Ctrl-C ends `kr` while it still works on an answer. Once it runs, the keyboard is the pager's.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anstream::adapter::{strip_bytes, strip_str};
use unicode_width::UnicodeWidthStr;

use crate::remarks::note;
use crate::signals::{Guard, Hold, before_death, hold_interrupts};

/// Bytes that are held back before they are written.
const CHUNK_SIZE_BYTES: usize = 64 << 10;

/// What `less` is to do when the user has said nothing: end when all fits, show colours, cut no
/// line, leave the screen as it is (as git has it).
const LESS: &str = "FRX";

/// Where output goes.
pub struct Sink {
    /// What is not yet written; ends with a whole line unless it ends within one.
    held: Vec<u8>,
    target: Target,
}

enum Target {
    /// The standard output.
    Plain,
    /// A terminal of that size, which all so far fits on.
    Terminal { width: usize, lines_left: usize },
    /// A pager.
    Pager(Box<Running>),
    /// Nobody reads any more.
    Closed,
}

/// A pager that runs.
struct Running {
    child: Child,
    /// `None` once all is written.
    input: Option<ChildStdin>,
    shows_colours: bool,
    _hold: Option<Hold>,
    _guard: Option<Guard>,
}

impl Sink {
    /// The standard output.
    pub const fn plain() -> Self {
        Self { held: Vec::new(), target: Target::Plain }
    }

    /// A terminal, with a pager for what does not fit.
    pub const fn terminal(width: usize, height: usize) -> Self {
        // The prompt needs a line, too.
        let target = Target::Terminal { width, lines_left: height.saturating_sub(1) };
        Self { held: Vec::new(), target }
    }

    /// Takes a line, without its end.
    pub fn line(&mut self, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        let begin = self.held.len();
        self.held.write_fmt(text)?;
        self.held.push(b'\n');
        if let Target::Terminal { width, lines_left } = &mut self.target {
            let rows = row_count(&self.held[begin..], *width);
            match lines_left.checked_sub(rows) {
                Some(left) => *lines_left = left,
                None => self.target = start_pager(),
            }
        }
        if self.held.len() >= CHUNK_SIZE_BYTES { self.write_held() } else { Ok(()) }
    }

    /// Takes whole lines, each with its end, that go through no pager.
    pub fn lines(&mut self, lines: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(lines);
        if self.held.len() >= CHUNK_SIZE_BYTES { self.write_held() } else { Ok(()) }
    }

    /// Writes what is held back. From then on there is no pager if there was none so far.
    pub fn flush(&mut self) -> io::Result<()> {
        self.write_held()?;
        if matches!(self.target, Target::Terminal { .. }) {
            self.target = Target::Plain;
        }
        Ok(())
    }

    fn write_held(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let result = match &mut self.target {
            Target::Pager(running) => running.write(&held),
            Target::Plain | Target::Terminal { .. } => write_out(&held),
            Target::Closed => Ok(()),
        };
        if result.is_err() && !matches!(self.target, Target::Pager(_)) {
            self.target = Target::Closed;
        }
        self.held = held;
        self.held.clear();
        result
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Whoever had to know has called `flush`.
        let _ = self.flush();
    }
}

/// Bypasses the line buffer of the standard output: lines come whole as it is.
fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Rows of a terminal that a line takes.
fn row_count(line: &[u8], width: usize) -> usize {
    let text = String::from_utf8_lossy(line);
    let shown = strip_str(&text).to_string();
    shown.trim_end().width().div_ceil(width.max(1)).max(1)
}

fn start_pager() -> Target {
    let set = ["KR_PAGER", "PAGER"].iter().find_map(std::env::var_os);
    let words = set.as_deref().unwrap_or_else(|| OsStr::new("less")).to_string_lossy().into_owned();
    if words.trim().is_empty() || words.trim() == "cat" {
        return Target::Plain;
    }
    match Running::start(words.trim()) {
        Ok(running) => Target::Pager(Box::new(running)),
        Err(error) => {
            // Where there is no `less` nobody asked for it either.
            if set.is_some() {
                note(&format!(
                    "cannot start the pager {words}: {error}; shown without it, see KR_PAGER"
                ));
            }
            Target::Plain
        }
    }
}

impl Running {
    fn start(words: &str) -> io::Result<Self> {
        let hold = hold_interrupts().ok();
        let mut command = command(words);
        let is_set = |name: &str| std::env::var_os(name).is_some();
        for (name, value) in [("LESS", LESS), ("LV", "-c"), ("LESSCHARSET", "utf-8")] {
            if !is_set(name) && (name != "LESSCHARSET" || crate::charset::is_unicode()) {
                command.env(name, value);
            }
        }
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        let (input, guard) = (child.stdin.take(), end_with(child.id()));
        let shows_colours = shows_colours(words);
        Ok(Self { child, input, shows_colours, _hold: hold, _guard: guard })
    }

    /// Writes whole lines, so that no colour is parted.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(input) = &mut self.input else { return Ok(()) };
        if self.shows_colours {
            return input.write_all(bytes);
        }
        for part in strip_bytes(bytes) {
            input.write_all(part)?;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It sees the end, and stays until its user has read enough.
        self.input = None;
        let _ = self.child.wait();
    }
}

/// Simple words are started as they are, what needs a shell by one.
fn command(words: &str) -> Command {
    let needs_shell = words.contains(|char: char| "|&;<>()$`\\\"'*?[#~=%\n".contains(char));
    if needs_shell {
        let mut command = Command::new(if cfg!(windows) { "cmd" } else { "sh" });
        command.args([if cfg!(windows) { "/C" } else { "-c" }, words]);
        return command;
    }
    let mut words = words.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("less"));
    command.args(words);
    command
}

/// Only of `less` it is known that it shows colours as garbage unless told otherwise.
fn shows_colours(words: &str) -> bool {
    let mut words = words.split_whitespace();
    let program = words.next().map(Path::new).and_then(Path::file_name);
    if program.is_none_or(|program| program != "less") {
        return true;
    }
    let has = |options: &str| options.contains(['R', 'r']);
    let less = std::env::var("LESS");
    words.any(|word| word.starts_with('-') && has(word)) || less.map_or(true, |less| has(&less))
}

/// Sends the pager the signal by which `kr` is ended, so that it puts the terminal in order.
#[cfg(unix)]
fn end_with(id: u32) -> Option<Guard> {
    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

    let pid = i32::try_from(id).ok().and_then(Pid::from_raw)?;
    let end = move |signal: i32| {
        let Some(signal) = Signal::from_named_raw(signal) else { return };
        if kill_process(pid, signal).is_ok() {
            let _ = waitpid(Some(pid), WaitOptions::empty());
        }
    };
    before_death(end).ok()
}

#[cfg(not(unix))]
const fn end_with(_: u32) -> Option<Guard> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_wrap_take_more_than_one_row() {
        // Promise: colours take no room, and a line that wraps is counted as often as it does.
        assert_eq!(row_count(b"\n", 80), 1);
        assert_eq!(row_count(format!("\x1b[1m{}\x1b[0m\n", "x".repeat(80)).as_bytes(), 80), 1);
        assert_eq!(row_count("日".repeat(41).as_bytes(), 80), 2);
    }

    #[test]
    fn pagers_are_words_or_a_line_of_shell() {
        // Promise: a pager may have options, and may be a pipeline.
        let program = |words| command(words).get_program().to_string_lossy().into_owned();
        assert_eq!(program("less -S"), "less");
        assert_eq!(program("sed 's/a/b/' | less"), "sh");
        assert!(shows_colours("bat -p") && shows_colours("less -R"));
    }
}
