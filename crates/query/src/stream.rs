//! Rows in the order of their ids, batch by batch.
//!
//! A stream shows the rows that were there when it began, wherever they lie when their turn comes:
//! between two batches they may be sealed, joined or expire. It remembers up to which row it has
//! come, so a new snapshot goes on behind it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kronicler_format::Row;
use kronicler_store::{Snapshot, StoreError};

use crate::batch::RowBatch;
use crate::details::add_details;
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::scan::LaneScan;

/// Rows not yet in the log are handed out in steps as large as a block.
const PENDING_STEP: usize = 8_192;

/// New snapshots that are tried for the same row before it counts as missing.
const REFRESH_COUNT_MAX: u32 = 3;

/// Takes a new snapshot; `None` when there is none to be had.
type Source = Box<dyn FnMut() -> Option<Snapshot> + Send>;

/// Streams wanted rows in the order of their ids; holds a snapshot, but no descriptor.
pub struct RowStream {
    snapshot: Snapshot,
    source: Option<Source>,
    /// Rows that are passed, wanted or not.
    counter: Arc<AtomicU64>,
    filter: Filter,
    names: Arc<NameTable>,
    /// The lanes as they were at the beginning.
    spans: Vec<Span>,
    span_index: usize,
    refresh_count: u32,
    is_partial: bool,
    has_details: bool,
}

/// Rows of a lane that are still to come.
#[derive(Debug, Clone, Copy)]
struct Span {
    uuid: [u8; 16],
    next_seq: u64,
    end_seq: u64,
}

impl Span {
    /// Goes on to the row with this sequence.
    fn pass(&mut self, next_seq: u64, counter: &AtomicU64) {
        let passed = next_seq.min(self.end_seq).saturating_sub(self.next_seq);
        counter.fetch_add(passed, Ordering::Relaxed);
        self.next_seq = next_seq;
    }
}

impl fmt::Debug for RowStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RowStream").field("spans", &self.spans).finish_non_exhaustive()
    }
}

/// How far a step came.
enum Step {
    /// The lane is at its end.
    Done,
    /// The batch is full.
    Full,
    /// A file is gone.
    Stale,
}

impl RowStream {
    /// A stream over what `filter` wants of `snapshot`.
    #[must_use]
    pub fn new(snapshot: Snapshot, filter: Filter) -> Self {
        let lanes = snapshot.lanes.iter();
        let spans = lanes.map(|view| Span {
            uuid: view.state.head.uuid,
            next_seq: view.state.floor_seq,
            end_seq: view.end_seq(),
        });
        Self {
            spans: spans.collect(),
            names: Arc::new(NameTable::new(&snapshot)),
            is_partial: snapshot.is_partial(),
            snapshot,
            source: None,
            counter: Arc::default(),
            filter,
            span_index: 0,
            refresh_count: 0,
            has_details: false,
        }
    }

    /// Says where to get a new snapshot when a file is gone that the first one names.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl FnMut() -> Option<Snapshot> + Send + 'static,
    ) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Says that rows are to come with their details.
    #[must_use]
    pub const fn with_details(mut self) -> Self {
        self.has_details = true;
        self
    }

    /// Says where to add how many rows were passed, wanted or not, while they are read: all of a
    /// snapshot in the end.
    #[must_use]
    pub fn with_counter(mut self, counter: Arc<AtomicU64>) -> Self {
        self.counter = counter;
        self
    }

    /// Whether stored rows could not be read so far, or expired before their turn came.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// The next rows: at least one, and about `count` (whole steps of up to 65,536 rows);
    /// `None` at the end.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn next_batch(&mut self, count: usize) -> Result<Option<RowBatch>, StoreError> {
        let mut batch = self.next_rows(count)?;
        if let Some(batch) = batch.as_mut().filter(|_| self.has_details) {
            self.add_details(batch)?;
        }
        Ok(batch)
    }

    /// Adds the details of rows that were just read; a file that is gone since is looked for in a
    /// new snapshot.
    fn add_details(&mut self, batch: &mut RowBatch) -> Result<(), StoreError> {
        let mut gaps = add_details(&self.snapshot, batch)?;
        for _ in 0..REFRESH_COUNT_MAX {
            let fresh = self.source.as_mut().filter(|_| gaps.is_stale).and_then(|source| source());
            let Some(mut fresh) = fresh else { break };
            // One that was cleared meanwhile has other rows with these ids.
            fresh.lanes.retain(|new| {
                let uuid = new.state.head.uuid;
                self.snapshot.lanes.iter().any(|old| old.state.head.uuid == uuid)
            });
            gaps = add_details(&fresh, batch)?;
        }
        self.is_partial |= gaps.is_partial || gaps.is_stale;
        Ok(())
    }

    fn next_rows(&mut self, count: usize) -> Result<Option<RowBatch>, StoreError> {
        let mut batch = RowBatch::new(Arc::clone(&self.names));
        while self.span_index < self.spans.len() {
            match self.read_lane(count.max(1), &mut batch)? {
                Step::Full => return Ok(Some(batch)),
                Step::Done => {
                    let span = &mut self.spans[self.span_index];
                    span.pass(span.end_seq, &self.counter);
                    self.span_index += 1;
                    self.refresh_count = 0;
                }
                // Its names are those of the old snapshot.
                Step::Stale if !batch.is_empty() => return Ok(Some(batch)),
                Step::Stale => {
                    self.refresh();
                    batch = RowBatch::new(Arc::clone(&self.names));
                }
            }
        }
        Ok(if batch.is_empty() { None } else { Some(batch) })
    }

    /// Takes a new snapshot. After some for the same row, what is gone counts as missing.
    fn refresh(&mut self) {
        self.refresh_count += 1;
        match self.source.as_mut().and_then(|source| source()) {
            Some(snapshot) => {
                self.names = Arc::new(NameTable::new(&snapshot));
                self.is_partial |= snapshot.is_partial();
                self.snapshot = snapshot;
            }
            None => self.refresh_count = REFRESH_COUNT_MAX,
        }
    }

    /// Reads rows of the present lane into `batch` until it has `count`.
    fn read_lane(&mut self, count: usize, batch: &mut RowBatch) -> Result<Step, StoreError> {
        let span = &mut self.spans[self.span_index];
        let mut lanes = self.snapshot.lanes.iter().enumerate();
        let lane = lanes.find(|(_, view)| view.state.head.uuid == span.uuid);
        let Some((index, view)) = lane else {
            // Cleared.
            self.is_partial |= span.next_seq < span.end_seq;
            return Ok(Step::Done);
        };
        if view.state.floor_seq > span.next_seq {
            span.pass(view.state.floor_seq, &self.counter);
            self.is_partial = true;
        }
        let mut reader = LaneStream {
            scan: LaneScan::new(index, view, &self.filter),
            snapshot: &self.snapshot,
            counter: &self.counter,
            span,
            batch,
            count,
            may_skip: self.source.is_none() || self.refresh_count >= REFRESH_COUNT_MAX,
        };
        let step = reader.read()?;
        let gaps = reader.scan.gaps;
        self.is_partial |= gaps.is_partial || gaps.is_stale && reader.may_skip;
        if !matches!(step, Step::Stale) {
            self.refresh_count = 0;
        }
        Ok(step)
    }
}

