//! From ticks to nanoseconds: the rate of the tick, and where it stands in real time.
//!
//! - The rate is the slope between the oldest [`Triple`] of a window of up to a minute and the
//!   newest. Its error is at most the two reading errors (about 0.1 us together, see
//!   [`Triple::read`]) over the length of the window: 1,000 ppm after 0.1 ms, 10 ppm after
//!   10 ms, 0.1 ppm after a second. No rate comes from less than 0.1 ms.
//! - A jump is a stretch since the last check that is off the known rate by more than
//!   [`JUMP_PPM`] plus [`READ_SLACK_NS`]. Stretches below [`BASELINE_MIN_NS`], by both clocks,
//!   are left to the next check: they would show the reading error, not the clock.
//! - After a jump the timeline starts afresh. What was drained with it, and every call that
//!   began before it, has no known duration.
//! - The end of a call is placed relative to the newest triple, so a stepped system clock holds
//!   from that batch on, and never touches a duration.

use std::collections::VecDeque;

use crate::ratio::Ratio;
use crate::{ClockSource, os_clock};

/// The kernel slews the monotonic clock by at most 500 ppm (adjtimex), so twice that is no slew.
const JUMP_PPM: u64 = 1_000;
/// What reading two triples may be off, without the rate having changed.
const READ_SLACK_NS: u64 = 10_000;
/// Jumps are looked for in stretches of at least this length.
const BASELINE_MIN_NS: u64 = 10_000_000;
/// A rate is taken from at least this length.
const FIRST_BASELINE_NS: u64 = 100_000;
/// A rate from this length is good to 1 ppm, and does not give way to one from less.
const BASELINE_GOOD_NS: u64 = 1_000_000_000;
/// Triples are kept at this distance.
const WINDOW_STEP_NS: u64 = 1_000_000_000;
/// How long triples are kept.
const WINDOW_NS: u64 = 60_000_000_000;
/// A record may have ended so long after its batch's triple: the drain may be preempted.
const AHEAD_MAX_NS: u64 = 10_000_000_000;

/// One moment on three clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Triple {
    /// Ticks of the process's [`ClockSource`].
    pub tick: u64,
    /// Monotonic clock of the system, nanoseconds.
    pub monotonic_ns: u64,
    /// Nanoseconds since the Unix epoch.
    pub realtime_ns: i64,
}

impl Triple {
    /// Reads the three clocks as nearly at once as can be.
    ///
    /// The system's clocks are read between two ticks, and of some tries the tightest is kept,
    /// so that a preemption between the reads does not show as an error. Three tries, about
    /// 0.25 us, where nothing disturbs them; at most eight.
    #[must_use]
    pub fn read(source: ClockSource) -> Self {
        // The first of a series is slow, because its code and the kernel's page are cold.
        const TRIES_MIN: u32 = 2;
        const TRIES_MAX: u32 = 8;
        let (mut best, mut best_width) = Self::read_once(source);
        for tries in 1..TRIES_MAX {
            let (triple, width) = Self::read_once(source);
            let is_as_tight = width <= best_width + best_width / 4;
            if width < best_width {
                (best, best_width) = (triple, width);
            }
            // Two tries that agree were both undisturbed.
            if is_as_tight && tries >= TRIES_MIN {
                break;
            }
        }
        best
    }

    /// One try, and how many ticks it took.
    fn read_once(source: ClockSource) -> (Self, u64) {
        let before = source.now();
        let monotonic_ns = os_clock::monotonic_ns();
        let realtime_ns = os_clock::realtime_ns();
        let after = source.now();
        let width = after.saturating_sub(before);
        let tick =
            if source == ClockSource::Os { monotonic_ns } else { before.saturating_add(width / 2) };
        (Self { tick, monotonic_ns, realtime_ns }, width)
    }
}

/// When a call ended and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// End: nanoseconds since the Unix epoch.
    pub end_ns: i64,
    /// Duration in nanoseconds.
    pub duration_ns: u64,
}

