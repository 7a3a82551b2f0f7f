//! Rows that were damaged before they were sealed leave gaps, and nothing else.

use std::sync::Arc;

use kronicler_store::{LaneReader, LaneState, MergePolicy, Seal, Storage};

use crate::world::{Owner, bytes_of, disk_with, first_head, frames_of, read, root};

#[test]
fn joining_over_a_gap_keeps_all_rows_on_both_sides() {
    // Promise: damage costs the rows it hits, whatever is done with the others later.
    let storage: Arc<dyn Storage> = Arc::new(kronicler_store::Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    for count in [10, 20, 4] {
        owner.append(count);
    }
    drop(owner);
    let mut bytes = bytes_of(&storage, &first_head());
    let rows: Vec<_> = frames_of(&bytes).into_iter().filter(|f| f.rows.is_some()).collect();
    bytes[rows[1].end - 1] ^= 1;
    let storage = disk_with(&bytes);
    let mut owner = Owner::open(&storage, &root(), 0);
    for _ in 0..3 {
        let expected = read(&storage, &root(), 0);
        while owner.writer.seal(&owner.state, Seal::All, 1).expect("rows can be sealed") {
            owner.writer.absorb_into(&mut owner.state, &[]);
        }
        assert_eq!(read(&storage, &root(), 0), expected, "sealed");
        let eager = MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: true };
        while owner.writer.merge(&owner.state, &eager, 1).expect("segments can be joined") {
            owner.writer.absorb_into(&mut owner.state, &[]);
        }
        assert_eq!(read(&storage, &root(), 0), expected, "joined");
        assert_eq!(owner.state.quarantined(), 20);
        owner.append(3);
    }
}

#[test]
fn a_clock_that_is_set_back_costs_no_rows() {
    // Promise: rows that arrived before and after such a step can be sealed, joined and read.
    let storage: Arc<dyn Storage> = Arc::new(kronicler_store::Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    let eager = MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: true };
    for now_ns in [9_000_000_000, 1, i64::MAX, i64::MIN] {
        let before = read(&storage, &root(), 0).len();
        owner.append_at(5, now_ns);
        owner.append_at(5, now_ns / 2);
        assert!(owner.writer.seal(&owner.state, Seal::All, now_ns).expect("it can be sealed"));
        owner.writer.absorb_into(&mut owner.state, &[]);
        assert_eq!(read(&storage, &root(), 0).len(), before + 10, "{now_ns} sealed");
        owner.writer.merge(&owner.state, &eager, now_ns).expect("segments can be joined");
        owner.writer.absorb_into(&mut owner.state, &[]);
        assert_eq!(read(&storage, &root(), 0).len(), before + 10, "{now_ns} joined");
    }
}

#[test]
fn damage_in_the_last_rows_of_a_killed_process_is_told() {
    // Promise: a length that makes the last frame look cut, and damaged rows with only counters
    // behind them, do not go missing silently.
    let storage: Arc<dyn Storage> = Arc::new(kronicler_store::Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(10);
    owner.append(20);
    drop(owner);
    let bytes = bytes_of(&storage, &first_head());
    let last = frames_of(&bytes).pop().expect("there are frames");
    assert!(last.rows.is_some());
    for bit in 0..12 * 8 {
        let mut changed = bytes.clone();
        changed[last.at + bit / 8] ^= 1 << (bit % 8);
        assert!(state_of(&changed).is_partial(), "bit {bit}");
    }
    assert!(!state_of(&bytes[..last.end - 1]).is_partial(), "a cut frame is no damage");
    let storage = disk_with(&bytes);
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(3);
    drop(owner);
    let mut bytes = bytes_of(&storage, &first_head());
    assert!(!state_of(&bytes).is_partial());
    let rows = frames_of(&bytes).into_iter().rfind(|frame| frame.rows.is_some()).unwrap();
    assert!(rows.end < bytes.len(), "counters stand behind the rows");
    bytes[rows.end - 1] ^= 1;
    assert!(state_of(&bytes).is_partial());
}

fn state_of(bytes: &[u8]) -> LaneState {
    let reader = LaneReader::open(&disk_with(bytes), &root(), 0).expect("damage is no error");
    reader.expect("the log is still read").state().clone()
}
