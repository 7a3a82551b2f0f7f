//! Lanes with known calls, seen in every way a query can see them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::{Flags, Row, Run, SeriesEntry};
use kronicler_store::{
    Batch, Dictionary, Directory, LaneState, LaneView, LaneWriter, Memory, Snapshot, Storage,
};

use crate::model::{Call, Lanes, source_of};

pub fn root() -> PathBuf {
    PathBuf::from("/data")
}

pub fn memory() -> Arc<dyn Storage> {
    Arc::new(Memory::default())
}

/// A process that has a lane.
pub struct Process {
    pub writer: LaneWriter,
    pub state: LaneState,
    names: Dictionary,
}

impl Process {
    pub fn open(storage: &Arc<dyn Storage>, root: &Path) -> Self {
        let opened = LaneWriter::open(storage, root, Run::default(), 0);
        let (writer, state) = opened.expect("a lane can be opened");
        let names = Dictionary::clone(&state.names);
        Self { writer, state, names }
    }

    fn rows(&mut self, calls: &[Call]) -> Vec<Row> {
        let rows = calls.iter().map(|call| {
            let flags = Flags::new(call.outcome, call.kind);
            let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
            let series = self.names.intern(call.name, &source_of(call.name), entry);
            let Call { thread, end_ns, duration_ns, .. } = *call;
            Row { series, thread, end_ns, duration_ns }
        });
        rows.collect()
    }

    pub fn log(&mut self, calls: &[Call]) {
        let (rows, first_seq) = (self.rows(calls), self.state.next_seq);
        let batch = Batch { names: &self.names, rows: &rows, first_seq, counters: None };
        self.writer.append(&batch).expect("rows can be appended");
        self.writer.absorb_into(&mut self.state, &rows);
    }

    /// The lane as its own process sees it, these calls not yet in a frame.
    pub fn view(&mut self, storage: &Arc<dyn Storage>, pending: &[Call]) -> LaneView {
        let pending = self.rows(pending).into();
        let mut state = self.state.clone();
        state.names = Arc::new(self.names.clone());
        LaneView::new(Arc::clone(storage), self.writer.path().to_owned(), state, pending)
    }

    pub fn close(self) {
        self.writer.close(&self.state).expect("a lane can be closed");
    }
}

fn snapshot_of(lanes: Vec<LaneView>) -> Snapshot {
    Snapshot { lanes, unreadable_heads: 0 }
}

/// Every way to see the same lanes, each with its name.
pub fn every_view(
    storage: &Arc<dyn Storage>,
    root: &Path,
    lanes: &Lanes,
) -> Vec<(&'static str, Snapshot)> {
    let mut views = vec![("all pending", all_pending(lanes))];
    let lane_count = lanes.len();
    // Processes come and go; the last of each lane stays.
    let mut last: Vec<Process> = Vec::new();
    let mut half = Vec::new();
    for sessions in lanes {
        let (at_end, before) = sessions.split_last().expect("a lane has a session");
        for calls in before {
            let mut process = Process::open(storage, root);
            process.log(calls);
            process.close();
        }
        let mut process = Process::open(storage, root);
        let (logged, pending) = at_end.split_at(at_end.len() / 2);
        process.log(logged);
        half.push(process.view(storage, pending));
        process.log(pending);
        last.push(process);
    }
    views.push(("half pending", snapshot_of(half)));
    let logged = last.iter_mut().map(|process| process.view(storage, &[])).collect();
    views.push(("all logged", snapshot_of(logged)));
    let mut directory = Directory::new(Arc::clone(storage), root.to_owned());
    let other = directory.snapshot(None).expect("the directory can be read");
    views.push(("another process", other));

    last.into_iter().for_each(Process::close);
    let mut again: Vec<Process> = (0..lane_count).map(|_| Process::open(storage, root)).collect();
    let reopened = again.iter_mut().map(|process| process.view(storage, &[])).collect();
    views.push(("reopened", snapshot_of(reopened)));
    views.push(("followed", directory.snapshot(None).expect("the directory can be read")));
    views
}

fn all_pending(lanes: &Lanes) -> Snapshot {
    let storage = memory();
    let mut processes: Vec<Process> =
        lanes.iter().map(|_| Process::open(&storage, &root())).collect();
    let views = processes.iter_mut().zip(lanes).map(|(process, sessions)| {
        let calls: Vec<Call> = sessions.iter().flatten().cloned().collect();
        process.view(&storage, &calls)
    });
    snapshot_of(views.collect())
}

/// A lane of several blocks in memory: one process for each.
pub fn lane_of_blocks(storage: &Arc<dyn Storage>, sessions: &[Vec<Call>]) {
    for calls in sessions {
        let mut process = Process::open(storage, &root());
        process.log(calls);
        process.close();
    }
}
