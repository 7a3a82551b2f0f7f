//! A line of small bars: how something went over time, in a cell of a table.

/// Bars from the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar for each value, the largest as high as can be; nothing where there is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share from 0 to 1 of eight bars"
)]
pub fn sparkline(values: &[Option<f64>]) -> String {
    let largest = values.iter().flatten().fold(0.0, |largest: f64, value| largest.max(*value));
    let bars = values.iter().map(|value| match value {
        Some(value) if *value > 0.0 && largest > 0.0 => {
            let level = (value / largest * BARS.len() as f64).ceil() as usize;
            BARS[level.clamp(1, BARS.len()) - 1]
        }
        _ => ' ',
    });
    bars.collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_values() {
        // Promise: the largest value has a full bar, any value has a bar, none has no bar.
        let line = |values: &[f64]| sparkline(&values.iter().map(|v| Some(*v)).collect::<Vec<_>>());
        assert_eq!(line(&[1.0, 4.0, 8.0]), "▁▄█");
        assert_eq!(line(&[0.0, 1e-9, 1e9]), " ▁█");
        assert_eq!(sparkline(&[None, Some(2.0), None]), " █");
        assert_eq!((line(&[]), line(&[0.0])), (String::new(), String::new()));
    }
}
