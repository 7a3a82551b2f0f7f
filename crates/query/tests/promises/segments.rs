//! What questions read of segments, and what becomes of them when segments change or vanish.

use std::sync::Arc;

use kronicler_format::{Kind, Outcome};
use kronicler_query::{
    Answer, Fetched, Filter, Group, GroupBy, GroupStats, Periods, RowStream, ask,
    exact_percentiles, exact_percentiles_by_function, fetch, moments, newest, slowest, stats,
    stats_by,
};
use kronicler_store::{
    Catalog, FileKind, Memory, POOL_SIZE_BYTES, RowId, Seal, Snapshot, Storage, StoreError,
    file_path, lane_dir,
};

use crate::counting::Counting;
use crate::model::{Call, NAMES, Writer, call_of, quantile, wants};
use crate::world::{Process, root};

/// Calls from `first` on; every seventh is of another function, each ends later than the last.
fn calls(first: u64, count: u64) -> Vec<Call> {
    let call = |seq: u64| Call {
        id: RowId::new(0, seq),
        name: NAMES[usize::from(seq.is_multiple_of(7))],
        outcome: if seq.is_multiple_of(10) { Outcome::Error } else { Outcome::Ok },
        kind: Kind::Sync,
        thread: u32::from(seq.is_multiple_of(3)),
        end_ns: 1_000 * seq.cast_signed(),
        duration_ns: 500 + seq * 7_919 % 9_001,
        weight: 1,
        writer: Writer::default(),
    };
    (first..first + count).map(call).collect()
}

fn view(process: &mut Process, catalog: &Arc<Catalog>) -> Snapshot {
    Snapshot { lanes: vec![process.view(catalog, &[])], unreadable_heads: 0, ..Snapshot::default() }
}

fn streamed(mut stream: RowStream, count: usize) -> (Vec<Call>, bool) {
    let mut calls = Vec::new();
    while let Some(batch) = stream.next_batch(count).expect("what is missing is no error") {
        calls.extend(batch.iter().map(|row| call_of(&row)));
    }
    (calls, stream.is_partial())
}

/// Filters that need rows, and one that does not.
fn filters() -> [Filter; 5] {
    [
        Filter::default(),
        Filter::name(NAMES[1]),
        Filter { min_duration_ns: 9_000, ..Filter::default() },
        Filter { since_ns: Some(15_000_000), until_ns: Some(16_000_000), ..Filter::name(NAMES[0]) },
        Filter { since_ns: Some(15_000_000), ..Filter::default() },
    ]
}

#[test]
fn all_pages_come_from_the_pool() {
    // Promise: a page is read and decoded once; while it is kept, whoever asks again reads nothing.
    let counting = Arc::new(Counting::default());
    let counts = Arc::clone(&counting.counts);
    let storage: Arc<dyn Storage> = counting;
    let catalog = Catalog::new(Arc::clone(&storage), POOL_SIZE_BYTES);
    let mut process = Process::open(&storage, &root());
    process.log(&calls(0, 20_000));
    process.seal(Seal::All);
    let snapshot = view(&mut process, &catalog);
    let ask_all = || {
        for filter in filters() {
            stats(&snapshot, &filter).unwrap();
            exact_percentiles(&snapshot, &filter, &[0.5]).unwrap();
            exact_percentiles_by_function(&snapshot, &filter, &[0.5]).unwrap();
            slowest(&snapshot, &filter, 100).unwrap();
            newest(&snapshot, &filter, 3).unwrap();
            streamed(RowStream::new(snapshot.clone(), filter), 1_000);
        }
        fetch(&snapshot, RowId::new(0, 12_345)).unwrap();
        moments(&snapshot, NAMES[0]).unwrap();
    };
    ask_all();
    let (reads, before) = (counts.reads(), catalog.pool_usage());
    // 3 pages of ends, 3 of series, 2 of durations of the first function, 1 of its errors, 1 of the
    // other's, 1 of the other's errors.
    assert_eq!(before.miss_count, 11);
    assert!(
        reads <= 3 + 2 * 11,
        "footer, directory, the chunk at once, or a page and its metadata: {reads}"
    );
    ask_all();
    let after = catalog.pool_usage();
    assert_eq!(counts.reads(), reads);
    assert_eq!(after.miss_count, before.miss_count);
    assert!(after.hit_count - before.hit_count >= 10, "{after:?}");
    assert_eq!((counts.open(), counts.most_open()), (0, 1), "one descriptor at a time");
}

