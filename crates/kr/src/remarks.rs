//! The standard error: remarks beside an answer, and one line there that is drawn over again.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::escape::escape;

/// Erases a line of a terminal (ECMA-48, EL).
const ERASE: &str = "\r\x1b[2K";

static IS_QUIET: AtomicBool = AtomicBool::new(false);
/// Whether there is a drawn line. Who writes to the standard error holds this.
static IS_DRAWN: Mutex<bool> = Mutex::new(false);

/// From now on there are no remarks; errors are still told.
pub fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Whether there are no remarks.
pub fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Tells something beside the answer.
pub fn note(text: &str) {
    if !is_quiet() {
        tell(text);
    }
}

/// Tells why there is no answer.
pub fn tell(text: &str) {
    let mut is_drawn = lock();
    let erase = if *is_drawn { ERASE } else { "" };
    *is_drawn = false;
    // Nothing is left to do when nobody can be told.
    let _ = writeln!(io::stderr(), "{erase}kr: {}", escape(text));
}

/// Draws a line over the one that was drawn before. Only for a terminal.
pub fn draw(line: &str) {
    let mut is_drawn = lock();
    *is_drawn = io::stderr().write_all(format!("{ERASE}{line}").as_bytes()).is_ok();
}

/// Erases the line that was drawn.
pub fn erase() {
    let mut is_drawn = lock();
    if std::mem::take(&mut *is_drawn) {
        let _ = io::stderr().write_all(ERASE.as_bytes());
    }
}

fn lock() -> MutexGuard<'static, bool> {
    IS_DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}
