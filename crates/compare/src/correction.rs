//! Correction for many comparisons: of those found, at most a given share is expected to be chance.
//!
//! Benjamini and Hochberg, Journal of the Royal Statistical Society B 57(1), 1995. The intervals
//! that go with it are those of Benjamini and Yekutieli ("False Discovery Rate-Adjusted Multiple
//! Confidence Intervals for Selected Parameters", Journal of the American Statistical Association
//! 100, 2005): of confidence `1 - level`, `level` being `found * q / all`. They exclude zero
//! exactly for what is found. If there is no difference anywhere, the chance of finding one is `q`.

/// The greatest `p` that counts as found, when found ones are to be chance in the share `q`.
///
/// ```
/// use kronicler_compare::level;
///
/// // One of ten must be ten times as unlikely; two of ten, five times.
/// assert_eq!(level(&[0.004, 0.3, 0.9, 0.5, 0.6, 0.2, 0.7, 0.8, 0.95, 0.4], 0.05), 0.005);
/// assert_eq!(level(&[0.004, 0.009, 0.9, 0.5, 0.6, 0.2, 0.7, 0.8, 0.95, 0.4], 0.05), 0.01);
/// ```
#[must_use]
pub fn level(ps: &[f64], q: f64) -> f64 {
    let mut sorted = ps.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let all = ps.len().max(1) as f64;
    let found = (1..=sorted.len()).rev().find(|&rank| sorted[rank - 1] <= rank as f64 * q / all);
    found.unwrap_or(1) as f64 * q / all
}
