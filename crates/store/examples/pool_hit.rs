//! Measures what a look-up in the bufferpool costs: `cargo run --release --example pool_hit`.
#![expect(clippy::print_stdout, reason = "a measurement prints its result")]

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use kronicler_store::{Access, PageKey, Pool};

const PAGE_SIZE_BYTES: usize = 16_384;
const LOOKUP_COUNT: u64 = 4_000_000;

fn main() {
    let pool = Pool::<Vec<u8>>::new(1_000 * (PAGE_SIZE_BYTES + 1_024));
    for thread_count in [1, 2, 8] {
        let hit_ns = measure(&pool, thread_count, Access::Point, |number| number % 900);
        println!("{thread_count} threads, hit: {hit_ns} ns a look-up");
    }
    let miss_ns = measure(&pool, 1, Access::Point, |number| 1_000 + number);
    println!("1 thread, miss with eviction: {miss_ns} ns a look-up, making the page included");
    let bypass_ns = measure(&pool, 1, Access::Scan, |number| 1_000_000_000 + number);
    println!("1 thread, miss of a large scan: {bypass_ns} ns a look-up, making the page included");
    println!("{:?}", pool.usage());
}

/// Nanoseconds of one look-up by each of this many threads at once.
fn measure(pool: &Pool<Vec<u8>>, threads: u64, access: Access, page: fn(u64) -> u64) -> u128 {
    let begin = Barrier::new(usize::try_from(threads).unwrap_or(1));
    let work = || {
        begin.wait();
        let started = Instant::now();
        for number in 0..LOOKUP_COUNT / threads {
            let key =
                PageKey { uuid: [7; 16], first_seq: page(number), row_count: 65_536, page: 3 };
            let load = || Ok::<_, ()>((vec![1; PAGE_SIZE_BYTES], PAGE_SIZE_BYTES));
            black_box(pool.get(&key, access, load).is_ok());
        }
        started.elapsed().as_nanos()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let times = workers.into_iter().filter_map(|worker| worker.join().ok());
        times.max().unwrap_or_default() / u128::from(LOOKUP_COUNT / threads)
    })
}
