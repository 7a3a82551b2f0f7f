//! Bars: amounts as lengths.

use crate::charset::is_unicode;

/// A bar as long as a value's share of the largest one; what is not nothing is seen.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share from 0 to 1 of the columns there are"
)]
pub fn bar(value: u64, largest: u64, width: usize) -> String {
    const PARTS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
    if value == 0 {
        return String::new();
    }
    let eighths = (value as f64 / largest.max(1) as f64 * (width * 8) as f64).ceil() as usize;
    let eighths = eighths.clamp(1, width * 8);
    if !is_unicode() {
        return "#".repeat(eighths.div_ceil(8));
    }
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(PARTS[eighths % 8 - 1]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share() {
        // Promise: a bar never exceeds its width, and what is there is seen.
        assert_eq!([0, 2, 4, 7].map(|value| bar(value, 4, 4)), ["", "██", "████", "████"]);
        assert_eq!([bar(1, 16, 4), bar(1, u64::MAX, 4), bar(1, 0, 4)], ["▎", "▏", "████"]);
    }
}
