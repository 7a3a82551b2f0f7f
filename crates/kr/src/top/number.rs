//! Numbers in few characters.

use crate::units;

/// A number with three digits, at most seven characters up to 10^15.
pub fn rate(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        ..0.005 => "<0.01".to_owned(),
        ..0.995 => format!("{value:.2}"),
        ..9.95 => format!("{value:.1}"),
        ..999_999.5 => units::count(rounded(value)),
        _ => with_prefix(value),
    }
}

/// A count, at most six characters up to 10^15.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn count(value: u64) -> String {
    if value < 100_000 { units::count(value) } else { with_prefix(value as f64) }
}

/// Three digits and a prefix of the SI.
fn with_prefix(value: f64) -> String {
    const PREFIXES: [(&str, f64); 5] =
        [("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15)];
    let fitting = PREFIXES.into_iter().find(|(_, scale)| value / scale < 999.5);
    let (prefix, scale) = fitting.unwrap_or(PREFIXES[4]);
    let digits = value / scale;
    match digits {
        ..9.995 => format!("{digits:.2} {prefix}"),
        ..99.95 => format!("{digits:.1} {prefix}"),
        _ => format!("{digits:.0} {prefix}"),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a million")]
fn rounded(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_columns() {
        // Promise: no rate is wider than seven characters, no count wider than six.
        let rates =
            [0.0, 1e-9, 0.1, 0.994, 1.0, 9.94, 12.3, 999.6, 123_456.0, 999_999.9, 1.25e7, 9.9e14];
        let shown = rates.map(rate);
        let expected = [
            "0", "<0.01", "0.10", "0.99", "1.0", "9.9", "12", "1,000", "123,456", "1.00 M",
            "12.5 M", "990 T",
        ];
        assert_eq!(shown, expected);
        assert!(shown.iter().all(|text| text.len() <= 7));
        let counts = [0, 99_999, 100_000, 999_499, 999_500, 12_345_678, 999_499_999_999_999];
        let shown = counts.map(count);
        assert_eq!(shown, ["0", "99,999", "100 k", "999 k", "1.00 M", "12.3 M", "999 T"]);
        assert!(shown.iter().all(|text| text.len() <= 6));
    }
}
