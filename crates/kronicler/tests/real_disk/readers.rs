//! Readers in other processes while a writer works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kronicler::Reader;
use kronicler::query::{Filter, RowStream, fetch, stats};
use kronicler_store::{DESCRIPTOR_COUNT_MAX, RowId, Snapshot};

use crate::check::{check_dir, check_files, wait_for};
use crate::child::{Role, Running, tell};
use crate::content::{Content, Random};
use crate::place::{descriptor_count, say};

/// Small enough that rows are sealed, joined, moved to a new head and expire all the time.
const MAX_BYTES: u64 = 1 << 20;
/// How long each reader reads.
const READING: Duration = Duration::from_secs(5);

#[test]
fn readers_see_a_prefix_of_what_a_writer_writes() {
    // Promise: while rows are sealed, joined, moved and expire each answer is that of one moment,
    // moments never go back, descriptors are bounded and given back, and a killed reader changes
    // nothing.
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let content = Content::now(1);
    let role = |name: &'static str, limit, seed| {
        let (dir, content) = (dir.clone(), content.clone());
        Role { name, dir, content, limit, seed }
    };
    let writer = role("writer", MAX_BYTES, 1).start();
    wait_for("rows that expire", || {
        let reader = Reader::open(&dir).ok()?;
        let snapshot = reader.snapshot().expect("can be read");
        (snapshot.lanes.first()?.state.floor_seq > 0).then_some(())
    });
    // One of them asks with more threads than there are descriptors.
    let mut readers: Vec<Running> = [2, 1, 24, 1]
        .into_iter()
        .zip(2..)
        .map(|(n, seed)| role("reader", n, seed).start())
        .collect();
    let mut killed = readers.remove(0);
    thread::sleep(Duration::from_secs(2));
    killed.kill();
    for reader in readers {
        say(&reader.end().join("; "));
    }
    let acknowledged = writer.end();
    let flushed: u64 = acknowledged.last().unwrap().parse().unwrap();
    let held = check_dir(&dir, &content, true);
    say(&format!("{flushed} rows flushed, {held:?}"));
    assert_eq!(held.stored, flushed);
    assert!(held.expired > 0 && held.segment_count > 1, "{held:?}");
    let again = role("writer", MAX_BYTES, 9).start();
    wait_for("the next owner", || again.last_number());
    again.end();
    assert_eq!(check_files(&dir).leftover_count, 0, "nothing is kept for the killed reader");
}

/// Reads for a while, with as many threads as the role says.
pub fn read(role: &Role) {
    let reader = Arc::new(Reader::open(&role.dir).expect("can be read"));
    let is_over = AtomicBool::new(false);
    let highest = AtomicUsize::new(0);
    let before = descriptor_count();
    let counts = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                highest.fetch_max(descriptor_count(), Ordering::Relaxed);
            }
        });
        let asking = (0..role.limit).map(|thread| {
            let reader = Arc::clone(&reader);
            scope.spawn(move || ask_for_a_while(&reader, &role.content, role.seed * 100 + thread))
        });
        let asking: Vec<_> = asking.collect();
        let counts: Vec<Asked> =
            asking.into_iter().map(|thread| thread.join().expect("each answer is right")).collect();
        is_over.store(true, Ordering::Relaxed);
        watch.join().expect("counts");
        counts
    });
    let highest = highest.into_inner() - before;
    assert!(highest <= DESCRIPTOR_COUNT_MAX, "{highest} descriptors");
    assert_eq!(descriptor_count(), before, "none is kept after a question");
    let sum = |of: fn(&Asked) -> u64| counts.iter().map(of).sum::<u64>();
    let (whole, partial) = (sum(|asked| asked.whole), sum(|asked| asked.partial));
    assert!(whole > 0, "{partial} partial answers");
    tell(&format!("{whole} whole answers, {partial} partial, {highest} descriptors at most"));
}

/// What a thread has asked, and the last moment it has seen.
#[derive(Debug, Default)]
struct Asked {
    whole: u64,
    partial: u64,
    floor_seq: u64,
    next_seq: u64,
}

impl Asked {
    /// Notes the moment of a snapshot: none before it may follow.
    fn note(&mut self, snapshot: &Snapshot) {
        let state = &snapshot.lanes[0].state;
        assert!(state.floor_seq >= self.floor_seq, "{} < {}", state.floor_seq, self.floor_seq);
        assert!(state.next_seq >= self.next_seq, "{} < {}", state.next_seq, self.next_seq);
        (self.floor_seq, self.next_seq) = (state.floor_seq, state.next_seq);
    }

    const fn count(&mut self, is_partial: bool) {
        if is_partial { self.partial += 1 } else { self.whole += 1 }
    }
}

fn ask_for_a_while(reader: &Arc<Reader>, content: &Content, seed: u64) -> Asked {
    let (mut asked, mut random) = (Asked::default(), Random::new(seed));
    let deadline = Instant::now() + READING;
    while Instant::now() < deadline {
        match random.below(64) {
            0 => read_rows(reader, content, &mut asked),
            1..32 => ask_a_row(reader, content, &mut asked, &mut random),
            kind => ask_sums(reader, content, &mut asked, kind % 2 == 0),
        }
    }
    asked
}

/// Sums of all rows, with those that have expired or without them.
fn ask_sums(reader: &Reader, content: &Content, asked: &mut Asked, with_expired: bool) {
    let since_ns = with_expired.then_some(0);
    let filter = Filter { since_ns, ..Filter::default() };
    let answer = reader.ask(|snapshot| {
        asked.note(snapshot);
        stats(snapshot, &filter)
    });
    let answer = answer.expect("can be read");
    asked.count(answer.is_partial);
    if answer.is_partial {
        return;
    }
    let first = if with_expired { 0 } else { asked.floor_seq };
    let count: u64 = answer.value.iter().map(|function| function.moments.count()).sum();
    let sum: u128 = answer.value.iter().map(|function| function.moments.sum()).sum();
    assert_eq!(count, asked.next_seq - first);
    assert_eq!(sum, content.sum_before(asked.next_seq) - content.sum_before(first));
}

/// One row that was there when the question was asked.
fn ask_a_row(reader: &Reader, content: &Content, asked: &mut Asked, random: &mut Random) {
    let place = random.below(1 << 32);
    let mut seq = 0;
    let answer = reader.ask(|snapshot| {
        asked.note(snapshot);
        let live = asked.next_seq - asked.floor_seq;
        seq = asked.floor_seq + live * place / (1 << 32);
        fetch(snapshot, RowId::new(0, seq))
    });
    let answer = answer.expect("can be read");
    asked.count(answer.is_partial);
    if !answer.is_partial {
        let row = answer.value.found().expect("a row between first and last is there");
        assert_eq!(content.number_of(&row), seq);
    }
}

/// All rows, one after the other.
fn read_rows(reader: &Arc<Reader>, content: &Content, asked: &mut Asked) {
    let snapshot = reader.snapshot().expect("can be read");
    asked.note(&snapshot);
    let source = Arc::clone(reader);
    let mut stream =
        RowStream::new(snapshot, Filter::default()).with_source(move || source.snapshot().ok());
    let mut next = asked.floor_seq;
    while let Some(batch) = stream.next_batch(8_192).expect("can be read") {
        for row in batch.iter() {
            let seq = row.id.seq();
            assert!(seq == next || seq > next && stream.is_partial(), "{seq} follows {next}");
            assert_eq!(content.number_of(&row), seq);
            next = seq + 1;
        }
    }
    assert_eq!(next, asked.next_seq, "up to the last row of its moment");
    asked.count(stream.is_partial());
}