/// The rolling window of triples, and what is known from it. One per process.
#[derive(Debug)]
pub struct Timeline {
    source: ClockSource,
    /// A triple a second, oldest first, never empty; the rate is the slope from the first.
    window: VecDeque<Triple>,
    /// The rate, and the length it was taken from; none before the first, and after a jump.
    rate: Option<(Ratio, u64)>,
    /// Up to here the clock is known not to have jumped.
    checked: Triple,
    /// Nothing is known of ticks before this one.
    first_tick: u64,
    last: [Triple; 2],
}

impl Timeline {
    /// A timeline that starts now. To be made early, at best when the module is loaded: the
    /// rate is the better the longer ago that was.
    #[must_use]
    pub fn new(source: ClockSource) -> Self {
        Self::starting_at(source, Triple::read(source))
    }

    /// A timeline that starts at a given triple.
    #[must_use]
    pub fn starting_at(source: ClockSource, first: Triple) -> Self {
        Self {
            source,
            window: VecDeque::from([first]),
            rate: (source == ClockSource::Os).then_some((Ratio::ONE, u64::MAX)),
            checked: first,
            first_tick: 0,
            last: [first; 2],
        }
    }

    /// Takes in the present triple and gives what converts the records drained now. To be
    /// called at every drain, before the ring is read out.
    ///
    /// Waits for 0.1 ms to be over since the start, if they are not.
    pub fn observe(&mut self, now: Triple) -> Conversion {
        if self.source == ClockSource::Os {
            self.last = [self.last[1], now];
            return self.conversion(Ratio::ONE);
        }
        let now = if self.rate.is_none() { self.await_first_baseline(now) } else { now };
        if self.has_jumped(now) {
            self.restart(now);
            return Conversion::NONE;
        }
        // A triple read before the last one, by a drain that then waited for its turn.
        if now.tick > self.last[1].tick {
            self.last = [self.last[1], now];
            self.roll(now);
        }
        match self.rate {
            Some((rate, _)) => self.conversion(rate),
            None => {
                self.restart(now);
                Conversion::NONE
            }
        }
    }

    /// The last two triples, older first; an adopter of a ring left behind converts by them.
    #[must_use]
    pub fn last_triples(&self) -> [Triple; 2] {
        self.last
    }

    /// The present triple, once it is far enough from the first. The number of tries is bounded
    /// because a clock may stand still.
    fn await_first_baseline(&self, mut now: Triple) -> Triple {
        const TRIES_MAX: u32 = 10_000;
        for _ in 0..TRIES_MAX {
            if now.monotonic_ns.saturating_sub(self.checked.monotonic_ns) >= FIRST_BASELINE_NS {
                break;
            }
            now = Triple::read(self.source);
        }
        now
    }

    /// Whether the two clocks went apart since the last check.
    fn has_jumped(&mut self, now: Triple) -> bool {
        let Some((rate, baseline_ns)) = self.rate else {
            return now.tick <= self.checked.tick;
        };
        let Some(by_tick_ns) = signed_ns(rate, self.checked.tick, now.tick) else {
            return true;
        };
        let by_system_ns = i128::from(now.monotonic_ns) - i128::from(self.checked.monotonic_ns);
        let stretch_ns = by_tick_ns.unsigned_abs().max(by_system_ns.unsigned_abs());
        if stretch_ns < u128::from(BASELINE_MIN_NS) {
            return false;
        }
        // A rate from a few milliseconds cannot tell a jump of 0.1 % from its own error, but a
        // suspend from a run.
        let ppm = if baseline_ns < BASELINE_MIN_NS { 50 * JUMP_PPM } else { JUMP_PPM };
        let slack_ns = stretch_ns * u128::from(ppm) / 1_000_000 + u128::from(READ_SLACK_NS);
        if (by_tick_ns - by_system_ns).unsigned_abs() > slack_ns {
            return true;
        }
        if now.tick > self.checked.tick {
            self.checked = now;
        }
        false
    }

