//! Numbers for people: durations, counts, shares and sizes, each with its unit.

use jiff::SignedDuration;
use kronicler_query::words::{UNIT_END, three_digits};
pub use kronicler_query::words::{count, duration, duration_ns, times};

/// A stretch of time in the words of a calendar: `3 d 4 h`, `1 h 12 min`, `12.3 s`.
pub fn span(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if days > 0 {
        format!("{} d {} h", count(days), hours % 24)
    } else if hours > 0 {
        format!("{hours} h {} min", minutes % 60)
    } else if seconds >= 100 {
        format!("{minutes} min {} s", seconds % 60)
    } else {
        duration_ns(ns)
    }
}

/// A count and what is counted: `1 call`, `2 calls`.
pub fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(value))
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        ..0.095 if percent > 0.0 => "less than 0.1 %".to_owned(),
        ..9.95 if percent > 0.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// A size in bytes, in powers of 1,024.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_024.0;
    let mut unit = 0;
    while value >= UNIT_END && unit + 1 < UNITS.len() {
        value /= 1_024.0;
        unit += 1;
    }
    format!("{} {}", three_digits(value), UNITS[unit])
}

/// Reads a duration with its unit, such as `5ms`, `1.5s` or `250 us`, in nanoseconds.
pub fn parse_duration(text: &str) -> Result<u64, String> {
    const REMEDY: &str = "write a number and its unit: 250us, 5ms, 1.5s, 2m";
    let parsed: SignedDuration = text.trim().parse().map_err(|_| REMEDY.to_owned())?;
    u64::try_from(parsed.as_nanos()).map_err(|_| REMEDY.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_shares_and_sizes_are_readable() {
        // Promise: counts are grouped, shares are percentages, sizes have binary units.
        assert_eq!(counted(1, "call"), "1 call");
        assert_eq!(
            [0.0, 0.000_2, 0.004, 0.71, 1.0].map(percent),
            ["0 %", "less than 0.1 %", "0.4 %", "71 %", "100 %"]
        );
        assert_eq!([1_023, 1_024, 1 << 20].map(size), ["1023 B", "1.00 KiB", "1.00 MiB"]);
        assert_eq!(span(3_600_000_000_000), "1 h 0 min");
        assert_eq!(span(12_300_000_000), "12.3 s");
    }

    #[test]
    fn durations_are_read_with_their_unit_only() {
        // Promise: a number without a unit is refused rather than guessed.
        assert_eq!(parse_duration("5ms"), Ok(5_000_000));
        assert_eq!(parse_duration("1.5s"), Ok(1_500_000_000));
        assert_eq!(parse_duration("250us"), Ok(250_000));
        assert_eq!(parse_duration("250 µs"), Ok(250_000));
        assert_eq!(parse_duration("7ns"), Ok(7));
        for text in ["5", "", "-5ms", "ms", "5 parsecs", "99999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
