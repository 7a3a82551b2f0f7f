//! What is compared: quantiles and the mean, of a whole sample or of its blocks taken again.

use std::fmt;

use kronicler_stats::nearest_rank;

use crate::table::Table;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// The median.
    Median,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// The mean.
    Mean,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Median, Self::P95, Self::P99, Self::Mean];

    /// The name, in commands and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Mean => "mean",
        }
    }

    /// Which quantile it is.
    #[must_use]
    pub const fn quantile(self) -> Option<f64> {
        match self {
            Self::Median => Some(0.5),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            Self::Mean => None,
        }
    }

    /// Its value when each block is taken so many times.
    pub(crate) fn value(self, table: &Table, times: &[u32]) -> f64 {
        let Some(q) = self.quantile() else { return mean(table, times) };
        let rank = nearest_rank(weighted(table.all(), times), q).unwrap_or(1);
        let of_row = |row: usize| weighted(table.at_most(row), times);
        let (mut low, mut high) = (0, table.bounds.len() - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if of_row(middle) < rank { low = middle + 1 } else { high = middle }
        }
        let (lower, upper) = table.bounds[low];
        if lower == upper {
            return lower as f64;
        }
        // Within a cell calls are taken to lie evenly.
        let below = if low == 0 { 0 } else { of_row(low - 1) };
        let within = (of_row(low) - below).max(1) as f64;
        let share = ((rank - below) as f64 - 0.5) / within;
        (lower as f64) + share * (upper - lower) as f64
    }

    /// By block: how much its calls pull the value up, summed. About zero in all.
    pub(crate) fn pulls(self, table: &Table, value: f64) -> Vec<f64> {
        if self.quantile().is_none() {
            let blocks = table.blocks.iter();
            return blocks.map(|block| block.sum_ns as f64 - value * block.count as f64).collect();
        }
        // Calls slower than the value: blocks that pull up have more than their share.
        let row = table.bounds.partition_point(|(_, upper)| (*upper as f64) < value);
        let at_most = table.at_most(row.min(table.bounds.len() - 1));
        let sum = |counts: &[u32]| counts.iter().map(|count| f64::from(*count)).sum::<f64>();
        // With many equal durations it is not quite that of the quantile.
        let share = sum(at_most) / sum(table.all()).max(1.0);
        let counts = table.all().iter().zip(at_most);
        counts.map(|(all, at_most)| share * f64::from(*all) - f64::from(*at_most)).collect()
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

fn mean(table: &Table, times: &[u32]) -> f64 {
    let weighted_sum = |of: fn(&crate::cells::Column) -> f64| -> f64 {
        table.blocks.iter().zip(times).map(|(block, times)| of(block) * f64::from(*times)).sum()
    };
    weighted_sum(|block| block.sum_ns as f64) / weighted_sum(|block| block.count as f64).max(1.0)
}

#[inline]
fn weighted(counts: &[u32], times: &[u32]) -> u64 {
    counts.iter().zip(times).map(|(count, times)| u64::from(*count) * u64::from(*times)).sum()
}
