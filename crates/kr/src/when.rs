//! Times: how a person writes them and how they are shown.

use std::path::Path;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

const REMEDY: &str = "write an age (15m, 2h, 3d), today, yesterday, now, a date (2026-01-31) \
                      or a time (2026-01-31T15:04, with Z or an offset if it is not local)";

/// Days at most that a table may have.
const DAY_COUNT_MAX: usize = 10_000;

/// A time as a person writes it, before it is known which zone it is meant in.
#[derive(Debug, Clone)]
pub enum When {
    /// The present.
    Now,
    /// So long ago; days are days of the calendar.
    Ago(Span),
    /// Midnight so many days ago.
    DaysAgo(i64),
    /// A time on the wall.
    Civil(DateTime),
    /// A time that names its offset.
    Instant(Timestamp),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "now" => return Ok(Self::Now),
            "today" => return Ok(Self::DaysAgo(0)),
            "yesterday" => return Ok(Self::DaysAgo(1)),
            _ => {}
        }
        if let Ok(instant) = text.parse() {
            return Ok(Self::Instant(instant));
        }
        if let Ok(time) = text.parse::<DateTime>() {
            return Ok(Self::Civil(time));
        }
        if let Ok(date) = text.parse::<Date>() {
            return Ok(Self::Civil(date.into()));
        }
        let is_age = text.starts_with(|first: char| first.is_ascii_digit());
        let span = text.parse::<Span>().ok().filter(|_| is_age);
        span.map(|span| Self::Ago(span.abs())).ok_or_else(|| REMEDY.to_owned())
    }
}

impl When {
    /// The time in nanoseconds since the Unix epoch, as seen from `now`.
    pub fn resolve(&self, now: &Zoned) -> Result<i64, String> {
        let out_of_range = |_: jiff::Error| "that time is out of range; choose one near today";
        let zoned = match self {
            Self::Now => now.clone(),
            Self::Ago(span) => now.checked_sub(*span).map_err(out_of_range)?,
            Self::DaysAgo(days) => {
                let day =
                    now.start_of_day().and_then(|day| day.checked_sub(Span::new().days(*days)));
                day.map_err(out_of_range)?
            }
            Self::Civil(time) => time.to_zoned(now.time_zone().clone()).map_err(out_of_range)?,
            Self::Instant(instant) => instant.to_zoned(TimeZone::UTC),
        };
        let ns = zoned.timestamp().as_nanosecond();
        i64::try_from(ns).map_err(|_| "that time is out of range; choose one near today".to_owned())
    }
}

/// Where POSIX systems keep their zone.
const LOCAL_ZONE: &str = "/etc/localtime";

/// The zone of this machine, from its own file where there is one and `TZ` does not say otherwise.
/// To learn its name, too, all zones of the system would be listed, which can take longer than the
/// answer.
fn local_zone(file: &Path) -> TimeZone {
    let bytes = std::env::var_os("TZ").is_none().then(|| std::fs::read(file).ok()).flatten();
    let zone = bytes.and_then(|bytes| TimeZone::tzif("local", &bytes).ok());
    zone.unwrap_or_else(TimeZone::system)
}

/// How times are shown: in the zone of this machine, or in UTC.
#[derive(Debug, Clone)]
pub struct Times {
    zone: TimeZone,
    is_utc: bool,
}

impl Times {
    /// Times of this machine's zone, or of UTC.
    pub fn new(is_utc: bool) -> Self {
        let zone = if is_utc { TimeZone::UTC } else { local_zone(Path::new(LOCAL_ZONE)) };
        Self { zone, is_utc }
    }

    /// The present in the zone that is shown.
    pub fn now(&self) -> Zoned {
        Timestamp::now().to_zoned(self.zone.clone())
    }

    /// Characters of [`Times::millisecond`].
    pub const fn width(&self) -> usize {
        if self.is_utc { 24 } else { 23 }
    }

    /// A time to the millisecond, for rows.
    pub fn millisecond(&self, ns: i64) -> String {
        self.show(ns, "%Y-%m-%d %H:%M:%S%.3f")
    }

    /// A time to the second, for sentences.
    pub fn second(&self, ns: i64) -> String {
        self.show(ns, "%Y-%m-%d %H:%M:%S")
    }

    /// A time to the minute, for tables.
    pub fn minute(&self, ns: i64) -> String {
        self.show(ns, "%Y-%m-%d %H:%M")
    }

    /// A day.
    pub fn day(&self, ns: i64) -> String {
        self.show(ns, "%Y-%m-%d")
    }

    /// How far the zone that is shown is ahead of UTC at that time.
    pub fn offset_ns(&self, ns: i64) -> i64 {
        i64::from(self.zone.to_offset(timestamp(ns)).seconds()) * 1_000_000_000
    }

