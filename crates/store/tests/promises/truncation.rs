//! A head log that ends anywhere.

use kronicler_format::FrameKind;
use kronicler_store::{Directory, LaneReader};

use crate::world::{
    FRAMES_AT, Owner, bytes_of, disk_with, first_head, frames_of, life, read, root, rows_of,
    small_log,
};

/// Rows of a log cut to this length, by its frames alone.
fn rows_before(bytes: &[u8], cut: usize) -> u64 {
    let whole = frames_of(bytes).into_iter().filter(|frame| frame.end <= cut);
    whole.filter_map(|frame| frame.rows).map(|(first, count)| first + count).max().unwrap_or(0)
}

#[test]
fn rows_before_a_cut_are_read_and_the_lane_goes_on_behind_it() {
    // Promise: a torn tail costs no row whose frame is whole, ids go on, both sides can be read.
    let bytes = small_log(true);
    for cut in 0..=bytes.len() {
        let storage = disk_with(&bytes[..cut]);
        let kept = rows_before(&bytes, cut);
        assert_eq!(read(&storage, &root(), 0), life(0..kept, 0), "cut at {cut}");
        let early = LaneReader::open(&storage, &root(), 0).unwrap();

        let mut owner = Owner::open(&storage, &root(), 1);
        assert_eq!((owner.writer.lane(), owner.state.next_seq), (0, kept), "cut at {cut}");
        owner.append(5);
        owner.append(6);
        let path = owner.writer.path().to_owned();
        owner.close();

        let expected = [life(0..kept, 0), life(kept..kept + 11, 1)].concat();
        assert_eq!(read(&storage, &root(), 0), expected, "cut at {cut}");
        if let Some(mut early) = early {
            assert!(early.refresh().unwrap());
            assert_eq!(rows_of(&storage, &early), expected, "cut at {cut}, by a follower");
            assert_eq!(early.state().quarantined(), 0);
        }
        assert_eq!(path == first_head(), cut >= ready_at(&bytes), "cut at {cut}");
    }
}

fn ready_at(bytes: &[u8]) -> usize {
    let frames = frames_of(bytes);
    let ready = frames.iter().find(|frame| frame.kind == Some(FrameKind::Ready));
    ready.map_or(FRAMES_AT, |frame| frame.end)
}

#[test]
fn a_log_torn_again_and_again_keeps_what_was_whole() {
    // Promise: crash after crash, each torn tail is passed over and no whole frame is lost.
    let mut bytes = small_log(false);
    let mut expected = life(0..60, 0);
    for crash in 1..30_u64 {
        let torn = bytes.len() - usize::try_from(crash % 13).unwrap();
        let kept = rows_before_any(&bytes, torn);
        expected.truncate(usize::try_from(kept).unwrap());
        let storage = disk_with(&bytes[..torn]);
        let mut owner = Owner::open(&storage, &root(), crash);
        assert_eq!(owner.state.next_seq, kept, "crash {crash}");
        owner.append(1 + crash % 4);
        expected.extend(life(kept..owner.state.next_seq, crash));
        assert_eq!(read(&storage, &root(), 0), expected, "crash {crash}");
        bytes = bytes_of(&storage, &first_head());
    }
}

/// Rows of a log with torn places, cut to this length, as a reader sees them.
fn rows_before_any(bytes: &[u8], cut: usize) -> u64 {
    let rows = read(&disk_with(&bytes[..cut]), &root(), 0);
    rows.last().map_or(0, |(seq, _)| seq + 1)
}

#[test]
fn a_cut_while_a_reader_follows_shows_the_rows_that_are_left() {
    // Promise: a log that became shorter, or another log in its place, is read anew.
    let bytes = small_log(true);
    let storage = disk_with(&bytes);
    let mut directory = Directory::new(storage.clone(), root());
    assert_eq!(directory.snapshot(None).unwrap().lanes[0].end_seq(), 60);
    storage.remove(&first_head()).unwrap();
    storage.create(&first_head()).unwrap().append(&bytes[..bytes.len() / 2]).unwrap();
    let kept = rows_before(&bytes, bytes.len() / 2);
    assert_eq!(directory.snapshot(None).unwrap().lanes[0].end_seq(), kept);

    storage.remove(&first_head()).unwrap();
    let other = small_log(false);
    storage.create(&first_head()).unwrap().append(&other).unwrap();
    assert_eq!(directory.snapshot(None).unwrap().lanes[0].end_seq(), 60);
}
