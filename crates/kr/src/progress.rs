//! How far something is that takes more than a second, on a terminal's standard error.
//!
//! Whoever works adds what is done, from any thread and as often as it likes: that is one atomic
//! addition. A thread draws ten times a second, beginning after a second, so that what is quick
//! shows nothing, and what waits for a disk shows at least that it is alive. Nothing is drawn when
//! the standard error is no terminal, with `--quiet`, and when the answer itself runs through the
//! terminal.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::charset::is_unicode;
use crate::remarks::{draw, erase, is_quiet};
use crate::screen::error_width;
use crate::signals::{Guard, before_death};
use crate::units::{count, size, span};

/// Nothing is shown before.
const DELAY: Duration = Duration::from_secs(1);
/// From one drawing to the next.
const STEP: Duration = Duration::from_millis(100);
/// Columns of the bar.
const BAR_WIDTH: usize = 24;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown as KiB, MiB or GiB.
    Bytes,
    /// Things with this name.
    Count(&'static str),
}

/// Shows how far something is, until it is dropped.
pub struct Progress {
    done: Arc<AtomicU64>,
    drawer: Option<Drawer>,
}

/// The thread that draws. It ends when its channel is closed.
struct Drawer {
    stop: Sender<()>,
    thread: JoinHandle<()>,
    _guard: Guard,
}

impl Progress {
    /// Begins something that will be done when `total` has been added, if that is known.
    ///
    /// `what` is said in the way of `reading` or `writing shop.parquet`.
    pub fn new(what: impl Into<String>, unit: Unit, total: Option<u64>) -> Self {
        let done = Arc::new(AtomicU64::new(0));
        let is_shown = io::stderr().is_terminal() && !is_dumb() && !is_quiet();
        let line = Line { what: what.into(), unit, total, done: Arc::clone(&done) };
        Self { done, drawer: is_shown.then(|| Drawer::start(line)).flatten() }
    }

    /// As [`Progress::new`], but nothing is shown when the answer runs through the terminal.
    pub fn beside_output(what: impl Into<String>, unit: Unit, total: Option<u64>) -> Self {
        if io::stdout().is_terminal() {
            return Self { done: Arc::default(), drawer: None };
        }
        Self::new(what, unit, total)
    }

