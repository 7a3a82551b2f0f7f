//! The rank sum test of Mann and Whitney: whether calls of B tend to be slower than those of A.
//!
//! Mann and Whitney, Annals of Mathematical Statistics 18(1), 1947; normal approximation with
//! correction for ties and continuity, as in Lehmann, Nonparametrics, 1975, section 1.4, and as
//! scipy's `mannwhitneyu(method="asymptotic")`. It takes calls to be independent, which calls in
//! one process are not, so it is a quick look beside intervals that do not.

use crate::table::Table;
use crate::tails::normal_tail;

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankSum {
    /// How likely a call of B is to be slower than one of A, equal ones counted half.
    pub slower_share: f64,
    /// How likely a share as far from a half would be, if all calls were alike: two-sided.
    pub p: f64,
}

/// Durations with how many there are of A and of B, upwards.
pub(crate) fn rank_sum(counts: impl Iterator<Item = [f64; 2]>) -> RankSum {
    let (mut a, mut b, mut wins, mut ties) = (0.0, 0.0, 0.0, 0.0);
    for [of_a, of_b] in counts {
        wins += of_b * (a + of_a / 2.0);
        let tied: f64 = of_a + of_b;
        ties += tied.powi(3) - tied;
        a += of_a;
        b += of_b;
    }
    let (pairs, all) = (a * b, a + b);
    if pairs == 0.0 {
        return RankSum { slower_share: 0.5, p: 1.0 };
    }
    let variance = pairs / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    let distance = ((wins - pairs / 2.0).abs() - 0.5).max(0.0);
    let p = if variance > 0.0 { 2.0 * normal_tail(distance / variance.sqrt()) } else { 1.0 };
    RankSum { slower_share: wins / pairs, p: p.min(1.0) }
}

/// The counts of two tables by duration, scaled to how many rows they tell as much as.
pub(crate) fn counts_of(tables: [&Table; 2], rows: [f64; 2]) -> Vec<[f64; 2]> {
    let mut all: Vec<(u64, usize, f64)> = Vec::new();
    let is_exact = tables.iter().all(|table| table.is_exact());
    for (side, table) in tables.into_iter().enumerate() {
        let sum = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
        let scale = rows[side] / (sum(table.all()) as f64).max(1.0);
        let mut below = 0_u64;
        for (row, bounds) in table.bounds.iter().enumerate() {
            let at_most = sum(table.at_most(row));
            // Durations that one side does not tell apart the other must not either.
            let key = if is_exact { bounds.0 } else { crate::cells::cell_of(bounds.0) as u64 };
            all.push((key, side, (at_most - below) as f64 * scale));
            below = at_most;
        }
    }
    all.sort_unstable_by_key(|(key, ..)| *key);
    let of_key = all.chunk_by(|left, right| left.0 == right.0).map(|group| {
        let mut counts = [0.0; 2];
        group.iter().for_each(|(_, side, count)| counts[*side] += count);
        counts
    });
    of_key.collect()
}