#[test]
fn few_rows_take_few_pages() {
    // Promise: who asks for one row, one function or a moment does not wait for all the rest.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut process = Process::open(&storage, &root());
    process.log(&calls(0, 20_000));
    process.seal(Seal::All);
    let mut misses = |question: &dyn Fn(&Snapshot)| {
        let catalog = Catalog::new(Arc::clone(&storage), POOL_SIZE_BYTES);
        question(&view(&mut process, &catalog));
        catalog.pool_usage().miss_count
    };
    let (all, other) = (Filter::default(), Filter::name(NAMES[1]));
    let at_end = Filter { since_ns: Some(19_990_000), ..Filter::default() };
    let ask_stats = |filter: &Filter, s: &Snapshot| assert!(!stats(s, filter).unwrap().is_partial);
    assert_eq!(misses(&|s| ask_stats(&all, s)), 0, "footers know");
    assert_eq!(misses(&|s| ask_stats(&other, s)), 0, "footers know");
    assert_eq!(misses(&|s| assert_eq!(slowest(s, &all, 32).unwrap().value.len(), 32)), 0);
    assert_eq!(misses(&|s| assert_eq!(moments(s, NAMES[0]).unwrap().value.count(), 17_142)), 0);
    assert_eq!(misses(&|s| _ = exact_percentiles(s, &other, &[0.5]).unwrap()), 2, "durations");
    let found = |s: &Snapshot| assert!(fetch(s, RowId::new(0, 5)).unwrap().value.found().is_some());
    assert_eq!(misses(&found), 3, "series, end, duration");
    // All series pages, the last page of ends, the last of the durations of each series that has a
    // row there.
    assert_eq!(misses(&|s| ask_stats(&at_end, s)), 7);
    assert_eq!(misses(&|s| _ = streamed(RowStream::new(s.clone(), other.clone()), 1)), 8);
}

#[test]
fn large_scans_leave_the_pool_alone() {
    // Promise: reading everything once throws out nothing that is needed again and again.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let catalog = Catalog::new(Arc::clone(&storage), 400_000);
    let mut process = Process::open(&storage, &root());
    process.log(&calls(0, 60_000));
    process.seal(Seal::All);
    let snapshot = view(&mut process, &catalog);
    fetch(&snapshot, RowId::new(0, 5)).unwrap();
    let kept = catalog.pool_usage().page_count;
    assert_eq!(kept, 3, "its series, its end, its duration");
    let (found, is_partial) = streamed(RowStream::new(snapshot.clone(), Filter::default()), 1);
    assert_eq!((found, is_partial), (calls(0, 60_000), false));
    exact_percentiles(&snapshot, &Filter::default(), &[0.5]).unwrap();
    let usage = catalog.pool_usage();
    assert_eq!((usage.page_count, usage.unkept_bytes), (kept, 0));
    assert!(usage.bypass_count > 10, "{usage:?}");
}

/// Two sealed segments, of which a snapshot is taken.
struct Joining {
    process: Process,
    catalog: Arc<Catalog>,
    before: Snapshot,
    all: Vec<Call>,
}

impl Joining {
    fn new() -> Self {
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        let catalog = Catalog::new(Arc::clone(&storage), 0);
        let mut process = Process::open(&storage, &root());
        for first in [0, 100] {
            process.log(&calls(first, 100));
            process.seal(Seal::All);
        }
        process.log(&calls(200, 50));
        let before = view(&mut process, &catalog);
        Self { process, catalog, before, all: calls(0, 250) }
    }

    /// Joins the segments and removes what they were joined of, and the head log as well.
    fn join(&mut self) -> Snapshot {
        self.process.seal(Seal::All);
        self.process.rotate();
        assert!(self.process.merge());
        self.process.writer.sweep(i64::MAX);
        view(&mut self.process, &self.catalog)
    }
}

#[test]
fn what_was_joined_meanwhile_is_asked_again() {
    // Promise: answers from a snapshot whose files are gone say so, and who asks again has all.
    let mut world = Joining::new();
    let after = world.join();
    for filter in &filters()[..3] {
        let answer = stats(&world.before, filter).unwrap();
        assert_eq!((answer.is_partial, answer.is_stale), (true, true));
        let mut tried = 0;
        let snapshot = || {
            tried += 1;
            Ok::<_, StoreError>(if tried == 1 { world.before.clone() } else { after.clone() })
        };
        let answer = ask(snapshot, |s| slowest(s, filter, usize::MAX)).unwrap();
        assert_eq!((answer.is_partial, answer.is_stale, tried), (false, false, 2));
        let is_wanted = |call: &&Call| {
            filter.name.as_ref().is_none_or(|name| *name == call.name) && wants(filter, call)
        };
        assert_eq!(answer.value.len(), world.all.iter().filter(is_wanted).count());
    }
}

