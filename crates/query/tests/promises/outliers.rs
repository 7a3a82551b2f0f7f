//! Which functions are now and then far slower than they usually are.

use std::collections::BTreeMap;

use kronicler_format::{Kind, Outcome};
use kronicler_query::{Filter, Outlier, OutlierLimits, outliers};
use kronicler_store::{RowId, Snapshot};

use crate::model::{Call, NAMES, Writer, with_ids};
use crate::world::{every_view, memory, root};

/// A linear congruential generator (Knuth's MMIX constants): the same numbers in every run.
struct Rng(u64);

impl Rng {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A log-normal duration (Box and Muller).
    fn duration(&mut self, median_ns: f64, sigma: f64) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        median_ns * (sigma * radius * (std::f64::consts::TAU * self.unit()).cos()).exp()
    }
}

/// So many calls; of a thousand, `slow_permille` take `slow_times` as long.
struct Function {
    name: &'static str,
    median_ns: f64,
    sigma: f64,
    count: usize,
    slow_permille: usize,
    slow_times: f64,
    weight: u32,
}

impl Function {
    fn calls(&self, rng: &mut Rng) -> Vec<Call> {
        let calls = (0..self.count).map(|index| {
            let is_slow = index * self.slow_permille % 1_000 + self.slow_permille >= 1_000;
            let times = if is_slow { self.slow_times } else { 1.0 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
            let duration_ns = (rng.duration(self.median_ns, self.sigma) * times) as u64;
            Call {
                id: RowId::new(0, 0),
                name: self.name,
                outcome: Outcome::Ok,
                kind: Kind::Sync,
                thread: 0,
                end_ns: 1_000,
                duration_ns,
                weight: self.weight,
                writer: Writer::default(),
            }
        });
        calls.collect()
    }
}

const USUAL: Function = Function {
    name: NAMES[0],
    median_ns: 2e6,
    sigma: 0.4,
    count: 5_000,
    slow_permille: 0,
    slow_times: 1.0,
    weight: 1,
};

fn snapshot(functions: &[Function], seed: u64) -> (Snapshot, Vec<Call>) {
    let mut rng = Rng(seed);
    let calls: Vec<Call> = functions.iter().flat_map(|function| function.calls(&mut rng)).collect();
    let lanes = with_ids(vec![vec![calls.clone()]]);
    let views = every_view(&memory(), &root(), &lanes);
    (views.into_iter().next_back().expect("there are views").1, calls)
}

fn listed(snapshot: &Snapshot) -> Vec<Outlier> {
    let answer = outliers(snapshot, &Filter::default(), OutlierLimits::default());
    answer.expect("the log can be read").value
}

fn names(outliers: &[Outlier]) -> Vec<&str> {
    outliers.iter().map(|outlier| &*outlier.stats.name.name).collect()
}

#[test]
fn a_function_that_only_varies_is_not_listed() {
    // Promise: being slow, or varying widely, is no reason to be listed.
    let functions = [
        // A row far out by chance stays one, however many calls it stands for.
        Function { weight: 100, ..USUAL },
        Function { name: NAMES[1], sigma: 1.0, ..USUAL },
        Function { name: NAMES[2], median_ns: 5e8, sigma: 0.1, ..USUAL },
        Function { name: NAMES[3], median_ns: 5e7, sigma: 0.0, ..USUAL },
        Function { name: NAMES[4], sigma: 0.6, count: 100, ..USUAL },
        Function { name: NAMES[5], count: 3, slow_permille: 500, slow_times: 40.0, ..USUAL },
    ];
    let mut wrongly: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for seed in 0..10 {
        let (snapshot, _) = snapshot(&functions, seed);
        let found = listed(&snapshot);
        if !found.is_empty() {
            wrongly.insert(seed, names(&found).into_iter().map(str::to_owned).collect());
        }
    }
    assert!(wrongly.is_empty(), "{wrongly:?}");
}

#[test]
fn a_function_with_a_tail_of_its_own_is_listed() {
    // Promise: 0.4 % of calls forty times as slow are found, counted, and their cost is told.
    let slow = Function { name: NAMES[1], slow_permille: 4, slow_times: 40.0, ..USUAL };
    for seed in 0..5 {
        let function = Function { ..slow };
        let (snapshot, calls) = snapshot(&[USUAL, function], seed);
        let found = listed(&snapshot);
        assert_eq!(names(&found), [slow.name], "seed {seed}");
        let outlier = &found[0];
        let own: Vec<u64> = calls
            .iter()
            .filter(|call| call.name == slow.name)
            .map(|call| call.duration_ns)
            .collect();
        let far: Vec<u64> = own.iter().copied().filter(|&d| d > outlier.limit_ns).collect();
        assert!((15..=25).contains(&outlier.slow_count), "{}", outlier.slow_count);
        assert_eq!(outlier.slow_count, far.len() as u64, "more than the limit that is told");
        let close = |found: u64, exact: u64| found.abs_diff(exact) <= exact / 50;
        let median = crate::model::quantile(&own, 500).unwrap();
        assert!(close(outlier.median_ns, median));
        let mean = far.iter().sum::<u64>() / far.len() as u64;
        assert!(close(outlier.slow_mean_ns, mean), "{} instead of {mean}", outlier.slow_mean_ns);
        let excess = far.iter().sum::<u64>() - median * far.len() as u64;
        assert!(close(outlier.excess_ns, excess), "{} instead of {excess}", outlier.excess_ns);
        let share = excess as f64 / own.iter().sum::<u64>() as f64;
        assert!((outlier.excess_share - share).abs() < 0.02);
    }
}

#[test]
fn the_farthest_from_its_usual_calls_comes_first() {
    // Promise: functions are ranked by a score that grows with how far out slow calls are and how
    // often they happen, shrinks where usual calls spread widely, and has no unit.
    let slow = || Function { slow_permille: 5, slow_times: 40.0, ..USUAL };
    let score = |function: Function| {
        let (snapshot, _) = snapshot(&[function], 1);
        let found = listed(&snapshot);
        found.first().expect("it is listed").score.score
    };
    let usual = score(slow());
    assert!(score(Function { slow_times: 80.0, ..slow() }) > usual * 1.05);
    assert!(score(Function { slow_permille: 10, ..slow() }) > usual * 1.05);
    assert!(score(Function { sigma: 0.2, ..slow() }) > usual);
    let (longer, shorter) = (score(Function { median_ns: 2e8, ..slow() }), usual);
    assert!((longer / shorter - 1.0).abs() < 0.02, "{longer} and {shorter}");
    let more = score(Function { count: 20_000, ..slow() });
    assert!((1.0..1.2).contains(&(more / usual)), "more calls are little more: {more} and {usual}");

    let functions = [
        Function { name: NAMES[0], slow_permille: 2, slow_times: 200.0, median_ns: 1e5, ..USUAL },
        Function { name: NAMES[1], slow_permille: 10, slow_times: 30.0, median_ns: 2e7, ..USUAL },
        Function { name: NAMES[3], slow_permille: 5, slow_times: 40.0, median_ns: 2e6, ..USUAL },
        Function { name: NAMES[4], ..USUAL },
    ];
    let (snapshot, _) = snapshot(&functions, 1);
    let found = listed(&snapshot);
    assert_eq!(names(&found), [NAMES[1], NAMES[0], NAMES[3]]);
    assert!(found.is_sorted_by(|left, right| left.score.score >= right.score.score));
    let only = outliers(&snapshot, &Filter::name(NAMES[3]), OutlierLimits::default()).unwrap();
    assert_eq!(names(&only.value), [NAMES[3]]);
    let strict = OutlierLimits { excess_ns_min: 1_000_000_000, ..OutlierLimits::default() };
    let few = outliers(&snapshot, &Filter::default(), strict).unwrap();
    assert_eq!(names(&few.value), [NAMES[1]]);
}

#[test]
fn the_score_is_made_of_the_five_statistics() {
    // Promise: the formula that is told, from mean, standard error, median, median deviation and
    // the mean of the slowest hundredth of the rows themselves.
    let function = Function { slow_permille: 5, slow_times: 40.0, ..USUAL };
    let (snapshot, calls) = snapshot(&[function], 3);
    let found = &listed(&snapshot)[0];
    let mut sorted: Vec<f64> = calls.iter().map(|call| call.duration_ns as f64).collect();
    sorted.sort_by(f64::total_cmp);
    let (count, median) = (sorted.len() as f64, sorted[sorted.len() / 2 - 1]);
    let mean = sorted.iter().sum::<f64>() / count;
    let square = sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let error = (square / (count - 1.0)).sqrt() / count.sqrt();
    let mut away: Vec<f64> = sorted.iter().map(|value| (value - median).abs()).collect();
    away.sort_by(f64::total_cmp);
    let mad = away[away.len() / 2 - 1];
    let slowest = &sorted[sorted.len() - sorted.len() / 100..];
    let tail = slowest.iter().sum::<f64>() / slowest.len() as f64;
    let pull = (mean - median) / error;
    let distance = (tail - median) / (1.4826 * mad);
    let score = pull / (1.0 + pull) * ((1.0 + distance).log2() * (tail / median).log2()).sqrt();
    assert!((found.score.score / score - 1.0).abs() < 0.02, "{} {score}", found.score.score);
    assert!((found.score.tail_ratio / (tail / median) - 1.0).abs() < 0.02);
    assert!((found.score.mad_ns as f64 - mad).abs() < median * 0.02);
}
