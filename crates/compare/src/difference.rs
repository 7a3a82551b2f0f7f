//! The difference of two values of which each might have been another: how likely it has this sign,
//! and its intervals.
//!
//! The sides are independent, so every resample of one goes with every resample of the other, 4
//! million pairs. Intervals are those of the percentile method, widened for the number of blocks as
//! Hesterberg proposes ("What Teachers Should Know About the Bootstrap", The American Statistician
//! 69(4), 2015, section 5.3): their ends lie where a normal tail of `t * sqrt(k / (k - 1))` lies,
//! `t` being that of Student's distribution. Further out than the pairs reach, they go on as those
//! of a normal distribution do.

use crate::resample::{RESAMPLE_COUNT, Replicates};
use crate::tails::{normal_quantile, normal_tail, student_quantile, student_tail};

/// Where the ends of intervals are kept, in deviations of a normal distribution. Between them they
/// are nearly straight. Beyond the last lie 24 of 4 million pairs, the least to rely on.
const STEPS: [f64; 10] = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.377];
const LAST_STEP: f64 = STEPS[STEPS.len() - 1];
/// Equal parts of the range of all differences: its ends are some 9 deviations apart, so that the
/// ends of intervals are known to a five hundredth of one.
const PART_COUNT: usize = 4_096;

/// How far one side is from the other, B from A.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// How likely a difference as far from zero would be, if there were none: two-sided.
    pub p: f64,
    widening: Widening,
    /// As the logarithm of the ratio.
    pub ratio: Ends,
    /// In nanoseconds.
    pub nanoseconds: Ends,
}

/// How far intervals are widened, and by which distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Widening {
    factor: f64,
    freedom: f64,
}

/// A difference, and where it may lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ends {
    estimate: f64,
    /// By step: the lower end and the upper one.
    ends: [[f64; 2]; STEPS.len()],
}

/// A side of a difference.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    /// The logarithm of its value.
    pub value: f64,
    pub replicates: Replicates,
    /// How many blocks of equal size would tell as much.
    pub blocks: f64,
}

impl Difference {
    /// The difference of B from A, when variances are so many times greater than blocks show.
    pub(crate) fn new(sides: &[Side; 2], inflation: f64) -> Self {
        let widening = Widening::new(sides, inflation);
        let [a, b] = sides;
        let logarithms = Pairs([&a.replicates.points, &b.replicates.points]);
        let ratio = Ends::new(b.value - a.value, &logarithms);
        let durations = sides.each_ref().map(|side| {
            let points = side.replicates.points.iter();
            points.map(|(value, count)| (value.exp(), *count)).collect::<Vec<_>>()
        });
        let durations = Pairs([&durations[0], &durations[1]]);
        let nanoseconds = Ends::new(b.value.exp() - a.value.exp(), &durations);
        let deviations = ratio.deviations_of_zero(&logarithms);
        let p = 2.0 * student_tail(deviations / widening.factor, widening.freedom);
        Self { p: p.min(1.0), widening, ratio, nanoseconds }
    }

    /// The interval that holds the difference with this confidence.
    pub(crate) fn interval(&self, ends: &Ends, confidence: f64) -> [f64; 2] {
        let Widening { factor, freedom } = self.widening;
        ends.at(student_quantile((1.0 - confidence) / 2.0, freedom) * factor)
    }
}

impl Widening {
    fn new(sides: &[Side; 2], inflation: f64) -> Self {
        let [a, b] = sides.each_ref().map(|side| {
            // One block tells nothing of how blocks differ.
            let (count, variance) = (side.blocks.max(1.5), side.replicates.variance);
            (variance, variance * count / (count - 1.0), count - 1.0)
        });
        let variance = a.0 + b.0;
        if variance == 0.0 {
            let freedom = a.2.min(b.2);
            return Self { factor: ((freedom + 1.0) / freedom).sqrt(), freedom };
        }
        let factor = ((a.1 + b.1) / variance * inflation).sqrt();
        // Welch, Biometrika 34, 1947.
        let freedom = (a.1 + b.1).powi(2) / (a.1 * a.1 / a.2 + b.1 * b.1 / b.2);
        Self { factor, freedom }
    }
}

