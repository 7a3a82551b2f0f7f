//! Which rows a question is about.

use kronicler_format::{ChunkEntry, Outcome, Row, SegmentEntry};
use kronicler_store::{Block, Dictionary, Window};

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

    /// What the rows must lie between.
    pub(crate) const fn limits(&self) -> Limits {
        Limits {
            since_ns: self.since_ns,
            until_ns: self.until_ns,
            min_duration_ns: self.min_duration_ns,
        }
    }
}

/// What rows must lie between, whatever their series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub since_ns: Option<i64>,
    pub until_ns: Option<i64>,
    pub min_duration_ns: u64,
}

impl Limits {
    #[inline]
    pub(crate) fn wants_row(&self, row: &Row) -> bool {
        row.duration_ns >= self.min_duration_ns && self.wants_end(row.end_ns)
    }

    #[inline]
    pub(crate) fn wants_end(&self, end_ns: i64) -> bool {
        self.since_ns.is_none_or(|since| end_ns >= since)
            && self.until_ns.is_none_or(|until| end_ns < until)
    }

    /// Whether there can be a wanted row.
    pub(crate) fn meets(&self, bounds: &Bounds) -> bool {
        bounds.max_duration_ns >= self.min_duration_ns
            && self.since_ns.is_none_or(|since| bounds.max_end_ns >= since)
            && self.until_ns.is_none_or(|until| bounds.min_end_ns < until)
    }

    /// Whether all rows of wanted series are wanted, so that statistics need no rows.
    pub(crate) fn holds(&self, bounds: &Bounds) -> bool {
        self.min_duration_ns == 0
            && self.since_ns.is_none_or(|since| bounds.min_end_ns >= since)
            && self.until_ns.is_none_or(|until| bounds.max_end_ns < until)
    }
}

/// What rows that lie together lie between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub min_end_ns: i64,
    pub max_end_ns: i64,
    pub max_duration_ns: u64,
}

impl From<&Block> for Bounds {
    fn from(block: &Block) -> Self {
        let &Block { min_end_ns, max_end_ns, max_duration_ns, .. } = block;
        Self { min_end_ns, max_end_ns, max_duration_ns }
    }
}

impl From<&SegmentEntry> for Bounds {
    fn from(entry: &SegmentEntry) -> Self {
        let &SegmentEntry { min_end_ns, max_end_ns, max_duration_ns, .. } = entry;
        Self { min_end_ns, max_end_ns, max_duration_ns }
    }
}

impl From<&ChunkEntry> for Bounds {
    fn from(entry: &ChunkEntry) -> Self {
        let &ChunkEntry { min_end_ns, max_end_ns, max_duration_ns, .. } = entry;
        Self { min_end_ns, max_end_ns, max_duration_ns }
    }
}

impl From<&Window> for Bounds {
    fn from(window: &Window) -> Self {
        let blocks = || window.blocks.iter();
        Self {
            min_end_ns: blocks().map(|block| block.min_end_ns).min().unwrap_or(i64::MAX),
            max_end_ns: blocks().map(|block| block.max_end_ns).max().unwrap_or(i64::MIN),
            max_duration_ns: blocks().map(|block| block.max_duration_ns).max().unwrap_or(0),
        }
    }
}
