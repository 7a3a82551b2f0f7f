//! The protocols of ring and bell, on the shipped types, under every order that loom can make.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p kronicler-queue --release --lib loom
//! ```
//!
//! loom fails a test on a torn slot (two threads at one cell), on a lost wake-up (all threads
//! asleep), and on whatever is asserted here.

use std::sync::Arc;
use std::time::Duration;

use kronicler_format::Record;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::{Bell, Consumer, Producer, ring};

fn record(number: u64) -> Record {
    Record::new(number, number + 100, 7, 1)
}

/// Takes what waits and checks that it continues what was taken before.
fn drain(consumer: &mut Consumer, max: usize) {
    let mut expected = consumer.taken();
    let capacity = u64::from(consumer.capacity());
    consumer.drain(max, |records| {
        for found in records {
            let lap = u32::try_from(expected / capacity).unwrap();
            assert_eq!(*found, Record { lap_and_flags: lap << 8 | 1, ..record(expected) });
            expected += 1;
        }
    });
    assert_eq!(consumer.taken(), expected);
}

/// Pushes so often, numbering what is accepted.
fn push(producer: &mut Producer, count: u64) {
    let mut number = 0;
    for _ in 0..count {
        number += u64::from(producer.push(record(number)));
    }
}

/// Runs a check in every order or, where there are too many, in all those that interrupt a thread
/// that could have gone on at most so often. Few bugs need more than two interruptions
/// (Musuvathi and Qadeer, PLDI 2007).
fn model(interruptions_max: Option<usize>, check: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = interruptions_max;
    builder.check(check);
}

/// Whatever the drain does meanwhile, each record is taken once or counted as dropped.
fn nothing_is_lost_or_torn(capacity: u32, pushes: u64, drains: u32, max: usize) {
    model(None, move || {
        let (mut producer, mut consumer) = ring(capacity, 0, Bell::new()).unwrap();
        let pusher = thread::spawn(move || push(&mut producer, pushes));
        for _ in 0..drains {
            drain(&mut consumer, max);
        }
        let was_closed = consumer.is_closed();
        let seen = consumer.pushed() + consumer.dropped();
        assert!(seen <= pushes && (!was_closed || seen == pushes));
        pusher.join().unwrap();
        assert!(consumer.is_closed());
        drain(&mut consumer, usize::MAX);
        assert_eq!(consumer.pushed(), consumer.taken());
        assert_eq!(consumer.pushed() + consumer.dropped(), pushes);
        assert!(consumer.pushed() >= u64::from(capacity).min(pushes));
    });
}

#[test]
fn loom_capacity_2_loses_nothing() {
    // Promise: in no order of events a record is lost, doubled or torn.
    nothing_is_lost_or_torn(2, 4, 2, usize::MAX);
}

#[test]
fn loom_capacity_2_taken_one_by_one_loses_nothing() {
    // Promise: the same when records are taken one by one.
    nothing_is_lost_or_torn(2, 4, 2, 1);
}

#[test]
fn loom_capacity_4_loses_nothing() {
    // Promise: the same where the limit is extended before the ring is full.
    nothing_is_lost_or_torn(4, 5, 2, 3);
}

/// A drain that parks whenever it finds nothing gets everything: no wake-up is lost.
fn every_push_wakes(capacity: u32, pushes: u64, interruptions_max: Option<usize>) {
    model(interruptions_max, move || {
        let bell = Bell::new();
        let (mut producer, mut consumer) = ring(capacity, 0, Arc::clone(&bell)).unwrap();
        // The producer stays open: only its pushes may wake the drain.
        let pusher = thread::spawn(move || {
            push(&mut producer, pushes);
            producer
        });
        while consumer.taken() < pushes {
            bell.park(|| !consumer.is_empty());
            drain(&mut consumer, usize::MAX);
        }
        drop(pusher.join().unwrap());
        assert_eq!(consumer.dropped(), 0);
    });
}

#[test]
fn loom_a_push_wakes_a_parked_drain() {
    // Promise: in no order of events a parked drain misses a push.
    every_push_wakes(4, 1, None);
}

#[test]
fn loom_pushes_below_half_wake_a_parked_drain() {
    // Promise: the same for several pushes within one limit.
    every_push_wakes(4, 2, None);
}

#[test]
fn loom_pushes_across_half_wake_a_parked_drain() {
    // Promise: the same for pushes that extend the limit.
    every_push_wakes(2, 2, Some(4));
}

#[test]
fn loom_two_producers_share_a_bell() {
    // Promise: the same for two threads that push.
    model(Some(4), || {
        let bell = Bell::new();
        let (mut one, mut consumer_one) = ring(4, 1, Arc::clone(&bell)).unwrap();
        let (mut two, mut consumer_two) = ring(4, 2, Arc::clone(&bell)).unwrap();
        let pusher_one = thread::spawn(move || (push(&mut one, 1), one));
        let pusher_two = thread::spawn(move || (push(&mut two, 1), two));
        while consumer_one.taken() + consumer_two.taken() < 2 {
            bell.park(|| !consumer_one.is_empty() || !consumer_two.is_empty());
            drain(&mut consumer_one, usize::MAX);
            drain(&mut consumer_two, usize::MAX);
        }
        drop((pusher_one.join().unwrap(), pusher_two.join().unwrap()));
    });
}

/// The sleep does not end by time here, so only the half-full ring can end it.
#[test]
fn loom_half_a_ring_wakes_a_timed_sleeper() {
    // Promise: a burst does not wait for the end of a timed sleep.
    model(None, || {
        let bell = Bell::new();
        let (mut producer, mut consumer) = ring(4, 0, Arc::clone(&bell)).unwrap();
        let pusher = thread::spawn(move || {
            push(&mut producer, 3);
            producer
        });
        bell.sleep(Duration::from_secs(1));
        assert!(consumer.len() >= 2, "what was pushed before the ring is seen after the sleep");
        drain(&mut consumer, usize::MAX);
        drop(pusher.join().unwrap());
    });
}

#[test]
fn loom_closing_wakes_a_parked_drain_and_leaves_the_rest() {
    // Promise: what a thread pushed before it ended is drained.
    model(Some(3), || {
        let bell = Bell::new();
        let (mut producer, mut consumer) = ring(2, 0, Arc::clone(&bell)).unwrap();
        let pusher = thread::spawn(move || push(&mut producer, 3));
        loop {
            let is_closed = consumer.is_closed();
            drain(&mut consumer, usize::MAX);
            if is_closed {
                break;
            }
            bell.park(|| !consumer.is_empty());
        }
        assert_eq!(consumer.pushed(), consumer.taken());
        assert_eq!(consumer.pushed() + consumer.dropped(), 3);
        pusher.join().unwrap();
    });
}

/// Whoever rings after a change, relaxed even, ends a park or keeps it from beginning.
#[test]
fn loom_a_ring_is_never_lost_and_carries_what_came_before() {
    // Promise: who is woken sees why.
    model(None, || {
        let bell = Bell::new();
        let stop = Arc::new(AtomicBool::new(false));
        let stopper = thread::spawn({
            let (bell, stop) = (Arc::clone(&bell), Arc::clone(&stop));
            move || {
                stop.store(true, Ordering::Relaxed);
                bell.ring();
            }
        });
        bell.park(|| false);
        assert!(stop.load(Ordering::Relaxed));
        stopper.join().unwrap();
    });
}
