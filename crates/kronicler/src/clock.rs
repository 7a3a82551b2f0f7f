//! The clock of the process: one source for all databases, chosen once.

use std::sync::OnceLock;

use kronicler_queue::{ClockSource, Timeline, Triple};

use crate::Error;

static ORIGIN: OnceLock<(ClockSource, Triple)> = OnceLock::new();

/// The clock that this process uses, chosen at the first call.
#[must_use]
pub fn process_clock() -> ClockSource {
    origin().0
}

/// Chooses the clock of this process, `tsc` or `os`, unless it has been chosen already.
///
/// # Errors
/// When there is no clock of this name; the process then uses the best there is.
pub fn choose_clock(wish: Option<&str>) -> Result<ClockSource, Error> {
    let chosen = ClockSource::choose(wish).map_err(|_| Error::InvalidOption {
        option: "KRONICLER_CLOCK",
        value: wish.unwrap_or_default().to_owned(),
        remedy: "use 'tsc' or 'os'",
    });
    let source = chosen.as_ref().ok().copied();
    let source = source.or_else(|| ClockSource::choose(None).ok()).unwrap_or(ClockSource::Os);
    ORIGIN.get_or_init(|| (source, Triple::read(source)));
    chosen.map(|_| process_clock())
}

/// A timeline that knows the rate since the clock was chosen.
pub(crate) fn new_timeline() -> Timeline {
    let &(source, first) = origin();
    Timeline::starting_at(source, first)
}

/// How many ticks of the process's clock so many nanoseconds are.
pub(crate) fn ticks(ns: u64) -> u64 {
    new_timeline().observe(Triple::read(process_clock())).ticks(ns)
}

fn origin() -> &'static (ClockSource, Triple) {
    ORIGIN.get_or_init(|| {
        let source = ClockSource::choose(None).unwrap_or(ClockSource::Os);
        (source, Triple::read(source))
    })
}
