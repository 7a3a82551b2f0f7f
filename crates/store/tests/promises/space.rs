//! A disk that is full in the middle of an append.

use std::sync::Arc;

use kronicler_format::Row;
use kronicler_store::{Batch, LaneReader, Memory, Storage, StoreError};

use crate::world::{Owner, bytes_of, life, read, root, rows_of};

/// Appends rows of which only a part may fit, then, with room again, those that are missing.
fn append_in_two(memory: &Memory, owner: &mut Owner, rows: &[Row], space: u64) -> bool {
    let first_seq = owner.state.next_seq;
    memory.limit_space(Some(space));
    let batch = Batch { names: &owner.names, rows, first_seq, counters: None, now_ns: 0 };
    let result = owner.writer.append(&batch);
    memory.limit_space(None);
    if result.is_ok() {
        owner.writer.absorb_into(&mut owner.state, rows);
        return false;
    }
    let error = result.expect_err("there was no room");
    assert!(error.to_string().contains("free some space"), "{error}");
    assert!(matches!(error, StoreError::Io { .. }));
    owner.writer.recover(&mut owner.state).expect("the log can be read");
    let done = usize::try_from(owner.state.next_seq - first_seq).expect("few rows");
    let batch = Batch {
        names: &owner.names,
        rows: &rows[done..],
        first_seq: owner.state.next_seq,
        counters: None,
        now_ns: 0,
    };
    owner.writer.append(&batch).expect("there is room again");
    owner.writer.absorb_into(&mut owner.state, &rows[done..]);
    true
}

#[test]
fn nothing_is_lost_or_doubled_however_little_fits() {
    // Promise: after "disk full" at any byte the rest is appended, each row once, none missing.
    let mut space = 0;
    let mut failed = true;
    while failed {
        let memory = Memory::default();
        let storage: Arc<dyn Storage> = Arc::new(memory.clone());
        let mut owner = Owner::open(&storage, &root(), 0);
        owner.append(20);
        let mut follower = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
        let rows = owner.next_rows(40);
        failed = append_in_two(&memory, &mut owner, &rows, space);
        assert!(follower.refresh().unwrap());
        assert_eq!(owner.state.next_seq, 60, "room for {space}");
        assert_eq!(rows_of(&storage, &follower), life(0..60, 0), "room for {space}");
        owner.append(9);
        let path = owner.writer.path().to_owned();
        let own = crate::world::rows_of_state(&storage, &path, &owner.state);
        assert_eq!(own, life(0..69, 0), "room for {space}");
        owner.close();
        let reader = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
        assert_eq!(rows_of(&storage, &reader), life(0..69, 0), "room for {space}");
        assert_eq!(reader.state().quarantined(), 0);
        assert!(bytes_of(&storage, &path).len() as u64 > space);
        space += 1;
    }
    assert!(space > 300, "the batch was larger than {space}");
}

#[test]
fn a_batch_of_several_frames_keeps_those_that_fitted() {
    // Promise: the same when whole frames of the batch had already reached the disk.
    for space in [5_000, 70_000, 120_000, 150_000] {
        let memory = Memory::default();
        let storage: Arc<dyn Storage> = Arc::new(memory.clone());
        let mut owner = Owner::open(&storage, &root(), 0);
        let rows = owner.next_rows(20_000);
        assert!(append_in_two(&memory, &mut owner, &rows, space), "room for {space}");
        owner.close();
        assert_eq!(read(&storage, &root(), 0), life(0..20_000, 0), "room for {space}");
    }
}

#[test]
fn a_full_disk_while_opening_leaves_what_was_there() {
    // Promise: a database that cannot be written can still be read, and opens once there is room.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(20);
    owner.close();
    for space in 0..20 {
        memory.limit_space(Some(space));
        assert!(Owner::try_open(&storage, &root(), 1).is_err());
        memory.limit_space(None);
        assert_eq!(read(&storage, &root(), 0), life(0..20, 0), "room for {space}");
    }
    let mut owner = Owner::open(&storage, &root(), 1);
    assert_eq!((owner.writer.lane(), owner.state.next_seq), (0, 20));
    owner.append(5);
    assert_eq!(read(&storage, &root(), 0), [life(0..20, 0), life(20..25, 1)].concat());

    let empty = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(empty.clone());
    for space in 0..150 {
        empty.limit_space(Some(space));
        assert!(Owner::try_open(&storage, &root(), 0).is_err());
    }
    empty.limit_space(None);
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(5);
    assert_eq!(read(&storage, &root(), 0), life(0..5, 0));
    assert_eq!(storage.list(&kronicler_store::lane_dir(&root(), 0)).unwrap().len(), 1);
}
