//! Rows as they arrive: each once, whatever the writers do with their files between two looks.

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_format::{Kind, Outcome};
use kronicler_query::{Arrivals, Filter, Follower};
use kronicler_store::{
    Catalog, Memory, POOL_SIZE_BYTES, RowId, Seal, Snapshot, Storage, StoreError,
};

use crate::counting::Counting;
use crate::model::{Call, NAMES, Writer};
use crate::world::{Process, root};

/// When calls end, in the order of their sequences.
fn end_ns(seq: u64) -> i64 {
    1_000 * seq.cast_signed()
}

fn calls(first: u64, count: u64) -> Vec<Call> {
    calls_ending(end_ns, first, count)
}

fn calls_ending(end_ns: fn(u64) -> i64, first: u64, count: u64) -> Vec<Call> {
    let call = |seq: u64| Call {
        id: RowId::new(0, seq),
        name: NAMES[usize::from(seq.is_multiple_of(7))],
        outcome: if seq.is_multiple_of(10) { Outcome::Error } else { Outcome::Ok },
        kind: Kind::Sync,
        thread: 0,
        end_ns: end_ns(seq),
        duration_ns: 500 + seq * 7_919 % 9_001,
        weight: 1,
        writer: Writer::default(),
    };
    (first..first + count).map(call).collect()
}

/// Processes that write, and a follower of them.
struct World {
    storage: Arc<dyn Storage>,
    catalog: Arc<Catalog>,
    processes: Vec<Process>,
    follower: Follower,
    end_ns: fn(u64) -> i64,
    /// By lane, the sequences that were handed out.
    seen: HashMap<u16, Vec<u64>>,
    arrivals: Arrivals,
}

impl World {
    fn new(lane_count: usize, filter: Filter) -> Self {
        Self::on(Arc::new(Memory::default()), lane_count, filter)
    }

    fn on(storage: Arc<dyn Storage>, lane_count: usize, filter: Filter) -> Self {
        let catalog = Catalog::new(Arc::clone(&storage), POOL_SIZE_BYTES);
        let processes = (0..lane_count).map(|_| Process::open(&storage, &root())).collect();
        let follower = Follower::new(filter);
        let (seen, arrivals) = (HashMap::new(), Arrivals::default());
        Self { storage, catalog, processes, follower, end_ns, seen, arrivals }
    }

    fn snapshot(&mut self) -> Snapshot {
        let views = self.processes.iter_mut().map(|process| process.view(&self.catalog, &[]));
        Snapshot { lanes: views.collect(), unreadable_heads: 0, ..Snapshot::default() }
    }

    /// Looks at a snapshot; says whether the answer is partial and whether it is stale.
    fn look_at(&mut self, snapshot: &Snapshot) -> (bool, bool) {
        self.try_look_at(snapshot).expect("what is missing is no error")
    }

    fn try_look_at(&mut self, snapshot: &Snapshot) -> Result<(bool, bool), StoreError> {
        let (seen, end_ns) = (&mut self.seen, self.end_ns);
        let answer = self.follower.look(snapshot, |view, seq, row| {
            let expected = 500 + seq * 7_919 % 9_001;
            assert_eq!((row.end_ns, row.duration_ns), (end_ns(seq), expected));
            seen.entry(view.lane()).or_default().push(seq);
        })?;
        self.arrivals = answer.value;
        Ok((answer.is_partial, answer.is_stale))
    }

    fn look(&mut self) -> (bool, bool) {
        let snapshot = self.snapshot();
        self.look_at(&snapshot)
    }
}

#[test]
fn each_row_is_handed_out_once() {
    // Promise: a follower hands out each row once and in order, though rows are sealed, joined and
    // moved to new heads between two looks, and lanes appear.
    let mut world = World::new(1, Filter::default());
    let mut next = [0, 0];
    for step in 0_u64..60 {
        if step == 20 {
            world.processes.push(Process::open(&world.storage, &root()));
        }
        for (process, next) in world.processes.iter_mut().zip(&mut next) {
            let count = step * step * 37 % 900;
            process.log(&calls(*next, count));
            *next += count;
            match step % 7 {
                2 | 5 => _ = process.seal(Seal::All),
                3 => _ = process.merge(),
                6 => process.rotate(),
                _ => {}
            }
        }
        // Sometimes much has happened since the last look.
        if step % 4 != 1 {
            assert_eq!(world.look(), (false, false));
        }
    }
    world.look();
    for (lane, end) in (0..).zip(next) {
        assert_eq!(world.seen[&lane], (0..end).collect::<Vec<_>>(), "lane {lane}");
    }
    assert_eq!(world.arrivals, Arrivals::default());
}

