//! Several processes on one directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::limits::LANE_COUNT_MAX;
use kronicler_store::{Directory, Disk, LaneWriter, Memory, Storage, StoreError, lane_dir};

use crate::world::{Owner, life, read, root, rows_of_state, run};

fn disk() -> (tempfile::TempDir, Arc<dyn Storage>, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let root = dir.path().join("data");
    (dir, Arc::new(Disk), root)
}

/// Every path below a directory with what a write to it would change.
fn listing(dir: &Path) -> BTreeMap<PathBuf, (u64, std::time::SystemTime)> {
    let mut all = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).expect("it can be listed") {
            let path = entry.expect("it can be listed").path();
            let metadata = fs::symlink_metadata(&path).expect("it is there");
            let changed = metadata.modified().expect("it has a time");
            dirs.extend(metadata.is_dir().then(|| path.clone()));
            all.insert(path, (metadata.len(), changed));
        }
    }
    all
}

#[test]
fn writers_take_the_lowest_free_lanes() {
    // Promise: each living process has a lane of its own, lowest first, and gives it back.
    let (_dir, storage, root) = disk();
    let mut owners: Vec<Owner> = (0..4).map(|life| Owner::open(&storage, &root, life)).collect();
    let lanes: Vec<u16> = owners.iter().map(|owner| owner.writer.lane()).collect();
    assert_eq!(lanes, [0, 1, 2, 3]);
    owners.iter_mut().for_each(|owner| owner.append(2));

    owners.remove(2).close();
    drop(owners.remove(1));
    let again = Owner::open(&storage, &root, 5);
    assert_eq!((again.writer.lane(), again.state.next_seq), (1, 2));
    assert_eq!(Owner::open(&storage, &root, 6).writer.lane(), 2);
    owners.into_iter().for_each(Owner::close);
    drop(again);
    assert_eq!(Owner::open(&storage, &root, 7).writer.lane(), 0);
}

#[test]
fn one_process_that_comes_and_goes_counts_on() {
    // Promise: its row ids are 0, 1, 2, ... across restarts, closed in order or not.
    let (_dir, storage, root) = disk();
    for round in 0..8_u64 {
        let mut owner = Owner::open(&storage, &root, 0);
        assert_eq!((owner.writer.lane(), owner.state.next_seq), (0, round * 3));
        assert_eq!(owner.state.runs.len() as u64, round + 1);
        owner.append(3);
        if round % 2 == 0 {
            owner.close();
        }
    }
    assert_eq!(read(&storage, &root, 0), life(0..24, 0));
}

#[test]
fn a_reader_follows_all_lanes_and_changes_nothing() {
    // Promise: readers see rows as they are written, without a lock, a write or a new file.
    let (_dir, storage, root) = disk();
    let mut directory = Directory::new(Arc::clone(&storage), root.clone());
    assert!(directory.snapshot(None).unwrap().lanes.is_empty());
    assert!(!root.exists(), "a reader makes no directory");

    let mut owners = [Owner::open(&storage, &root, 0), Owner::open(&storage, &root, 1)];
    for step in 0..20 {
        let owner = &mut owners[step % 2];
        owner.append(1 + step as u64 * 3 % 7);
        let before = listing(&root);
        let snapshot = directory.snapshot(None).unwrap();
        for (view, owner) in snapshot.lanes.iter().zip(&owners) {
            let rows = rows_of_state(&storage, owner.writer.path(), &view.state);
            assert_eq!(rows, life(0..owner.state.next_seq, owner.life));
            assert_eq!(view.state.names.names(), owner.names.names());
        }
        assert_eq!(snapshot.lanes.len(), 2);
        assert_eq!(directory.snapshot(Some(0)).unwrap().lanes.len(), 1, "the own lane is left out");
        assert_eq!(listing(&root), before, "nothing changed");
    }
    let third = Owner::open(&storage, &root, 2);
    assert_eq!(directory.snapshot(None).unwrap().lanes.len(), 3, "a new lane is noticed");
    assert_eq!(third.writer.lane(), 2);
}

#[test]
fn an_old_snapshot_stays_as_it_was() {
    // Promise: a snapshot shows one moment, whatever is written later.
    let (_dir, storage, root) = disk();
    let mut owner = Owner::open(&storage, &root, 0);
    owner.append(10);
    let mut directory = Directory::new(Arc::clone(&storage), root.clone());
    let early = directory.snapshot(None).unwrap();
    owner.append(500);
    let late = directory.snapshot(None).unwrap();
    let rows = |state| rows_of_state(&storage, owner.writer.path(), state);
    assert_eq!(rows(&early.lanes[0].state), life(0..10, 0));
    assert_eq!(rows(&late.lanes[0].state), life(0..510, 0));
}

#[test]
fn only_an_unclean_end_may_have_lost_calls() {
    // Promise: after a clean end nothing is lost; else at most what the opener says, added up.
    let (_dir, storage, root) = disk();
    let lost = |owner: &Owner| {
        let run = owner.state.runs.last().expect("a run has begun");
        (run.lost_at_most, owner.state.counters.lost_at_most)
    };
    let first = Owner::open(&storage, &root, 0);
    assert_eq!(lost(&first), (0, 0));
    first.close();
    let mut second = Owner::open(&storage, &root, 0);
    assert_eq!(lost(&second), (0, 0));
    second.append(5);
    drop(second);
    let third = Owner::open(&storage, &root, 0);
    assert_eq!(lost(&third), (1_000, 1_000));
    drop(third);
    let fourth = Owner::open(&storage, &root, 0);
    assert_eq!(lost(&fourth), (1_000, 2_000));
    fourth.close();
    let fifth = Owner::open(&storage, &root, 0);
    assert_eq!(lost(&fifth), (0, 2_000));
    let snapshot = Directory::new(Arc::clone(&storage), root).snapshot(None).unwrap();
    assert_eq!(snapshot.lanes[0].state.counters.lost_at_most, 2_000);
}

#[test]
fn more_processes_than_lanes_are_told_so() {
    // Promise: 1,024 processes write; the next one gets an error that names the limit.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let lock = |lane| storage.try_lock(&lane_dir(&root(), lane).join("lock")).unwrap();
    let mut owned: Vec<_> = (0..LANE_COUNT_MAX).map(lock).collect();
    let error = LaneWriter::open(&storage, &root(), run(1), 0).map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::NoFreeLane { limit: 1_024, .. }));
    assert_eq!(error.code(), "KRONICLER_NO_FREE_LANE");
    owned[1_023] = None;
    assert_eq!(LaneWriter::open(&storage, &root(), run(1), 0).unwrap().0.lane(), 1_023);
    owned[500] = None;
    assert_eq!(LaneWriter::open(&storage, &root(), run(1), 0).unwrap().0.lane(), 500);
}
