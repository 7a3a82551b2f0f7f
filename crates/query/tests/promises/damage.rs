//! Logs that change or vanish after a snapshot was taken.

use std::sync::Arc;

use kronicler_format::{Kind, Outcome};
use kronicler_query::{
    Fetched, Filter, RowStream, exact_percentiles, fetch, newest, percentiles, slowest, stats,
};
use kronicler_store::{Block, Directory, Memory, RowId, Snapshot, Storage, head_path, lane_dir};

use crate::checks::{check, check_all};
use crate::model::{Call, NAMES, Writer, call_of, with_ids};
use crate::world::{Process, lane_of_blocks, root};

/// Four blocks of ten calls, each of a later time than the one before.
fn sessions() -> Vec<Vec<Call>> {
    let call = |index: u64| Call {
        id: RowId::new(0, 0),
        name: NAMES[usize::from(index.is_multiple_of(3))],
        outcome: Outcome::Ok,
        kind: Kind::Async,
        thread: 0,
        end_ns: 1_000_000 + index.cast_signed(),
        duration_ns: 1 + index % 10,
        weight: 1,
        writer: Writer::default(),
    };
    let lane = (0..4).map(|block| (block * 10..block * 10 + 10).map(call).collect()).collect();
    with_ids(vec![lane]).remove(0)
}

/// A filter that totals cannot answer.
fn by_rows() -> Filter {
    Filter { min_duration_ns: 1, ..Filter::default() }
}

fn database() -> (Memory, Arc<dyn Storage>, Snapshot, Vec<Call>) {
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    lane_of_blocks(&storage, &sessions());
    let snapshot = Directory::new(Arc::clone(&storage), root()).snapshot(None).expect("it is read");
    assert_eq!(snapshot.lanes[0].state.blocks().count(), 4);
    (memory, storage, snapshot, sessions().concat())
}

fn head() -> std::path::PathBuf {
    head_path(&lane_dir(&root(), 0), 1)
}

fn streamed(mut stream: RowStream, count: usize) -> (Vec<Call>, bool) {
    let mut calls = Vec::new();
    while let Some(batch) = stream.next_batch(count).expect("a damaged block is no error") {
        calls.extend(batch.iter().map(|row| call_of(&row)));
    }
    (calls, stream.is_partial())
}

#[test]
fn a_block_that_changed_is_left_out_and_told() {
    // Promise: whatever was damaged after the snapshot is missing, never wrong, and answers say
    // `partial`; the rest answers.
    let (memory, _, snapshot, all) = database();
    for (hit, block) in snapshot.lanes[0].state.blocks().enumerate() {
        let at = usize::try_from(block.offset).unwrap() + 15;
        memory.tamper(&head(), |bytes| bytes[at] ^= 1).unwrap();
        let lost = hit * 10..hit * 10 + 10;
        let rest: Vec<Call> = [&all[..lost.start], &all[lost.end..]].concat();

        let answer = stats(&snapshot, &by_rows()).unwrap();
        let count: u64 = answer.value.iter().map(|function| function.moments.count()).sum();
        assert_eq!((count, answer.is_partial), (30, true));
        let answer = exact_percentiles(&snapshot, &by_rows(), &[0.5]).unwrap();
        assert_eq!((answer.value, answer.is_partial), (Some(vec![5]), true));
        assert!(percentiles(&snapshot, &by_rows(), &[0.5]).unwrap().is_partial);
        let answer = slowest(&snapshot, &by_rows(), 100).unwrap();
        assert_eq!((answer.value.len(), answer.is_partial), (30, true));
        let answer = newest(&snapshot, &Filter::default(), 100).unwrap();
        assert_eq!((answer.value.len(), answer.is_partial), (30, true));
        for count in [1, 10, 11, 1_000] {
            let stream = RowStream::new(snapshot.clone(), Filter::default());
            assert_eq!(streamed(stream, count), (rest.clone(), true), "batches of {count}");
        }
        for call in &all {
            let found = fetch(&snapshot, call.id).unwrap();
            let is_there = rest.contains(call);
            assert_eq!(found.is_partial, !is_there);
            assert_eq!(found.value.found().is_some(), is_there);
        }
        assert!(!stats(&snapshot, &Filter::default()).unwrap().is_partial, "totals know them all");
        memory.tamper(&head(), |bytes| bytes[at] ^= 1).unwrap();
    }
    check(&snapshot, &all, &by_rows(), "mended");
    check_all(&snapshot, &all, "mended");
}

