//! Forgetting everything.

use std::sync::Arc;

use kronicler_store::{
    Directory, Disk, LaneReader, Memory, Storage, clear_ownerless, head_path, lane_dir,
};

use crate::world::{Owner, first_head, life, read, root, run};

#[test]
fn clear_begins_anew() {
    // Promise: after clear() the lane has a new identity, ids from 0, and no old byte.
    let dir = tempfile::tempdir().unwrap();
    let memory: Arc<dyn Storage> = Arc::new(Memory::default());
    for (storage, root) in [(memory, root()), (Arc::new(Disk), dir.path().join("data"))] {
        let mut owner = Owner::open(&storage, &root, 0);
        owner.append(30);
        let mut follower = LaneReader::open(&storage, &root, 0).unwrap().unwrap();
        let mut directory = Directory::new(Arc::clone(&storage), root.clone());
        assert_eq!(directory.snapshot(None).unwrap().lanes[0].end_seq(), 30);
        let (old_uuid, old_path) = (owner.state.head.uuid, owner.writer.path().to_owned());

        owner.state = owner.writer.clear(run(78)).unwrap();
        owner.names = kronicler_store::Dictionary::default();
        owner.life = 1;
        assert_ne!(owner.state.head.uuid, old_uuid);
        assert_eq!((owner.state.next_seq, owner.state.stored()), (0, 0));
        assert!(owner.state.names.names().is_empty());
        assert!(storage.open(&old_path).is_err(), "the old head is gone");
        assert!(!follower.refresh().unwrap(), "a follower of the lane notices");
        assert_eq!(directory.snapshot(None).unwrap().lanes[0].end_seq(), 0);

        owner.append(7);
        owner.close();
        assert_eq!(read(&storage, &root, 0), life(0..7, 1));
        let snapshot = directory.snapshot(None).unwrap();
        assert_eq!((snapshot.lanes[0].end_seq(), snapshot.is_partial()), (7, false));
        let again = Owner::open(&storage, &root, 1);
        assert_eq!((again.state.next_seq, again.state.counters.lost_at_most), (7, 0));
    }
}

#[test]
fn clear_removes_a_head_with_a_damaged_header_too() {
    // Promise: cleared means cleared, also for a log whose first header had a flipped bit.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    let path = owner.writer.path().to_owned();
    memory.tamper(&path, |bytes| bytes[17] ^= 4).unwrap();
    owner.writer.clear(run(1)).unwrap();
    assert!(storage.open(&path).is_err());
}

#[test]
fn clear_ownerless_leaves_owned_lanes_alone() {
    // Promise: nobody's rows are cleared but those of processes that are gone.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owned = Owner::open(&storage, &root(), 0);
    let mut gone = Owner::open(&storage, &root(), 1);
    owned.append(5);
    gone.append(6);
    let uuid = gone.state.head.uuid;
    gone.close();
    assert!(!clear_ownerless(&storage, &root(), 0, 9).unwrap());
    assert!(clear_ownerless(&storage, &root(), 1, 9).unwrap());
    assert_eq!(read(&storage, &root(), 0), life(0..5, 0));
    let reader = LaneReader::open(&storage, &root(), 1).unwrap().unwrap();
    assert_eq!(reader.state().stored(), 0);
    assert_ne!(reader.state().head.uuid, uuid);
    assert_eq!(reader.path(), head_path(&lane_dir(&root(), 1), 2));
    assert!(storage.open(&head_path(&lane_dir(&root(), 1), 1)).is_err());

    let mut next = Owner::open(&storage, &root(), 2);
    assert_eq!((next.writer.lane(), next.state.next_seq), (1, 0));
    assert_eq!(next.state.counters.lost_at_most, 0, "nobody wrote since");
    next.append(4);
    assert_eq!(read(&storage, &root(), 1), life(0..4, 2));
}

#[test]
fn a_clear_that_fails_leaves_the_lane_as_it_was() {
    // Promise: an error means that nothing changed, and writing goes on.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(5);
    for space in 0..230 {
        memory.limit_space(Some(space));
        let result = owner.writer.clear(run(1));
        memory.limit_space(None);
        if result.is_ok() {
            assert!(space > 100, "a head needs room");
            assert!(read(&storage, &root(), 0).is_empty());
            return;
        }
        owner.append(1);
        let count = owner.state.next_seq;
        assert_eq!(read(&storage, &root(), 0), life(0..count, 0), "with room for {space}");
    }
    memory.refuse_sync(true);
    owner.writer.clear(run(1)).map(|_| ()).unwrap_err();
}

#[test]
fn a_power_cut_during_clear_leaves_the_old_rows_or_none() {
    // Promise: clear() is all or nothing on the disk, too.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(5);
    owner.writer.sync().unwrap();
    let before: Arc<dyn Storage> = Arc::new(memory.after_power_cut());
    assert_eq!(read(&before, &root(), 0), life(0..5, 0));
    owner.writer.clear(run(1)).unwrap();
    let after: Arc<dyn Storage> = Arc::new(memory.after_power_cut());
    assert!(read(&after, &root(), 0).is_empty());
    assert_eq!(Owner::open(&after, &root(), 1).state.next_seq, 0);
}

#[test]
fn clear_works_when_somebody_has_removed_the_head() {
    // Promise: clear() never deletes the head that it has just made.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(10);
    storage.remove(&first_head()).unwrap();
    owner.state = owner.writer.clear(run(1)).unwrap();
    owner.append(3);
    let reader = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
    assert_eq!(reader.state().stored(), 3);
}
