//! Results compared with those of scipy and numpy, which `tests/reference/make.py` has stored.

use kronicler_compare::{
    Measurer, Metric, Sample, level, normal_quantile, normal_tail, student_quantile, student_tail,
};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/reference.json")).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(number).collect()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().expect("an array")
}

fn sample(durations: &[f64]) -> Sample {
    let mut sample = Sample::new();
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers")]
    for (tick, duration) in (0..).zip(durations) {
        sample.add(tick, *duration as u64, 1, false);
    }
    sample
}

fn is_near(found: f64, expected: f64, relative: f64) -> bool {
    (found - expected).abs() <= relative * expected.abs().max(f64::MIN_POSITIVE)
}

#[test]
fn tails_are_those_of_scipy() {
    // Promise: tails of the normal and of Student's distribution are exact to ten digits, also
    // where they are small, and quantiles are their inverse.
    let tails = &reference()["tails"];
    for case in list(tails, "normal") {
        let (z, tail) = (number(&case["z"]), number(&case["tail"]));
        assert!(is_near(normal_tail(z), tail, 1e-10), "{case}: {}", normal_tail(z));
        assert!((normal_quantile(tail) - z).abs() <= 1e-9 * z.max(1.0), "{case}");
    }
    for case in list(tails, "student") {
        let [t, freedom, tail] = ["t", "freedom", "tail"].map(|key| number(&case[key]));
        assert!(is_near(student_tail(t, freedom), tail, 1e-10), "{case}");
        let found = student_quantile(tail, freedom);
        assert!((found - t).abs() <= 1e-8 * t.max(1.0), "{case}: {found}");
        if tail > 1e-3 {
            assert!((student_quantile(1.0 - tail, freedom) + t).abs() <= 1e-8 * t.max(1.0));
        }
    }
}

#[test]
fn rank_sums_are_those_of_scipy() {
    // Promise: the quick test is the one of Mann and Whitney, with ties and continuity corrected.
    for case in list(&reference(), "rank_sums") {
        let samples = ["a", "b"].map(|key| sample(&numbers(&case[key])));
        let found = Measurer::new().measure([&samples[0], &samples[1]], 1).rank_sum;
        let (share, p) = (number(&case["slower_share"]), number(&case["p"]));
        assert!(is_near(found.slower_share, share, 1e-12), "{} {share}", found.slower_share);
        assert!(is_near(found.p, p, 1e-9), "{} {p}", found.p);
    }
}

#[test]
fn quantiles_and_means_are_those_of_numpy() {
    // Promise: what is compared are nearest-rank quantiles and the mean, exact for samples that
    // are kept.
    for case in list(&reference(), "quantiles") {
        let sample = sample(&numbers(&case["values"]));
        let measured = Measurer::new().measure([&sample, &sample], 1);
        let found: Vec<f64> = measured.metrics.iter().map(|one| one.values_ns[0]).collect();
        let expected = numbers(&case["quantiles"]);
        assert_eq!(found[..3], expected[..]);
        assert_eq!(measured.metrics[3].metric, Metric::Mean);
        assert!(is_near(found[3], number(&case["mean"]), 1e-12), "{}", found[3]);
    }
}

#[test]
fn corrections_are_those_of_scipy() {
    // Promise: what is found among many is what Benjamini and Hochberg find.
    for case in list(&reference(), "corrections") {
        let ps = numbers(&case["ps"]);
        let level = level(&ps, 0.05);
        let found: Vec<bool> = ps.iter().map(|p| *p <= level).collect();
        let expected: Vec<bool> =
            list(case, "found").iter().map(|value| value.as_bool().expect("a boolean")).collect();
        assert_eq!(found, expected);
    }
}
