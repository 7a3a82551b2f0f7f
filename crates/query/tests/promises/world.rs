//! Lanes with known calls, seen in every way a query can see them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::{Flags, Row, Run, SeriesEntry};
use kronicler_store::{
    Batch, Catalog, Dictionary, Directory, HistoryLimits, LaneState, LaneView, LaneWriter, Memory,
    MergePolicy, POOL_SIZE_BYTES, Seal, Snapshot, Storage,
};

use crate::model::{Call, Lanes, source_of};

pub fn root() -> PathBuf {
    PathBuf::from("/data")
}

pub fn memory() -> Arc<dyn Storage> {
    Arc::new(Memory::default())
}

/// Joins all that fit.
pub const EAGER: MergePolicy =
    MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: true };

/// A process that has a lane.
pub struct Process {
    pub writer: LaneWriter,
    pub state: LaneState,
    names: Dictionary,
}

impl Process {
    pub fn open(storage: &Arc<dyn Storage>, root: &Path) -> Self {
        Self::open_as(storage, root, Run::default())
    }

    pub fn open_as(storage: &Arc<dyn Storage>, root: &Path, run: Run) -> Self {
        let opened = LaneWriter::open(storage, root, run, 0);
        let (writer, state) = opened.expect("a lane can be opened");
        let names = Dictionary::clone(&state.names);
        Self { writer, state, names }
    }

    fn rows(&mut self, calls: &[Call]) -> Vec<Row> {
        let rows = calls.iter().map(|call| {
            let flags = Flags::new(call.outcome, call.kind);
            let status_class = call.status_class();
            let entry = SeriesEntry { name: 0, flags, weight: call.weight, status_class };
            let series = self.names.intern(call.name, &source_of(call.name), entry);
            let Call { thread, end_ns, duration_ns, .. } = *call;
            Row { series, thread, end_ns, duration_ns }
        });
        rows.collect()
    }

    pub fn log(&mut self, calls: &[Call]) {
        let (rows, first_seq) = (self.rows(calls), self.state.next_seq);
        let batch = Batch { names: &self.names, rows: &rows, first_seq, counters: None, now_ns: 0 };
        self.writer.append(&batch).expect("rows can be appended");
        self.writer.absorb_into(&mut self.state, &rows);
    }

    pub fn seal(&mut self, which: Seal) -> bool {
        let is_done = self.writer.seal(&self.state, which, 0).expect("rows can be sealed");
        self.writer.absorb_into(&mut self.state, &[]);
        is_done
    }

    pub fn merge(&mut self) -> bool {
        self.merge_as(&EAGER)
    }

    pub fn merge_as(&mut self, policy: &MergePolicy) -> bool {
        let is_done = self.writer.merge(&self.state, policy, 0).expect("segments can be joined");
        self.writer.absorb_into(&mut self.state, &[]);
        is_done
    }

    /// Lets the oldest segments go.
    pub fn expire(&mut self, count: usize, now_ns: i64) {
        let limits = HistoryLimits::default();
        let is_done = self.writer.expire(&self.state, count, &limits, now_ns);
        self.writer.absorb_into(&mut self.state, &[]);
        while self.writer.remember(&self.state, &limits, now_ns).expect("there is room for it") {
            self.writer.absorb_into(&mut self.state, &[]);
        }
        is_done.expect("segments can expire");
    }

    pub fn rotate(&mut self) {
        self.state = self.writer.rotate(&self.state, 0).expect("a head can be replaced");
    }

    pub fn clear(&mut self) {
        self.state = self.writer.clear(Run::default()).expect("a lane can be cleared");
        self.names = Dictionary::clone(&self.state.names);
    }

    /// The lane as its own process sees it, these calls not yet in a frame.
    pub fn view(&mut self, catalog: &Arc<Catalog>, pending: &[Call]) -> LaneView {
        let pending = self.rows(pending).into();
        let mut state = self.state.clone();
        state.names = Arc::new(self.names.clone());
        LaneView::new(Arc::clone(catalog), self.writer.path().to_owned(), state, pending)
    }

    pub fn close(self) {
        self.writer.close(&self.state).expect("a lane can be closed");
    }
}