#[test]
fn every_flipped_byte_of_a_log_gives_right_rows_or_none() {
    // Promise: no wrong number comes out of a log that changes under a snapshot.
    let (memory, _, snapshot, all) = database();
    let blocks: Vec<Block> = snapshot.lanes[0].state.blocks().copied().collect();
    let (first, last) = (blocks[0], blocks[3]);
    for at in first.offset..last.offset + u64::from(last.size_bytes) {
        let at = usize::try_from(at).unwrap();
        memory.tamper(&head(), |bytes| bytes[at] ^= 0x20).unwrap();
        let (calls, is_partial) = streamed(RowStream::new(snapshot.clone(), by_rows()), 1_000);
        assert!(calls.iter().all(|call| all.contains(call)), "byte {at}");
        assert_eq!(is_partial, calls.len() < all.len(), "byte {at}");
        assert!(calls.len() >= 30, "byte {at}");
        memory.tamper(&head(), |bytes| bytes[at] ^= 0x20).unwrap();
    }
}

#[test]
fn rows_damaged_before_the_snapshot_make_every_answer_partial() {
    // Promise: answers that lack stored rows say so, those from totals as well.
    let (memory, storage, snapshot, all) = database();
    let at = usize::try_from(snapshot.lanes[0].state.blocks().nth(1).unwrap().offset).unwrap() + 15;
    memory.tamper(&head(), |bytes| bytes[at] ^= 1).unwrap();
    let snapshot = Directory::new(storage, root()).snapshot(None).unwrap();
    assert!(snapshot.is_partial());
    let answer = stats(&snapshot, &Filter::default()).unwrap();
    let count: u64 = answer.value.iter().map(|function| function.moments.count()).sum();
    assert_eq!((count, answer.is_partial), (30, true));
    assert!(percentiles(&snapshot, &Filter::default(), &[0.5]).unwrap().is_partial);
    let stream = RowStream::new(snapshot.clone(), Filter::default());
    assert_eq!(streamed(stream, 7), ([&all[..10], &all[20..]].concat(), true));
    assert_eq!(fetch(&snapshot, all[12].id).unwrap().value, Fetched::Damaged);
    let found = fetch(&snapshot, all[22].id).unwrap();
    assert_eq!(found.value.found().map(|row| call_of(&row)), Some(all[22].clone()));
    assert!(!found.is_partial, "the row is there");
}

#[test]
fn a_log_removed_during_a_stream_ends_its_lane_only() {
    // Promise: clear() by another process is no error for who reads; other lanes go on.
    let (_, storage, _, all) = database();
    let mut first = Process::open(&storage, &root());
    let mut second = Process::open(&storage, &root());
    let mut others = all[..5].to_vec();
    others.iter_mut().for_each(|call| call.id = RowId::new(1, call.id.seq()));
    second.log(&others);
    let snapshot = Directory::new(Arc::clone(&storage), root()).snapshot(None).unwrap();
    let mut stream = RowStream::new(snapshot.clone(), Filter::default());
    let begin = stream.next_batch(10).unwrap().unwrap();
    assert_eq!((begin.len(), stream.is_partial()), (10, false));

    first.writer.clear(kronicler_format::Run::default()).unwrap();
    assert_eq!(streamed(stream, 10), (others, true));
    let answer = stats(&snapshot, &by_rows()).unwrap();
    assert!(answer.is_partial);
    assert!(answer.is_stale, "a new snapshot knows better");
    assert!(slowest(&snapshot, &by_rows(), 3).unwrap().is_stale);
    assert!(!slowest(&snapshot, &Filter::default(), 3).unwrap().is_partial, "totals know them");
    let answer = fetch(&snapshot, all[3].id).unwrap();
    assert_eq!((answer.value, answer.is_stale), (Fetched::Damaged, true));
    let fresh = Directory::new(storage, root()).snapshot(None).unwrap();
    assert!(!fresh.is_partial());
    assert_eq!(fetch(&fresh, all[3].id).unwrap().value, Fetched::Unknown);
}
