//! Who wrote the rows that are there: the runs of each lane.

use std::collections::BTreeMap;

use kronicler_format::{Footer, Run};
use kronicler_store::{Opened, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::runs::Spans;

/// A process that wrote to a lane, and how many of its rows are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRows {
    /// The lane.
    pub lane: u16,
    /// The process.
    pub run: Run,
    /// Its rows that have not expired.
    pub rows: u64,
}

/// The processes that wrote to a database as far as it still knows them, in the order of their
/// starts: those that have rows, and the last of each lane. Reads footers, no rows.
///
/// # Errors
/// When a file cannot be read.
pub fn runs(snapshot: &Snapshot) -> Result<Answer<Vec<RunRows>>, StoreError> {
    let mut gaps = Gaps::of(snapshot);
    let mut all = Runs::default();
    for view in &snapshot.lanes {
        let lane = view.lane();
        for run in view.state.runs.iter() {
            all.add(lane, run, 0);
        }
        for entry in view.state.segments.iter() {
            match view.segment(entry)? {
                Opened::Found(reader) => all.add_footer(lane, reader.footer()),
                missing => gaps.note(matches!(missing, Opened::Gone)),
            }
        }
        let nobody = Run::default();
        let run_at = |index: usize| view.state.runs.get(index).unwrap_or(&nobody);
        for block in view.state.blocks() {
            all.add(lane, run_at(block.run as usize), u64::from(block.row_count));
        }
        if !view.pending.is_empty() {
            let last = view.state.runs.len().wrapping_sub(1);
            all.add(lane, run_at(last), view.pending.len() as u64);
        }
    }
    let mut runs: Vec<RunRows> = all.rows.into_values().collect();
    runs.sort_by_key(|one| (one.run.start_ns, one.lane, one.run.first_seq));
    Ok(gaps.answer(runs))
}

/// Runs of lanes by what they can differ in.
#[derive(Default)]
struct Runs {
    rows: BTreeMap<Key, RunRows>,
}

/// Lane, first sequence, start, process; then service, version and instance.
type Key = ((u16, u64, i64, u32), [String; 3]);

impl Runs {
    fn add(&mut self, lane: u16, run: &Run, rows: u64) {
        let labels = [&run.service, &run.version, &run.instance].map(String::clone);
        let known = self.rows.entry(((lane, run.first_seq, run.start_ns, run.pid), labels));
        known.or_insert_with(|| RunRows { lane, run: run.clone(), rows: 0 }).rows += rows;
    }

    fn add_footer(&mut self, lane: u16, footer: &Footer) {
        let row_count = |spans: &Spans| {
            let chunks = footer.chunks.iter();
            let rows = chunks.flat_map(|chunk| spans.rows_of(chunk.first_seq, chunk.row_count));
            rows.map(|rows| rows.len() as u64).sum()
        };
        if footer.runs.is_empty() {
            self.add(lane, &Run::default(), row_count(&Spans::All));
        }
        for run in &footer.runs {
            let spans = Spans::new(&footer.runs, |other| other == run);
            self.add(lane, run, row_count(&spans));
        }
    }
}
