//! Head logs that are not complete, not readable, of a later format, or no head logs at all.

use std::sync::Arc;

use kronicler_format::{FormatError, HEAD_SIZE_BYTES, Head};
use kronicler_store::{
    Directory, LaneReader, LaneWriter, Memory, Storage, StoreError, head_path, lane_dir, list_lanes,
};

use crate::world::{
    FRAMES_AT, FoundFrame, Owner, bytes_of, disk_with, first_head, frames_of, life, read, root,
    rows_of, run, small_log,
};

fn put(storage: &Arc<dyn Storage>, generation: u64, bytes: &[u8]) {
    let path = head_path(&lane_dir(&root(), 0), generation);
    let file = storage.create(&path).expect("memory has files");
    file.append(bytes).expect("memory has room");
}

/// A head of this generation without the frame that says it is complete.
fn unfinished(generation: u64) -> Vec<u8> {
    let head = Head { lane: 0, uuid: [9; 16], generation, created_ns: 0, first_seq: 0 };
    head.encode().repeat(2)
}

/// The same log as one that a later program wrote.
fn of_later_format(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    for copy in [0, HEAD_SIZE_BYTES] {
        bytes[copy + at] += 1;
        let crc = crc32c(&bytes[copy..copy + 60]);
        bytes[copy + 60..copy + 64].copy_from_slice(&crc.to_le_bytes());
    }
    bytes
}

/// CRC-32C bit by bit, as its definition has it: polynomial 0x1edc6f41, reflected.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1)))
    })
}

#[test]
fn checksums_are_what_the_format_says() {
    // Promise: a stranger can check every frame by docs/format.md alone.
    let bytes = small_log(true);
    assert_eq!(bytes[..HEAD_SIZE_BYTES], bytes[HEAD_SIZE_BYTES..FRAMES_AT]);
    for header in bytes[..FRAMES_AT].chunks(HEAD_SIZE_BYTES) {
        assert_eq!(crc32c(&header[..60]).to_le_bytes(), header[60..]);
    }
    for FoundFrame { at, end, .. } in frames_of(&bytes) {
        let offset = (at as u64).to_le_bytes();
        let frame = &bytes[at..end];
        let covered = [&bytes[16..32], &offset, &frame[..8], &frame[12..]].concat();
        assert_eq!(crc32c(&covered).to_le_bytes(), frame[8..12], "frame at {at}");
        assert_eq!(&frame[..2], b"KR");
    }
}

#[test]
fn a_head_that_is_not_complete_is_ignored_and_replaced() {
    // Promise: a process that died while it made a head leaves nothing that anybody trips over.
    let bytes = small_log(true);
    let zeros = vec![0; 200];
    for torn in [&[][..], b"KRONH", &unfinished(2)[..100], &unfinished(2), &zeros] {
        let storage = disk_with(&bytes);
        put(&storage, 2, torn);
        assert_eq!(read(&storage, &root(), 0), life(0..60, 0));
        let snapshot = Directory::new(Arc::clone(&storage), root()).snapshot(None).unwrap();
        assert!(!snapshot.is_partial());
        let owner = Owner::open(&storage, &root(), 1);
        assert_eq!((owner.writer.path(), owner.state.next_seq), (&*first_head(), 60));
        assert!(!storage.list(&lane_dir(&root(), 0)).unwrap().contains(&"head-0000000002".into()));

        let storage = disk_with(torn);
        let mut owner = Owner::open(&storage, &root(), 1);
        owner.append(3);
        assert_eq!(read(&storage, &root(), 0), life(0..3, 1));
        assert!(storage.open(&first_head()).is_err(), "replaced");
    }
}

#[test]
fn a_newer_format_is_refused_with_the_remedy() {
    // Promise: what this program cannot read it neither misreads nor overwrites.
    for at in [8, 10] {
        let bytes = of_later_format(small_log(true), at);
        for first_copy_damaged in [false, true] {
            let mut bytes = bytes.clone();
            bytes[3] ^= u8::from(first_copy_damaged);
            let storage = disk_with(&bytes);
            let refused = [
                LaneReader::open(&storage, &root(), 0).map(|_| ()),
                LaneWriter::open(&storage, &root(), run(1), 0).map(|_| ()),
                Directory::new(Arc::clone(&storage), root()).snapshot(None).map(|_| ()),
            ];
            for result in refused {
                let error = result.expect_err("it is refused");
                assert!(error.to_string().contains("use a newer kr"), "{error}");
                let StoreError::Damaged { source, .. } = error else { continue };
                assert!(matches!(source, FormatError::Unsupported { .. }));
            }
            assert_eq!(storage.list(&lane_dir(&root(), 0)).unwrap(), ["head-0000000001"]);
        }
    }
    let mut optional = small_log(true);
    optional[12] = 0x80;
    let crc = crc32c(&optional[..60]);
    optional[60..64].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(read(&disk_with(&optional), &root(), 0), life(0..60, 0));
}

