//! Bytes that changed behind the store's back.

use std::sync::Arc;

use kronicler_format::{FrameKind, header_check, limits::PAYLOAD_SIZE_BYTES_MAX};
use kronicler_store::{Damage, Directory, LaneReader, Memory, Storage};
use proptest::prelude::*;

use crate::world::{
    FRAMES_AT, FoundFrame, Known, Owner, bytes_of, disk_with, first_head, frames_of, known, life,
    read, root, rows_of, small_log,
};

/// Asserts that every row is the known one; returns how many of the first `count` are missing.
fn missing(rows: &[(u64, Known)], count: u64) -> u64 {
    for (seq, row) in rows {
        assert_eq!(*row, known(*seq, 0), "row {seq} is the one that was stored");
    }
    assert!(rows.is_sorted_by(|left, right| left.0 < right.0), "no row comes twice");
    count - rows.len() as u64
}

/// How many rows a change of the byte at `at` may cost: those of the frame that holds it.
fn may_miss(bytes: &[u8], at: usize) -> u64 {
    let hit = frames_of(bytes).into_iter().find(|frame| (frame.at..frame.end).contains(&at));
    hit.and_then(|frame| frame.rows).map_or(0, |(_, count)| count)
}

fn check_changed(bytes: &[u8], at: usize, value: u8) {
    let mut changed = bytes.to_vec();
    changed[at] = value;
    let storage = disk_with(&changed);
    let reader = LaneReader::open(&storage, &root(), 0).expect("damage is no error");
    let reader = reader.expect("the log is still read");
    let lost = missing(&rows_of(&storage, &reader), 60);
    let expected = may_miss(bytes, at);
    assert_eq!(lost, expected, "byte {at} as {value}: only the frame hit is missing");
    assert_eq!(reader.state().quarantined(), lost, "byte {at} as {value}: what is lost is counted");
    if value == bytes[at] ^ 1 {
        let snapshot = Directory::new(storage, root()).snapshot(None).expect("it can be read");
        // What the last frame held can only be guessed: no sequence behind it tells.
        let is_last = frames_of(bytes).last().is_some_and(|frame| at >= frame.at);
        assert!(snapshot.is_partial() == (lost > 0) || is_last, "byte {at} as {value}");
    }
}

#[test]
fn every_flipped_bit_costs_the_frame_it_hits_at_most() {
    // Promise: bytes from disk are never trusted; a damaged frame is set aside and counted.
    let bytes = small_log(true);
    for at in 0..bytes.len() {
        let mut values: Vec<u8> = (0..8).map(|bit| bytes[at] ^ 1 << bit).collect();
        values.extend([0, 0xff, !bytes[at], b'K', b'R'].into_iter().filter(|&v| v != bytes[at]));
        values.into_iter().for_each(|value| check_changed(&bytes, at, value));
    }
}

#[test]
fn a_writer_goes_on_in_a_damaged_log() {
    // Promise: after any flipped byte ids are not used again, and what follows is stored.
    let bytes = small_log(true);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        let storage = disk_with(&changed);
        let mut owner = Owner::open(&storage, &root(), 0);
        assert_eq!(owner.writer.path(), first_head(), "byte {at}: the log is kept");
        let is_closed_hit =
            frames_of(&bytes).last().is_some_and(|closed| (closed.at..closed.end).contains(&at));
        assert_eq!(owner.state.counters.lost_at_most > 0, is_closed_hit, "byte {at}");
        assert_eq!(owner.state.next_seq, 60, "byte {at}");
        owner.append(9);
        owner.close();
        let lost = missing(&read(&storage, &root(), 0), 69);
        assert_eq!(lost, may_miss(&bytes, at), "byte {at}");
    }
}

#[test]
fn damage_in_the_last_frame_of_a_crashed_run_is_counted_once_the_next_has_begun() {
    // Promise: a frame that was read by the next run and is damaged later does not go unnoticed.
    let storage = disk_with(&small_log(false));
    let next = Owner::open(&storage, &root(), 1);
    assert_eq!(next.state.runs[1].first_seq, 60);
    let mut bytes = bytes_of(&storage, &first_head());
    let rows = frames_of(&bytes).into_iter().rfind(|frame| frame.rows.is_some()).unwrap();
    bytes[rows.end - 1] ^= 1;
    let reader = LaneReader::open(&disk_with(&bytes), &root(), 0).unwrap().unwrap();
    assert_eq!(reader.state().quarantined(), rows.rows.unwrap().1);
    assert_eq!(reader.state().next_seq, 60);
}

#[test]
fn a_crash_after_a_damaged_start_is_no_clean_end() {
    // Promise: a run whose first frame is damaged and that did not close counts as lost at most.
    let storage = disk_with(&small_log(true));
    let mut owner = Owner::open(&storage, &root(), 1);
    owner.append(4);
    drop(owner);
    let mut bytes = bytes_of(&storage, &first_head());
    let frames = frames_of(&bytes);
    let closed = frames.iter().find(|frame| frame.kind == Some(FrameKind::Closed)).unwrap();
    let rows = frames.iter().rfind(|frame| frame.rows.is_some()).unwrap();
    let runs = frames.iter().filter(|frame| frame.at > closed.at && frame.at < rows.at);
    for run in runs.filter(|frame| frame.kind == Some(FrameKind::Run)) {
        bytes[run.end - 1] ^= 1;
    }
    let owner = Owner::open(&disk_with(&bytes), &root(), 2);
    assert_eq!(owner.state.counters.lost_at_most, 1_000);
}