impl Ends {
    fn new(estimate: f64, pairs: &Pairs<'_>) -> Self {
        let mut ends = [[estimate; 2]; STEPS.len()];
        let Some((lower, upper)) = pairs.range() else { return Self { estimate, ends } };
        let width = (upper - lower) / PART_COUNT as f64;
        if width <= 0.0 {
            return Self { estimate, ends };
        }
        let counts = pairs.counts(lower, width);
        let all = counts.iter().sum::<u64>() as f64;
        for (end, step) in ends.iter_mut().zip(STEPS) {
            let outside = normal_tail(step) * all;
            let edge = |part: usize| lower + part as f64 * width;
            *end = [
                edge(reach(counts.iter(), outside)),
                edge(PART_COUNT - reach(counts.iter().rev(), outside)),
            ];
        }
        Self { estimate, ends }
    }

    /// Both ends so many deviations out.
    fn at(&self, deviations: f64) -> [f64; 2] {
        let next = STEPS.iter().position(|step| *step >= deviations);
        let Some(next) = next.map(|next| next.max(1)) else {
            let last = self.ends[STEPS.len() - 1];
            return last.map(|end| self.estimate + (end - self.estimate) * deviations / LAST_STEP);
        };
        let share = (deviations - STEPS[next - 1]) / (STEPS[next] - STEPS[next - 1]);
        [0, 1].map(|end: usize| {
            let (inner, outer) = (self.ends[next - 1][end], self.ends[next][end]);
            inner + (outer - inner) * share
        })
    }

    /// How many deviations out zero lies.
    fn deviations_of_zero(&self, pairs: &Pairs<'_>) -> f64 {
        let is_positive = self.estimate > 0.0;
        let share = if is_positive {
            pairs.share_below_zero(true)
        } else {
            1.0 - pairs.share_below_zero(false)
        };
        if self.estimate == 0.0 || share >= 0.5 {
            return 0.0;
        }
        if share >= normal_tail(LAST_STEP) {
            return normal_quantile(share);
        }
        // Where the line through the last ends meets zero.
        let last = self.ends[STEPS.len() - 1][usize::from(!is_positive)];
        let reach = self.estimate / (self.estimate - last);
        if reach >= 1.0 { LAST_STEP * reach } else { LAST_STEP }
    }
}

/// How many parts from one end have fewer than `outside` before them.
fn reach<'a>(counts: impl Iterator<Item = &'a u64>, outside: f64) -> usize {
    let mut before = 0.0;
    let fits = counts.take_while(|count| {
        before += **count as f64;
        before < outside
    });
    fits.count()
}

/// Every resample of A with every one of B; both upwards, each with how many it stands for.
struct Pairs<'a>([&'a [(f64, u32)]; 2]);

impl Pairs<'_> {
    /// The least and the greatest difference.
    fn range(&self) -> Option<(f64, f64)> {
        let Self([a, b]) = self;
        let ((first_a, _), (last_a, _)) = (a.first()?, a.last()?);
        let ((first_b, _), (last_b, _)) = (b.first()?, b.last()?);
        Some((first_b - last_a, last_b - first_a))
    }

    /// How many lie in each of [`PART_COUNT`] parts.
    fn counts(&self, lower: f64, width: f64) -> Vec<u64> {
        let Self([a, b]) = self;
        let mut counts = vec![0_u64; PART_COUNT];
        for (of_a, times) in *a {
            for (of_b, also) in *b {
                #[expect(clippy::cast_possible_truncation, reason = "within the range")]
                let part = ((of_b - of_a - lower) / width) as usize;
                counts[part.min(PART_COUNT - 1)] += u64::from(*times) * u64::from(*also);
            }
        }
        counts
    }

    /// The share of pairs with a negative difference, those with none counted or not.
    fn share_below_zero(&self, with_equal: bool) -> f64 {
        let Self([a, b]) = self;
        let mut rest = b.iter().peekable();
        let (mut below, mut pairs) = (0_u64, 0_u64);
        for (of_a, times) in *a {
            let is_below = |of_b: f64| of_b < *of_a || with_equal && of_b == *of_a;
            while let Some((_, count)) = rest.next_if(|(of_b, _)| is_below(*of_b)) {
                below += u64::from(*count);
            }
            pairs += below * u64::from(*times);
        }
        pairs as f64 / (RESAMPLE_COUNT * RESAMPLE_COUNT) as f64
    }
}
