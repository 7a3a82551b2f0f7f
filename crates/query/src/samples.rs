//! The calls of functions over time, to be compared with those of another version, time or place.
//!
//! Only rows that are there: of expired ones it is not known when they ended.

use kronicler_compare::Sample;
use kronicler_format::{Outcome, Row, SegmentEntry};
use kronicler_store::{Block, Name, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::scan::LaneScan;
use crate::stats::stats_by_number;

/// A function, and how many of its rows there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRows {
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// Rows that tell of its calls.
    pub rows: u64,
    /// Calls.
    pub count: u64,
    /// Calls that did not end well.
    pub errors: u64,
}

/// A function, and its calls over time.
#[derive(Debug, Clone)]
pub struct FunctionSample {
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// Its calls.
    pub sample: Sample,
}

/// The functions that have rows which the filter wants, in the order of their names. Costs what
/// [`stats()`](crate::stats()) costs.
///
/// # Errors
/// When a file cannot be read.
pub fn function_rows(
    snapshot: &Snapshot,
    filter: &Filter,
) -> Result<Answer<Vec<FunctionRows>>, StoreError> {
    let answer = stats_by_number(snapshot, filter, &NameTable::new(snapshot))?;
    Ok(answer.map(|functions| {
        let with_rows = functions.into_iter().filter(|function| function.rows > 0);
        let mut functions: Vec<FunctionRows> = with_rows
            .map(|function| FunctionRows {
                rows: function.rows,
                count: function.moments.count(),
                errors: function.errors,
                name: function.name,
            })
            .collect();
        functions.sort_by(|left, right| left.name.name.cmp(&right.name.name));
        functions
    }))
}

/// The calls of those functions whose name `wants` accepts, as far as the filter wants them, in the
/// order of their names. Reads every wanted row, in bounded memory for each function.
///
/// # Errors
/// When a file cannot be read.
pub fn samples(
    snapshot: &Snapshot,
    filter: &Filter,
    wants: impl Fn(&str) -> bool,
) -> Result<Answer<Vec<FunctionSample>>, StoreError> {
    let table = NameTable::new(snapshot);
    let mut samples: Vec<FunctionSample> = Vec::new();
    let numbers: Vec<Option<usize>> = (table.names().iter())
        .map(|name| {
            wants(&name.name).then(|| {
                samples.push(FunctionSample { name: name.clone(), sample: Sample::new() });
                samples.len() - 1
            })
        })
        .collect();
    let mut gaps = Gaps::of(snapshot);
    let ticks = Ticks::of(snapshot, filter);
    for mut scan in LaneScan::all(snapshot, filter) {
        let series = scan.view.state.names.series().iter();
        let places: Vec<Option<Place>> = series
            .map(|series| {
                let number = table.number(scan.index, series.name)?;
                let sample = numbers.get(number as usize).copied().flatten()?;
                let is_error = series.flags.outcome() != Outcome::Ok;
                Some(Place { sample, weight: series.weight, is_error })
            })
            .collect();
        visit(&mut scan, |row| {
            let place = places.get(row.series as usize).copied().flatten();
            let Some(Place { sample, weight, is_error }) = place else { return };
            let sample = &mut samples[sample].sample;
            sample.add(ticks.at(row.end_ns), row.duration_ns, weight, is_error);
        })?;
        gaps.add(scan.gaps);
    }
    samples.retain(|function| function.sample.rows() > 0);
    samples.sort_by(|left, right| left.name.name.cmp(&right.name.name));
    Ok(gaps.answer(samples))
}

/// Where the rows of a series go.
#[derive(Debug, Clone, Copy)]
struct Place {
    sample: usize,
    weight: u32,
    is_error: bool,
}

fn visit(scan: &mut LaneScan<'_>, mut visit: impl FnMut(&Row)) -> Result<(), StoreError> {
    for entry in scan.segments() {
        for (index, _) in scan.chunks(entry)? {
            scan.visit_chunk(entry, index, |_, row| visit(row))?;
        }
    }
    for block in scan.blocks() {
        scan.visit_block(block, |_, row| visit(row))?;
    }
    scan.visit_pending(|_, row| visit(row));
    Ok(())
}

/// Ticks of the same length, as short as 32 bits allow.
#[derive(Debug, Clone, Copy)]
struct Ticks {
    first_ns: i64,
    /// A tick has `2^shift` nanoseconds.
    shift: u32,
}

impl Ticks {
    /// Those in which all wanted rows end.
    fn of(snapshot: &Snapshot, filter: &Filter) -> Self {
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        let mut put =
            |min_ns: i64, max_ns: i64| (first, last) = (first.min(min_ns), last.max(max_ns));
        for scan in LaneScan::all(snapshot, filter) {
            for &SegmentEntry { min_end_ns, max_end_ns, .. } in scan.segments() {
                put(min_end_ns, max_end_ns);
            }
            for &Block { min_end_ns, max_end_ns, .. } in scan.blocks() {
                put(min_end_ns, max_end_ns);
            }
            scan.visit_pending(|_, row| put(row.end_ns, row.end_ns));
        }
        let first = filter.since_ns.map_or(first, |since| first.max(since));
        let last = filter.until_ns.map_or(last, |until| last.min(until));
        let span = if first < last { last.wrapping_sub(first).cast_unsigned() } else { 0 };
        let bits = u64::BITS - span.leading_zeros();
        Self { first_ns: first, shift: bits.saturating_sub(u32::BITS) }
    }

    #[inline]
    fn at(self, end_ns: i64) -> u32 {
        let since = end_ns.max(self.first_ns).wrapping_sub(self.first_ns).cast_unsigned();
        u32::try_from(since >> self.shift).unwrap_or(u32::MAX)
    }
}