#[test]
fn a_large_log_loses_one_frame_to_a_flipped_byte() {
    // Promise: the same for full frames, and buffers that a log does not fit into.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(30_000);
    owner.append(500);
    owner.close();
    let bytes = bytes_of(&storage, &first_head());
    for step in 1..24 {
        let at = FRAMES_AT + (bytes.len() - FRAMES_AT) * step / 24;
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (step % 8);
        let reader = LaneReader::open(&disk_with(&changed), &root(), 0).unwrap().unwrap();
        let lost = missing(&rows_of(&disk_with(&changed), &reader), 30_500);
        assert_eq!((lost, reader.state().quarantined()), (may_miss(&bytes, at), lost), "byte {at}");
    }
}

#[test]
fn more_garbage_than_a_buffer_holds_is_passed_over() {
    // Promise: good frames are found behind any amount of garbage, full of false marks or not.
    for (index, garbage) in [vec![0; 5 << 20], b"KRxy".repeat(1 << 20)].into_iter().enumerate() {
        let storage = disk_with(&small_log(false));
        storage.open_append(&first_head()).unwrap().append(&garbage).unwrap();
        let mut follower = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
        let mut owner = Owner::open(&storage, &root(), 1);
        owner.append(7);
        owner.append(50);
        owner.close();
        let expected = [life(0..60, 0), life(60..117, 1)].concat();
        assert_eq!(read(&storage, &root(), 0), expected, "garbage {index}");
        assert!(follower.refresh().unwrap());
        assert_eq!(rows_of(&storage, &follower), expected, "garbage {index}");
        assert_eq!(follower.state().quarantined(), 0);
        assert_eq!(follower.state().damage.bytes, garbage.len() as u64);
    }
}

/// What a reader that has just come says is damaged.
fn damage_of(bytes: &[u8]) -> Damage {
    let reader = LaneReader::open(&disk_with(bytes), &root(), 0).expect("damage is no error");
    reader.expect("the log is still read").state().damage
}

#[test]
fn a_tail_that_no_crash_leaves_is_told() {
    // Promise: rows that stand behind lost or foreign bytes, so that no frame is in its place any
    // more, do not go missing silently; what a crash leaves behind is no damage.
    let whole = small_log(true);
    let frames = frames_of(&whole);
    for FoundFrame { at, end, .. } in &frames[4..frames.len() - 1] {
        let without = [&whole[..*at], &whole[*end..]].concat();
        assert_eq!(damage_of(&without).tail_bytes, (without.len() - at) as u64);
        let twice = [&whole[..*end], &whole[*at..]].concat();
        assert_eq!(damage_of(&twice).tail_bytes, (twice.len() - end) as u64);
        assert!(damage_of(&twice).tail_bytes > 0);
    }
    for len in frames[3].end..whole.len() {
        assert_eq!(damage_of(&whole[..len]), Damage::default(), "cut at {len}");
    }
    assert_eq!(damage_of(&[&whole[..], &[0; 5_000]].concat()), Damage::default());

    let storage = disk_with(&[&whole[..], b"garbage"].concat());
    let mut reader = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
    assert_eq!(reader.state().damage.tail_bytes, 7);
    Owner::open(&storage, &root(), 0).close();
    assert!(reader.refresh().unwrap());
    let damage = Damage { bytes: 7, ..Damage::default() };
    assert_eq!(reader.state().damage, damage, "passed over by who writes behind it");
}

#[test]
fn false_frames_take_no_more_time_than_other_bytes() {
    // Promise: a log full of marks that each claim a megabyte is read within seconds, not hours,
    // and what stands behind them is found.
    let mut bytes = small_log(true);
    let size = u32::try_from(PAYLOAD_SIZE_BYTES_MAX - 100).unwrap();
    let check = header_check(4, size);
    let mark = [&[b'K', b'R', 4, check], &size.to_le_bytes()[..], b"...."].concat();
    bytes.extend(mark.repeat((4 << 20) / mark.len()));
    let storage = disk_with(&bytes);
    Owner::open(&storage, &root(), 0).append(5);
    assert_eq!(read(&storage, &root(), 0), life(0..65, 0));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]
    #[test]
    fn whatever_happens_to_a_stretch_of_a_log_no_wrong_row_comes_back(
        place in 0.0..1.0_f64,
        junk in prop_oneof![
            prop::collection::vec(any::<u8>(), 1..300),
            (1..600_usize).prop_map(|len| vec![0; len]),
        ],
        is_inserted: bool,
    ) {
        // Promise: overwritten or inserted bytes give missing rows at worst, never wrong ones, and
        // a writer goes on behind them.
        let bytes = small_log(true);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the log")]
        let at = (place * bytes.len() as f64) as usize;
        let behind = if is_inserted { at } else { bytes.len().min(at + junk.len()) };
        let changed = [&bytes[..at], &junk, &bytes[behind..]].concat();
        let storage = disk_with(&changed);
        let reader = match LaneReader::open(&storage, &root(), 0) {
            Ok(reader) => reader,
            Err(error) => {
                // Both headers seem to be of a newer format: refused, neither read nor changed.
                prop_assert!(at < FRAMES_AT && error.to_string().contains("use a newer kr"));
                return Ok(());
            }
        };
        if let Some(reader) = reader {
            let lost = missing(&rows_of(&storage, &reader), 60);
            prop_assert!(reader.state().quarantined() <= lost);
        }
        let mut owner = Owner::open(&storage, &root(), 0);
        let first_seq = owner.state.next_seq;
        owner.append(4);
        let lane = read(&storage, &root(), 0);
        let new = lane.iter().filter(|(seq, _)| *seq >= first_seq).count();
        prop_assert_eq!(new, 4);
    }
}
