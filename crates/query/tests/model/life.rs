//! A database that lives through random operations, and the list of the rows it must have.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use kronicler_format::{Kind, Outcome, Run};
use kronicler_query::{Fetched, Filter, RowStream, fetch};
use kronicler_store::{
    Catalog, Directory, MergePolicy, POOL_SIZE_BYTES, RowId, Seal, Snapshot, Storage,
};

use crate::model::{Call, NAMES, Writer, call_of};
use crate::questions::ask_one;
use crate::rng::Rng;
use crate::world::{Process, memory, root};

const LANE_COUNT_MAX: usize = 3;
/// Versions and processes of writers.
const VERSIONS: [&str; 2] = ["1", "2"];
const PIDS: [u32; 3] = [0, 7, 8];

/// A lane and its rows in lane order.
struct Lane {
    process: Process,
    writer: Writer,
    calls: Vec<Call>,
    /// How many of them have expired, and how many are in the log.
    expired: usize,
    logged: usize,
}

/// A snapshot and the rows it must show.
struct Seen {
    snapshot: Snapshot,
    calls: Vec<Call>,
    /// Rows of which only statistics are left.
    expired: Vec<Call>,
}

/// A stream that is read now and then.
struct Reading {
    stream: RowStream,
    newest: Arc<Mutex<Option<Snapshot>>>,
    expected: Vec<Call>,
    found: Vec<Call>,
    /// Whether rows went that it may not have shown yet.
    is_cut: bool,
}

pub struct Life {
    rng: Rng,
    storage: Arc<dyn Storage>,
    root: PathBuf,
    catalogs: [Arc<Catalog>; 3],
    directory: Directory,
    lanes: Vec<Lane>,
    now_ns: i64,
    before: Option<Seen>,
    reading: Option<Reading>,
}

impl Life {
    pub fn new(seed: u64) -> Self {
        let storage = memory();
        // None, so small that pages go again at once, with several threads, and one that keeps all.
        let catalogs = [(0, 1), (2 << 10, 3), (POOL_SIZE_BYTES, 1)];
        let catalogs = catalogs
            .map(|(size, threads)| Catalog::with_threads(Arc::clone(&storage), size, threads));
        let mut life = Self {
            rng: Rng::new(seed),
            directory: Directory::with_catalog(Arc::clone(&catalogs[1]), root()),
            root: root(),
            catalogs,
            storage,
            lanes: Vec::new(),
            now_ns: 1_000_000,
            before: None,
            reading: None,
        };
        life.add_lane();
        life
    }

    /// One operation.
    pub fn step(&mut self) {
        let index = self.rng.below(self.lanes.len());
        match self.rng.below(100) {
            0..45 => self.append(index),
            45..55 => self.seal(index),
            55..61 => self.merge(index),
            61..65 => self.rotate(index),
            65..68 => self.reopen(index),
            68 => self.clear(index),
            69 if self.lanes.len() < LANE_COUNT_MAX => self.add_lane(),
            70..72 => self.sweep(index),
            72 => self.expire(index),
            73..76 => self.before = Some(self.see()),
            76..80 => self.ask_before(),
            80..88 => self.read_on(),
            _ => self.ask(),
        }
    }

    pub fn end(&mut self) {
        for _ in 0..10 {
            self.ask();
        }
        while self.reading.is_some() {
            self.read_on();
        }
    }

    fn add_lane(&mut self) {
        let process = Process::open(&self.storage, &self.root);
        let (writer, calls) = (Writer::default(), Vec::new());
        self.lanes.push(Lane { process, writer, calls, expired: 0, logged: 0 });
    }

    fn call(&mut self, lane: usize) -> Call {
        let rng = &mut self.rng;
        // Mostly on, now and then back.
        let step = i64::try_from(rng.below(2_000)).expect("it is small");
        self.now_ns += if rng.one_in(5) { -step } else { step };
        let duration_ns = match rng.below(4) {
            0 => rng.next() % 4,
            1 => 1_000,
            2 => rng.next() % 100_000,
            _ => rng.next() >> (2 + rng.next() % 62),
        };
        let seq = self.lanes[lane].calls.len() as u64;
        Call {
            id: RowId::new(u16::try_from(lane).expect("there are few"), seq),
            name: NAMES[rng.below(NAMES.len())],
            outcome: if rng.one_in(4) { *rng.pick(&Outcome::ALL) } else { Outcome::Ok },
            kind: if rng.one_in(4) { *rng.pick(&Kind::ALL) } else { Kind::Async },
            thread: if rng.one_in(3) { 7 } else { 0 },
            end_ns: self.now_ns,
            duration_ns,
            weight: 1,
            writer: self.lanes[lane].writer,
        }
    }

    /// Adds rows; not all of them may go to the log at once.
    fn append(&mut self, lane: usize) {
        let count =
            if self.rng.one_in(20) { 1 + self.rng.below(200) } else { 1 + self.rng.below(9) };
        for _ in 0..count {
            let call = self.call(lane);
            self.lanes[lane].calls.push(call);
        }
        if !self.rng.one_in(4) {
            self.lanes[lane].log();
        }
    }

    fn seal(&mut self, lane: usize) {
        let which = if self.rng.one_in(5) { Seal::Full } else { Seal::All };
        self.lanes[lane].process.seal(which);
    }

    fn merge(&mut self, lane: usize) {
        let sizes = [2_000, 20_000, 64 << 20];
        let policy = MergePolicy {
            size_bytes_max: *self.rng.pick(&sizes),
            span_ns_max: i64::MAX,
            is_eager: !self.rng.one_in(3),
        };
        while self.lanes[lane].process.merge_as(&policy) && self.rng.one_in(2) {}
    }

