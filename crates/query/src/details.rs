//! Details of rows, read for those that are asked for: no scan reads them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use kronicler_format::{Detail, RowDetail, SegmentEntry};
use kronicler_store::{RowId, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::batch::{RowBatch, StoredRow};
use crate::filter::Filter;
use crate::scan::LaneScan;

/// The same rows with their details: why slow and failed calls were slow, or failed.
///
/// Reads the details of each chunk that one of the rows stands in.
///
/// # Errors
/// When a file cannot be read.
pub fn with_details(
    snapshot: &Snapshot,
    mut answer: Answer<RowBatch>,
) -> Result<Answer<RowBatch>, StoreError> {
    let gaps = add_details(snapshot, &mut answer.value)?;
    answer.is_partial |= gaps.is_partial;
    answer.is_stale |= gaps.is_stale;
    Ok(answer)
}

/// Fills in the details of rows that were met in this snapshot, as far as they are there already:
/// those of the last rows of a lane may come a little later.
///
/// # Errors
/// When a file cannot be read.
pub fn tell_details<'a>(
    snapshot: &Snapshot,
    rows: impl IntoIterator<Item = &'a mut StoredRow>,
) -> Result<(), StoreError> {
    let rows = Vec::from_iter(rows);
    let found = Finder::read(snapshot, rows.iter().map(|row| row.id.number()).collect())?;
    for row in rows {
        row.detail = found.found.get(&row.id.number()).cloned();
    }
    Ok(())
}

/// Fills in the details of a batch.
pub(crate) fn add_details(snapshot: &Snapshot, batch: &mut RowBatch) -> Result<Gaps, StoreError> {
    let found = Finder::read(snapshot, batch.ids.clone())?;
    if !found.found.is_empty() {
        let details = batch.ids.iter().map(|id| found.found.get(id).cloned());
        batch.details = details.collect();
    }
    Ok(found.gaps)
}

const fn lane_of(id: u64) -> u64 {
    RowId::from_number(id).lane()
}

struct Finder {
    gaps: Gaps,
    found: HashMap<u64, Arc<Detail>>,
}

impl Finder {
    /// Reads the details of the rows with these ids.
    fn read(snapshot: &Snapshot, mut ids: Vec<u64>) -> Result<Self, StoreError> {
        ids.sort_unstable();
        let mut found = Self { gaps: Gaps::default(), found: HashMap::new() };
        for ids in ids.chunk_by(|left, right| lane_of(*left) == lane_of(*right)) {
            found.read_lane(snapshot, ids)?;
        }
        Ok(found)
    }

    /// Reads the details of rows of one lane, which ascend.
    fn read_lane(&mut self, snapshot: &Snapshot, ids: &[u64]) -> Result<(), StoreError> {
        let seqs: Vec<u64> = ids.iter().map(|&id| RowId::from_number(id).seq()).collect();
        let (Some(&first), Some(&last)) = (seqs.first(), seqs.last()) else { return Ok(()) };
        let lane = ids.first().map_or(0, |&id| lane_of(id));
        let mut lanes = snapshot.lanes.iter().enumerate();
        let Some((index, view)) = lanes.find(|(_, view)| u64::from(view.lane()) == lane) else {
            return Ok(());
        };
        let everything = Filter::default();
        let mut scan = LaneScan::new(index, view, &everything).stops_early();
        scan.gaps = Gaps::default();
        for entry in view.state.segments.iter() {
            if meets(&seqs, &(entry.first_seq..entry.end_seq)) {
                self.read_segment(&mut scan, entry, &seqs)?;
            }
        }
        self.gaps.add(scan.gaps);
        let unsealed = first.max(view.state.sealed_seq)..last + 1;
        if !unsealed.is_empty() {
            match view.unsealed_details(unsealed)? {
                Some(details) => self.take(view.lane(), &details, &seqs),
                None => self.gaps.note(true),
            }
        }
        Ok(())
    }

    fn read_segment(
        &mut self,
        scan: &mut LaneScan<'_>,
        entry: &SegmentEntry,
        seqs: &[u64],
    ) -> Result<(), StoreError> {
        let lane = scan.view.lane();
        for (index, chunk) in scan.chunks(entry)? {
            let end_seq = chunk.first_seq + u64::from(chunk.row_count);
            if !meets(seqs, &(chunk.first_seq..end_seq)) {
                continue;
            }
            scan.with_chunk(entry, index, |_, mut reader| {
                let details = reader.details()?;
                if let Some(details) = &details {
                    self.take(lane, details, seqs);
                }
                Ok(details.is_some())
            })?;
        }
        Ok(())
    }

    /// Keeps the details of the rows that are wanted. What cannot be decoded is no detail.
    fn take(&mut self, lane: u16, details: &[RowDetail], seqs: &[u64]) {
        for RowDetail { seq, bytes } in details {
            if seqs.binary_search(seq).is_ok()
                && let Ok(detail) = Detail::decode(bytes)
            {
                self.found.insert(RowId::new(lane, *seq).number(), Arc::new(detail));
            }
        }
    }
}

/// Whether one of the sequences, which ascend, lies in the range.
fn meets(seqs: &[u64], range: &Range<u64>) -> bool {
    let at = seqs.partition_point(|&seq| seq < range.start);
    seqs.get(at).is_some_and(|seq| range.contains(seq))
}
