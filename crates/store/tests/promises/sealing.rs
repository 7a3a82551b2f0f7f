//! Sealing, rotating, joining: where rows lie changes, the rows do not.

use std::sync::Arc;

use kronicler_store::{Batch, Directory, MergePolicy, Seal, Storage};

use crate::world::{Owner, bytes_of, life, read, root};

pub const EAGER: MergePolicy =
    MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: true };

impl Owner {
    pub fn seal(&mut self, which: Seal) -> bool {
        let is_done = self.writer.seal(&self.state, which, 1).expect("rows can be sealed");
        self.writer.absorb_into(&mut self.state, &[]);
        is_done
    }

    pub fn merge(&mut self, policy: &MergePolicy) -> bool {
        let is_done = self.writer.merge(&self.state, policy, 1).expect("segments can be joined");
        self.writer.absorb_into(&mut self.state, &[]);
        is_done
    }

    pub fn rotate(&mut self) {
        self.state = self.writer.rotate(&self.state, 1).expect("a head can be replaced");
    }
}

#[test]
fn rows_stay_what_they_are_wherever_they_lie() {
    // Promise: sealing, rotating and joining lose no row, double none and change none, for a
    // reader that has followed all the time and for one that has just come.
    let storage: Arc<dyn Storage> = Arc::new(kronicler_store::Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    let mut expected = 0;
    let check = |owner: &Owner, expected: u64, segments: usize| {
        assert_eq!(read(&storage, &root(), 0), life(0..expected, 0));
        assert_eq!(owner.state.segments.len(), segments);
        assert_eq!((owner.state.live(), owner.state.quarantined()), (expected, 0));
    };
    for count in [70_000, 3, 65_530, 9_000] {
        owner.append(count);
        expected += count;
    }
    assert!(owner.seal(Seal::Full));
    assert!(!owner.seal(Seal::Full));
    check(&owner, expected, 1);
    owner.rotate();
    check(&owner, expected, 1);
    assert!(owner.seal(Seal::All));
    assert!(!owner.seal(Seal::All));
    assert_eq!(owner.state.sealed_seq, expected);
    check(&owner, expected, 2);
    for count in [10, 20, 30] {
        owner.append(count);
        expected += count;
        assert!(owner.seal(Seal::All));
    }
    check(&owner, expected, 5);
    assert!(owner.merge(&EAGER));
    assert!(!owner.merge(&EAGER));
    check(&owner, expected, 1);
    owner.append(100);
    expected += 100;
    owner.rotate();
    owner.append(1);
    expected += 1;
    owner.close();
    let owner = Owner::open(&storage, &root(), 0);
    check(&owner, expected, 1);
}

#[test]
fn a_clock_that_is_set_back_costs_no_rows() {
    // Promise: rows that arrive at earlier times than those before them can be sealed, joined and
    // read again.
    let storage: Arc<dyn Storage> = Arc::new(kronicler_store::Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    for (count, now_ns) in [(5, 90_000_000_000), (5, 20_000_000_000), (7, 3), (2, 50_000_000_000)] {
        let (rows, first_seq) = (owner.next_rows(count), owner.state.next_seq);
        let batch = Batch { names: &owner.names, rows: &rows, first_seq, counters: None, now_ns };
        owner.writer.append(&batch).unwrap();
        owner.writer.absorb_into(&mut owner.state, &rows);
        if count != 5 {
            assert!(owner.seal(Seal::All));
            assert_eq!(read(&storage, &root(), 0), life(0..first_seq + count, 0));
        }
    }
    assert!(owner.merge(&EAGER));
    assert_eq!(read(&storage, &root(), 0), life(0..19, 0));
    let joined = owner.state.segments[0];
    assert_eq!((joined.first_arrival_ns, joined.last_arrival_ns), (3, 90_000_000_000));
}

#[test]
fn what_is_left_of_a_block_is_kept() {
    // Promise: rows whose frames can still be read go to the new head, though others beside them
    // are gone.
    let memory = kronicler_store::Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    // All names come with the first rows.
    let ends = [5, 1, 2].map(|count| {
        owner.append(count);
        usize::try_from(owner.state.offset).unwrap()
    });
    memory.tamper(owner.writer.path(), |bytes| bytes[ends[0]..ends[1]].fill(0)).unwrap();
    owner.rotate();
    assert_eq!(read(&storage, &root(), 0), [life(0..5, 0), life(6..8, 0)].concat());
    assert_eq!((owner.state.quarantined(), owner.state.next_seq), (1, 8));
}

#[test]
fn a_head_that_was_replaced_but_not_removed_is_left() {
    // Promise: who follows a head goes on to the newer one, though removing the old one has failed.
    let storage: Arc<dyn Storage> = Arc::new(kronicler_store::Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(10);
    let mut directory = Directory::new(Arc::clone(&storage), root());
    assert_eq!(directory.snapshot(None).unwrap().lanes[0].end_seq(), 10);
    let (path, bytes) = (owner.writer.path().to_owned(), bytes_of(&storage, owner.writer.path()));
    owner.rotate();
    storage.create(&path).unwrap().append(&bytes).unwrap();
    owner.append(5);
    assert_eq!(directory.snapshot(None).unwrap().lanes[0].end_seq(), 15);
}
