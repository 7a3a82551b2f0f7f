//! Promises of the cache: scans, threads, counters, forgetting.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

type Numbers = Cache<u32, u32>;

const OVERHEAD: usize = Numbers::ENTRY_SIZE_BYTES;
const VALUE_SIZE_BYTES: usize = 8_192;
/// Room for two hundred values.
const CAPACITY: usize = 200 * (VALUE_SIZE_BYTES + OVERHEAD);

/// Looks all keys up, loads those that are missing, and says how many were there.
fn pass(cache: &Numbers, keys: std::ops::Range<u32>) -> u64 {
    let before = cache.usage().hit_count;
    for key in keys {
        let load = || Ok::<_, ()>((key, VALUE_SIZE_BYTES));
        assert_eq!(cache.get_or_load(&key, load).as_deref(), Ok(&key));
    }
    cache.usage().hit_count - before
}

#[test]
fn a_scan_does_not_evict_the_hot_set() {
    // Promise: after a scan of a hundred times the capacity what is in use is still there.
    for hot_count in [20, 100, 170] {
        let cache = Numbers::new(CAPACITY);
        let warming = (0..4).map(|_| pass(&cache, 0..hot_count));
        assert_eq!(warming.sum::<u64>(), 3 * u64::from(hot_count));
        let before = pass(&cache, 0..hot_count);
        assert_eq!(pass(&cache, 1_000..21_000), 0);
        let after = pass(&cache, 0..hot_count);
        assert_eq!((before, after), (u64::from(hot_count), u64::from(hot_count)));
    }
}

#[test]
fn the_hot_set_is_found_among_scans() {
    // Promise: a set that is needed again and again gets in while scans run all the time, though
    // more comes between two of its uses than fits: the least recently used would be of no help.
    let cache = Numbers::new(CAPACITY);
    let mut hits = 0;
    for round in 0..40 {
        hits = pass(&cache, 0..60);
        pass(&cache, 1_000 + round * 180..1_180 + round * 180);
    }
    assert_eq!(hits, 60);
}

#[test]
fn counters_are_exact() {
    // Promise: each look-up is a hit or a miss, and the bytes are those of what is kept.
    let cache = Numbers::new(100 * OVERHEAD);
    assert_eq!(cache.usage(), CacheUsage { capacity_bytes: 100 * OVERHEAD, ..Default::default() });
    assert!(cache.get(&1).is_none() && cache.peek(&1).is_none());
    let held = cache.insert(1, 11, 70);
    assert!(held.is_kept && cache.insert(2, 22, 30).is_kept);
    assert_eq!((cache.get(&1).as_deref(), cache.peek(&2).as_deref()), (Some(&11), Some(&22)));
    cache.set_aside(1_000);
    let expected = CacheUsage {
        capacity_bytes: 100 * OVERHEAD,
        size_bytes: 100 + 2 * OVERHEAD,
        pinned_bytes: 70 + OVERHEAD,
        aside_bytes: 1_000,
        entry_count: 2,
        hit_count: 2,
        miss_count: 2,
        eviction_count: 0,
    };
    assert_eq!(cache.usage(), expected);
    cache.give_back(1_000);
    drop(held);
    (10..110).for_each(|key| drop(cache.insert(key, key, 0)));
    let usage = cache.usage();
    assert_eq!((usage.entry_count, usage.eviction_count), (100, 2));
    assert_eq!((usage.size_bytes, usage.pinned_bytes), (100 * OVERHEAD, 0));
    assert_eq!(usage.aside_bytes, 0);
}

#[test]
fn the_first_value_of_a_key_stays() {
    // Promise: who loads a value that another thread has just brought in gets that one.
    let cache = Numbers::new(CAPACITY);
    let first = cache.insert(1, 10, 0);
    let second = cache.insert(1, 20, 5);
    assert!(second.is_kept && Arc::ptr_eq(&first.value, &second.value));
    assert_eq!(cache.usage().size_bytes, OVERHEAD);
}

