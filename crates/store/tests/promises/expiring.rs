//! Rows that expire: they go, oldest first, and leave their statistics.

use std::collections::BTreeMap;
use std::sync::Arc;

use kronicler_stats::{Distribution, History, Resolution};
use kronicler_store::{
    Catalog, HistoryLimits, LaneView, LaneWriter, Memory, Opened, Seal, Storage, list_lanes,
};

use crate::world::{Owner, known, life, read, root};

const LIMITS: HistoryLimits = HistoryLimits { age_ns_max: i64::MAX, size_bytes_max: 64 << 20 };
/// Later than all rows end.
const NOW_NS: i64 = 1_750_100_000_000_000_000;

fn owner_of_segments(storage: &Arc<dyn Storage>, sizes: &[u64]) -> Owner {
    let mut owner = Owner::open(storage, &root(), 0);
    for &size in sizes {
        owner.append(size);
        assert!(owner.seal(Seal::All));
    }
    owner
}

impl Owner {
    fn expire(&mut self, count: usize) -> bool {
        let result = self.writer.expire(&self.state, count, &LIMITS, NOW_NS);
        self.writer.absorb_into(&mut self.state, &[]);
        result.expect("rows can expire")
    }

    fn remember(&mut self) -> bool {
        let result = self.writer.remember(&self.state, &LIMITS, NOW_NS);
        self.writer.absorb_into(&mut self.state, &[]);
        result.expect("history can be written")
    }

    fn history(&self, storage: &Arc<dyn Storage>) -> History {
        let catalog = Catalog::new(Arc::clone(storage), 0);
        let path = self.writer.path().to_owned();
        let view = LaneView::new(catalog, path, self.state.clone(), Arc::default());
        let mut all = History::new();
        for entry in self.state.histories.iter() {
            let found = view.history(entry).expect("it can be read");
            let Opened::Found(history) = found else { unreachable!("{found:?}") };
            all.merge(&history);
        }
        all
    }
}

/// What history must say of the rows with these sequences, by name.
fn distributions(seqs: std::ops::Range<u64>) -> BTreeMap<String, Distribution> {
    let mut all: BTreeMap<String, Distribution> = BTreeMap::new();
    for seq in seqs {
        let known = known(seq, 0);
        let of_name = all.entry(known.name).or_default();
        of_name.moments.add(known.duration_ns);
        of_name.sketch.add(known.duration_ns);
    }
    all
}

fn distributions_of(history: &History) -> BTreeMap<String, Distribution> {
    let mut all: BTreeMap<String, Distribution> = BTreeMap::new();
    for entry in history.entries(i64::MIN, i64::MAX) {
        assert_eq!(entry.series.function.service, "shop");
        entry.merge_into(all.entry(entry.series.function.name.to_owned()).or_default());
    }
    all
}

#[test]
fn expired_rows_leave_their_statistics() {
    // Promise: what expired is gone for every reader, the rest stays, and the statistics of the
    // expired rows stay exactly, by hour, with the slowest rows, over many expiries.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let sizes = [30_000, 7, 500, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let mut owner = owner_of_segments(&storage, &sizes);
    owner.append(20);
    let total = sizes.iter().sum::<u64>() + 20;
    let mut floor = 0;
    for (done, size) in sizes.iter().enumerate() {
        assert!(owner.expire(1));
        floor += size;
        let state = &owner.state;
        assert_eq!((state.floor_seq, state.quarantined()), (floor, 0));
        assert_eq!((state.stored(), state.live()), (total, total - floor));
        assert_eq!(read(&storage, &root(), 0), life(floor..total, 0), "after {done}");
        assert_eq!(distributions_of(&owner.history(&storage)), distributions(0..floor));
        assert!(state.histories.len() <= 8);
    }
    assert!(!owner.expire(1), "only what is sealed expires");
    let history = owner.history(&storage);
    assert!(history.entries(0, i64::MAX).all(|e| e.period.resolution() == Resolution::Hour));
    let slowest = history.slowest(0, i64::MAX).flat_map(|day| day.rows).map(|row| row.duration_ns);
    let expected = (0..floor).map(|seq| known(seq, 0).duration_ns);
    assert_eq!(slowest.max(), expected.max());
    owner.close();
    let owner = Owner::open(&storage, &root(), 0);
    assert_eq!(distributions_of(&owner.history(&storage)), distributions(0..floor));
    assert_eq!(read(&storage, &root(), 0), life(floor..total, 0));
}

#[test]
fn expiry_works_on_a_full_disk() {
    // Promise: rows can expire when there is no byte left, and their history is written with the
    // room that they made.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = owner_of_segments(&storage, &[400, 400]);
    // A real disk keeps this much allocated for the head log.
    memory.limit_space(Some(200));
    assert!(owner.expire(1));
    assert_eq!(owner.state.floor_seq, 400);
    assert!(owner.state.histories.is_empty());
    memory.limit_space(Some(200));
    assert!(owner.expire(1), "what has no room waits for that of the next rows");
    memory.limit_space(None);
    assert!(owner.remember());
    assert!(!owner.remember());
    assert_eq!(distributions_of(&owner.history(&storage)), distributions(0..800));
    assert_eq!(read(&storage, &root(), 0), []);
}

#[test]
fn a_disk_that_stays_full_keeps_history_waiting() {
    // Promise: statistics of rows that expire while there is no room are all written when there is
    // some again, once, also when earlier files are then put together.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = owner_of_segments(&storage, &[50; 12]);
    (0..8).for_each(|_| assert!(owner.expire(1)));
    assert_eq!(owner.state.histories.len(), 8);
    for _ in 0..2 {
        // Again and again as much as a real disk keeps allocated for the head log.
        memory.limit_space(Some(200));
        assert!(owner.expire(1));
        memory.limit_space(Some(0));
        assert!(!owner.remember());
        assert!(owner.writer.has_unwritten());
    }
    memory.limit_space(None);
    assert!(owner.remember());
    assert!(!owner.writer.has_unwritten());
    assert_eq!(distributions_of(&owner.history(&storage)), distributions(0..500));
    assert_eq!(read(&storage, &root(), 0), life(500..600, 0));
}

#[test]
fn a_lane_that_nobody_owns_can_be_adopted() {
    // Promise: upkeep of a dead process's lane changes neither its rows nor whose they are, and a
    // living owner is left alone.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = owner_of_segments(&storage, &[100, 100]);
    owner.append(5);
    assert!(LaneWriter::adopt(&storage, &root(), 0).unwrap().is_none());
    assert!(LaneWriter::adopt(&storage, &root(), 1).unwrap().is_none());
    let runs = owner.state.runs.len();
    drop(owner);
    let (mut writer, mut state) = LaneWriter::adopt(&storage, &root(), 0).unwrap().unwrap();
    assert_eq!(state.runs.len(), runs);
    assert!(writer.expire(&state, 1, &LIMITS, NOW_NS).unwrap());
    writer.absorb_into(&mut state, &[]);
    drop(writer);
    assert_eq!(read(&storage, &root(), 0), life(100..205, 0));
    assert_eq!(list_lanes(&*storage, &root()).unwrap(), [0]);
}
