//! Frames with a right checksum and a content that no writer of ours makes.

use kronicler_format::varint::put_u64;
use kronicler_format::{FrameKind, FrameSeed, Head, encode_frame};
use kronicler_store::{LaneReader, LaneState};
use proptest::prelude::*;

use crate::world::{Owner, disk_with, first_head, life, root, rows_of, small_log};

const KINDS: [FrameKind; 9] = [
    FrameKind::Checkpoint,
    FrameKind::Run,
    FrameKind::Names,
    FrameKind::Rows,
    FrameKind::Counters,
    FrameKind::Ready,
    FrameKind::Closed,
    FrameKind::Detail,
    FrameKind::Hooks,
];

/// A small log with frames of these payloads behind it.
fn log_with(frames: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = small_log(false);
    let seed = FrameSeed::new(&Head::decode(&bytes).expect("the header is whole").uuid);
    for (kind, payload) in frames {
        let (offset, kind) = (bytes.len() as u64, KINDS[kind % KINDS.len()]);
        encode_frame(&mut bytes, seed, offset, kind, |out| out.extend(payload)).expect("it fits");
    }
    bytes
}

fn varints(numbers: &[u64]) -> Vec<u8> {
    let mut payload = Vec::new();
    numbers.iter().for_each(|&number| put_u64(&mut payload, number));
    payload
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(500)
    })]
    #[test]
    fn any_payload_is_taken_or_set_aside(
        frames in prop::collection::vec((0..7_usize, prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            prop::collection::vec(prop_oneof![0..4_u64, any::<u64>()], 0..16)
                .prop_map(|numbers| varints(&numbers)),
        ]), 1..5),
    ) {
        // Promise: nothing that stands in a file makes the store panic or forget what it had.
        let storage = disk_with(&log_with(&frames));
        let reader = LaneReader::open(&storage, &root(), 0).expect("it is no error");
        let reader = reader.expect("the log is there");
        let state: &LaneState = reader.state();
        prop_assert_eq!(state.head.generation, 1);
        let rows = rows_of_any(&storage, &reader);
        prop_assert!(rows.len() >= 60);
        let next_seq = state.next_seq;
        let owner = Owner::open(&storage, &root(), 1);
        prop_assert_eq!(owner.state.next_seq, next_seq);
    }
}

/// Sequences of all rows: forged ones resolve to no known row.
fn rows_of_any(
    storage: &std::sync::Arc<dyn kronicler_store::Storage>,
    reader: &LaneReader,
) -> Vec<u64> {
    rows_of(storage, reader).into_iter().map(|(seq, _)| seq).collect()
}

#[test]
fn sequences_that_no_id_can_hold_are_refused() {
    // Promise: an id stays below 2^53, so a sequence beyond 43 bits is damage.
    for first_seq in [1 << 43, (1 << 43) - 1, u64::MAX, u64::MAX - 1] {
        let two_rows = [first_seq, 0, 1, 0, 2, 0, 0, 5, 0, 0, 5];
        let frames = [
            (3, varints(&two_rows)),
            (6, varints(&[first_seq + u64::from(first_seq < 1 << 43) * 2])),
        ];
        let storage = disk_with(&log_with(&frames));
        let mut owner = Owner::open(&storage, &root(), 1);
        assert_eq!(owner.state.next_seq, 60, "{first_seq}");
        owner.append(5);
        let reader = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
        assert_eq!(rows_of(&storage, &reader), [life(0..60, 0), life(60..65, 1)].concat());
        assert_eq!(reader.path(), first_head());
    }
}

#[test]
fn rows_that_are_known_already_are_passed_over() {
    // Promise: a frame that comes twice adds no row, and does not hide those around it.
    let again = [0, 0, 1, 0, 2, 0, 0, 5, 0, 0, 5];
    let overlapping = [59, 0, 1, 0, 2, 0, 0, 5, 0, 0, 5];
    let storage = disk_with(&log_with(&[(3, varints(&again)), (3, varints(&overlapping))]));
    let mut owner = Owner::open(&storage, &root(), 1);
    owner.append(5);
    let reader = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
    assert_eq!(rows_of(&storage, &reader), [life(0..60, 0), life(60..65, 1)].concat());
    assert_eq!(reader.state().quarantined(), 0);
}
