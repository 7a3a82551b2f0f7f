//! Which rows a question is about.

use kronicler_format::{Outcome, Row};
use kronicler_store::{Block, Dictionary};

use crate::glob::matches;

/// Which rows a question is about; the default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Rows of exactly this name, whatever characters it has.
    pub name: Option<String>,
    /// Names or patterns (`*` any text, `?` any character); none means every name.
    pub names: Vec<String>,
    /// Rows that ended at this time or later, nanoseconds since the Unix epoch.
    pub since_ns: Option<i64>,
    /// Rows that ended before this time, nanoseconds since the Unix epoch.
    pub until_ns: Option<i64>,
    /// Rows that took at least so long, in nanoseconds.
    pub min_duration_ns: u64,
    /// Rows with this outcome.
    pub outcome: Option<Outcome>,
}

impl Filter {
    /// All rows of exactly this name.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }

    /// Whether rows need not be looked at: series alone decide.
    pub(crate) const fn is_by_series(&self) -> bool {
        self.since_ns.is_none() && self.until_ns.is_none() && self.min_duration_ns == 0
    }

    pub(crate) fn wants_name(&self, name: &str) -> bool {
        let mut patterns = self.names.iter();
        self.name.as_ref().is_none_or(|exact| exact == name)
            && (self.names.is_empty() || patterns.any(|pattern| matches(pattern, name)))
    }

    /// For each series of a lane, whether its rows are wanted.
    pub(crate) fn wanted_series(&self, names: &Dictionary) -> Vec<bool> {
        let wanted: Vec<bool> =
            names.names().iter().map(|name| self.wants_name(&name.name)).collect();
        let series = names.series().iter().map(|series| {
            let is_outcome = self.outcome.is_none_or(|outcome| series.flags.outcome() == outcome);
            is_outcome && wanted.get(series.name as usize).copied().unwrap_or(false)
        });
        series.collect()
    }

    #[inline]
    pub(crate) fn wants_row(&self, row: &Row) -> bool {
        row.duration_ns >= self.min_duration_ns
            && self.since_ns.is_none_or(|since| row.end_ns >= since)
            && self.until_ns.is_none_or(|until| row.end_ns < until)
    }

    /// Whether a block can hold a wanted row.
    pub(crate) fn wants_block(&self, block: &Block) -> bool {
        block.max_duration_ns >= self.min_duration_ns
            && self.since_ns.is_none_or(|since| block.max_end_ns >= since)
            && self.until_ns.is_none_or(|until| block.min_end_ns < until)
    }
}
