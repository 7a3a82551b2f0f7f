//! Random lives of a database, every answer compared with that of a naive list of rows.
//!
//! `SEED=n` lives one again, `KRONICLER_SEQUENCES=n` lives so many (2,000 unless told).

#[expect(dead_code, reason = "the other promises use the rest")]
#[path = "../promises/model.rs"]
mod model;
#[expect(dead_code, reason = "the other promises use the rest")]
#[path = "../promises/world.rs"]
mod world;

mod rng;
mod grouping;
mod pictures;
mod questions;
mod life;

use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use life::Life;

const SEQUENCE_COUNT: u64 = 2_000;
const OPERATION_COUNT: u32 = 200;

/// Tells how to see a failure again.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nothing is left to do when that fails, too.
            let _ = writeln!(std::io::stderr(), "SEED={} cargo test --test model", self.0);
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn live(seed: u64) {
    let _told = Told(seed);
    let mut life = Life::new(seed);
    for _ in 0..OPERATION_COUNT {
        life.step();
    }
    life.end();
}

#[test]
fn every_answer_is_that_of_a_list_of_all_rows() {
    // Promise: whatever was appended, sealed, joined, rotated, reopened and cleared before, in one
    // lane or several, every question is answered as if all rows stood in one list.
    if let Some(seed) = number("SEED") {
        return live(seed);
    }
    let first = RandomState::new().hash_one(0) >> 12;
    let end = first + number("KRONICLER_SEQUENCES").unwrap_or(SEQUENCE_COUNT);
    let next = AtomicU64::new(first);
    let thread_count = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..thread_count {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    live(seed);
                }
            });
        }
    });
}
