//! Pairs of samples, compared again and again: how often a difference is found.

use kronicler_compare::{Limits, Measurer, Random, Verdict, judge};

use crate::load::Load;

/// How often something was found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    pub pairs: u32,
    /// Regressions, with limits as they are unless somebody asks for others.
    pub regressions: u32,
    /// Regressions and improvements.
    pub differences: u32,
    /// The same, however small they are.
    pub small_differences: u32,
    /// By the rank sum test at 5 %, which takes calls to be independent.
    pub rank_sums: u32,
}

/// Compares so many pairs of which the second is so many times slower.
pub fn compare(load: &Load, slower: f64, pairs: u32, seed: u64) -> Found {
    let limits = Limits::default();
    let no_least = Limits { change_min: 0.0, difference_ns_min: 0.0, ..Limits::default() };
    let mut measurer = Measurer::new();
    let mut found = Found { pairs, ..Found::default() };
    for pair in 0..pairs {
        let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(pair.into()));
        let (a, b) = (load.sample(&mut random, 1.0), load.sample(&mut random, slower));
        let measured = [measurer.measure([&a, &b], 100)];
        let verdict = judge(&measured, &limits)[0].verdict;
        found.regressions += u32::from(verdict == Verdict::Regression);
        found.differences += u32::from(is_difference(verdict));
        let verdict = judge(&measured, &no_least)[0].verdict;
        found.small_differences += u32::from(is_difference(verdict));
        found.rank_sums += u32::from(measured[0].rank_sum.p < 0.05);
    }
    found
}

fn is_difference(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Regression | Verdict::Improvement)
}