/// Reads rows of one lane.
struct LaneStream<'a> {
    scan: LaneScan<'a>,
    snapshot: &'a Snapshot,
    counter: &'a AtomicU64,
    span: &'a mut Span,
    batch: &'a mut RowBatch,
    count: usize,
    /// Whether what is gone is passed over.
    may_skip: bool,
}

impl LaneStream<'_> {
    fn read(&mut self) -> Result<Step, StoreError> {
        for entry in self.scan.segments() {
            if entry.end_seq <= self.span.next_seq {
                continue;
            }
            for (index, chunk) in self.scan.chunks(entry)? {
                let end_seq = chunk.first_seq + u64::from(chunk.row_count);
                let step = self.step(end_seq, |scan, visit| scan.visit_chunk(entry, index, visit));
                if let Some(step) = step? {
                    return Ok(step);
                }
            }
            // Also notices a segment that is gone or damaged as a whole.
            if let Some(step) = self.step(entry.end_seq, |_, _| Ok(()))? {
                return Ok(step);
            }
        }
        for block in self.scan.blocks() {
            let step = self.step(block.end_seq(), |scan, visit| scan.visit_block(block, visit))?;
            if let Some(step) = step {
                return Ok(step);
            }
        }
        let (next_seq, pending) = (self.scan.view.state.next_seq, self.scan.view.pending.len());
        for first in (0..pending).step_by(PENDING_STEP) {
            let range = first..pending.min(first + PENDING_STEP);
            let end_seq = next_seq + range.end as u64;
            let step = self.step(end_seq, |scan, visit| {
                scan.visit_pending_in(range, visit);
                Ok(())
            });
            if let Some(step) = step? {
                return Ok(step);
            }
        }
        Ok(Step::Done)
    }

    /// Takes rows up to `end_seq` from `visit`, unless the batch is full or they are known. `None`
    /// when the next step is to follow.
    fn step(
        &mut self,
        end_seq: u64,
        visit: impl FnOnce(&mut LaneScan<'_>, &mut dyn FnMut(u64, &Row)) -> Result<(), StoreError>,
    ) -> Result<Option<Step>, StoreError> {
        let span = &mut *self.span;
        if end_seq <= span.next_seq || span.next_seq >= span.end_seq {
            return Ok(None);
        }
        if self.batch.len() >= self.count {
            return Ok(Some(Step::Full));
        }
        let wanted = span.next_seq..span.end_seq;
        let (index, mut next_seq) = (self.scan.index, span.next_seq);
        visit(&mut self.scan, &mut |seq, row| {
            if wanted.contains(&seq) {
                self.batch.push(self.snapshot, index, seq, row);
                next_seq = seq + 1;
            }
        })?;
        if self.scan.gaps.is_stale && !self.may_skip {
            span.pass(next_seq, self.counter);
            return Ok(Some(Step::Stale));
        }
        span.pass(end_seq, self.counter);
        Ok(None)
    }
}
