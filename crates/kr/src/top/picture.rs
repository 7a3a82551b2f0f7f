//! Numbers over time as bars, and durations by how often they came.

use std::ops::Range;

use kronicler_stats::Sketch;

use super::paint::STEPS;

/// Cuts the time before `end` into at most `count` stretches, which go over at least `span`
/// seconds. They begin at multiples of their length, so that a picture moves and does not flicker;
/// the last one may be incomplete.
pub fn stretches(end: i64, span: i64, kept: i64, count: usize) -> Vec<Range<i64>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX).max(1);
    let length = span.div_euclid(count) + i64::from(span.rem_euclid(count) > 0);
    let last = (end - 1).div_euclid(length);
    // Of a stretch at the far end a part may be forgotten.
    let oldest = (end - kept).div_euclid(length) + i64::from((end - kept).rem_euclid(length) > 0);
    let places = (last - count + 1).max(oldest)..=last;
    places.map(|place| place * length..(place + 1) * length).collect()
}

/// How high the bar of each value is in `height` characters. The highest all but reaches the top,
/// so that it does not touch what stands above; what is more than nothing is seen.
pub fn heights(values: &[Option<f64>], height: usize) -> Vec<usize> {
    let (top, count) = (highest(values), (height * STEPS).saturating_sub(1));
    values.iter().map(|value| steps(value.unwrap_or(0.0), top, count)).collect()
}

/// The highest of some values, 0 if there is none.
pub fn highest(values: &[Option<f64>]) -> f64 {
    values.iter().flatten().copied().fold(0.0, f64::max)
}

/// So many of `count` steps as `value` is of `top`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 and count")]
#[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
pub fn steps(value: f64, top: f64, count: usize) -> usize {
    if value <= 0.0 || top <= 0.0 {
        return 0;
    }
    let steps = (value / top * count as f64).round() as usize;
    steps.clamp(1, count.max(1))
}

/// A line of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bar {
    /// Durations that are at least so long, in nanoseconds, and how many there were.
    Of(f64, u64),
    /// Several bars of none.
    Gap,
}

impl Bar {
    /// How many durations there were.
    pub const fn count(self) -> u64 {
        match self {
            Self::Of(_, count) => count,
            Self::Gap => 0,
        }
    }
}

/// Where bars begin within a power of ten, finest first: the preferred numbers R20, R10 and R5 (ISO
/// 3, the last two rounded), then rounder ones.
const SERIES: [&[f64]; 5] = [
    &[
        1.0, 1.12, 1.25, 1.4, 1.6, 1.8, 2.0, 2.24, 2.5, 2.8, 3.15, 3.55, 4.0, 4.5, 5.0, 5.6, 6.3,
        7.1, 8.0, 9.0,
    ],
    &[1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0],
    &[1.0, 1.6, 2.5, 4.0, 6.3],
    &[1.0, 2.0, 5.0],
    &[1.0],
];

/// A histogram in at most `count` lines, whose bars are about as long as each other on a
/// logarithmic scale, and as short as find room.
pub fn histogram(sketch: &Sketch, count: usize) -> Vec<Bar> {
    let found = SERIES.iter().map(|series| bars_of(sketch, series));
    let mut found = found.skip_while(|bars| with_gaps(bars).len() > count);
    if let Some(bars) = found.next() {
        return with_gaps(&bars);
    }
    // Even powers of ten are too many: the shortest are put together.
    let mut bars = bars_of(sketch, SERIES[SERIES.len() - 1]);
    while with_gaps(&bars).len() > count.max(1) {
        let (_, lower_ns, few) = bars.remove(0);
        let Some(first) = bars.first_mut() else { break };
        *first = (first.0, lower_ns, first.2 + few);
    }
    with_gaps(&bars)
}

/// Number, lower end and count of the bars of a series that are not empty.
fn bars_of(sketch: &Sketch, series: &[f64]) -> Vec<(i32, f64, u64)> {
    let mut bars: Vec<(i32, f64, u64)> = Vec::new();
    for bin in sketch.bins() {
        // By its longest duration: those that are exactly as long as a bar begins are not few.
        let (number, lower_ns) = bar_of(bin.upper_ns, series);
        match bars.last_mut().filter(|(last, ..)| *last == number) {
            Some((.., count)) => *count += bin.count,
            None => bars.push((number, lower_ns, bin.count)),
        }
    }
    bars
}

/// Bars from the shortest duration to the longest, with a line for what is empty between two.
fn with_gaps(bars: &[(i32, f64, u64)]) -> Vec<Bar> {
    let mut lines = Vec::new();
    let mut next = None;
    for &(number, lower_ns, count) in bars {
        if next.is_some_and(|next| number > next) {
            lines.push(Bar::Gap);
        }
        lines.push(Bar::Of(lower_ns, count));
        next = Some(number + 1);
    }
    lines
}

