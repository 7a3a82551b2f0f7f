//! How a call compares with the others of its function, and its minute with other minutes.

use kronicler_store::{Snapshot, StoreError};

use crate::answer::Gaps;
use crate::filter::Filter;
use crate::function_stats::FunctionStats;
use crate::name_table::NameTable;
use crate::stats::stats_by_number;

/// Half of the minute around the end of a call.
const HALF_MINUTE_NS: i64 = 30_000_000_000;
/// Rows of a function in the minute from which on its median there says something.
const ROW_COUNT_MIN: u64 = 5;
/// How many times its usual median a function takes that counts as slowed down.
const SLOWED_RATIO: f64 = 2.0;

/// Calls of one function, and where the call in question stands among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Among {
    /// Calls.
    pub count: u64,
    /// Their median in nanoseconds, within 1 %.
    pub median_ns: u64,
    /// Calls that took less, as far as 1 % tells them apart.
    pub faster_count: u64,
    /// Whether none took longer.
    pub is_slowest: bool,
}

/// All functions but that of the call, in the minute around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Others {
    /// Functions with enough calls in the minute to tell.
    pub function_count: u64,
    /// Those among them whose median was at least twice their usual one.
    pub slowed_count: u64,
    /// The median of all their ratios of minute to usual; `None` without such a function.
    pub ratio: Option<f64>,
}

/// How a call compares with others.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Among all calls of its function.
    pub of_all: Among,
    /// Among those that ended in the minute around its end.
    pub of_minute: Among,
    /// Whether the minute was slow for the others.
    pub others: Others,
}

/// The statistics that a standing is made of, by the number of the function.
pub(super) struct Statistics {
    pub usual: Vec<FunctionStats>,
    minute: Vec<FunctionStats>,
}

impl Statistics {
    /// Reads them: of all rows, and of those that ended in the minute around `end_ns`.
    pub fn read(
        snapshot: &Snapshot,
        table: &NameTable,
        end_ns: i64,
        gaps: &mut Gaps,
    ) -> Result<Self, StoreError> {
        let minute = Filter {
            since_ns: Some(end_ns.saturating_sub(HALF_MINUTE_NS)),
            until_ns: Some(end_ns.saturating_add(HALF_MINUTE_NS)),
            ..Filter::default()
        };
        let [usual, minute] = [Filter::default(), minute].map(|filter| {
            let answer = stats_by_number(snapshot, &filter, table)?;
            let (is_partial, is_stale) = (answer.is_partial, answer.is_stale);
            gaps.add(Gaps { is_partial, is_stale });
            Ok(answer.value)
        });
        Ok(Self { usual: usual?, minute: minute? })
    }

    /// The usual duration of a function in nanoseconds.
    pub fn median_ns(&self, function: u32) -> u64 {
        let stats = self.usual.get(function as usize);
        stats.and_then(|stats| stats.quantile(0.5)).unwrap_or(0)
    }

    /// Where a call of a function stands that took so long.
    pub fn standing(&self, function: u32, duration_ns: u64) -> Standing {
        let among = |all: &[FunctionStats]| {
            let stats = all.get(function as usize);
            stats.map_or(NOBODY, |stats| Among::new(stats, duration_ns))
        };
        Standing {
            of_all: among(&self.usual),
            of_minute: among(&self.minute),
            others: self.others(function),
        }
    }

    fn others(&self, function: u32) -> Others {
        let pairs = self.minute.iter().zip(&self.usual).enumerate();
        let others = pairs.filter(|(number, (minute, _))| {
            *number != function as usize && minute.rows >= ROW_COUNT_MIN
        });
        let ratios = others.filter_map(|(_, (minute, usual))| {
            let (minute, usual) = (minute.quantile(0.5)?, usual.quantile(0.5)?);
            Some(minute as f64 / usual.max(1) as f64)
        });
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        let slowed = ratios.iter().filter(|ratio| **ratio >= SLOWED_RATIO);
        Others {
            function_count: ratios.len() as u64,
            slowed_count: slowed.count() as u64,
            ratio: ratios.get(ratios.len() / 2).copied(),
        }
    }
}

const NOBODY: Among = Among { count: 0, median_ns: 0, faster_count: 0, is_slowest: false };

impl Among {
    fn new(stats: &FunctionStats, duration_ns: u64) -> Self {
        let below = stats.sketch.bins().take_while(|bin| bin.upper_ns < duration_ns);
        Self {
            count: stats.moments.count(),
            median_ns: stats.quantile(0.5).unwrap_or(0),
            faster_count: below.map(|bin| bin.count).sum(),
            is_slowest: stats.moments.max().is_some_and(|max| max <= duration_ns),
        }
    }
}