#[test]
fn a_head_that_cannot_be_read_is_kept_and_counted() {
    // Promise: when both headers are gone the log is set aside, told, and the lane goes on.
    let mut bytes = small_log(true);
    bytes[20] ^= 1;
    bytes[HEAD_SIZE_BYTES + 20] ^= 1;
    let storage = disk_with(&bytes);
    let is_partial = |storage: &Arc<dyn Storage>| {
        let snapshot = Directory::new(Arc::clone(storage), root()).snapshot(None).unwrap();
        (snapshot.is_partial(), snapshot.unreadable_heads)
    };
    assert_eq!(is_partial(&storage), (true, 1));
    let mut owner = Owner::open(&storage, &root(), 1);
    owner.append(3);
    owner.close();
    assert_eq!(read(&storage, &root(), 0), life(0..3, 1));
    assert_eq!(is_partial(&storage), (true, 1), "still lacking after a writer has come");
    assert!(storage.open(&first_head()).is_ok(), "kept for whoever can mend it");

    let mut owner = Owner::open(&storage, &root(), 2);
    owner.writer.clear(run(1)).unwrap();
    assert_eq!(is_partial(&storage), (false, 0), "cleared means cleared");
    assert!(storage.open(&first_head()).is_err());
}

#[test]
fn a_log_whose_frames_are_out_of_place_is_kept_and_counted() {
    // Promise: a whole log shifted by lost bytes is no leftover of a crash: it is told, and nobody
    // removes it.
    let mut bytes = small_log(true);
    bytes.remove(FRAMES_AT);
    let storage = disk_with(&bytes);
    let snapshot = Directory::new(Arc::clone(&storage), root()).snapshot(None).unwrap();
    assert_eq!((snapshot.lanes.len(), snapshot.unreadable_heads), (0, 1));
    let mut owner = Owner::open(&storage, &root(), 1);
    owner.append(3);
    assert_eq!(read(&storage, &root(), 0), life(0..3, 1));
    assert!(storage.open(&first_head()).is_ok(), "kept for whoever can mend it");
    let snapshot = Directory::new(Arc::clone(&storage), root()).snapshot(None).unwrap();
    assert!(snapshot.is_partial(), "still lacking after a writer has come");
}

#[test]
fn the_log_of_another_lane_is_not_taken_for_ones_own() {
    // Promise: two lanes never answer with the same ids.
    let storage = disk_with(&small_log(true));
    let copy = lane_dir(&root(), 1);
    storage.create_dir(&copy).unwrap();
    storage.create(&head_path(&copy, 1)).unwrap().append(&small_log(true)).unwrap();
    let snapshot = Directory::new(Arc::clone(&storage), root()).snapshot(None).unwrap();
    assert_eq!((snapshot.lanes.len(), snapshot.unreadable_heads), (1, 1));
}

#[test]
fn files_of_other_names_are_ignored() {
    // Promise: what else lies in the directory neither disturbs nor disappears.
    let storage = disk_with(&small_log(true));
    let lane = lane_dir(&root(), 0);
    let in_lane = [
        "head-",
        "head-x",
        "head-3",
        "head-+000000003",
        "head-18446744073709551616",
        "head-99999999999999999999",
        "lock.old",
        "segment-1",
        "history-000000000x",
    ];
    let in_root =
        ["lane-", "lane-1", "lane-+003", "lane-9999", "lane-1024", "notes.txt", "lane-0003"];
    let all = in_lane.map(|name| lane.join(name)).into_iter();
    let all: Vec<_> = all.chain(in_root.map(|name| root().join(name))).collect();
    for path in &all {
        storage.create(path).unwrap().append(b"KRONHEAD garbage").unwrap();
    }
    assert_eq!(list_lanes(&*storage, &root()).unwrap(), [0, 3]);
    let snapshot = Directory::new(Arc::clone(&storage), root()).snapshot(None).unwrap();
    assert_eq!((snapshot.lanes.len(), snapshot.is_partial()), (1, false));
    let mut owner = Owner::open(&storage, &root(), 1);
    assert_eq!(owner.state.next_seq, 60);
    owner.state = owner.writer.clear(run(1)).unwrap();
    assert_eq!(owner.state.head.generation, 2);
    assert!(all.iter().all(|path| storage.open(path).is_ok()));
}

#[test]
fn a_header_alone_holds_no_rows() {
    // Promise: a follower that came before the head was complete sees it once it is.
    let bytes = small_log(true);
    let storage = disk_with(&bytes[..FRAMES_AT]);
    let mut directory = Directory::new(Arc::clone(&storage), root());
    assert!(directory.snapshot(None).unwrap().lanes.is_empty());
    storage.open_append(&first_head()).unwrap().append(&bytes[FRAMES_AT..]).unwrap();
    assert_eq!(directory.snapshot(None).unwrap().lanes[0].end_seq(), 60);
    let reader = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
    assert_eq!(rows_of(&storage, &reader), life(0..60, 0));
}

#[test]
fn a_head_that_was_renamed_keeps_its_rows() {
    // Promise: whatever number somebody gives a head log, who opens the lane removes no row.
    for number in [5, 0] {
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        let mut owner = Owner::open(&storage, &root(), 0);
        owner.append(20);
        owner.rotate();
        let path = owner.writer.path().to_owned();
        owner.close();
        put(&storage, number, &bytes_of(&storage, &path));
        storage.remove(&path).unwrap();
        let mut owner = Owner::open(&storage, &root(), 0);
        owner.append(5);
        assert_eq!(read(&storage, &root(), 0), life(0..25, 0), "head {number}");
        owner.rotate();
        owner.close();
        assert_eq!(read(&storage, &root(), 0), life(0..25, 0), "head {number}");
    }
}
