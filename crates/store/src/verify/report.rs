//! What was found when the files of a database were verified.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use kronicler_format::Counters;

/// What a database holds, recomputed from its files, and what is wrong with them.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The lanes, lowest first.
    pub lanes: Vec<LaneReport>,
    /// What is wrong, lane by lane; none when all is well.
    pub findings: Vec<Finding>,
}

/// What a lane holds: `stored = live + expired + quarantined`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneReport {
    /// Its number.
    pub lane: u16,
    /// Whether its last writer ended in order.
    pub is_closed: bool,
    /// Whether it was cleared, and its owner has yet to empty it: all its files are leftovers.
    pub is_cleared: bool,
    /// Rows ever stored in it.
    pub stored: u64,
    /// Rows that were read, one by one.
    pub live: u64,
    /// Of these, the rows in segments.
    pub sealed: u64,
    /// Rows that have expired.
    pub expired: u64,
    /// Rows that have not expired and could not be read.
    pub quarantined: u64,
    /// What happened to calls that became no row.
    pub counters: Counters,
    /// Segments that its manifest names.
    pub segment_count: u64,
    /// Histories that its manifest names.
    pub history_count: u64,
    /// Bytes of its head log.
    pub head_bytes: u64,
    /// Bytes of these segments.
    pub segment_bytes: u64,
    /// Bytes of these histories.
    pub history_bytes: u64,
    /// Files that its manifest does not name, nor a reader needs: the owner is making them, or a
    /// crash left them behind.
    pub leftover_count: u64,
    /// Bytes of the head log that a crash cut short, or left as zeros: nothing was lost in them.
    pub torn_bytes: u64,
}

impl LaneReport {
    /// Calls that were seen, without those that an unclean end may have taken along.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        let counters = &self.counters;
        self.stored + counters.skipped_every + counters.dropped() + counters.lost_clock
    }

    /// Bytes of all files that hold something.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.head_bytes + self.segment_bytes + self.history_bytes
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which file.
    pub path: PathBuf,
    /// Where in it, when it is at one place.
    pub offset: Option<u64>,
    /// What is wrong.
    pub fact: String,
    /// What can be done.
    pub remedy: &'static str,
    /// Rows that answers lack, or tell wrong, because of it; `None` when that cannot be known.
    pub row_count: Option<u64>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path.display())?;
        if let Some(offset) = self.offset {
            write!(formatter, ", byte {offset}")?;
        }
        write!(formatter, ": {}; {}", self.fact, self.remedy)
    }
}

impl Finding {
    /// A finding that costs no row.
    pub(super) fn new(path: &Path, fact: impl Into<String>, remedy: &'static str) -> Self {
        let (path, fact) = (path.to_owned(), fact.into());
        Self { path, offset: None, fact, remedy, row_count: Some(0) }
    }

    pub(super) const fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    pub(super) const fn of_rows(mut self, row_count: Option<u64>) -> Self {
        self.row_count = row_count;
        self
    }
}

/// A finding whose rows are known only when everything has been read: those of the sequences that
/// stand nowhere.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub finding: Finding,
    pub seqs: Range<u64>,
}

/// What is left of `ranges` without `cut`.
pub(super) fn without(ranges: Vec<Range<u64>>, cut: &Range<u64>) -> Vec<Range<u64>> {
    let pieces = ranges.into_iter().flat_map(|range| {
        let before = range.start..range.end.min(cut.start);
        let behind = range.start.max(cut.end)..range.end;
        [before, behind]
    });
    pieces.filter(|range| !range.is_empty()).collect()
}

/// How many sequences ranges without overlap hold.
pub(super) fn count(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "these are lists of ranges")]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_exactly() {
        // Promise: each missing row counts for one finding only.
        assert_eq!(without(vec![0..10], &(3..5)), [0..3, 5..10]);
        assert_eq!(without(vec![0..10, 20..30], &(8..25)), [0..8, 25..30]);
        assert_eq!(without(vec![5..6], &(0..9)), []);
        assert_eq!(without(vec![5..6], &(6..9)), [5..6]);
        assert_eq!(count(&[0..3, 5..10]), 8);
    }
}
