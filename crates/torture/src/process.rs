//! A process that owns a lane, and why what it does may fail.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::{Counters, Row, RowDetail};
use kronicler_store::{
    Batch, Catalog, Dictionary, LaneState, LaneView, LaneWriter, Storage, StoreError,
};

use crate::reading::{LaneFound, read_lane};
use crate::rows::{Author, detail_of, hooks_of, row};

const POOL_SIZE_BYTES: usize = 1 << 20;

/// The directory of the database.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from("/app/data")
}

/// A process that owns a lane.
#[derive(Debug)]
pub(crate) struct Process {
    pub writer: LaneWriter,
    pub state: LaneState,
    pub names: Dictionary,
    pub author: Author,
    catalog: Arc<Catalog>,
    /// A write failed, and how much of it reached the file is not known yet; or a sync did.
    pub is_torn: bool,
    /// Ranges of rows that have expired without statistics before this process could know of them.
    pub forgotten_before: usize,
}

/// Why a step was not taken.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It returned an error.
    Failed(String),
    /// It returned, or left behind, what is not so.
    Wrong(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Process {
    pub fn new(
        storage: &Arc<dyn Storage>,
        (writer, state): (LaneWriter, LaneState),
        author: Author,
    ) -> Self {
        let names = Dictionary::clone(&state.names);
        let catalog = Catalog::new(Arc::clone(storage), POOL_SIZE_BYTES);
        Self { writer, state, names, author, catalog, is_torn: false, forgotten_before: 0 }
    }

    /// Appends the next rows, what is told of them, counters with every third append, and what is
    /// hooked with every fifth.
    pub fn append(&mut self, count: u64, now_ns: i64) -> Result<(), StoreError> {
        let first_seq = self.state.next_seq;
        let seqs = first_seq..first_seq + count;
        let told = seqs.clone().filter_map(|seq| detail_of(self.author, seq));
        let details: Vec<RowDetail> = told.collect();
        let rows: Vec<Row> = seqs.map(|seq| row(&mut self.names, self.author, seq)).collect();
        let dropped_ring = self.state.counters.dropped_ring + 1;
        let counters = Counters { dropped_ring, ..self.state.counters };
        let counters = count.is_multiple_of(3).then_some(counters);
        let names = &self.names;
        self.writer.append(&Batch { names, rows: &rows, first_seq, counters, now_ns })?;
        self.writer.absorb_into(&mut self.state, &rows);
        if !details.is_empty() {
            self.writer.append_details(&details)?;
            self.writer.absorb_into(&mut self.state, &[]);
        }
        if count.is_multiple_of(5) {
            self.writer.append_hooks(&hooks_of(self.author))?;
            self.writer.absorb_into(&mut self.state, &[]);
        }
        Ok(())
    }

    /// What it finds in its own lane.
    pub fn read(&self) -> Result<LaneFound, String> {
        let (path, state): (&Path, _) = (self.writer.path(), self.state.clone());
        read_lane(&LaneView::new(Arc::clone(&self.catalog), path.into(), state, Arc::default()))
    }
}
