//! What goes in comes out once, in order and whole, or is counted as dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use kronicler_format::Record;

use super::*;
use crate::Triple;

/// A record in which every word says which one it is.
fn record(number: u64) -> Record {
    let site = u32::try_from(number % 1_000).unwrap();
    Record { context: number ^ u64::MAX, ..Record::new(number, number * 3, site, 0x5A) }
}

/// Checks that a record is the one of that number, but for its lap.
#[track_caller]
fn assert_whole(found: &Record, number: u64, capacity: u32) {
    let lap = u32::try_from(number / u64::from(capacity)).unwrap() & 0x00FF_FFFF;
    assert_eq!(*found, Record { lap_and_flags: lap << 8 | 0x5A, ..record(number) });
}

fn drain_all(consumer: &mut Consumer) -> Vec<u64> {
    let mut numbers = Vec::new();
    consumer.drain(usize::MAX, |records| numbers.extend(records.iter().map(|r| r.start)));
    numbers
}

#[test]
fn a_capacity_is_a_power_of_two_within_limits() {
    // Promise: a wrong capacity is told and nothing is allocated.
    for found in [0, 1, 3, 1_000, CAPACITY_MAX + 1, CAPACITY_MAX * 2] {
        let refused = ring(found, 0, Bell::new()).unwrap_err();
        assert_eq!(refused, RingError::Capacity { found });
    }
    let (producer, consumer) = ring(CAPACITY_MIN, 7, Bell::new()).unwrap();
    assert_eq!((producer.capacity(), producer.thread()), (2, 7));
    assert_eq!((consumer.capacity(), consumer.thread()), (2, 7));
}

#[test]
fn a_full_ring_drops_the_newest_and_counts() {
    // Promise: a full ring never waits; what it drops is counted.
    let (mut producer, mut consumer) = ring(8, 0, Bell::new()).unwrap();
    for number in 0..11 {
        assert_eq!(producer.is_full(), number >= 8);
        assert_eq!(producer.push(record(number)), number < 8);
    }
    producer.count_drop();
    assert_eq!((consumer.pushed(), consumer.dropped(), consumer.taken()), (8, 4, 0));
    assert_eq!(drain_all(&mut consumer), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((consumer.pushed(), consumer.dropped(), consumer.taken()), (8, 4, 8));
    assert!(!producer.is_full());
    assert!(producer.push(record(11)));
    assert_eq!(drain_all(&mut consumer), [11]);
}

#[test]
fn laps_and_wraps_keep_order() {
    // Promise: records come out in the order in which they went in, each with its lap.
    let (mut producer, mut consumer) = ring(4, 0, Bell::new()).unwrap();
    let mut taken = 0;
    for number in 0..100 {
        assert!(producer.push(record(number)));
        if number % 3 == 2 {
            let mut slices = 0;
            let count = consumer.drain(usize::MAX, |records| {
                slices += 1;
                for found in records {
                    assert_whole(found, taken, 4);
                    taken += 1;
                }
            });
            assert_eq!(count, 3);
            assert!(slices <= 2);
        }
    }
    assert_eq!(taken, 99);
    assert_eq!(consumer.len(), 1);
}

#[test]
fn a_drain_takes_no_more_than_asked() {
    // Promise: the memtable gets no more than it has room for.
    let (mut producer, mut consumer) = ring(8, 0, Bell::new()).unwrap();
    (0..6).for_each(|number| assert!(producer.push(record(number))));
    assert_eq!(consumer.drain(0, |_| unreachable!("nothing was asked for")), 0);
    assert_eq!(consumer.drain(4, |records| assert_eq!(records.len(), 4)), 4);
    assert_eq!((consumer.taken(), consumer.len()), (4, 2));
    assert_eq!(drain_all(&mut consumer), [4, 5]);
    assert!(consumer.is_empty());
}

#[test]
fn a_closed_ring_gives_what_is_left_and_takes_no_more() {
    // Promise: rows made just before a thread ends are there.
    let (mut producer, mut consumer) = ring(8, 0, Bell::new()).unwrap();
    assert!(producer.push(record(0)));
    assert!(!consumer.is_closed());
    producer.close();
    assert!(!producer.push(record(1)));
    drop(producer);
    assert!(consumer.is_closed());
    assert_eq!(drain_all(&mut consumer), [0]);
    assert_eq!((consumer.pushed(), consumer.dropped()), (1, 1));
}

#[test]
fn marks_for_an_adopter_never_exceed_what_was_taken() {
    // Promise: an adopter never skips a record that is in no frame.
    let (mut producer, mut consumer) = ring(8, 0, Bell::new()).unwrap();
    assert!(producer.push(record(0)));
    drain_all(&mut consumer);
    consumer.set_logged(1);
    consumer.set_triples([Triple::default(); 2]);
    assert!(std::panic::catch_unwind(|| consumer.set_logged(2)).is_err());
}

#[test]
fn half_a_ring_wakes_a_timed_sleeper_once_for_each_tail() {
    // Promise: a burst wakes the drain, once.
    let bell = Bell::new();
    let (mut producer, consumer) = ring(64, 0, Arc::clone(&bell)).unwrap();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            bell.sleep(Duration::from_secs(3_600));
            consumer.len()
        });
        (0..33).for_each(|number| assert!(producer.push(record(number))));
        assert!(sleeper.join().unwrap() >= 32);
    });
    // Nothing was taken, so the full ring leaves the sleeper alone.
    (33..80).for_each(|number| assert_eq!(producer.push(record(number)), number < 64));
    let start = std::time::Instant::now();
    bell.sleep(Duration::from_millis(5));
    assert!(start.elapsed() >= Duration::from_millis(5));
}