/// Number and lower end of the bar of a duration; all below a nanosecond are in the first.
#[expect(clippy::cast_possible_truncation, reason = "powers of ten of 64 bits")]
#[expect(clippy::cast_precision_loss, reason = "bins are 1.7 % wide")]
fn bar_of(duration_ns: u64, series: &[f64]) -> (i32, f64) {
    let duration_ns = duration_ns.max(1) as f64;
    let power = duration_ns.log10().floor();
    let factor = duration_ns / 10_f64.powf(power);
    // Rounding may have put it a hair below the number that it is.
    let place = series.iter().rposition(|begin| *begin <= factor * 1.000_001).unwrap_or(0);
    let number = power as i32 * series.len() as i32 + place as i32;
    (number, lower_of(number, series))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "ten at most")]
fn lower_of(number: i32, series: &[f64]) -> f64 {
    let count = series.len() as i32;
    let place = number.rem_euclid(count);
    let begin = series.get(place.unsigned_abs() as usize).copied().unwrap_or(1.0);
    begin * 10_f64.powi(number.div_euclid(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_move_without_flickering() {
        // Promise: stretches of the same length stay the same as time goes on, the last one ends
        // behind the last second, and what is forgotten is in none.
        for (span, kept, count) in [(60, 300, 8), (60, 300, 60), (300, 300, 8), (300, 300, 500)] {
            let mut before: Vec<Range<i64>> = Vec::new();
            for end in 1_000_000..1_000_100 {
                let found = stretches(end, span, kept, count);
                assert!(found.len() <= count && found.len() >= count.min(60) - 1, "{count}");
                assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));
                let (first, last) = (&found[0], &found[found.len() - 1]);
                assert!(last.contains(&(end - 1)) && first.start >= end - kept, "{found:?}");
                assert!(end - first.start > span - 2 * (last.end - last.start));
                let known = |one: &&Range<i64>| before.contains(one);
                assert!(before.is_empty() || found.iter().filter(known).count() >= found.len() - 1);
                before = found;
            }
        }
    }

    #[test]
    fn bars_show_what_there_is() {
        // Promise: the highest bar is nearly full, no bar is missing where there was something,
        // and there is none where there was nothing.
        let values = [None, Some(0.0), Some(0.001), Some(50.0), Some(100.0)];
        assert_eq!(heights(&values, 1), [0, 0, 1, 4, 7]);
        assert_eq!(heights(&values, 2), [0, 0, 1, 8, 15]);
        assert_eq!(heights(&[None, None], 1), [0, 0]);
        assert_eq!(highest(&values), 100.0);
    }

    #[test]
    fn a_histogram_has_every_duration_in_one_bar() {
        // Promise: bars begin at round numbers, count every call once, find room, and are as short
        // as they can be.
        let durations = (0..1_000).map(|i| 9_000_000 + i * 20_000).chain([400_000_000]);
        let sketch: Sketch = durations.collect();
        for count in [1, 2, 3, 5, 8, 20] {
            let bars = histogram(&sketch, count);
            assert!(bars.len() <= count, "{count}: {bars:?}");
            assert_eq!(bars.iter().map(|bar| bar.count()).sum::<u64>(), 1_001);
        }
        let begins = |count| {
            let begin = |bar: &Bar| match *bar {
                Bar::Of(lower_ns, _) => (lower_ns / 1e5).round() / 10.0,
                Bar::Gap => 0.0,
            };
            histogram(&sketch, count).iter().map(begin).collect::<Vec<_>>()
        };
        let finest = [9.0, 10.0, 11.2, 12.5, 14.0, 16.0, 18.0, 20.0, 22.4, 25.0, 28.0, 0.0, 400.0];
        assert_eq!(begins(20), finest);
        assert_eq!(begins(12), [8.0, 10.0, 12.5, 16.0, 20.0, 25.0, 0.0, 400.0]);
        assert_eq!(begins(7), [6.3, 10.0, 16.0, 25.0, 0.0, 400.0]);
        assert_eq!(begins(2), [1.0, 100.0]);
        assert_eq!(begins(1), [1.0]);
        assert_eq!(histogram(&Sketch::new(), 5), []);
        let exact: Sketch = [0, 1, 1, 10, 100].into_iter().collect();
        let decades = [Bar::Of(1.0, 3), Bar::Of(10.0, 1), Bar::Of(100.0, 1)];
        assert_eq!(histogram(&exact, 3), decades);
        let widest: Sketch = [0, u64::MAX].into_iter().collect();
        assert_eq!(histogram(&widest, 20), [Bar::Of(1.0, 1), Bar::Gap, Bar::Of(1.8e19, 1)]);
    }
}
