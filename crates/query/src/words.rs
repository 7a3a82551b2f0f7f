//! Numbers and names as people read them: what sentences about calls are made of.

use std::borrow::Cow;

/// Units of time in nanoseconds, shortest first.
const TIME_UNITS: [(&str, f64); 4] = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
/// From here on three digits would round up to a thousand, which the next unit says better.
pub const UNIT_END: f64 = 999.5;

/// A duration with three significant digits.
#[must_use]
pub fn duration(ns: f64) -> String {
    if ns < UNIT_END && ns.fract() == 0.0 {
        return format!("{ns:.0} ns");
    }
    let fitting = TIME_UNITS.into_iter().find(|(_, scale)| ns / scale < UNIT_END);
    let (unit, scale) = fitting.unwrap_or(TIME_UNITS[3]);
    format!("{} {unit}", three_digits(ns / scale))
}

/// A duration in whole nanoseconds with three significant digits.
#[must_use]
pub fn duration_ns(ns: u64) -> String {
    duration(ns as f64)
}

/// A count with its digits grouped by three.
#[must_use]
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// How many times one number is another.
#[must_use]
pub fn times(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.1}") } else { group(&format!("{ratio:.0}")) }
}

/// A number below 1,000, or a larger one grouped, with three significant digits.
#[must_use]
pub fn three_digits(value: f64) -> String {
    match value {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => group(&format!("{value:.0}")),
    }
}

/// `text` with the characters that are not to be shown as they are as `\u{..}`.
#[must_use]
pub fn escape(text: &str, is_hidden: fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if is_hidden(char) {
            out.extend(char.escape_unicode());
        } else {
            out.push(char);
        }
    }
    Cow::Owned(out)
}

/// A name to be read by a person: escaped, and visible when it is empty.
#[must_use]
pub fn name(text: &str, is_hidden: fn(char) -> bool) -> Cow<'_, str> {
    if text.is_empty() { Cow::Borrowed("\"\"") } else { escape(text, is_hidden) }
}

/// Whether a terminal would act on the character rather than show it.
#[must_use]
pub fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char,
            // Marks and overrides of direction, isolates, line separators
            // (<https://www.unicode.org/reports/tr9/>), zero-width characters.
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
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
    fn counts_and_ratios_are_readable() {
        // Promise: digits are grouped by three.
        assert_eq!([0, 999, 1_000, 65_536].map(count), ["0", "999", "1,000", "65,536"]);
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!([3.04, 38.2, 12_345.6].map(times), ["3.0", "38", "12,346"]);
    }

    #[test]
    fn nothing_in_a_name_is_obeyed() {
        // Promise: control characters, ANSI sequences and bidi overrides are shown as text.
        let shown = |text| name(text, is_unsafe).into_owned();
        assert_eq!(shown("a\x1b[31mb\n\0"), "a\\u{1b}[31mb\\u{a}\\u{0}");
        assert_eq!(shown("\u{9b}2J \u{202e}x\u{2069}"), "\\u{9b}2J \\u{202e}x\\u{2069}");
        assert_eq!(shown("GET /ü 🙂"), "GET /ü 🙂");
        assert_eq!(shown(""), "\"\"");
    }
}