fn snapshot_of(lanes: Vec<LaneView>) -> Snapshot {
    Snapshot { lanes, unreadable_heads: 0, ..Snapshot::default() }
}

/// What to do with the rows of a process after it has logged them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    InHead,
    Sealed,
    Joined,
    /// Some in the head, some sealed, some joined.
    Mixed,
}

/// Every way to see the same lanes, each with its name.
pub fn every_view(
    storage: &Arc<dyn Storage>,
    root: &Path,
    lanes: &Lanes,
) -> Vec<(String, Snapshot)> {
    let mut views = vec![("all pending".to_owned(), all_pending(lanes))];
    let kept = [
        ("head", Keep::InHead),
        ("sealed", Keep::Sealed),
        ("joined", Keep::Joined),
        ("mixed", Keep::Mixed),
    ];
    for (name, keep) in kept {
        let found = views_of(storage, &root.join(name), lanes, keep);
        views.extend(
            found.into_iter().map(|(view, snapshot)| (format!("{name}, {view}"), snapshot)),
        );
    }
    views
}

fn views_of(
    storage: &Arc<dyn Storage>,
    root: &Path,
    lanes: &Lanes,
    keep: Keep,
) -> Vec<(&'static str, Snapshot)> {
    // None, so small that pages go again at once, and large: what is kept must not matter.
    let [none, small, large] =
        [0, 4 << 10, POOL_SIZE_BYTES].map(|size| Catalog::new(Arc::clone(storage), size));
    let mut views = Vec::new();
    let lane_count = lanes.len();
    // Processes come and go; the last of each lane stays.
    let mut last: Vec<Process> = Vec::new();
    let mut half = Vec::new();
    for sessions in lanes {
        let (at_end, before) = sessions.split_last().expect("a lane has a session");
        for (index, calls) in before.iter().enumerate() {
            let mut process = Process::open(storage, root);
            process.log(calls);
            process.keep(keep, index);
            process.close();
        }
        let mut process = Process::open(storage, root);
        let (logged, pending) = at_end.split_at(at_end.len() / 2);
        process.log(logged);
        process.keep(keep, before.len());
        half.push(process.view(&none, pending));
        process.log(pending);
        if keep != Keep::Mixed {
            process.keep(keep, 0);
        }
        last.push(process);
    }
    // What was joined or replaced since is gone for it.
    if keep == Keep::InHead {
        views.push(("half pending", snapshot_of(half)));
    }
    for (name, catalog) in [("no pool", &none), ("small pool", &small), ("cold", &large)] {
        let logged = last.iter_mut().map(|process| process.view(catalog, &[])).collect();
        views.push((name, snapshot_of(logged)));
    }
    views.push(("warm", views[views.len() - 1].1.clone()));
    let mut directory = Directory::with_catalog(large, root.to_owned());
    let other = directory.snapshot(None).expect("the directory can be read");
    views.push(("another process", other));

    last.into_iter().for_each(Process::close);
    let mut again: Vec<Process> = (0..lane_count).map(|_| Process::open(storage, root)).collect();
    let reopened = again.iter_mut().map(|process| process.view(&small, &[])).collect();
    views.push(("reopened", snapshot_of(reopened)));
    views.push(("followed", directory.snapshot(None).expect("the directory can be read")));
    views
}

impl Process {
    fn keep(&mut self, keep: Keep, index: usize) {
        match keep {
            Keep::InHead => {}
            Keep::Sealed => {
                self.seal(Seal::All);
            }
            Keep::Joined => {
                self.seal(Seal::All);
                while self.merge() {}
                self.rotate();
            }
            Keep::Mixed => match index % 3 {
                0 => _ = self.seal(Seal::All),
                1 => {
                    self.seal(Seal::All);
                    self.merge();
                    self.rotate();
                }
                _ => {}
            },
        }
    }
}

fn all_pending(lanes: &Lanes) -> Snapshot {
    let storage = memory();
    let catalog = Catalog::new(Arc::clone(&storage), 0);
    let mut processes: Vec<Process> =
        lanes.iter().map(|_| Process::open(&storage, &root())).collect();
    let views = processes.iter_mut().zip(lanes).map(|(process, sessions)| {
        let calls: Vec<Call> = sessions.iter().flatten().cloned().collect();
        process.view(&catalog, &calls)
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
