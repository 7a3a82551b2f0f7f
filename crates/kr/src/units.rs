//! Numbers for people: durations, counts, shares and sizes, each with its unit.

use jiff::SignedDuration;

/// Units of time in nanoseconds, shortest first.
const TIME_UNITS: [(&str, f64); 4] = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
/// From here on three digits would round up to a thousand, which the next unit says better.
const UNIT_END: f64 = 999.5;

/// A duration with three significant digits.
pub fn duration(ns: f64) -> String {
    if ns < UNIT_END && ns.fract() == 0.0 {
        return format!("{ns:.0} ns");
    }
    let fitting = TIME_UNITS.into_iter().find(|(_, scale)| ns / scale < UNIT_END);
    let (unit, scale) = fitting.unwrap_or(TIME_UNITS[3]);
    format!("{} {unit}", three_digits(ns / scale))
}

/// A duration in whole nanoseconds with three significant digits.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn duration_ns(ns: u64) -> String {
    duration(ns as f64)
}

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

/// A count with its digits grouped by three.
pub fn count(value: u64) -> String {
    group(&value.to_string())
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

/// How many times one number is another.
pub fn times(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.1}") } else { group(&format!("{ratio:.0}")) }
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

fn three_digits(value: f64) -> String {
    match value {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => group(&format!("{value:.0}")),
    }
}

fn group(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_a_unit() {
        // Promise: a duration is never shown without its unit, and rounding never shows 1000.
        for (ns, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 us"),
            (9_994, "9.99 us"),
            (9_999, "10.0 us"),
            (99_960, "100 us"),
            (999_499, "999 us"),
            (999_500, "1.00 ms"),
            (402_400_000, "402 ms"),
            (1_234_000_000, "1.23 s"),
            (86_400_000_000_000, "86,400 s"),
            (u64::MAX, "18,446,744,074 s"),
        ] {
            assert_eq!(duration_ns(ns), text);
        }
        assert_eq!(duration(1.5), "1.50 ns");
    }

    #[test]
    fn counts_shares_and_sizes_are_readable() {
        // Promise: counts are grouped, shares are percentages, sizes have binary units.
        assert_eq!([0, 999, 1_000, 65_536].map(count), ["0", "999", "1,000", "65,536"]);
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(counted(1, "call"), "1 call");
        assert_eq!(
            [0.0, 0.000_2, 0.004, 0.71, 1.0].map(percent),
            ["0 %", "less than 0.1 %", "0.4 %", "71 %", "100 %"]
        );
        assert_eq!([3.04, 38.2, 12_345.6].map(times), ["3.0", "38", "12,346"]);
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