    /// The midnights from the one at or before a time to the one at or after another; `None` when
    /// these are too many to be shown.
    pub fn days(&self, since_ns: i64, until_ns: i64) -> Option<Vec<i64>> {
        let mut day = timestamp(since_ns).to_zoned(self.zone.clone()).start_of_day().ok()?;
        let mut midnights = Vec::new();
        while midnights.len() <= DAY_COUNT_MAX {
            let ns = i64::try_from(day.timestamp().as_nanosecond()).ok()?;
            midnights.push(ns);
            if ns >= until_ns {
                return Some(midnights);
            }
            day = day.tomorrow().and_then(|next| next.start_of_day()).ok()?;
        }
        None
    }

    /// The time of day to the second, for what is going on.
    #[cfg(feature = "top")]
    pub fn clock(&self, ns: i64) -> String {
        self.show(ns, "%H:%M:%S")
    }

    /// The time of day to the millisecond.
    #[cfg(feature = "top")]
    pub fn clock_millisecond(&self, ns: i64) -> String {
        self.show(ns, "%H:%M:%S%.3f")
    }

    fn show(&self, ns: i64, format: &str) -> String {
        let zoned = timestamp(ns).to_zoned(self.zone.clone());
        let mark = if self.is_utc { "Z" } else { "" };
        format!("{}{mark}", zoned.strftime(format))
    }
}

/// The present time, nanoseconds since the Unix epoch.
pub fn now_ns() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// A time for programs: ISO 8601 in UTC with nine decimals.
pub fn iso(ns: i64) -> String {
    format!("{:.9}", timestamp(ns))
}

/// Every 64-bit count of nanoseconds lies between the years 1677 and 2262.
fn timestamp(ns: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> String {
        let zone = TimeZone::get("Europe/Berlin")
            .unwrap_or_else(|_| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        // Monday after the clocks went back on Sunday.
        let now = "2026-10-26T12:00:00Z".parse::<Timestamp>().unwrap().to_zoned(zone);
        let when: When = text.parse().unwrap();
        timestamp(when.resolve(&now).unwrap()).to_string()
    }

    #[test]
    fn times_are_what_a_person_means() {
        // Promise: ages, days and ISO times mean what they say, in the zone that is shown.
        for (text, instant) in [
            ("now", "2026-10-26T12:00:00Z"),
            ("15m", "2026-10-26T11:45:00Z"),
            ("2h", "2026-10-26T10:00:00Z"),
            ("1h 30m ago", "2026-10-26T10:30:00Z"),
            ("2d", "2026-10-24T11:00:00Z"),
            ("today", "2026-10-25T23:00:00Z"),
            ("yesterday", "2026-10-24T22:00:00Z"),
            ("2026-01-31", "2026-01-30T23:00:00Z"),
            ("2026-01-31T15:04", "2026-01-31T14:04:00Z"),
            ("2026-01-31 15:04:05.5", "2026-01-31T14:04:05.5Z"),
            ("2026-01-31T15:04:05Z", "2026-01-31T15:04:05Z"),
            ("2026-01-31T15:04:05+02:00", "2026-01-31T13:04:05Z"),
        ] {
            assert_eq!(resolve(text), instant, "{text}");
        }
    }

    #[test]
    fn other_times_are_refused_with_what_to_write() {
        // Promise: a time that could be misunderstood is an error that shows what can be written.
        for text in ["", "15", "-2h", "tomorrow", "2026-13-01", "31.01.2026", "12:00"] {
            assert!(text.parse::<When>().is_err_and(|error| error.contains("15m")), "{text}");
        }
        let far: When = "9000-01-01".parse().unwrap();
        assert!(far.resolve(&Times::new(true).now()).is_err());
    }

    #[test]
    fn the_zone_of_the_machine_is_that_of_its_file() {
        // Promise: local times are those of the machine's zone, summer time included.
        let file = Path::new("/usr/share/zoneinfo/Europe/Berlin");
        if std::env::var_os("TZ").is_some() || !file.exists() {
            return;
        }
        let times = Times { zone: local_zone(file), is_utc: false };
        assert_eq!(times.second(1_500_000_000_000_000_000), "2017-07-14 04:40:00");
        assert_eq!(times.second(1_484_000_000_000_000_000), "2017-01-09 23:13:20");
        assert_eq!(local_zone(Path::new("/none")), TimeZone::system());
    }

    #[test]
    fn shown_times_name_utc() {
        // Promise: a time shown in UTC says so, and programs get ISO 8601 to the nanosecond.
        let times = Times::new(true);
        assert_eq!(times.millisecond(1_500_000_000_123_456_789), "2017-07-14 02:40:00.123Z");
        assert_eq!(times.millisecond(0).len(), times.width());
        assert_eq!(iso(1_500_000_000_123_456_789), "2017-07-14T02:40:00.123456789Z");
        assert!(iso(i64::MIN).starts_with("1677-"));
    }
}
