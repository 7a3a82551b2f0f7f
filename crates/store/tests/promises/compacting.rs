//! Compacting: a lane becomes small, and nothing else of it changes.

use std::sync::Arc;

use kronicler_store::{
    FileKind, LaneReader, LaneState, LaneWriter, Memory, Seal, Storage, compact_lane, file_path,
    lane_dir, list_files,
};

use crate::sealing::EAGER;
use crate::verifying::{clean, database};
use crate::world::{Owner, disk_with, life, read, root, run, small_log};

fn state(storage: &Arc<dyn Storage>) -> LaneState {
    LaneReader::open(storage, &root(), 0)
        .expect("it can be read")
        .expect("it is there")
        .state()
        .clone()
}

/// What must be the same before and after.
fn essence(state: &LaneState) -> String {
    let LaneState { counters, next_seq, floor_seq, is_closed, names, histories, .. } = state;
    let last = state.runs.last();
    let names = (names.names(), names.series());
    format!("{counters:?} {next_seq} {floor_seq} {is_closed} {last:?} {histories:?} {names:?}")
}

#[test]
fn rows_ids_counters_and_the_clean_end_stay() {
    // Promise: compacting joins everything that may be joined, leaves no frame of a sealed row and
    // no other file, and changes nothing that a reader or the next owner is told.
    let (_, storage) = database();
    let (before, rows) = (state(&storage), read(&storage, &root(), 0));
    let lane = clean(&storage).remove(0);
    let done = compact_lane(&storage, &root(), 0, &EAGER, 1).unwrap().unwrap();
    let after = state(&storage);
    assert_eq!(essence(&after), essence(&before));
    assert_eq!((read(&storage, &root(), 0), after.segments.len()), (rows, 1));
    assert_eq!((after.sealed_seq, after.blocks().count()), (after.next_seq, 0));
    assert_eq!((done.segments_before, done.segments_after, done.row_count), (2, 1, 1_069));
    let compacted = clean(&storage).remove(0);
    assert_eq!((done.bytes_before, done.bytes_after), (lane.size_bytes(), compacted.size_bytes()));
    assert!(done.bytes_after < done.bytes_before, "{done:?}");
    assert_eq!(compacted.leftover_count, 0);
    assert_eq!(list_files(&*storage, &lane_dir(&root(), 0)).unwrap().len(), 2);
    let again = compact_lane(&storage, &root(), 0, &EAGER, 2).unwrap().unwrap();
    assert_eq!((again.bytes_before, again.bytes_after), (done.bytes_after, done.bytes_after));
    let owner = Owner::open(&storage, &root(), 0);
    assert_eq!(owner.state.counters, before.counters, "it had ended in order");
    assert_eq!(owner.state.next_seq, before.next_seq);
}

#[test]
fn an_unclean_end_stays_one() {
    // Promise: compacting a lane whose owner was killed does not hide that calls may be lost.
    let storage = disk_with(&small_log(false));
    compact_lane(&storage, &root(), 0, &EAGER, 1).unwrap().unwrap();
    assert_eq!(read(&storage, &root(), 0), life(0..60, 0));
    assert_eq!(Owner::open(&storage, &root(), 0).state.counters.lost_at_most, 1_000);
}

#[test]
fn upkeep_of_a_closed_lane_is_no_unclean_end() {
    // Promise: who adopts a lane and dies in the middle of its upkeep leaves it closed in order.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(60);
    owner.close();
    let (mut writer, mut state) = LaneWriter::adopt(&storage, &root(), 0).unwrap().unwrap();
    assert!(writer.seal(&state, Seal::All, 1).unwrap());
    writer.absorb_into(&mut state, &[]);
    assert!(state.is_closed);
    drop(writer);
    let owner = Owner::open(&storage, &root(), 0);
    assert!(!owner.state.is_closed);
    assert_eq!(owner.state.counters.lost_at_most, 0);
    drop(owner);
    assert_eq!(Owner::open(&storage, &root(), 0).state.counters.lost_at_most, 1_000);
}

