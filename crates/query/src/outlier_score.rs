//! How far the slow calls of a function are from its usual ones, as one number without a unit.
//!
//! Five statistics of a function speak together: mean, standard error, median, median deviation
//! (MAD) and the mean of its slowest hundredth (`tail_mean`, expected shortfall at 99 %: Acerbi and
//! Tasche, Journal of Banking and Finance 26, 2002; other than the 99th percentile it sees calls
//! that are rarer than one in a hundred).
//!
//! ```text
//! pull      = (mean - median) / standard error        do slow calls pull the mean, beyond chance?
//! distance  = (tail_mean - median) / (1.4826 MAD)     how far out, in spreads of usual calls?
//! ratio     = tail_mean / median                      how many times as slow?
//! score     = pull / (1 + pull) * sqrt(log2(1 + distance) * log2(ratio))
//! ```
//!
//! `distance` is the modified z-score (Iglewicz and Hoaglin, "How to Detect and Handle Outliers",
//! 1993): 1.4826 MAD is the standard deviation when durations are normal, and unlike it does not
//! grow with the slow calls themselves. Logarithms, since each doubling should count as much as the
//! one before; the root of their product, so that a function needs both: a few microseconds of
//! spread around a narrow median are as little a finding as a wide one. `pull` becomes a weight
//! from 0 to 1: with one slow call it is about 1 (weight a half), with n of them about the root of
//! n, so that a function with more calls does not win for that alone. The unit of time and what a
//! function usually takes cancel out.

use crate::function_stats::FunctionStats;

/// Share of the slowest calls whose mean is the tail.
const TAIL_SHARE: f64 = 0.01;
/// Standard deviation of a normal distribution in median deviations.
const DEVIATIONS_PER_MAD: f64 = 1.4826;
/// The least spread as a share of the median: what a sketch can tell.
const SPREAD_MIN: f64 = 0.01;

/// How far slow calls are from usual ones, and the statistics that say so.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OutlierScore {
    /// The higher, the farther; 0 when slow calls do not even pull the mean above the median.
    pub score: f64,
    /// Median distance from the median, in nanoseconds, within 2 % of the median.
    pub mad_ns: u64,
    /// Mean of the slowest hundredth of all calls, in nanoseconds, within 1 %.
    pub tail_mean_ns: f64,
    /// How many times the median that is.
    pub tail_ratio: f64,
}

impl OutlierScore {
    /// The score of a function. It is 0 for one without calls.
    #[must_use]
    pub fn of(stats: &FunctionStats) -> Self {
        Self::known(stats).unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate within 2 %")]
    fn known(stats: &FunctionStats) -> Option<Self> {
        let median = stats.quantile(0.5)?.max(1) as f64;
        let mad_ns = stats.sketch.median_deviation()?;
        let tail_mean_ns = stats.sketch.mean_of_slowest(TAIL_SHARE)?;
        let tail_ratio = (tail_mean_ns / median).max(1.0);
        let spread = (mad_ns as f64).max(median * SPREAD_MIN) * DEVIATIONS_PER_MAD;
        let distance = ((tail_mean_ns - median) / spread).max(0.0);
        let (mean, error) = (stats.moments.mean()?, stats.std_err().unwrap_or(0.0));
        let pull = if error > 0.0 { ((mean - median) / error).max(0.0) } else { 0.0 };
        let score = pull / (1.0 + pull) * ((1.0 + distance).log2() * tail_ratio.log2()).sqrt();
        Some(Self { score, mad_ns, tail_mean_ns, tail_ratio })
    }
}
