//! How large the terminal is.

use std::io::{self, IsTerminal};

use terminal_size::{Height, Width, terminal_size_of};

/// A terminal narrower than this is taken to be this wide.
const WIDTH_MIN: usize = 40;
/// No line is longer: no terminal is, and pictures are as wide as there is room.
const WIDTH_MAX: usize = 1_000;
/// What a terminal that does not know its size is taken to have.
const UNKNOWN: (usize, usize) = (80, 24);

/// Columns for what goes to the standard output: `COLUMNS` as the user sets it, else those of the
/// terminal; `None` when there is no limit, as in a file or a pipe.
pub fn width() -> Option<usize> {
    let terminal = size_of(&io::stdout()).map(|(width, _)| width);
    variable("COLUMNS").or(terminal).map(|width| width.clamp(WIDTH_MIN, WIDTH_MAX))
}

/// Lines of the terminal that the standard output is.
pub fn height() -> Option<usize> {
    let terminal = size_of(&io::stdout()).map(|(_, height)| height);
    terminal.map(|height| variable("LINES").unwrap_or(height))
}

/// Columns of the terminal that the standard error is.
pub fn error_width() -> usize {
    size_of(&io::stderr()).unwrap_or(UNKNOWN).0.min(WIDTH_MAX)
}

/// Columns and lines. A terminal on a serial line says that it has none.
#[cfg(unix)]
fn size_of(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<(usize, usize)> {
    let size = terminal_size_of(stream).map(|(Width(w), Height(h))| (w.into(), h.into()));
    stream.is_terminal().then(|| size.unwrap_or(UNKNOWN))
}

/// Columns and lines.
#[cfg(windows)]
fn size_of(stream: &(impl IsTerminal + std::os::windows::io::AsHandle)) -> Option<(usize, usize)> {
    let size = terminal_size_of(stream).map(|(Width(w), Height(h))| (w.into(), h.into()));
    stream.is_terminal().then(|| size.unwrap_or(UNKNOWN))
}

fn variable(name: &str) -> Option<usize> {
    let value = std::env::var(name).ok()?;
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // What has too many digits is large.
    let value = value.parse::<usize>().unwrap_or(if digits { usize::MAX } else { 0 });
    (value > 0).then_some(value)
}