#[test]
fn lanes_of_others_are_left_alone() {
    // Promise: a lane that somebody owns, that is empty or that cannot be read is not touched.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(10);
    assert_eq!(compact_lane(&storage, &root(), 0, &EAGER, 1).unwrap(), None);
    let path = owner.writer.path().to_owned();
    owner.close();
    memory.tamper(&path, |bytes| (bytes[20], bytes[84]) = (1, 1)).unwrap();
    assert_eq!(compact_lane(&storage, &root(), 0, &EAGER, 1).unwrap(), None);
    assert_eq!(kronicler_store::list_lanes(&*storage, &root()).unwrap(), [0]);
    assert_eq!(storage.list(&lane_dir(&root(), 0)).unwrap(), ["head-0000000001"]);
}

#[test]
fn nothing_is_lost_when_there_is_no_room() {
    // Promise: compacting on a full disk fails, and the lane is what it was.
    let (memory, storage) = database();
    let before = read(&storage, &root(), 0);
    for room in [0, 100, 1_000, 3_000, 6_000, 9_000, 12_000, 15_000] {
        memory.limit_space(Some(room));
        let result = compact_lane(&storage, &root(), 0, &EAGER, 1);
        memory.limit_space(None);
        assert!(result.is_ok() || result.is_err_and(|error| error.is_disk_full()), "{room}");
        assert_eq!(read(&storage, &root(), 0), before, "room for {room} bytes");
        clean(&storage);
    }
    let (_writer, state) = LaneWriter::open(&storage, &root(), run(3), 1_000).unwrap();
    assert_eq!(state.counters.lost_at_most, 0);
}

#[test]
fn a_clock_that_was_set_back_costs_no_row() {
    // Promise: rows that arrived after the clock was set back are sealed and read as any others.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    for now_ns in [9_000_000_000_000, 5, 7_000_000_000_000, i64::MIN, i64::MAX, 5] {
        let (rows, first_seq) = (owner.next_rows(20), owner.state.next_seq);
        let names = &owner.names;
        let batch =
            kronicler_store::Batch { names, rows: &rows, first_seq, counters: None, now_ns };
        owner.writer.append(&batch).unwrap();
        owner.writer.absorb_into(&mut owner.state, &rows);
        if first_seq % 40 == 20 {
            owner.seal(Seal::All);
        }
    }
    assert_eq!(read(&storage, &root(), 0), life(0..120, 0));
    owner.close();
    clean(&storage);
    compact_lane(&storage, &root(), 0, &EAGER, 1).unwrap().unwrap();
    assert_eq!(read(&storage, &root(), 0), life(0..120, 0));
    clean(&storage);
}

#[test]
fn segments_around_a_damaged_one_are_joined() {
    // Promise: a segment that is gone or damaged stays in the manifest and stops no upkeep: those
    // before and behind it are joined.
    for damage in 0..3 {
        let memory = Memory::default();
        let storage: Arc<dyn Storage> = Arc::new(memory.clone());
        let mut owner = Owner::open(&storage, &root(), 0);
        for _ in 0..7 {
            owner.append(30);
            owner.seal(Seal::All);
        }
        owner.close();
        let path = file_path(&lane_dir(&root(), 0), FileKind::Segment, 3);
        match damage {
            0 => storage.remove(&path).unwrap(),
            1 => memory.tamper(&path, |bytes| bytes[200] ^= 1).unwrap(),
            _ => memory.tamper(&path, |bytes| bytes.truncate(500)).unwrap(),
        }
        let done = compact_lane(&storage, &root(), 0, &EAGER, 1).unwrap().unwrap();
        assert_eq!((done.segments_before, done.segments_after), (7, 3), "damage {damage}");
        let report = kronicler_store::verify(&storage, &root()).unwrap();
        assert_eq!(report.findings.len(), 1, "damage {damage}: {:#?}", report.findings);
        assert_eq!((report.lanes[0].live, report.lanes[0].quarantined), (180, 30));
    }
}