    /// The count itself, for others to add to.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.done)
    }

    /// Adds what is done.
    pub fn add(&self, amount: u64) {
        self.done.fetch_add(amount, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(Drawer { stop, thread, .. }) = self.drawer.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

impl Drawer {
    /// `None` when there can be no thread: then nothing is shown.
    fn start(line: Line) -> Option<Self> {
        let guard = before_death(|_| erase()).ok()?;
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("progress".to_owned());
        let thread = thread.spawn(move || line.draw_until(&stopped)).ok()?;
        Some(Self { stop, thread, _guard: guard })
    }
}

/// What is drawn.
struct Line {
    what: String,
    unit: Unit,
    total: Option<u64>,
    done: Arc<AtomicU64>,
}

impl Line {
    fn draw_until(&self, stopped: &Receiver<()>) {
        let begin = Instant::now();
        let mut wait = DELAY;
        while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            let done = self.done.load(Ordering::Relaxed);
            draw(&self.text(done, begin.elapsed(), error_width().saturating_sub(1)));
            wait = STEP;
        }
        erase();
    }

    /// The line after some time, in at most `width` columns.
    fn text(&self, done: u64, elapsed: Duration, width: usize) -> String {
        let Some(total) = self.total.filter(|total| *total > 0) else {
            let mut parts = vec![self.what.clone(), self.amount(done), whole_seconds(elapsed)];
            parts.extend(self.rate(done, elapsed));
            return fitting(&parts, width);
        };
        let share = share(done, total);
        let mut parts = vec![self.what.clone(), bar(share), format!("{:3.0} %", share * 100.0)];
        parts.push(self.amount_of(done, total));
        if share > 0.01 {
            let left = elapsed.mul_f64(((1.0 - share) / share).min(1e6));
            parts.push(format!("{} left", whole_seconds(left)));
        }
        parts.extend(self.rate(done, elapsed));
        // The bar goes first where there is no room for all.
        if parts.iter().map(|part| part.chars().count() + 2).sum::<usize>() > width + 2 {
            parts.remove(1);
        }
        fitting(&parts, width)
    }

    /// How much a second, as soon as there is something, of what comes in great numbers.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "three digits are shown; the cast saturates"
    )]
    fn rate(&self, done: u64, elapsed: Duration) -> Option<String> {
        let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
        let is_fast = matches!(self.unit, Unit::Bytes | Unit::Count("rows"));
        (is_fast && done > 0).then(|| format!("{}/s", self.amount(round(rate) as u64)))
    }

    fn amount_of(&self, done: u64, total: u64) -> String {
        match self.unit {
            Unit::Bytes => format!("{} of {}", size(done), size(total)),
            Unit::Count(_) => format!("{} of {}", count(done), self.amount(total)),
        }
    }

    fn amount(&self, amount: u64) -> String {
        match self.unit {
            Unit::Bytes => size(amount),
            Unit::Count(noun) => format!("{} {noun}", count(amount)),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share to be shown")]
fn share(done: u64, total: u64) -> f64 {
    (done as f64 / total as f64).min(1.0)
}

/// A rate with three significant digits: further ones would only flicker.
fn round(rate: f64) -> f64 {
    let step = 10_f64.powf((rate.max(1.0).log10().floor() - 2.0).max(0.0));
    (rate / step).round() * step
}

fn whole_seconds(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 100 { format!("{seconds} s") } else { span(seconds.saturating_mul(1_000_000_000)) }
}

/// As many of the parts as there is room for, at least the first, cut.
fn fitting(parts: &[String], width: usize) -> String {
    let mut text = String::new();
    for part in parts {
        let gap = if text.is_empty() { 0 } else { 2 };
        if !text.is_empty() && text.chars().count() + gap + part.chars().count() > width {
            break;
        }
        text.push_str(&"  "[..gap]);
        text.push_str(part);
    }
    text.chars().take(width).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share from 0 to 1 of a bar"
)]
fn bar(share: f64) -> String {
    let full = ((share * BAR_WIDTH as f64) as usize).min(BAR_WIDTH);
    let (done, open) = if is_unicode() { ("█", "░") } else { ("#", "-") };
    format!("{}{}", done.repeat(full), open.repeat(BAR_WIDTH - full))
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_how_much_is_done_and_how_long_it_takes() {
        // Promise: share, amounts and the time that is left are told, in the room there is.
        let line = |total| Line {
            what: "verifying".to_owned(),
            unit: Unit::Bytes,
            total,
            done: Arc::default(),
        };
        let text = |total, width| line(total).text(1 << 20, Duration::from_secs(3), width);
        assert_eq!(
            text(Some(4 << 20), 100),
            "verifying  ██████░░░░░░░░░░░░░░░░░░   25 %  1.00 MiB of 4.00 MiB  9 s left  342 KiB/s"
        );
        assert_eq!(text(Some(4 << 20), 50), "verifying   25 %  1.00 MiB of 4.00 MiB  9 s left");
        assert_eq!(text(Some(4 << 20), 20), "verifying   25 %");
        assert_eq!(text(None, 100), "verifying  1.00 MiB  3 s  342 KiB/s");
        let rows = Line {
            what: "writing a.csv".to_owned(),
            unit: Unit::Count("rows"),
            total: Some(10_000_000),
            done: Arc::default(),
        };
        assert_eq!(
            rows.text(4_321_987, Duration::from_secs(2), 79),
            "writing a.csv   43 %  4,321,987 of 10,000,000 rows  2 s left  2,160,000 rows/s"
        );
        assert_eq!(rows.rate(0, Duration::from_secs(2)), None);
        assert_eq!(rows.rate(7, Duration::from_secs(2)).as_deref(), Some("4 rows/s"));
        assert_eq!(text(Some(1), 5), "verif");
    }
}
