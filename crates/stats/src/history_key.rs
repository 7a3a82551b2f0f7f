//! What the statistics of the history are kept by: period, service and version, function, and
//! what the calls of a series share.
//!
//! Periods are hours and days of UTC, counted from the Unix epoch; an hour is named by its number,
//! a day by that of its first hour.

use std::collections::BTreeMap;
use std::sync::Arc;

use kronicler_format::Flags;

/// Nanoseconds of an hour.
const HOUR_NS: i64 = 3_600_000_000_000;

/// Hours of a day.
pub(crate) const DAY_HOURS: i64 = 24;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// 24 hours, from midnight UTC.
    Day,
    /// An hour of UTC.
    Hour,
}

impl Resolution {
    /// The word used in every language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }
}

/// An hour or a day of UTC. Periods are ordered by their start, a day before its first hour.
///
/// ```
/// use kronicler_stats::{Period, Resolution};
///
/// let hour = Period::hour_of(1_700_000_000_000_000_000);
/// assert_eq!(hour.start_ns(), 1_699_999_200_000_000_000);
/// assert_eq!(hour.end_ns() - hour.start_ns(), 3_600_000_000_000);
/// assert_eq!(hour.day().resolution(), Resolution::Day);
/// assert!(hour.day().start_ns() <= hour.start_ns());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    first_hour: i64,
    resolution: Resolution,
}

impl Period {
    /// The hour in which a time lies, in nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn hour_of(time_ns: i64) -> Self {
        Self { first_hour: time_ns.div_euclid(HOUR_NS), resolution: Resolution::Hour }
    }

    /// The day in which the period lies: a day's is itself.
    #[must_use]
    pub const fn day(self) -> Self {
        let first_hour = self.first_hour.div_euclid(DAY_HOURS) * DAY_HOURS;
        Self { first_hour, resolution: Resolution::Day }
    }

    /// Hour or day.
    #[must_use]
    pub const fn resolution(self) -> Resolution {
        self.resolution
    }

    /// When it begins, nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn start_ns(self) -> i64 {
        self.first_hour.saturating_mul(HOUR_NS)
    }

    /// When the next period begins, nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn end_ns(self) -> i64 {
        let hours = match self.resolution {
            Resolution::Day => DAY_HOURS,
            Resolution::Hour => 1,
        };
        self.first_hour.saturating_add(hours).saturating_mul(HOUR_NS)
    }

    /// Whether a part of it lies in the times from `since_ns` to before `until_ns`.
    #[must_use]
    pub const fn overlaps(self, since_ns: i64, until_ns: i64) -> bool {
        self.start_ns() < until_ns && self.end_ns() > since_ns
    }

    /// The number of its first hour, for storing.
    pub(crate) const fn first_hour(self) -> i64 {
        self.first_hour
    }

    /// The stored period; `None` when no time lies in it.
    pub(crate) fn from_stored(first_hour: i64, resolution: Resolution) -> Option<Self> {
        let period = Self { first_hour, resolution };
        let hours = Self::hour_of(i64::MIN).first_hour..=Self::hour_of(i64::MAX).first_hour;
        let is_hour = resolution == Resolution::Hour && hours.contains(&first_hour);
        // The first day begins before the first hour there is.
        let limits = hours.start() - DAY_HOURS..=*hours.end();
        let is_day = limits.contains(&first_hour) && period == period.day();
        (is_hour || is_day).then_some(period)
    }
}

/// A function of a version of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HistoryFunction<'a> {
    /// Name of the service, empty when not set.
    pub service: &'a str,
    /// Its version, empty when not set.
    pub version: &'a str,
    /// Name of the function.
    pub name: &'a str,
    /// `file:line`, or empty when it is not known.
    pub source: &'a str,
}

/// A series: calls of one function that had the same outcome, kind, weight and status class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySeries<'a> {
    /// What was called.
    pub function: HistoryFunction<'a>,
    /// Outcome and kind.
    pub flags: Flags,
    /// Calls that one row stands for.
    pub weight: u32,
    /// First digit of the http status, 0 when there is none.
    pub status_class: u8,
}

/// Two texts that belong together: service and version, or name and source.
pub(crate) type Texts = (String, String);

/// A function by the places of its texts in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FunctionKey {
    pub(crate) version: u32,
    pub(crate) name: u32,
}

/// A series by the places of its texts in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeriesKey {
    pub(crate) function: FunctionKey,
    pub(crate) flags: u8,
    pub(crate) weight: u32,
    pub(crate) status_class: u8,
}

/// Different values by their place, in the order they came.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    values: Vec<Arc<T>>,
    places: BTreeMap<Arc<T>, u32>,
}

impl<T: Ord> Table<T> {
    pub(crate) const fn new() -> Self {
        Self { values: Vec::new(), places: BTreeMap::new() }
    }

    /// The place of `value`, which it gets now if it has none.
    pub(crate) fn place(&mut self, value: T) -> u32 {
        if let Some(&place) = self.places.get(&value) {
            return place;
        }
        let place = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let value = Arc::new(value);
        self.values.push(Arc::clone(&value));
        self.places.insert(value, place);
        place
    }

    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        self.values.get(place as usize).map(Arc::as_ref)
    }

    pub(crate) const fn len(&self) -> usize {
        self.values.len()
    }

    /// Values with their places, in the order of the values.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (&T, u32)> {
        self.places.iter().map(|(value, &place)| (value.as_ref(), place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_an_hour_and_a_day() {
        // Promise: periods hold the times from their start to before their end, at the ends of
        // what a time can be, too.
        for time_ns in [i64::MIN, i64::MIN + 1, -HOUR_NS, -1, 0, 1, HOUR_NS, i64::MAX - 1] {
            let hour = Period::hour_of(time_ns);
            for period in [hour, hour.day()] {
                assert!((period.start_ns()..period.end_ns()).contains(&time_ns), "{time_ns}");
                let stored = Period::from_stored(period.first_hour(), period.resolution());
                assert_eq!(stored, Some(period));
            }
        }
        assert_eq!(Period::hour_of(-1).start_ns(), -HOUR_NS);
        assert_eq!(Period::hour_of(-1).day().start_ns(), -24 * HOUR_NS);
    }

    #[test]
    fn periods_without_times_are_refused() {
        // Promise: a damaged file cannot name a period there is not.
        assert_eq!(Period::from_stored(25, Resolution::Day), None);
        for hour in [i64::MIN, -2_562_049, 2_562_048, i64::MAX] {
            assert_eq!(Period::from_stored(hour, Resolution::Hour), None, "{hour}");
        }
        assert_eq!(Period::from_stored(24 * 1_000_000, Resolution::Day), None);
        assert_eq!(Period::from_stored(i64::MIN, Resolution::Day), None);
    }

    #[test]
    fn a_period_at_the_edge_overlaps_with_a_part() {
        // Promise: ends are not part of a period, nor of a range.
        let hour = Period::hour_of(0);
        assert!(hour.overlaps(HOUR_NS - 1, HOUR_NS) && hour.overlaps(-5, 1));
        assert!(!hour.overlaps(HOUR_NS, HOUR_NS + 5) && !hour.overlaps(-5, 0));
    }
}
