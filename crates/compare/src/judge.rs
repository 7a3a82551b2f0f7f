//! What the differences of all functions mean, when they are looked at together.

use crate::correction::level;
use crate::measure::{Lack, Measured, MeasuredFunction};
use crate::metric::Metric;
use crate::shares;

/// What counts as a difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// If nothing differs, the chance of finding a difference at all is 1 minus this.
    pub confidence: f64,
    /// The least change, as a share of what was.
    pub change_min: f64,
    /// The least change in nanoseconds.
    pub difference_ns_min: f64,
    /// Metrics that count.
    pub metrics: Vec<Metric>,
    /// The least change of the share of calls that fail.
    pub error_change_min: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            change_min: 0.05,
            difference_ns_min: 50_000.0,
            metrics: vec![Metric::Median, Metric::P99],
            error_change_min: 0.001,
        }
    }
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// B is slower.
    Regression,
    /// B is faster.
    Improvement,
    /// None was found that is large enough.
    NoDifference,
    /// It cannot be known.
    NotEnoughData,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Improvement => "improvement",
            Self::NoDifference => "no difference",
            Self::NotEnoughData => "not enough data",
        }
    }
}

/// A metric of a function, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Which.
    pub metric: Metric,
    /// Its values of A and B, in nanoseconds.
    pub values_ns: [f64; 2],
    /// How many blocks of time were resampled of each side.
    pub blocks: [usize; 2],
    /// Change as a share of A's value.
    pub change: f64,
    /// Where it lies, with the confidence that is left to each.
    pub change_interval: Option<[f64; 2]>,
    /// Where the difference in nanoseconds lies.
    pub difference_interval_ns: Option<[f64; 2]>,
    /// How likely it would be by chance, were it the only one looked at.
    pub p: Option<f64>,
    /// What it means; of those that do not count, what it would mean.
    pub verdict: Verdict,
    /// Why it cannot be known.
    pub lack: Option<Lack>,
    /// Whether it counts.
    pub counts: bool,
}

/// Shares of calls that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedErrors {
    /// Of A and B.
    pub shares: [f64; 2],
    /// Where their difference lies.
    pub interval: [f64; 2],
    /// How likely it would be by chance.
    pub p: f64,
    /// More failures are a regression.
    pub verdict: Verdict,
}

/// A function, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedFunction {
    /// What is to be said of it.
    pub verdict: Verdict,
    /// By metric, as in [`Metric::ALL`].
    pub metrics: Vec<Judged>,
    /// Calls that failed, unless there is not enough data.
    pub errors: Option<JudgedErrors>,
}

/// Judges functions together.
#[must_use]
pub fn judge(functions: &[MeasuredFunction], limits: &Limits) -> Vec<JudgedFunction> {
    let counts = |measured: &&Measured| limits.metrics.contains(&measured.metric);
    let all = || functions.iter().flat_map(|function| &function.metrics);
    let known = all().filter(counts).filter_map(|measured| measured.difference.as_ref().ok());
    let ps: Vec<f64> = known.map(|difference| difference.p).collect();
    let of_metrics = level(&ps, 1.0 - limits.confidence);
    let shares = functions.iter().filter_map(|function| function.shares.as_ref());
    let ps: Vec<f64> = shares.map(|[a, b]| shares::p(a, b)).collect();
    let of_errors = level(&ps, 1.0 - limits.confidence);
    let judged = functions.iter().map(|function| {
        let metrics = function.metrics.iter();
        let metrics: Vec<Judged> =
            metrics.map(|measured| judge_metric(measured, of_metrics, limits)).collect();
        JudgedFunction {
            verdict: overall(&metrics),
            metrics,
            errors: judge_errors(function, of_errors, limits),
        }
    });
    judged.collect()
}

fn judge_metric(measured: &Measured, level: f64, limits: &Limits) -> Judged {
    let &Measured { metric, values_ns, blocks, .. } = measured;
    let [a, b] = values_ns;
    let mut judged = Judged {
        metric,
        values_ns,
        blocks,
        change: (b - a) / a.max(1.0),
        change_interval: None,
        difference_interval_ns: None,
        p: None,
        verdict: Verdict::NotEnoughData,
        lack: None,
        counts: limits.metrics.contains(&metric),
    };
    let difference = match &measured.difference {
        Ok(difference) => difference,
        Err(lack) => {
            judged.lack = Some(*lack);
            return judged;
        }
    };
    let is_found = difference.p < level;
    let of = |ends| beside_zero(difference.interval(ends, 1.0 - level), is_found, b > a);
    judged.change_interval = Some(of(&difference.ratio).map(f64::exp_m1));
    judged.difference_interval_ns = Some(of(&difference.nanoseconds));
    judged.p = Some(difference.p);
    let is_large =
        judged.change.abs() >= limits.change_min && (b - a).abs() >= limits.difference_ns_min;
    judged.verdict = match is_found && is_large {
        true if b > a => Verdict::Regression,
        true => Verdict::Improvement,
        false => Verdict::NoDifference,
    };
    judged
}

/// The ends of an interval are found to a few digits: that it excludes zero exactly when a
/// difference was found must not hang on the last one.
fn beside_zero([low, high]: [f64; 2], is_found: bool, is_positive: bool) -> [f64; 2] {
    match (is_found, is_positive) {
        (false, _) => [low.min(0.0), high.max(0.0)],
        (true, true) => [low.max(f64::MIN_POSITIVE), high.max(f64::MIN_POSITIVE)],
        (true, false) => [low.min(-f64::MIN_POSITIVE), high.min(-f64::MIN_POSITIVE)],
    }
}

fn overall(metrics: &[Judged]) -> Verdict {
    let has = |verdict| metrics.iter().any(|judged| judged.counts && judged.verdict == verdict);
    let order = [Verdict::Regression, Verdict::Improvement, Verdict::NoDifference];
    order.into_iter().find(|verdict| has(*verdict)).unwrap_or(Verdict::NotEnoughData)
}

fn judge_errors(function: &MeasuredFunction, level: f64, limits: &Limits) -> Option<JudgedErrors> {
    let [a, b] = function.shares.as_ref()?;
    let (p, difference) = (shares::p(a, b), b.value - a.value);
    let interval = shares::interval(a, b, 1.0 - level);
    let is_found = p < level && (interval[0] > 0.0 || interval[1] < 0.0);
    let verdict = match is_found && difference.abs() >= limits.error_change_min {
        true if difference > 0.0 => Verdict::Regression,
        true => Verdict::Improvement,
        false => Verdict::NoDifference,
    };
    Some(JudgedErrors { shares: [a.value, b.value], interval, p, verdict })
}