#[test]
fn a_push_wakes_a_parked_drain_and_so_does_the_end() {
    // Promise: an idle process sleeps, and misses nothing when it wakes.
    const ROUNDS: u64 = 2_000;
    let bell = Bell::new();
    let (mut producer, mut consumer) = ring(4, 0, Arc::clone(&bell)).unwrap();
    let taken = &AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut numbers = Vec::new();
            while !consumer.is_closed() {
                bell.park(|| !consumer.is_empty());
                numbers.extend(drain_all(&mut consumer));
                taken.store(true, Ordering::Release);
            }
            numbers.extend(drain_all(&mut consumer));
            assert!(numbers.into_iter().eq(0..ROUNDS));
        });
        for number in 0..ROUNDS {
            // Without a wake-up for each this would hang.
            while !taken.load(Ordering::Acquire) {
                thread::yield_now();
            }
            taken.store(false, Ordering::Release);
            assert!(producer.push(record(number)));
        }
        drop(producer);
    });
}

/// Pushes `count` records at full speed against a drain that takes `max` at a time, and checks
/// that what was accepted arrives whole and in order, and that the rest was counted.
fn stress(capacity: u32, count: u64, max: usize, retry: bool) {
    let bell = Bell::new();
    let (mut producer, mut consumer) = ring(capacity, 0, Arc::clone(&bell)).unwrap();
    let (pushed, taken) = thread::scope(|scope| {
        let pusher = scope.spawn(move || {
            let mut pushed = 0;
            for _ in 0..count {
                while retry && producer.is_full() {
                    thread::yield_now();
                }
                pushed += u64::from(producer.push(record(pushed)));
            }
            pushed
        });
        let mut taken = 0;
        loop {
            let is_closed = consumer.is_closed();
            let drained = consumer.drain(max, |records| {
                for found in records {
                    assert_whole(found, taken, capacity);
                    taken += 1;
                }
            });
            match (drained, is_closed) {
                (0, true) => break,
                (0, false) if taken % 2 == 0 => bell.park(|| !consumer.is_empty()),
                (0, false) => bell.sleep(Duration::from_micros(100)),
                _ => {}
            }
        }
        (pusher.join().unwrap(), taken)
    });
    assert_eq!((pushed, taken), (consumer.pushed(), consumer.taken()));
    assert_eq!(pushed, taken);
    assert_eq!(pushed + consumer.dropped(), count);
    assert!(!retry || pushed == count);
}

#[test]
fn millions_of_records_with_drops_are_all_accounted_for() {
    // Promise: seen = taken + dropped, exactly, under real threads.
    stress(1_024, 3_000_000, 100, false);
    stress(2, 1_000_000, 1, false);
}

#[test]
fn millions_of_records_without_drops_all_arrive() {
    // Promise: every record arrives once and in order, under real threads.
    stress(65_536, 3_000_000, usize::MAX, true);
    stress(16, 300_000, 5, true);
}