    fn rotate(&mut self, lane: usize) {
        self.lanes[lane].process.rotate();
    }

    /// The process ends, in order or not, and another has its lane.
    fn reopen(&mut self, lane: usize) {
        self.lanes[lane].log();
        let Lane { process, calls, expired, logged, .. } = self.lanes.remove(lane);
        if self.rng.one_in(2) {
            process.close();
        } else {
            drop(process);
        }
        let writer = Writer { version: VERSIONS[self.rng.below(2)], pid: *self.rng.pick(&PIDS) };
        let (version, pid) = (writer.version.to_owned(), writer.pid);
        let run = Run { version, pid, ..Run::default() };
        let process = Process::open_as(&self.storage, &self.root, run);
        assert_eq!(process.state.next_seq, logged as u64, "no row is lost");
        self.lanes.insert(lane, Lane { process, writer, calls, expired, logged });
    }

    fn clear(&mut self, lane: usize) {
        self.lanes[lane].process.clear();
        self.lanes[lane].calls.clear();
        self.lanes[lane].writer = Writer::default();
        (self.lanes[lane].expired, self.lanes[lane].logged) = (0, 0);
        if let Some(reading) = &mut self.reading {
            reading.is_cut = true;
        }
    }

    fn expire(&mut self, lane: usize) {
        let count = 1 + self.rng.below(2);
        let Lane { process, expired, .. } = &mut self.lanes[lane];
        process.expire(count, 0);
        *expired = usize::try_from(process.state.floor_seq).expect("there are few");
        if let Some(reading) = &mut self.reading {
            reading.is_cut = true;
        }
    }

    fn sweep(&mut self, lane: usize) {
        self.lanes[lane].process.writer.sweep(i64::MAX);
    }

    /// What a reader sees now: of its own process all rows, of others those in the log.
    fn see(&mut self) -> Seen {
        let expired = self.lanes.iter().flat_map(|lane| &lane.calls[..lane.expired]);
        let expired = expired.cloned().collect();
        if self.rng.one_in(3) {
            let snapshot = self.directory.snapshot(None).expect("the directory can be read");
            let calls = self.lanes.iter().flat_map(|lane| &lane.calls[lane.expired..lane.logged]);
            return Seen { snapshot, calls: calls.cloned().collect(), expired };
        }
        let catalog = Arc::clone(self.rng.pick(&self.catalogs));
        let lanes = self.lanes.iter_mut().map(|lane| {
            let pending = &lane.calls[lane.logged..];
            lane.process.view(&catalog, pending)
        });
        let snapshot =
            Snapshot { lanes: lanes.collect(), unreadable_heads: 0, ..Snapshot::default() };
        let calls =
            self.lanes.iter().flat_map(|lane| &lane.calls[lane.expired..]).cloned().collect();
        Seen { snapshot, calls, expired }
    }

    fn ask(&mut self) {
        self.ask_for_expired();
        let Seen { snapshot, calls, expired } = self.see();
        let is_whole = ask_one(&mut self.rng, &snapshot, &calls, &expired);
        assert!(is_whole, "a new snapshot lacks nothing");
    }

    fn ask_for_expired(&mut self) {
        let lane = self.rng.below(self.lanes.len());
        let expired = self.lanes[lane].expired;
        if expired > 0 {
            let id = self.lanes[lane].calls[self.rng.below(expired)].id;
            let found = fetch(&self.see().snapshot, id).expect("the files can be read");
            assert_eq!((found.value, found.is_partial), (Fetched::Expired, false));
        }
    }

    /// Asks about the rows of an earlier snapshot: it answers as then, or says that it cannot.
    fn ask_before(&mut self) {
        if let Some(Seen { snapshot, calls, expired }) = self.before.take()
            && ask_one(&mut self.rng, &snapshot, &calls, &expired)
        {
            self.before = Some(Seen { snapshot, calls, expired });
        }
    }

    /// Reads some rows of a stream that began earlier, or begins one.
    fn read_on(&mut self) {
        let seen = self.see();
        let Some(mut reading) = self.reading.take() else {
            let newest = Arc::new(Mutex::new(None));
            let source = Arc::clone(&newest);
            let stream = RowStream::new(seen.snapshot, Filter::default())
                .with_source(move || source.lock().expect("nobody failed").take());
            let (expected, found) = (seen.calls, Vec::new());
            self.reading = Some(Reading { stream, newest, expected, found, is_cut: false });
            return;
        };
        // Rows that were not in the log then must still be there, so the own process asks.
        let catalog = Arc::clone(self.rng.pick(&self.catalogs));
        let lanes = self
            .lanes
            .iter_mut()
            .map(|lane| lane.process.view(&catalog, &lane.calls[lane.logged..]));
        let fresh = Snapshot { lanes: lanes.collect(), unreadable_heads: 0, ..Snapshot::default() };
        *reading.newest.lock().expect("nobody failed") = Some(fresh);
        let count = 1 + self.rng.below(50);
        let batch = reading.stream.next_batch(count).expect("the files can be read");
        if let Some(batch) = batch {
            reading.found.extend(batch.iter().map(|row| call_of(&row)));
            self.reading = Some(reading);
        } else if !reading.is_cut {
            assert!(!reading.stream.is_partial(), "nothing was lost");
            assert_eq!(reading.found, reading.expected, "the rows of the beginning");
        }
    }
}

impl Lane {
    fn log(&mut self) {
        let calls = &self.calls[self.logged..];
        if !calls.is_empty() {
            self.process.log(calls);
            self.logged = self.calls.len();
        }
    }
}
