//! Functions that are now and then far slower than they usually are.
//!
//! A call is *far slower than usual* when it took longer than a limit that follows from the
//! function itself: four spreads above the median on a logarithmic scale, where the spread is the
//! distance of the quartiles divided by 1.349 (so that it is the standard deviation when the
//! logarithms are normal, <https://en.wikipedia.org/wiki/Interquartile_range>), and at least three
//! times the median, and a millisecond above it. Of log-normal durations, however wide, 3 in
//! 100,000 lie above four spreads; a function whose durations have a tail of their own shows more,
//! or one so far out that chance does not explain it. Functions are ranked by their
//! [score](OutlierScore), which weighs mean, standard error, median, median deviation and tail
//! together; what mending the slow calls could save is told beside it.

use kronicler_stats::Sketch;
use kronicler_store::{Snapshot, StoreError};

use crate::answer::Answer;
use crate::filter::Filter;
use crate::function_stats::FunctionStats;
use crate::outlier_score::OutlierScore;
use crate::stats::stats;

/// Spreads above the median at which a call is far slower than usual.
const LIMIT_SPREADS: f64 = 4.0;
/// How much longer than the median a call far slower than usual takes at least.
const LIMIT_RATIO: f64 = 3.0;
/// Quartile distance of a normal distribution in standard deviations.
const QUARTILES_PER_SPREAD: f64 = 1.349;

/// What a function needs in order to be listed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutlierLimits {
    /// Calls, as far as each has a row.
    pub calls_min: u64,
    /// Time that a slow call took beyond the median, in nanoseconds.
    pub excess_ns_min: u64,
    /// How much more slow calls there are than a log-normal distribution would have.
    pub surplus_min: f64,
}

impl Default for OutlierLimits {
    fn default() -> Self {
        // 20 calls give quartiles; a millisecond is the least that a user of a service can notice.
        Self { calls_min: 20, excess_ns_min: 1_000_000, surplus_min: 3.0 }
    }
}

/// Share of a log-normal distribution above four spreads: 1 - Phi(4).
const EXPECTED_SHARE: f64 = 3.167e-5;
/// Calls above four spreads that are no sign of a tail: of 5,000 log-normal durations one is there
/// in 15 of 100 cases, but three in less than one of 1,000 (Poisson, 0.16 expected).
const CHANCE_COUNT: f64 = 2.0;
/// Spreads above which a single call is a sign: 1 - Phi(6) is 1 in 10^9.
const CERTAIN_SPREADS: f64 = 6.0;

/// A function that is now and then far slower than it usually is.
#[derive(Debug, Clone)]
pub struct Outlier {
    /// Its statistics.
    pub stats: FunctionStats,
    /// How far its slow calls are from its usual ones.
    pub score: OutlierScore,
    /// Usual duration: the median, in nanoseconds.
    pub median_ns: u64,
    /// Duration above which a call is far slower than usual, in nanoseconds.
    pub limit_ns: u64,
    /// Calls above the limit.
    pub slow_count: u64,
    /// Mean duration of these calls, in nanoseconds, within 1 %.
    pub slow_mean_ns: u64,
    /// Time these calls took beyond the median, in nanoseconds, within 1 %.
    pub excess_ns: u64,
    /// That time as a share of all time spent in the function, 0 to 1.
    pub excess_share: f64,
}

/// Functions whose slow calls are far from their usual ones, the highest score first.
///
/// # Errors
/// When a log cannot be read.
pub fn outliers(
    snapshot: &Snapshot,
    filter: &Filter,
    limits: OutlierLimits,
) -> Result<Answer<Vec<Outlier>>, StoreError> {
    let answer = stats(snapshot, filter)?;
    Ok(answer.map(|functions| {
        let mut outliers: Vec<Outlier> =
            functions.into_iter().filter_map(|stats| examine(stats, limits)).collect();
        outliers.sort_by(|left, right| {
            let by_score = right.score.score.total_cmp(&left.score.score);
            by_score.then(right.excess_ns.cmp(&left.excess_ns))
        });
        outliers
    }))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "estimates within 1 %; durations and counts are not negative"
)]
fn examine(stats: FunctionStats, limits: OutlierLimits) -> Option<Outlier> {
    let max_ns = stats.moments.max()?;
    // Chance knows rows: a row that stands for 100 calls is one observation.
    let row_share = stats.rows as f64 / stats.moments.count() as f64;
    let (low, median, high) = (stats.quantile(0.25)?, stats.quantile(0.5)?, stats.quantile(0.75)?);
    if stats.rows < limits.calls_min || max_ns - median < limits.excess_ns_min {
        return None;
    }
    let spread = ((high.max(1) as f64) / (low.max(1) as f64)).ln() / QUARTILES_PER_SPREAD;
    let above = |spreads: f64| {
        let ratio = (spreads * spread).exp().max(LIMIT_RATIO);
        ((median.max(1) as f64) * ratio).min(1e18) as u64
    };
    // A call is worth a look when somebody can notice it, however fast its like usually are.
    let limit_ns = end_of_bin(above(LIMIT_SPREADS).max(median + limits.excess_ns_min));
    let slow = stats.sketch.bins().filter(|bin| bin.lower_ns > limit_ns);
    let (slow_count, slow_sum) = slow.fold((0_u64, 0_f64), |(count, sum), bin| {
        let middle = (bin.lower_ns as f64).midpoint(bin.upper_ns.min(max_ns) as f64);
        (count + bin.count, sum + middle * bin.count as f64)
    });
    let expected = (stats.rows as f64) * EXPECTED_SHARE;
    let slow_rows = slow_count as f64 * row_share;
    let has_tail = slow_rows > expected * limits.surplus_min + CHANCE_COUNT;
    if slow_count == 0 || !(has_tail || max_ns > above(CERTAIN_SPREADS)) {
        return None;
    }
    let excess = slow_sum - (slow_count as f64) * (median as f64);
    Some(Outlier {
        score: OutlierScore::of(&stats),
        median_ns: median,
        limit_ns,
        slow_count,
        slow_mean_ns: (slow_sum / slow_count as f64) as u64,
        excess_ns: excess as u64,
        excess_share: (excess / (stats.moments.sum() as f64).max(1.0)).clamp(0.0, 1.0),
        stats,
    })
}

/// The longest duration that the sketch does not tell from this one: above it, slow calls are
/// counted exactly.
fn end_of_bin(duration_ns: u64) -> u64 {
    let bins: Sketch = [duration_ns].into_iter().collect();
    bins.bins().next().map_or(duration_ns, |bin| bin.upper_ns)
}
