//! Details of rows: they go where their rows go, and are never those of others.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use kronicler_format::{FrameKind, RowDetail};
use kronicler_store::{
    Catalog, Directory, FileKind, LaneView, Memory, Opened, Seal, Snapshot, Storage, file_path,
    lane_dir,
};

use crate::sealing::EAGER;
use crate::world::{Owner, bytes_of, first_head, frames_of, read, root};

/// What is told of a row: nobody else's detail looks like that.
fn text(seq: u64) -> String {
    format!("of row {seq}").repeat(1 + usize::from(seq.is_multiple_of(3)))
}

impl Owner {
    /// Appends details of every n-th of these rows.
    fn tell(&mut self, seqs: Range<u64>, every: u64) {
        let wanted = seqs.filter(|seq| seq.is_multiple_of(every));
        let detail = |seq| RowDetail { seq, bytes: text(seq).as_bytes().into() };
        let details: Vec<RowDetail> = wanted.map(detail).collect();
        self.writer.append_details(&details).expect("there is room");
        self.writer.absorb_into(&mut self.state, &[]);
    }
}

/// The details of a lane by sequence, of sealed rows and of others, as far as they can be read.
fn details_of_view(view: &LaneView) -> BTreeMap<u64, String> {
    let mut all: Vec<RowDetail> = Vec::new();
    for entry in view.state.segments.iter() {
        let Opened::Found(mut segment) = view.segment(entry).expect("it can be read") else {
            continue;
        };
        for index in 0..segment.footer().chunks.len() {
            let mut chunk = segment.chunk(index).expect("it can be read").expect("it is whole");
            all.extend(chunk.details().expect("it can be read").unwrap_or_default());
        }
    }
    let unsealed = view.state.sealed_seq..view.end_seq();
    all.extend(view.unsealed_details(unsealed).expect("it can be read").expect("the log is there"));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it can be read");
    all.iter().map(|detail| (detail.seq, text(&detail.bytes))).collect()
}

fn snapshot(storage: &Arc<dyn Storage>) -> Snapshot {
    Directory::new(Arc::clone(storage), root()).snapshot(None).expect("it can be read")
}

fn details(storage: &Arc<dyn Storage>) -> BTreeMap<u64, String> {
    details_of_view(&snapshot(storage).lanes[0])
}

fn expected(end_seq: u64, every: u64) -> BTreeMap<u64, String> {
    (0..end_seq).filter(|seq| seq.is_multiple_of(every)).map(|seq| (seq, text(seq))).collect()
}

#[test]
fn details_stay_with_their_rows_wherever_these_lie() {
    // Promise: sealing, rotating, joining, and an owner that died without a word, lose no detail.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    let check = |owner: &Owner| {
        assert_eq!(details(&storage), expected(owner.state.next_seq, 7));
        let catalog = Catalog::new(Arc::clone(&storage), 1 << 20);
        let path = owner.writer.path().to_owned();
        let own = LaneView::new(catalog, path, owner.state.clone(), Arc::default());
        assert_eq!(details_of_view(&own), expected(owner.state.next_seq, 7));
    };
    let mut from = 0;
    for count in [70_000, 3, 65_530, 9_000] {
        owner.append(count);
        owner.tell(from..from + count, 7);
        from += count;
    }
    check(&owner);
    assert!(owner.seal(Seal::Full));
    check(&owner);
    owner.rotate();
    check(&owner);
    assert!(owner.seal(Seal::All));
    assert!(owner.state.details.is_empty(), "nobody looks for sealed rows in the log");
    for count in [10, 20, 30] {
        owner.append(count);
        owner.tell(from..from + count, 7);
        from += count;
        assert!(owner.seal(Seal::All));
    }
    assert!(owner.merge(&EAGER));
    check(&owner);
    owner.append(100);
    owner.tell(from..from + 100, 7);
    drop(owner);
    let owner = Owner::open(&storage, &root(), 1);
    check(&owner);
    let report = kronicler_store::verify(&storage, &root()).unwrap();
    assert!(report.is_whole(), "{report:?}");
}

#[test]
fn details_of_rows_that_a_crash_took_are_not_those_of_later_ones() {
    // Promise: a sequence that is given again has no detail of the row that had it before.
    let memory = Arc::new(Memory::default());
    let storage: Arc<dyn Storage> = Arc::<Memory>::clone(&memory);
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(10);
    owner.tell(0..10, 1);
    owner.append(10);
    owner.tell(10..20, 1);
    drop(owner);
    // What a disk may do: the last rows were not written, what stands behind them was.
    let frames = frames_of(&bytes_of(&storage, &first_head()));
    let rows = frames.iter().rfind(|frame| frame.kind == Some(FrameKind::Rows)).unwrap();
    let lost = rows.at..rows.end;
    memory.tamper(&first_head(), |bytes| bytes[lost].fill(0)).unwrap();
    let mut owner = Owner::open(&storage, &root(), 1);
    owner.append(5);
    assert_eq!(owner.state.next_seq, 15, "their sequences are given again");
    assert_eq!(details(&storage), expected(10, 1));
    owner.rotate();
    assert_eq!(details(&storage), expected(10, 1));
    assert!(owner.seal(Seal::All));
    assert_eq!(details(&storage), expected(10, 1));
}

#[test]
fn damaged_details_cost_no_row() {
    // Promise: whatever happens to a detail, all rows are there, and a flipped bit is told.
    let memory = Arc::new(Memory::default());
    let storage: Arc<dyn Storage> = Arc::<Memory>::clone(&memory);
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(50);
    owner.tell(0..50, 5);
    assert!(owner.seal(Seal::All));
    owner.close();
    let id = snapshot(&storage).lanes[0].state.segments[0].id;
    let path = file_path(&lane_dir(&root(), 0), FileKind::Segment, id);
    let needle = text(5).into_bytes();
    memory
        .tamper(&path, |bytes| {
            let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
            bytes[at] ^= 1;
        })
        .unwrap();
    assert_eq!(read(&storage, &root(), 0).len(), 50);
    assert_eq!(details(&storage), BTreeMap::new());
    let report = kronicler_store::verify(&storage, &root()).unwrap();
    assert!(!report.is_whole());
}