#[test]
fn forgotten_keys_are_gone_for_the_cache_only() {
    // Promise: what is removed is found no longer, and whoever holds it keeps it.
    let cache = Numbers::new(CAPACITY);
    (0..10).for_each(|key| drop(cache.insert(key, key, 0)));
    let held = cache.get(&3);
    assert_eq!(cache.remove_if(|key| key % 3 == 0), 4);
    assert!(cache.get(&3).is_none() && cache.get(&4).is_some());
    assert_eq!(held.as_deref(), Some(&3));
    let usage = cache.usage();
    assert_eq!((usage.entry_count, usage.pinned_bytes), (6, 0));
    assert_eq!((usage.size_bytes, usage.eviction_count), (6 * OVERHEAD, 0));
    assert!(cache.insert(3, 33, 0).is_kept);
}

#[test]
fn a_condition_that_panics_changes_nothing() {
    // Promise: a failure in the middle of forgetting leaves a cache that works.
    let cache = Numbers::new(CAPACITY);
    (0..10).for_each(|key| drop(cache.insert(key, key, 0)));
    let failed = thread::scope(|scope| {
        let remove = || cache.remove_if(|key| if *key == 5 { panic!("refused") } else { true });
        scope.spawn(remove).join().is_err()
    });
    assert!(failed && (0..10).all(|key| cache.get(&key).as_deref() == Some(&key)));
    assert_eq!(cache.usage().size_bytes, 10 * OVERHEAD);
}

#[test]
fn a_failed_load_leaves_nothing() {
    // Promise: the error is the caller's, and the next look-up loads again.
    let cache = Numbers::new(CAPACITY);
    assert_eq!(cache.get_or_load(&1, || Err("torn")), Err("torn"));
    assert_eq!(cache.usage().entry_count, 0);
    assert_eq!(cache.get_or_load(&1, || Ok::<_, ()>((5, 0))).as_deref(), Ok(&5));
}

#[test]
fn without_capacity_everything_works() {
    // Promise: a cache of nothing keeps nothing, and hands out what it is given.
    let cache = Numbers::new(0);
    assert_eq!(pass(&cache, 0..100) + pass(&cache, 0..100), 0);
    assert!(!cache.insert(1, 1, 0).is_kept);
    cache.set_aside(100);
    assert_eq!(cache.remove_if(|_| true), 0);
    let usage = cache.usage();
    assert_eq!((usage.size_bytes, usage.entry_count, usage.miss_count), (0, 0, 200));
}

/// A value that counts how many of its kind live.
struct Living<'a> {
    number: u32,
    count: &'a AtomicUsize,
}

impl Drop for Living<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn eight_threads_stay_within_the_bound() {
    // Promise: at no time live more values than fit and one for each thread that is loading, and
    // every thread gets the value of the key that it asked for.
    const THREADS: u32 = 8;
    let (count, highest) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let cache = Cache::<u32, Living<'_>>::new(40 * (1_000 + OVERHEAD));
    let load = |number| {
        highest.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Ok::<_, ()>((Living { number, count: &count }, 1_000))
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cache, load) = (&cache, &load);
            scope.spawn(move || {
                let mut random = thread + 1;
                for _ in 0..20_000 {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Half of the look-ups go to 16 keys, the others to 256.
                    let key = (random >> 8) & if random >> 31 == 0 { 15 } else { 255 };
                    let value = cache.get_or_load(&key, || load(key)).unwrap();
                    assert_eq!(value.number, key);
                }
            });
        }
    });
    let usage = cache.usage();
    assert!(highest.into_inner() <= 40 + THREADS as usize);
    assert_eq!(usage.hit_count + usage.miss_count, 20_000 * u64::from(THREADS));
    assert_eq!((usage.entry_count, usage.pinned_bytes), (count.load(Ordering::SeqCst), 0));
    assert!(usage.size_bytes <= usage.capacity_bytes && usage.eviction_count > 0);
}
