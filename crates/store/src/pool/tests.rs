//! Promises of the bufferpool: pins, bypassing scans, errors, threads.

use std::sync::atomic::AtomicUsize;
use std::thread;

use super::*;

type Pages = Pool<u64>;

const PAGE_SIZE_BYTES: usize = 4_000;
const KEPT_SIZE_BYTES: usize = PAGE_SIZE_BYTES + Pages::PAGE_OVERHEAD_BYTES;
/// Room for a hundred pages.
const CAPACITY: usize = 100 * KEPT_SIZE_BYTES;

fn key(number: u64) -> PageKey {
    let page = u32::try_from(number % 7).unwrap();
    PageKey {
        uuid: [u8::try_from(number % 2).unwrap(); 16],
        first_seq: number / 7,
        row_count: 65_536,
        page,
    }
}

fn read(pool: &Pages, number: u64, access: Access) -> PinnedPage<u64> {
    let page = pool.get(&key(number), access, || Ok::<_, ()>((number, PAGE_SIZE_BYTES)));
    let page = page.unwrap();
    assert_eq!(*page, number);
    page
}

#[test]
fn a_page_is_loaded_once() {
    // Promise: a page that is kept is neither read nor decoded again, and readers share it.
    let pool = Pages::new(CAPACITY);
    let first = read(&pool, 1, Access::Point);
    let load = || -> Result<(u64, usize), ()> { panic!("loaded twice") };
    let second = pool.get(&key(1), Access::Point, load).unwrap();
    let third = pool.get(&key(1), Access::Scan, load).unwrap();
    assert!(Arc::ptr_eq(&first.page, &second.page) && Arc::ptr_eq(&first.page, &third.page));
    let expected = PoolUsage {
        capacity_bytes: CAPACITY,
        size_bytes: KEPT_SIZE_BYTES,
        pinned_bytes: KEPT_SIZE_BYTES,
        page_count: 1,
        hit_count: 2,
        miss_count: 1,
        ..Default::default()
    };
    assert_eq!(pool.usage(), expected);
    drop((first, second, third));
    assert_eq!(pool.usage(), PoolUsage { pinned_bytes: 0, ..expected });
}

#[test]
fn a_large_scan_bypasses_the_pool() {
    // Promise: a scan of more than half of the pool finds what is kept, and changes none of it
    // but for the room of the page it holds.
    let pool = Pages::new(CAPACITY);
    assert_eq!(pool.begin_scan(CAPACITY / 2), Access::Point);
    assert_eq!(pool.begin_scan(CAPACITY / 2 + 1), Access::Scan);
    (0..90).for_each(|number| drop(read(&pool, number, Access::Point)));
    for number in 0..10_000 {
        let page = read(&pool, number, Access::Scan);
        assert_eq!(pool.usage().unkept_bytes, if number < 90 { 0 } else { PAGE_SIZE_BYTES });
        drop(page);
    }
    let usage = pool.usage();
    assert_eq!((usage.page_count, usage.eviction_count, usage.unkept_bytes), (90, 0, 0));
    assert_eq!((usage.hit_count, usage.miss_count), (90, 90 + 9_910));
    assert_eq!((usage.bypass_count, usage.refused_count), (9_910, 0));
    (90..100).for_each(|number| drop(read(&pool, number, Access::Point)));
    (10_000..20_000).for_each(|number| drop(read(&pool, number, Access::Scan)));
    assert_eq!((pool.usage().page_count, pool.usage().eviction_count), (99, 1));
}

#[test]
fn what_large_scans_see_is_not_thought_to_be_needed() {
    // Promise: pages that only scans looked at go like those that nobody looked at again.
    let pool = Pages::new(CAPACITY);
    (0..20).for_each(|number| drop(read(&pool, number, Access::Point)));
    for number in (0..10).chain(0..10).chain(0..10) {
        drop(read(&pool, number, Access::Scan));
        drop(read(&pool, number + 10, Access::Point));
    }
    (1_000..2_000).for_each(|number| drop(read(&pool, number, Access::Point)));
    let before = pool.usage().hit_count;
    (0..10).for_each(|number| drop(read(&pool, number, Access::Scan)));
    assert_eq!(pool.usage().hit_count, before);
    (10..20).for_each(|number| drop(read(&pool, number, Access::Scan)));
    assert_eq!(pool.usage().hit_count, before + 10);
}

#[test]
fn pinned_pages_stay_whatever_comes() {
    // Promise: a page that is held is found by the next reader, even when the pool overflows.
    let pool = Pages::new(CAPACITY);
    let held: Vec<_> = (0..30).map(|number| read(&pool, number, Access::Point)).collect();
    (1_000..9_000).for_each(|number| drop(read(&pool, number, Access::Point)));
    let usage = pool.usage();
    assert_eq!((usage.pinned_bytes, usage.page_count), (30 * KEPT_SIZE_BYTES, 100));
    assert_eq!((usage.miss_count, usage.refused_count), (8_030, 0));
    (0..30).for_each(|number| drop(read(&pool, number, Access::Scan)));
    assert_eq!(pool.usage().hit_count, 30);
    drop(held);
    assert_eq!(pool.usage().pinned_bytes, 0);
}

