//! Takes the terminal, and gives it back as it was: at the end, before the process is stopped or
//! ended by a signal, and when a panic ends it.
//!
//! Who writes to the terminal holds [`IS_TAKEN`], and writes only while it says so: what was given
//! back is not drawn on any more, whichever thread gave it back.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write, stdout};
use std::panic;
use std::sync::{Mutex, MutexGuard, Once, PoisonError, TryLockError};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::style::ResetColor;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::crossterm::{execute, queue};
use ratatui::layout::{Position, Rect};
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::signals::{Guard, before_death};

/// A terminal that does not know its size is taken to have this one.
const USUAL_SIZE: (u16, u16) = (80, 24);
/// A screen of 80x24 drawn anew takes about 4 KB: one write.
const BUFFER_SIZE_BYTES: usize = 16 << 10;
/// So long a terminal that takes nothing more, as after Ctrl-S, keeps the process from its end.
const PATIENCE: Duration = Duration::from_secs(1);
/// What a Rust program ends with after a panic of its first thread.
const PANIC_CODE: i32 = 101;

/// Whether the terminal is ours.
static IS_TAKEN: Mutex<bool> = Mutex::new(false);

/// The terminal while it is ours.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    _guard: Guard,
}

/// Whether there is a terminal that can be drawn on.
pub fn is_usable() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stdout().is_terminal() && !is_dumb
}

impl Screen {
    /// Takes the terminal.
    pub fn take() -> io::Result<Self> {
        restore_before_panic();
        let guard = before_death(|_| leave_in_time())?;
        enter(&mut lock())?;
        let viewport = Viewport::Fixed(area());
        let writer = BufWriter::with_capacity(BUFFER_SIZE_BYTES, stdout());
        let backend = CrosstermBackend::new(writer);
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport });
        let terminal = terminal.inspect_err(|_| leave(&mut lock()))?;
        Ok(Self { terminal, _guard: guard })
    }

    /// Gives the terminal back for a while.
    pub fn lend(&mut self) {
        leave(&mut lock());
    }

    /// Takes it again, also when somebody else has changed it meanwhile.
    pub fn retake(&mut self) -> io::Result<()> {
        let mut is_taken = lock();
        // Modes that were set before the process was stopped may be those of a shell now.
        leave(&mut is_taken);
        enter(&mut is_taken)?;
        drop(is_taken);
        self.clear()
    }

    /// Lets everything be drawn anew, in the size that the terminal has now.
    pub fn clear(&mut self) -> io::Result<()> {
        let is_taken = lock();
        if *is_taken { self.terminal.resize(area()) } else { Ok(()) }
    }

    /// How large it is.
    pub fn area(&mut self) -> Rect {
        self.terminal.current_buffer_mut().area
    }

    /// Shows what `draw` draws, where that is not shown already; the cursor where it says.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        let cursor = draw(self.terminal.current_buffer_mut());
        let is_taken = lock();
        if *is_taken {
            self.terminal.apply_buffer_with_cursor(cursor)?;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave(&mut lock());
    }
}

fn lock() -> MutexGuard<'static, bool> {
    IS_TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn enter(is_taken: &mut bool) -> io::Result<()> {
    *is_taken = true;
    let entered = enable_raw_mode().and_then(|()| execute!(stdout(), EnterAlternateScreen, Hide));
    entered.inspect_err(|_| leave(is_taken))
}

/// Gives the terminal back, if it is ours.
fn leave(is_taken: &mut bool) {
    if std::mem::take(is_taken) {
        // There is nobody left to tell.
        let _ = write_leave(&mut stdout());
        let _ = disable_raw_mode();
    }
}

fn write_leave(out: &mut impl Write) -> io::Result<()> {
    queue!(out, ResetColor, LeaveAlternateScreen, Show)?;
    out.flush()
}

/// Gives the terminal back, unless it takes nothing more.
fn leave_in_time() {
    let deadline = Instant::now() + PATIENCE;
    let leaving = spawn(|| leave(&mut lock()));
    while !leaving.is_finished() && Instant::now() < deadline {
        sleep(Duration::from_millis(5));
    }
    if !leaving.is_finished() {
        let _ = disable_raw_mode();
    }
}

fn area() -> Rect {
    let (width, height) = size().unwrap_or(USUAL_SIZE);
    let pick = |found: u16, usual: u16| if found == 0 { usual } else { found };
    Rect::new(0, 0, pick(width, USUAL_SIZE.0), pick(height, USUAL_SIZE.1))
}

/// Lets a panic of any thread give the terminal back before it is told, and end the process:
/// another thread may be all that is left of a program that seems to run.
fn restore_before_panic() {
    static IS_SET: Once = Once::new();
    IS_SET.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // Only a panic of what writes to the terminal finds the lock taken by its own thread.
            match IS_TAKEN.try_lock() {
                Ok(mut is_taken) => leave(&mut is_taken),
                Err(TryLockError::Poisoned(error)) => leave(&mut error.into_inner()),
                Err(TryLockError::WouldBlock) => leave(&mut true),
            }
            tell(info);
            std::process::exit(PANIC_CODE);
        }));
    });
}

#[cfg(test)]
mod tests;
