//! Rows as calls of a program: which function, when it began and ended, whether it was on the
//! stack.

use kronicler_format::{CallContext, Kind, Row};
use kronicler_store::Dictionary;

use crate::name_table::NameTable;

/// How far two ends that were placed by two readings of the system clock are off at most, while
/// nobody sets it: ten times the error of a reading, which `kronicler_queue` tells.
pub(crate) const CLOCK_NOISE_NS: i64 = 1_000;

/// A call, as its row tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub seq: u64,
    pub series: u32,
    /// Number of the function in the question's [`NameTable`].
    pub function: u32,
    pub kind: Kind,
    pub start_ns: i64,
    pub end_ns: i64,
    pub duration_ns: u64,
    /// Whether nothing else could run on the thread meanwhile but what it called.
    pub is_on_stack: bool,
    /// What it belongs to, once [`Contexts`](crate::contexts::Contexts) has told.
    pub context: Option<CallContext>,
}

impl Span {
    /// A moment that lies within another call exactly if that one had begun before this one.
    ///
    /// Halfway between start and end, where it is safest from errors of the clock; of a block, that
    /// may have begun before another call and ended in it, nearer to the start.
    pub fn moment_ns(&self) -> i64 {
        let middle_ns = i64::midpoint(self.start_ns, self.end_ns);
        let early_ns = self.start_ns.saturating_add(CLOCK_NOISE_NS);
        if self.kind == Kind::Block && early_ns < middle_ns { early_ns } else { middle_ns }
    }
}

/// What the series of a lane say of their rows.
pub(crate) struct SeriesTable {
    series: Vec<SeriesFacts>,
    /// Whether there may be blocks, of which it must be found out whether they were on the stack.
    pub has_blocks: bool,
    /// Whether there may be signals.
    pub has_signals: bool,
}

/// What a series says of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeriesFacts {
    pub function: u32,
    pub kind: Kind,
    pub weight: u32,
}

impl SeriesTable {
    pub(crate) fn new(lane_index: usize, names: &Dictionary, table: &NameTable) -> Self {
        let series = names.series().iter().map(|series| SeriesFacts {
            // A name without a number has no rows that can be shown.
            function: table.number(lane_index, series.name).unwrap_or(u32::MAX),
            kind: series.flags.kind(),
            weight: series.weight,
        });
        let series: Vec<SeriesFacts> = series.collect();
        let has = |kind| series.iter().any(|facts| facts.kind == kind);
        let (has_blocks, has_signals) = (has(Kind::Block), has(Kind::Signal));
        Self { series, has_blocks, has_signals }
    }

    pub(crate) fn of(&self, series: u32) -> Option<&SeriesFacts> {
        self.series.get(series as usize).filter(|facts| facts.function != u32::MAX)
    }

    /// The call that a row tells of, on the stack if it is sync.
    pub(crate) fn span_of(&self, seq: u64, row: &Row) -> Option<Span> {
        let &SeriesFacts { function, kind, .. } = self.of(row.series)?;
        let &Row { series, end_ns, duration_ns, .. } = row;
        let start_ns = end_ns.saturating_sub_unsigned(duration_ns);
        let is_on_stack = kind == Kind::Sync;
        Some(Span {
            seq,
            series,
            function,
            kind,
            start_ns,
            end_ns,
            duration_ns,
            is_on_stack,
            context: None,
        })
    }

    /// Calls among rows of one process in lane order, each with its thread. Rows whose times were
    /// given by hand are none, nor are signals. `is_on_stack` says it of a block, by its sequence.
    pub(crate) fn spans(
        &self,
        rows: &[(u64, Row)],
        is_on_stack: impl Fn(u64) -> bool,
        spans: &mut Vec<(u32, Span)>,
    ) {
        spans.clear();
        let calls = rows.iter().filter_map(|(seq, row)| {
            let mut span = self.span_of(*seq, row)?;
            match span.kind {
                Kind::Block => span.is_on_stack = is_on_stack(*seq),
                Kind::Manual | Kind::Signal => return None,
                Kind::Sync | Kind::Async | Kind::Generator | Kind::Http => {}
            }
            Some((row.thread, span))
        });
        spans.extend(calls);
    }
}