#[test]
fn only_wanted_rows_are_handed_out() {
    // Promise: a follower honours its filter, which may change between two looks, and one that is
    // told to skip begins behind the rows there are.
    let filter = Filter { since_ns: Some(90_000), ..Filter::name(NAMES[1]) };
    let mut world = World::new(1, filter);
    world.processes[0].log(&calls(0, 120));
    world.look();
    assert_eq!(world.seen[&0], [91, 98, 105, 112, 119]);
    world.follower.filter = Filter { outcome: Some(Outcome::Error), ..Filter::default() };
    world.processes[0].log(&calls(120, 30));
    world.look();
    assert_eq!(world.seen[&0][5..], [120, 130, 140]);
    world.processes[0].log(&calls(150, 30));
    let snapshot = world.snapshot();
    world.follower.skip(&snapshot);
    world.processes[0].log(&calls(180, 11));
    world.look();
    assert_eq!(world.seen[&0][8..], [180, 190]);
}

#[test]
fn what_was_joined_meanwhile_comes_with_the_next_look() {
    // Promise: a look at files that are gone says so; the next one has the rows, each once.
    let mut world = World::new(1, Filter::default());
    for first in [0, 100] {
        world.processes[0].log(&calls(first, 100));
        world.processes[0].seal(Seal::All);
    }
    let before = world.snapshot();
    let process = &mut world.processes[0];
    process.rotate();
    assert!(process.merge());
    process.writer.sweep(i64::MAX);
    assert_eq!(world.look_at(&before), (true, true));
    assert_eq!(world.look(), (false, false));
    assert_eq!(world.seen[&0], (0..200).collect::<Vec<_>>());
}

#[test]
fn what_stays_gone_is_passed_over() {
    // Promise: rows that cannot be had do not keep those behind them back for ever.
    let mut world = World::new(1, Filter::default());
    world.processes[0].log(&calls(0, 100));
    world.processes[0].seal(Seal::All);
    world.processes[0].log(&calls(100, 20));
    let before = world.snapshot();
    world.processes[0].expire(1, 0);
    world.processes[0].writer.sweep(i64::MAX);
    for _ in 0..3 {
        assert_eq!(world.look_at(&before), (true, true));
        assert!(world.seen.is_empty());
    }
    world.look_at(&before);
    world.look_at(&before);
    assert_eq!(world.seen[&0], (100..120).collect::<Vec<_>>());
}

#[test]
fn rows_that_expired_unseen_are_counted() {
    // Promise: who looks too seldom learns how many rows it has not seen.
    let mut world = World::new(1, Filter::default());
    world.processes[0].log(&calls(0, 100));
    world.look();
    world.processes[0].log(&calls(100, 50));
    world.processes[0].seal(Seal::All);
    world.processes[0].log(&calls(150, 5));
    world.processes[0].expire(1, 0);
    assert_eq!(world.look(), (false, false));
    assert_eq!(world.arrivals.missed, 50);
    assert_eq!(world.seen[&0][100..], [150, 151, 152, 153, 154]);
}

#[test]
fn a_cleared_lane_begins_anew() {
    // Promise: after a clear the follower says so, and hands out the new rows from the first on.
    let mut world = World::new(2, Filter::default());
    world.processes[0].log(&calls(0, 30));
    world.processes[1].log(&calls(0, 10));
    world.look();
    world.processes[0].clear();
    world.processes[0].log(&calls(0, 5));
    world.processes[1].log(&calls(10, 1));
    world.look();
    assert!(world.arrivals.is_cleared);
    assert_eq!(world.seen[&0][30..], [0, 1, 2, 3, 4]);
    assert_eq!(world.seen[&1].len(), 11);
    world.processes.pop();
    world.look();
    assert!(world.arrivals.is_cleared, "a lane that is gone");
}

#[test]
fn rows_do_not_come_again_after_a_read_that_failed() {
    // Promise: whichever read fails, the next look goes on behind the last row that was handed out.
    const PAGE: u64 = 8_192;
    // The rows of the second page ended long before, so that pages around it are read apart.
    fn end_ns(seq: u64) -> i64 {
        let is_early = seq / PAGE == 1;
        if is_early { 0 } else { 1_000_000 + seq.cast_signed() }
    }
    let wanted: Vec<u64> = (0..PAGE).chain(2 * PAGE..3 * PAGE + 7).collect();
    let (mut failures, mut cut_off) = (0, 0);
    for read_count in 0.. {
        let counting = Counting::default();
        let counts = Arc::clone(&counting.counts);
        let filter = Filter { since_ns: Some(1), ..Filter::default() };
        let mut world = World::on(Arc::new(counting), 1, filter);
        world.end_ns = end_ns;
        world.processes[0].log(&calls_ending(end_ns, 0, 3 * PAGE));
        world.processes[0].seal(Seal::All);
        world.processes[0].log(&calls_ending(end_ns, 3 * PAGE, 7));
        let snapshot = world.snapshot();
        counts.fail_after(Some(read_count));
        if world.try_look_at(&snapshot).is_ok() {
            break;
        }
        failures += 1;
        cut_off += usize::from(world.seen.contains_key(&0));
        counts.fail_after(None);
        assert_eq!(world.look_at(&snapshot), (false, false));
        assert_eq!(world.seen[&0], wanted, "after {read_count} reads");
    }
    assert!(failures > 3 && cut_off > 0, "{failures} failed, {cut_off} of them behind rows");
}
