//! The difference of two shares, such as calls that failed, and its interval.
//!
//! Newcombe's method 10 ("Interval estimation for the difference between independent proportions",
//! Statistics in Medicine 17, 1998): intervals of Wilson (Journal of the American Statistical
//! Association 22, 1927) of both sides, combined; right for shares near zero, where resampling
//! cannot draw what was not seen. Failures come in swarms, so the calls of each side are counted as
//! fewer by its design effect (Kish, Survey Sampling, 1965): the variance between blocks of time
//! over the one that independent calls would have.

use crate::table::Table;
use crate::tails::{normal_quantile, normal_tail};

/// The share of calls on one side that did not end well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share {
    pub value: f64,
    /// Independent calls that would tell as much.
    pub effective: f64,
}

impl Share {
    /// The share in a table whose rows tell as much as so many of equal weight.
    pub(crate) fn new(table: &Table, rows: f64) -> Self {
        let count: u64 = table.blocks.iter().map(|block| block.count).sum();
        let errors: u64 = table.blocks.iter().map(|block| block.errors).sum();
        let value = errors as f64 / (count as f64).max(1.0);
        let independent = value * (1.0 - value) / rows.max(1.0);
        let blocks = table.blocks.len() as f64;
        let pulls =
            table.blocks.iter().map(|block| block.errors as f64 - value * block.count as f64);
        let squares: f64 = pulls.map(|pull| pull * pull).sum();
        let between = squares / (count as f64).max(1.0).powi(2) * blocks / (blocks - 1.0).max(1.0);
        let effect = if independent > 0.0 { (between / independent).max(1.0) } else { 1.0 };
        Self { value, effective: (rows / effect).max(1.0) }
    }

    /// Wilson's interval, `z` deviations wide.
    fn interval(&self, z: f64) -> [f64; 2] {
        let (share, count, square) = (self.value, self.effective, z * z);
        let middle = (share + square / (2.0 * count)) / (1.0 + square / count);
        let spread = (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
        let half = z * spread / (1.0 + square / count);
        [(middle - half).max(0.0), (middle + half).min(1.0)]
    }
}

/// How likely a difference as far from zero would be, if there were none: score test, two-sided.
pub(crate) fn p(a: &Share, b: &Share) -> f64 {
    let all = a.effective + b.effective;
    let pooled = (a.value * a.effective + b.value * b.effective) / all;
    let variance = pooled * (1.0 - pooled) * (1.0 / a.effective + 1.0 / b.effective);
    if variance <= 0.0 {
        return if a.value == b.value { 1.0 } else { 0.0 };
    }
    (2.0 * normal_tail((b.value - a.value).abs() / variance.sqrt())).min(1.0)
}

/// The interval that holds the difference of B from A with this confidence.
pub(crate) fn interval(a: &Share, b: &Share, confidence: f64) -> [f64; 2] {
    let z = normal_quantile((1.0 - confidence) / 2.0);
    let ([a_low, a_high], [b_low, b_high]) = (a.interval(z), b.interval(z));
    let difference = b.value - a.value;
    let below = ((b.value - b_low).powi(2) + (a_high - a.value).powi(2)).sqrt();
    let above = ((b_high - b.value).powi(2) + (a.value - a_low).powi(2)).sqrt();
    [difference - below, difference + above]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn share(errors: f64, count: f64) -> Share {
        Share { value: errors / count, effective: count }
    }

    #[test]
    fn intervals_are_wilsons_and_newcombes() {
        // Promise: the formulas are the published ones: Wilson's as scipy has it, Newcombe's by the
        // first example of his paper (56 of 70 against 48 of 80, method 10).
        let reference: Value =
            serde_json::from_str(include_str!("../tests/reference/reference.json")).unwrap();
        for case in reference["wilson"].as_array().unwrap() {
            let number = |key: &str| case[key].as_f64().unwrap();
            let z = normal_quantile((1.0 - number("confidence")) / 2.0);
            let found = share(number("errors"), number("count")).interval(z);
            for (end, expected) in found.iter().zip(case["interval"].as_array().unwrap()) {
                assert!((end - expected.as_f64().unwrap()).abs() < 1e-12, "{case} {found:?}");
            }
        }
        let found = interval(&share(48.0, 80.0), &share(56.0, 70.0), 0.95);
        assert!((found[0] - 0.0524).abs() < 5e-5 && (found[1] - 0.3339).abs() < 5e-5, "{found:?}");
    }

    #[test]
    fn shares_at_their_ends_are_compared() {
        // Promise: no failure at all, or nothing but failures, is no division by zero.
        let (none, all) = (share(0.0, 100.0), share(100.0, 100.0));
        assert_eq!(p(&none, &none), 1.0);
        assert_eq!(p(&all, &all), 1.0);
        assert!(p(&none, &all) < 1e-20);
        let [low, high] = interval(&none, &none, 0.95);
        assert!(low < 0.0 && high > 0.0 && high < 0.05, "{low} {high}");
    }
}