#[test]
fn what_stays_gone_is_asked_three_times() {
    // Promise: a database that changes faster than it can be read gives a partial answer at last.
    let mut world = Joining::new();
    world.join();
    let mut tried = 0;
    let snapshot = || {
        tried += 1;
        Ok::<_, StoreError>(world.before.clone())
    };
    let answer = ask(snapshot, |s| stats(s, &Filter::default())).unwrap();
    assert_eq!((answer.is_partial, answer.is_stale), (true, true));
    assert_eq!(tried, 3);
    assert_eq!(
        fetch(&world.before, RowId::new(0, 3)).unwrap(),
        Answer { value: Fetched::Damaged, is_partial: true, is_stale: true }
    );
}

#[test]
fn a_stream_goes_on_where_its_rows_have_gone() {
    // Promise: a stream shows each row of its beginning once, though segments are joined and heads
    // replaced between two batches; rows that came later are not in it.
    for batches in 0..6 {
        let mut world = Joining::new();
        let mut stream = RowStream::new(world.before.clone(), Filter::default());
        let mut found = Vec::new();
        for _ in 0..batches {
            let batch = stream.next_batch(1).unwrap();
            found.extend(batch.iter().flat_map(|batch| batch.iter()).map(|row| call_of(&row)));
        }
        let after = world.join();
        world.process.log(&calls(250, 10));
        let later = view(&mut world.process, &world.catalog);
        assert_eq!(after.lanes[0].state.segments.len(), 1);
        let (rest, is_partial) = streamed(stream.with_source(move || Some(later.clone())), 1);
        found.extend(rest);
        assert_eq!((found, is_partial), (world.all, false), "after {batches} batches");
    }
}

#[test]
fn a_stream_of_a_cleared_lane_ends_partially() {
    // Promise: rows that went before their turn came are told to be missing, and no others come in
    // their place.
    let mut world = Joining::new();
    let mut stream = RowStream::new(world.before.clone(), Filter::default());
    let first = stream.next_batch(1).unwrap().unwrap();
    assert_eq!(first.len(), 100);
    world.process.clear();
    world.process.log(&calls(0, 250));
    let after = view(&mut world.process, &world.catalog);
    let stream = stream.with_source(move || Some(after.clone()));
    assert_eq!(streamed(stream, 1), (Vec::new(), true));
}

#[test]
fn a_stream_without_a_new_snapshot_passes_over_what_is_gone() {
    // Promise: where nothing better is to be had, the rest comes and is called partial.
    let mut world = Joining::new();
    world.process.merge();
    world.process.writer.sweep(i64::MAX);
    let stream = RowStream::new(world.before.clone(), Filter::default());
    assert_eq!(streamed(stream, 7), (calls(200, 50), true));
    let stream = RowStream::new(world.before.clone(), Filter::default());
    let before = world.before.clone();
    let stream = stream.with_source(move || Some(before.clone()));
    assert_eq!(streamed(stream, 7), (calls(200, 50), true), "also when that is no newer");
}

#[test]
fn a_damaged_page_costs_its_rows_only() {
    // Promise: whatever byte of a segment changes, no answer is wrong, those that lack rows say so,
    // and the rows that do not need the byte are still there.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut process = Process::open(&storage, &root());
    let all = calls(0, 20_000);
    process.log(&all);
    process.seal(Seal::All);
    let entry = process.state.segments[0];
    let path = file_path(&lane_dir(&root(), 0), FileKind::Segment, entry.id);
    let size = usize::try_from(entry.size_bytes).unwrap();
    let mut partial_count = 0;
    for at in (0..size).step_by(size / 60) {
        memory.tamper(&path, |bytes| bytes[at] ^= 0x10).unwrap();
        let snapshot = view(&mut process, &Catalog::new(Arc::clone(&storage), 0));
        let (found, is_partial) = streamed(RowStream::new(snapshot.clone(), Filter::default()), 1);
        assert_eq!(is_partial, found.len() < all.len(), "byte {at}");
        assert!(found.iter().all(|call| all[usize::try_from(call.id.seq()).unwrap()] == *call));
        partial_count += usize::from(is_partial && !found.is_empty());

        let answer = stats(&snapshot, &filters()[2]).unwrap();
        let count: u64 = answer.value.iter().map(|function| function.moments.count()).sum();
        let expected = all.iter().filter(|call| call.duration_ns >= 9_000).count();
        assert_eq!(answer.is_partial, count < expected as u64, "byte {at}");
        for q in [0.1, 0.5] {
            let answer = exact_percentiles(&snapshot, &Filter::default(), &[q]).unwrap();
            let durations: Vec<u64> = all.iter().map(|call| call.duration_ns).collect();
            let exact = quantile(&durations, if q < 0.5 { 100 } else { 500 }).unwrap();
            let is_exact = answer.value == Some(vec![exact]);
            assert!(is_exact || answer.is_partial, "byte {at}: {answer:?}");
            let is_close = answer.value.is_none_or(|found| found[0].abs_diff(exact) < exact / 5);
            assert!(is_close, "byte {at}");
        }
        for call in all.iter().step_by(1_999) {
            let answer = fetch(&snapshot, call.id).unwrap();
            match answer.value {
                Fetched::Found(row) => assert_eq!(call_of(&row), *call),
                other => assert_eq!((other, answer.is_partial), (Fetched::Damaged, true)),
            }
        }
        memory.tamper(&path, |bytes| bytes[at] ^= 0x10).unwrap();
    }
    assert!(partial_count > 20, "most bytes are of one page: {partial_count}");
}

