//! How often each function was called in each of some periods: what a sparkline shows.
//!
//! Footers tell it of segments that lie within one period, directories of chunks that do. Where a
//! chunk is cut, the ids of series are counted; durations are read only where the filter speaks of
//! them.

use std::collections::BTreeMap;

use kronicler_format::{FormatError, Row};
use kronicler_stats::Summary;
use kronicler_store::{Name, Snapshot, StoreError};

use crate::answer::Answer;
use crate::durations::Durations;
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::periods::Periods;
use crate::split::Split;
use crate::work::{ChunkPlace, Of, Sink, Work, weight_of};

/// How often a function was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCounts {
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// Calls by period.
    pub counts: Vec<u64>,
}

/// How often each function that the filter wants was called in each of some periods, in the order
/// of their names. Of expired rows it knows nothing.
///
/// # Errors
/// When a file cannot be read.
pub fn call_counts(
    snapshot: &Snapshot,
    filter: &Filter,
    periods: &Periods,
) -> Result<Answer<Vec<CallCounts>>, StoreError> {
    let (since_ns, until_ns) = filter.range();
    let (start_ns, end_ns) = periods.range().unwrap_or((0, 0));
    let within = Filter {
        since_ns: Some(since_ns.max(start_ns)),
        until_ns: Some(until_ns.min(end_ns)),
        ..filter.clone()
    };
    let work = Work::new(snapshot, &within, Split::Periods(periods), true).counts_only();
    let (sinks, gaps) = work.run(Counts::default)?;
    let table = NameTable::new(snapshot);
    let mut functions: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (of, rows) in sinks.into_iter().flat_map(|sink| sink.rows) {
        let series = snapshot.lanes[of.lane as usize].state.names.series();
        let name = series.get(of.series as usize).map(|series| series.name);
        let number = name.and_then(|name| table.number(of.lane as usize, name));
        let Some(number) = number else { continue };
        let counts = functions.entry(number).or_insert_with(|| vec![0; periods.len()]);
        if let Some(count) = counts.get_mut(of.group as usize) {
            *count = count.saturating_add(rows.saturating_mul(weight_of(snapshot, of)));
        }
    }
    let named = functions.into_iter().filter_map(|(number, counts)| {
        let name = table.names().get(number as usize)?.clone();
        Some(CallCounts { name, counts })
    });
    let mut functions: Vec<CallCounts> = named.collect();
    functions.sort_by(|left, right| left.name.name.cmp(&right.name.name));
    Ok(gaps.answer(functions))
}

/// Rows by lane, period and series.
#[derive(Default)]
struct Counts {
    rows: BTreeMap<Of, u64>,
}

impl Counts {
    fn add(&mut self, of: Of, count: u64) {
        let rows = self.rows.entry(of).or_insert(0);
        *rows = rows.saturating_add(count);
    }
}

impl Sink for Counts {
    fn take_encoded(&mut self, of: Of, statistics: &[u8]) -> Result<(), FormatError> {
        self.add(of, Summary::moments_encoded(statistics)?.count());
        Ok(())
    }

    fn take_summary(&mut self, of: Of, summary: &Summary) {
        self.add(of, summary.moments.count());
    }

    fn take_count(&mut self, of: Of, count: u32) {
        self.add(of, u64::from(count));
    }

    fn take_durations(&mut self, of: Of, _: ChunkPlace, durations: &Durations<'_>) {
        self.add(of, durations.len() as u64);
    }

    fn take_row(&mut self, of: Of, _: u64, _: &Row) {
        self.add(of, 1);
    }
}