#[test]
fn when_all_is_pinned_pages_are_handed_out_unkept() {
    // Promise: a full pool refuses no reader; what it cannot keep counts until it is let go.
    let pool = Pages::new(CAPACITY);
    let kept: Vec<_> = (0..100).map(|number| read(&pool, number, Access::Point)).collect();
    let unkept: Vec<_> = (100..103).map(|number| read(&pool, number, Access::Point)).collect();
    let usage = pool.usage();
    assert_eq!((usage.size_bytes, usage.pinned_bytes), (CAPACITY, CAPACITY));
    assert_eq!((usage.unkept_bytes, usage.refused_count), (3 * PAGE_SIZE_BYTES, 3));
    drop(kept);
    drop(read(&pool, 200, Access::Point));
    let usage = pool.usage();
    assert!(usage.size_bytes + usage.unkept_bytes <= CAPACITY);
    assert_eq!(usage.unkept_bytes, 3 * PAGE_SIZE_BYTES);
    assert_eq!(unkept.iter().map(|page| **page).sum::<u64>(), 100 + 101 + 102);
    drop(unkept);
    assert_eq!(pool.usage().unkept_bytes, 0);
}

#[test]
fn a_failed_load_is_passed_on() {
    // Promise: the reader learns why its page cannot be had, and nothing of it is kept.
    let pool = Pages::new(CAPACITY);
    for access in [Access::Point, Access::Scan] {
        assert_eq!(pool.get(&key(1), access, || Err("checksum")).err(), Some("checksum"));
    }
    let expected = PoolUsage { capacity_bytes: CAPACITY, miss_count: 2, ..Default::default() };
    assert_eq!(pool.usage(), expected);
    drop(read(&pool, 1, Access::Point));
    assert_eq!(pool.usage().page_count, 1);
}

#[test]
fn without_capacity_pages_are_read_each_time() {
    // Promise: a pool of nothing still hands out every page.
    let pool = Pages::new(0);
    assert_eq!(pool.begin_scan(1), Access::Scan);
    let held = read(&pool, 1, Access::Point);
    drop(read(&pool, 1, pool.begin_scan(0)));
    let usage = pool.usage();
    assert_eq!((usage.page_count, usage.unkept_bytes), (0, PAGE_SIZE_BYTES));
    assert_eq!((usage.miss_count, usage.refused_count), (2, 2));
    drop(held);
}

#[test]
fn the_pages_of_a_cleared_lane_are_forgotten() {
    // Promise: its pages are gone, those of other lanes are not.
    let pool = Pages::new(CAPACITY);
    (0..40).for_each(|number| drop(read(&pool, number, Access::Point)));
    assert_eq!(pool.remove_if(|key| key.uuid == [1; 16]), 20);
    assert_eq!(pool.usage().size_bytes, 20 * KEPT_SIZE_BYTES);
    (0..40).for_each(|number| drop(read(&pool, number, Access::Scan)));
    assert_eq!((pool.usage().hit_count, pool.usage().bypass_count), (20, 20));
}

/// A page that counts how many of its kind live.
struct Living<'a> {
    number: u64,
    count: &'a AtomicUsize,
}

impl Drop for Living<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn eight_readers_stay_within_the_bound() {
    // Promise: readers and scans that each hold two pages have no more pages in memory than the
    // pool may hold and one that each is loading, and see the right ones.
    const READERS: u64 = 8;
    let (count, highest) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let pool = Pool::<Living<'_>>::new(CAPACITY / 2);
    let load = |number| {
        highest.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Ok::<_, ()>((Living { number, count: &count }, KEPT_SIZE_BYTES))
    };
    thread::scope(|scope| {
        for reader in 0..READERS {
            let (pool, load) = (&pool, &load);
            scope.spawn(move || {
                let access = if reader % 4 == 0 { Access::Scan } else { Access::Point };
                let mut random = reader + 1;
                let mut held = [None, None];
                for turn in 0..10_000 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let number = (random >> 40) & if random >> 63 == 0 { 15 } else { 255 };
                    held[turn % 2] = None;
                    let page = pool.get(&key(number), access, || load(number)).unwrap();
                    assert_eq!(page.number, number);
                    held[turn % 2] = Some(page);
                }
            });
        }
    });
    let usage = pool.usage();
    assert!(highest.into_inner() as u64 <= 50 + READERS);
    assert_eq!(usage.hit_count + usage.miss_count, 10_000 * READERS);
    assert_eq!((usage.unkept_bytes, usage.pinned_bytes), (0, 0));
    assert_eq!(usage.page_count, count.load(Ordering::SeqCst));
    assert!(usage.bypass_count > 0 && usage.eviction_count > 0);
}