#[test]
fn rows_that_expire_during_a_stream_are_told_to_be_missing() {
    // Promise: a stream shows what is left and is partial; who asks for an expired row learns that.
    let mut world = Joining::new();
    let mut stream = RowStream::new(world.before.clone(), Filter::default());
    world.process.expire(2, 0);
    world.process.writer.sweep(i64::MAX);
    let after = view(&mut world.process, &world.catalog);
    assert_eq!(fetch(&after, RowId::new(0, 199)).unwrap().value, Fetched::Expired);
    assert!(fetch(&after, RowId::new(0, 200)).unwrap().value.found().is_some());
    assert_eq!(moments(&after, NAMES[0]).unwrap().value.count(), 43);
    let newer = after.clone();
    stream = stream.with_source(move || Some(newer.clone()));
    assert_eq!(streamed(stream, 1), (calls(200, 50), true));
    assert!(!after.is_partial());
    let answer = ask(|| Ok::<_, StoreError>(after.clone()), |s| stats(s, &Filter::default()));
    assert!(!answer.unwrap().is_partial, "what has expired is not missing");
}

#[test]
fn a_chunk_of_several_pages_is_cut_anywhere() {
    // Promise: wherever periods and ranges cut a chunk, each row is in the right part, whichever
    // ids were read to tell.
    const COUNT: u64 = 30_000;
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let catalog = Catalog::new(Arc::clone(&storage), POOL_SIZE_BYTES);
    let mut process = Process::open(&storage, &root());
    let all = calls(0, COUNT);
    process.log(&all);
    process.seal(Seal::All);
    let snapshot = view(&mut process, &catalog);
    let cuts = [1, 100, 8_191, 8_192, 8_193, 15_000, 20_001, 24_576, 29_999].map(|row| row * 1_000);
    let found = |filter: &Filter, bounds: &[i64]| -> Vec<(Group, String, u64, u128)> {
        let by = GroupBy::Periods(Periods::between(bounds.to_vec()));
        let answer = stats_by(&snapshot, filter, &by).unwrap();
        assert!(!answer.is_partial);
        let rows = answer.value.rows.into_iter().map(|GroupStats { group, stats }| {
            (group, stats.name.name.to_string(), stats.moments.count(), stats.moments.sum())
        });
        rows.collect()
    };
    for first in cuts {
        for last in cuts {
            for filter in [
                Filter::default(),
                Filter { outcome: Some(Outcome::Error), ..Filter::default() },
                Filter { since_ns: Some(first), ..Filter::default() },
                Filter { until_ns: Some(last), ..Filter::default() },
            ] {
                let mut bounds = vec![0, first, last, 1_000 * COUNT.cast_signed()];
                bounds.sort_unstable();
                bounds.dedup();
                let mut expected = Vec::new();
                for name in [NAMES[1], NAMES[0]] {
                    for period in bounds.windows(2) {
                        let (start_ns, end_ns) = (period[0], period[1]);
                        let is_in = |call: &&Call| {
                            let is_in_period = (start_ns..end_ns).contains(&call.end_ns);
                            call.name == name && is_in_period && wants(&filter, call)
                        };
                        let durations: Vec<u64> =
                            all.iter().filter(is_in).map(|call| call.duration_ns).collect();
                        let sum = durations.iter().map(|&ns| u128::from(ns)).sum();
                        let group = Group::Period { start_ns, end_ns };
                        expected.push((group, name.to_owned(), durations.len() as u64, sum));
                    }
                }
                expected.retain(|one| one.2 > 0);
                expected.sort_by(|left, right| left.1.cmp(&right.1));
                assert_eq!(found(&filter, &bounds), expected, "{bounds:?} {filter:?}");
            }
        }
    }
}
