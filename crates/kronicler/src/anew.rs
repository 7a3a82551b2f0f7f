//! Begins the own lane anew, under the threads that capture: after a clear, or because somebody has
//! removed its files.

use std::sync::Arc;

use kronicler_format::{Counters, Kind, Row};
use kronicler_store::{Dictionary, LaneState, LaneWriter, Name};

use crate::engine::{Engine, Lane, OpenLane, lock};
use crate::memtable::Memtable;
use crate::tally::Tally;

/// How far the ends of rows may lie behind the system's clock: a millisecond, and more while that
/// is being set.
const CLOCK_MARGIN_NS: i64 = 10_000_000;

/// Lets everyone see a lane that has been begun anew, at once. Rows that wait are forgotten, or
/// only those that ended before `since_ns`.
pub(crate) fn begin_anew(
    engine: &Engine,
    writer: &LaneWriter,
    state: LaneState,
    since_ns: Option<i64>,
) {
    if since_ns.is_some() {
        engine.drain_now();
    }
    let mut rings = lock(&engine.rings);
    let mut memtable = lock(&engine.memtable);
    let mut lane = lock(&engine.lane);
    let mut fresh = OpenLane::new(writer, state);
    let kept = match (&*lane, since_ns) {
        (Lane::Open(old), Some(since_ns)) => {
            Some(keep_since(&mut memtable, &old.state.names, &mut fresh.state.names, since_ns))
        }
        _ => {
            memtable.clear();
            None
        }
    };
    rings.begin_anew(kept.map(|(count, _)| count));
    // Those of rows that stay go, too: their places are others now.
    engine.details.clear(false);
    engine.hooked.forget_written();
    engine.tally.begin_anew();
    Tally::add(&engine.tally.skipped_every, kept.map_or(0, |(_, skipped)| skipped));
    *lock(&engine.logged) = Counters::default();
    *lane = Lane::Open(fresh);
    let logged = memtable.appended() - memtable.len() as u64;
    drop((rings, memtable, lane));
    engine.control.report(|orders| {
        orders.logged = logged;
        orders.synced = logged;
        orders.failure = None;
    });
}

/// Forgets the rows that ended before `since_ns`, but for those inserted by hand, whose times may
/// have another zero. The others get series of a new dictionary; says how many they are, and for
/// how many calls they stand besides their own.
fn keep_since(
    memtable: &mut Memtable,
    old: &Dictionary,
    names: &mut Arc<Dictionary>,
    since_ns: i64,
) -> (u64, u64) {
    let names = Arc::make_mut(names);
    let since_ns = since_ns.saturating_sub(CLOCK_MARGIN_NS);
    let mut skipped = 0;
    let count = memtable.keep(|row| {
        let entry = *old.series().get(row.series as usize)?;
        if row.end_ns < since_ns && entry.flags.kind() != Kind::Manual {
            return None;
        }
        let Name { name, source } = old.name_of(row.series)?;
        skipped += u64::from(entry.weight) - 1;
        Some(Row { series: names.intern(name, source, entry), ..*row })
    });
    (count, skipped)
}