    /// Forgets all that was known.
    fn restart(&mut self, now: Triple) {
        self.window.clear();
        self.window.push_back(now);
        self.rate = None;
        self.checked = now;
        self.first_tick = now.tick;
        self.last = [now; 2];
    }

    /// Moves the window on and takes the rate from it.
    fn roll(&mut self, now: Triple) {
        let is_old =
            |triple: &Triple| now.monotonic_ns.saturating_sub(triple.monotonic_ns) > WINDOW_NS;
        while self.window.len() > 1 && self.window.front().is_some_and(is_old) {
            self.window.pop_front();
        }
        // After a long silence a good rate is better than the mean over the silence, in which
        // the system may have slept for a moment too short to be a jump.
        let is_good = self.rate.is_some_and(|(_, baseline)| baseline >= BASELINE_GOOD_NS);
        if is_good && self.window.front().is_some_and(is_old) {
            self.window.clear();
        }
        let first = self.window.front().copied().unwrap_or(now);
        let is_step =
            |last: &Triple| now.monotonic_ns.saturating_sub(last.monotonic_ns) >= WINDOW_STEP_NS;
        if self.window.back().is_none_or(is_step) {
            self.window.push_back(now);
        }
        let baseline_ns = now.monotonic_ns.saturating_sub(first.monotonic_ns);
        let known_ns = self.rate.map_or(0, |(_, baseline)| baseline.min(BASELINE_GOOD_NS));
        if baseline_ns > 0 && baseline_ns >= known_ns {
            let rate = Ratio::new(baseline_ns, now.tick - first.tick);
            self.rate = rate.map(|rate| (rate, baseline_ns));
        }
    }

    fn conversion(&self, rate: Ratio) -> Conversion {
        let anchor = self.last[1];
        Conversion {
            rate,
            anchor_tick: anchor.tick,
            anchor_ns: anchor.realtime_ns,
            first_tick: self.first_tick,
            last_tick: anchor.tick.saturating_add(rate.ticks(AHEAD_MAX_NS)),
        }
    }
}

/// Nanoseconds from one tick to another, which may be earlier.
fn signed_ns(rate: Ratio, from: u64, to: u64) -> Option<i128> {
    let ns = i128::from(rate.ns(from.abs_diff(to))?);
    Some(if to >= from { ns } else { -ns })
}

/// Converts the records of one batch.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    rate: Ratio,
    anchor_tick: u64,
    anchor_ns: i64,
    first_tick: u64,
    last_tick: u64,
}

impl Conversion {
    /// Converts nothing: no tick lies between its first and its last.
    const NONE: Self =
        Self { rate: Ratio::ONE, anchor_tick: 0, anchor_ns: 0, first_tick: u64::MAX, last_tick: 0 };

    /// End and duration of a call; none when the record is `lost{clock}`: it ended before it
    /// began, or later than now, or the clock jumped meanwhile.
    #[must_use]
    #[inline]
    pub fn convert(&self, start_tick: u64, end_tick: u64) -> Option<Span> {
        let ticks = end_tick.checked_sub(start_tick)?;
        if start_tick < self.first_tick || end_tick > self.last_tick {
            return None;
        }
        let distance = i64::try_from(self.rate.ns(end_tick.abs_diff(self.anchor_tick))?).ok()?;
        let end_ns = if end_tick <= self.anchor_tick {
            self.anchor_ns.checked_sub(distance)?
        } else {
            self.anchor_ns.checked_add(distance)?
        };
        Some(Span { end_ns, duration_ns: self.rate.ns(ticks)? })
    }

    /// How many ticks so many nanoseconds are.
    #[must_use]
    pub fn ticks(&self, ns: u64) -> u64 {
        self.rate.ticks(ns)
    }
}

#[cfg(test)]
mod tests;
