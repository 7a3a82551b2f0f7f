//! Rows as columns, the form in which they leave the engine.

use std::sync::Arc;

use kronicler_format::{Detail, Flags, Kind, Outcome, Row};
use kronicler_store::{Name, RowId, Snapshot};

use crate::name_table::NameTable;

/// Rows as columns. All columns have the same length.
#[derive(Debug, Clone, Default)]
pub struct RowBatch {
    /// Ids.
    pub ids: Vec<u64>,
    /// Numbers of names in [`RowBatch::names`].
    pub name_numbers: Vec<u32>,
    /// Outcome and kind, as [`Flags`] has them.
    pub flags: Vec<u8>,
    /// Threads.
    pub threads: Vec<u32>,
    /// Ends, nanoseconds since the Unix epoch.
    pub ends_ns: Vec<i64>,
    /// Durations in nanoseconds.
    pub durations_ns: Vec<u64>,
    /// Calls that each row stands for; empty when each stands for itself alone.
    weights: Vec<u32>,
    /// Details of the rows; empty when nobody has asked for them.
    pub(crate) details: Vec<Option<Arc<Detail>>>,
    names: Arc<NameTable>,
}

/// One row, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Id.
    pub id: RowId,
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// End, nanoseconds since the Unix epoch.
    pub end_ns: i64,
    /// Duration in nanoseconds.
    pub duration_ns: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What kind of call it was.
    pub kind: Kind,
    /// The thread that made it.
    pub thread: u32,
    /// Calls that it stands for.
    pub weight: u32,
    /// Why it was slow or failed, if that was asked for and is told.
    pub detail: Option<Arc<Detail>>,
}

impl StoredRow {
    /// Start, nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn start_ns(&self) -> i64 {
        self.end_ns.saturating_sub_unsigned(self.duration_ns)
    }
}

impl RowBatch {
    pub(crate) fn new(names: Arc<NameTable>) -> Self {
        Self { names, ..Self::default() }
    }

    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The names that [`RowBatch::name_numbers`] speak of.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        self.names.names()
    }

    /// The table of these names; that of the next batch may be another one.
    #[must_use]
    pub const fn name_table(&self) -> &Arc<NameTable> {
        &self.names
    }

    /// Keeps the first `count` rows only.
    pub fn truncate(&mut self, count: usize) {
        self.ids.truncate(count);
        self.name_numbers.truncate(count);
        self.flags.truncate(count);
        self.threads.truncate(count);
        self.ends_ns.truncate(count);
        self.durations_ns.truncate(count);
        self.weights.truncate(count);
        self.details.truncate(count);
    }

    /// How many calls the row at an index stands for.
    #[inline]
    #[must_use]
    pub fn weight(&self, index: usize) -> u32 {
        self.weights.get(index).copied().unwrap_or(1)
    }

    /// The detail of the row at an index, if that was asked for.
    #[must_use]
    pub fn detail(&self, index: usize) -> Option<&Arc<Detail>> {
        self.details.get(index).and_then(Option::as_ref)
    }

    /// The row at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<StoredRow> {
        let flags = Flags::from_bits(*self.flags.get(index)?).ok()?;
        Some(StoredRow {
            id: RowId::from_number(self.ids[index]),
            name: self.names().get(self.name_numbers[index] as usize)?.clone(),
            end_ns: self.ends_ns[index],
            duration_ns: self.durations_ns[index],
            outcome: flags.outcome(),
            kind: flags.kind(),
            thread: self.threads[index],
            weight: self.weight(index),
            detail: self.detail(index).cloned(),
        })
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = StoredRow> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Appends a row of the lane with this index in the snapshot.
    #[inline]
    pub(crate) fn push(&mut self, snapshot: &Snapshot, lane_index: usize, seq: u64, row: &Row) {
        let view = &snapshot.lanes[lane_index];
        let Some(series) = view.state.names.series().get(row.series as usize) else { return };
        let Some(name) = self.names.number(lane_index, series.name) else { return };
        if series.weight != 1 || !self.weights.is_empty() {
            self.weights.resize(self.ids.len(), 1);
            self.weights.push(series.weight);
        }
        self.ids.push(RowId::new(view.lane(), seq).number());
        self.name_numbers.push(name);
        self.flags.push(series.flags.bits());
        self.threads.push(row.thread);
        self.ends_ns.push(row.end_ns);
        self.durations_ns.push(row.duration_ns);
    }
}
