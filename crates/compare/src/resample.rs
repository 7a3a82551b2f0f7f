//! The block bootstrap: what a value might have been, had other stretches of time been seen.
//!
//! As many blocks as there are, are drawn with replacement, and the value of all calls in them is
//! taken again (Carlstein, "The Use of Subseries Values for Estimating the Variance of a General
//! Statistic from a Stationary Sequence", Annals of Statistics 14(3), 1986). Calls in one process
//! are not independent; blocks that are long against what makes neighbouring calls alike nearly
//! are.
//!
//! How long is long enough is found out: while neighbouring blocks are alike, blocks are made
//! longer, down to 8 (the batch means of Fishman and Yarberry, INFORMS Journal on Computing 9(3),
//! 1997). What likeness is left then widens intervals as it does the variance of the mean of an
//! autoregressive series, by `(1 + r) / (1 - r)` (Bartlett, Journal of the Royal Statistical
//! Society 98(3), 1935).

use crate::metric::Metric;
use crate::random::Random;
use crate::table::Table;

/// How often blocks are drawn. Two sides give the square of it as pairs, so that tails are known
/// far beyond one in 2,000.
pub(crate) const RESAMPLE_COUNT: usize = 2_000;

/// Values that are kept of each end of the sorted ones; of those between, one stands for
/// [`GROUP_SIZE`].
const END_COUNT: usize = 40;
const GROUP_SIZE: usize = 20;

/// How alike neighbouring blocks may be, in deviations of what chance makes of independent ones.
/// That little lets three in ten independent samples be cut into longer blocks than they need,
/// which costs them little.
const LIKENESS_MAX: f64 = 0.5;
/// The correlation beyond which intervals are widened no further: few blocks cannot tell it apart
/// from a trend.
const CORRELATION_MAX: f64 = 0.8;

/// How often each block is taken in each resample.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    block_count: usize,
    times: Vec<u32>,
}

impl Draws {
    pub(crate) fn new(block_count: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut times = vec![0_u32; block_count * RESAMPLE_COUNT];
        let end = u32::try_from(block_count).unwrap_or(1);
        for of_draw in times.chunks_exact_mut(block_count) {
            for _ in 0..block_count {
                of_draw[random.below(end) as usize] += 1;
            }
        }
        Self { block_count, times }
    }

    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.times.chunks_exact(self.block_count)
    }
}

/// Values of a metric over resamples, as logarithms, upwards.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Replicates {
    /// Each with how many it stands for.
    pub points: Vec<(f64, u32)>,
    pub variance: f64,
}

impl Replicates {
    pub(crate) fn new(metric: Metric, table: &Table, draws: &Draws) -> Self {
        let mut values: Vec<f64> =
            draws.iter().map(|times| logarithm(metric.value(table, times))).collect();
        values.sort_unstable_by(f64::total_cmp);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let variance = squares / (values.len() - 1) as f64;
        let inner = END_COUNT..values.len() - END_COUNT;
        let mut points: Vec<(f64, u32)> = Vec::with_capacity(values.len() / 4);
        let mut put = |value: f64, count: u32| match points.last_mut() {
            Some((last, before)) if *last == value => *before += count,
            _ => points.push((value, count)),
        };
        values[..inner.start].iter().for_each(|value| put(*value, 1));
        for group in values[inner.clone()].chunks(GROUP_SIZE) {
            put(group[group.len() / 2], u32::try_from(group.len()).unwrap_or(1));
        }
        values[inner.end..].iter().for_each(|value| put(*value, 1));
        Self { points, variance }
    }
}

/// Durations are compared as ratios. Those of 0 ns count as 1 ns, which no clock tells apart.
pub(crate) fn logarithm(value: f64) -> f64 {
    value.max(1.0).ln()
}

/// How alike neighbouring blocks of two sides are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Likeness {
    correlation: f64,
    /// In deviations of what it is by chance.
    deviations: f64,
}

impl Likeness {
    /// That of sides whose blocks pull a value so far up.
    pub(crate) fn new(pulls: [&[f64]; 2]) -> Self {
        let correlations = pulls.map(correlation);
        let count = (pulls[0].len() + pulls[1].len()) as f64;
        let correlation = f64::midpoint(correlations[0], correlations[1]);
        // Each varies by one over the number of its blocks (Bartlett).
        Self { correlation, deviations: correlation * count.sqrt() }
    }

    /// Whether blocks had better be longer.
    pub(crate) fn is_great(self) -> bool {
        self.deviations > LIKENESS_MAX
    }

    /// By how much variances are greater than those of blocks that are not alike.
    pub(crate) fn inflation(self) -> f64 {
        let correlation = self.correlation.clamp(0.0, CORRELATION_MAX);
        (1.0 + correlation) / (1.0 - correlation)
    }
}

fn correlation(pulls: &[f64]) -> f64 {
    let squares: f64 = pulls.iter().map(|pull| pull * pull).sum();
    if squares == 0.0 {
        return 0.0;
    }
    let products: f64 = pulls.windows(2).map(|pair| pair[0] * pair[1]).sum();
    // Pulls add up to zero, so that neighbours are a little unlike each other by chance.
    products / squares + 1.0 / pulls.len() as f64
}
