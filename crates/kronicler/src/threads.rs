//! The two threads of an engine, and how often the drain looks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use kronicler_queue::Producer;

use crate::drain::Step;
use crate::engine::{Engine, Lane, lock};

/// Shortest sleep between two steps: a full ring of 65,536 records lasts at least 1 ms.
const SLEEP_MIN: Duration = Duration::from_micros(500);
/// Longest sleep: what a process that is killed loses, as long as rings are its own memory.
const SLEEP_MAX: Duration = Duration::from_millis(50);
/// After so long without a record the drain parks.
const IDLE_BEFORE_PARK: Duration = Duration::from_secs(1);

/// Makes a ring for a thread that captures, with its key; the first starts the engine.
pub(crate) fn attach(engine: &Arc<Engine>, thread: u32) -> Option<(Producer, u64)> {
    if engine.is_closed() {
        return None;
    }
    let added = engine.add_ring(thread)?;
    start(engine);
    engine.bell.ring();
    Some(added)
}

/// Starts the threads of an engine, unless they run.
fn start(engine: &Arc<Engine>) {
    {
        let mut lane = lock(&engine.lane);
        if !matches!(*lane, Lane::Idle) {
            return;
        }
        *lane = Lane::Opening;
    }
    spawn(engine, "kronicler-disk", crate::disk_thread::run);
    spawn(engine, "kronicler-drain", drain);
}

/// Starts a thread whose panic, a defect of ours, stops our writing and not the host.
fn spawn(engine: &Arc<Engine>, name: &'static str, root: fn(&Arc<Engine>)) {
    let shared = Arc::clone(engine);
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(move || {
        if catch_unwind(AssertUnwindSafe(|| root(&shared))).is_err() {
            shared.fail(format!("the thread {name} met a defect of Kronicler"));
        }
    });
    if let Err(error) = spawned {
        engine.fail(format!("cannot start the thread {name}: {error}"));
    }
}

fn drain(engine: &Arc<Engine>) {
    let mut last_record = Instant::now();
    while !matches!(*lock(&engine.lane), Lane::Closed) {
        let step = engine.drain_step();
        let now = Instant::now();
        if step.taken > 0 || step.left > 0 {
            last_record = now;
        }
        if now.duration_since(last_record) < IDLE_BEFORE_PARK {
            engine.bell.sleep(pause_after(step));
        } else {
            engine.bell.park(|| lock(&engine.rings).has_records());
            last_record = Instant::now();
        }
    }
}

/// The time in which a quarter of the fullest ring fills, at the rate seen.
fn pause_after(step: Step) -> Duration {
    if step.left > 0 && step.taken > 0 {
        return SLEEP_MIN;
    }
    if step.left > 0 {
        // The memtable is full or the lane is not open yet: the disk thread rings when it is.
        return SLEEP_MAX;
    }
    let quarters = step.fullest * 4.0;
    if quarters > 1.0 { SLEEP_MIN } else { SLEEP_MAX.mul_f64(1.0 - quarters).max(SLEEP_MIN) }
}
