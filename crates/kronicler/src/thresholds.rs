//! Above which duration a call is slow, by site: written by the drain, read by every captured call.
//!
//! Ticks, so that a call compares what it has. A site that has none yet has the largest there is.
//! Relaxed: nothing is ordered by them, and a call may use one that has just been replaced.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Sites of a page, which is made when the first of them gets a threshold.
const PAGE_SIZE: usize = 1_024;
/// Pages of as many sites as there can be names. Further sites, of names with several forms, have
/// no threshold.
const PAGE_COUNT: usize = 128;

/// Above which duration a call is slow, by site.
#[derive(Debug)]
pub(crate) struct Thresholds {
    pages: [OnceLock<Box<Page>>; PAGE_COUNT],
}

/// Of a length that the compiler knows, so that no call has to ask for it.
type Page = [AtomicU64; PAGE_SIZE];

impl Thresholds {
    pub fn new() -> Self {
        Self { pages: [const { OnceLock::new() }; PAGE_COUNT] }
    }

    /// The threshold of a site in ticks.
    #[inline(always)]
    pub fn of(&self, site: u32) -> u64 {
        let site = site as usize;
        let page = self.pages.get(site / PAGE_SIZE).and_then(OnceLock::get);
        page.map_or(u64::MAX, |page| page[site % PAGE_SIZE].load(Ordering::Relaxed))
    }

    pub fn set(&self, site: u32, ticks: u64) {
        let site = site as usize;
        let Some(page) = self.pages.get(site / PAGE_SIZE) else { return };
        let make = || Box::new([const { AtomicU64::new(u64::MAX) }; PAGE_SIZE]);
        page.get_or_init(make)[site % PAGE_SIZE].store(ticks, Ordering::Relaxed);
    }
}

/// Calls from which on the slowest hundredth of them is known well enough.
const CALL_COUNT_MIN: u32 = 200;
/// By what the estimate grows with a call above it, and shrinks with one below: the two are in
/// balance when one call in a hundred is above. It is 5 % off at most times, and follows a function
/// that has become twice as fast within some 1,500 calls.
const GROWTH: f64 = 1.05;
/// `GROWTH` to the power of -1/99.
const SHRINKAGE: f64 = 0.999_507_296;
/// No call below this is slow because of the others: nothing that a detail holds, use of the event
/// loop and calls in flight, would explain so little, and functions of a few nanoseconds would tell
/// of a thousand calls a second.
const SLOW_MIN_NS: f64 = 100_000.0;
/// A threshold is told again when it has changed by more than this: each time costs the threads
/// that read it a miss of their caches.
const CHANGE_MIN: f64 = 1.1;

/// The duration that one call in a hundred of a site exceeds, about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SlowMark {
    call_count: u32,
    estimate_ns: f64,
    told_ns: f64,
}

impl SlowMark {
    /// Of a site whose threshold was given: its calls do not change it.
    pub const GIVEN: Self = Self { call_count: u32::MAX, estimate_ns: 0.0, told_ns: 0.0 };

    /// Takes a call in. Gives the threshold when it is to be told.
    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "an estimate of a duration"
    )]
    pub fn add(&mut self, duration_ns: u64) -> Option<u64> {
        if self.call_count == u32::MAX {
            return None;
        }
        let duration_ns = duration_ns as f64;
        if self.call_count < CALL_COUNT_MIN {
            // Of 200 calls two are above their p99: the largest is near enough to begin with.
            self.call_count += 1;
            self.estimate_ns = self.estimate_ns.max(duration_ns);
            if self.call_count < CALL_COUNT_MIN {
                return None;
            }
        } else {
            self.estimate_ns *= if duration_ns > self.estimate_ns { GROWTH } else { SHRINKAGE };
        }
        // Below a nanosecond there is nothing to tell apart, and nothing to grow from.
        self.estimate_ns = self.estimate_ns.max(1.0);
        let slow_ns = self.estimate_ns.max(SLOW_MIN_NS);
        let is_near = slow_ns < self.told_ns * CHANGE_MIN && self.told_ns < slow_ns * CHANGE_MIN;
        if is_near {
            return None;
        }
        self.told_ns = slow_ns;
        Some(slow_ns as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_without_calls_has_no_slow_ones() {
        // Promise: what is not known is not called slow, whatever the number of the site.
        let thresholds = Thresholds::new();
        assert_eq!([0, 5_000, u32::MAX].map(|site| thresholds.of(site)), [u64::MAX; 3]);
        thresholds.set(5_000, 7);
        thresholds.set(u32::MAX, 7);
        assert_eq!([5_000, 5_001, u32::MAX].map(|s| thresholds.of(s)), [7, u64::MAX, u64::MAX]);
    }

    /// Durations from 0 to 999 in an order without pattern.
    fn draws() -> impl Iterator<Item = u64> {
        (0..).scan(1_u64, |state, _: u32| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Some((*state >> 33) % 1_000)
        })
    }

    #[test]
    fn the_threshold_is_what_one_call_in_a_hundred_exceeds() {
        // Promise: about the slowest hundredth of a function's calls is slow, from 200 calls on,
        // also after it has become ten times as slow or as fast.
        let mut mark = SlowMark::default();
        let told: Vec<_> =
            draws().take(200).filter_map(|draw| mark.add(1_000_000 + 1_000 * draw)).collect();
        assert_eq!(told.len(), 1);
        for scale in [1, 10, 1] {
            let mut slow_count = 0;
            for (index, draw) in draws().take(60_000).enumerate() {
                // A quarter of the calls takes up to eight times as long.
                let in_us = 1_000 + if draw < 250 { draw * 28 } else { draw };
                let duration_ns = scale * in_us * 1_000;
                let is_slow = duration_ns as f64 > mark.told_ns;
                mark.add(duration_ns);
                slow_count += u32::from(index >= 20_000 && is_slow);
            }
            let share = f64::from(slow_count) / 40_000.0;
            assert!((0.002..0.03).contains(&share), "{share} of the calls");
        }
    }

    #[test]
    fn short_calls_are_not_slow() {
        // Promise: a function of nanoseconds tells nothing of a call that took some microseconds.
        let mut mark = SlowMark::default();
        let told: Vec<u64> = draws().take(10_000).filter_map(|draw| mark.add(draw * 40)).collect();
        assert_eq!(told, [100_000]);
    }

    #[test]
    fn equal_calls_are_not_slow() {
        // Promise: a function that always takes the same time has next to no slow calls.
        let mut mark = SlowMark::default();
        let slow = (0..50_000).filter(|_| {
            let is_slow = mark.call_count >= CALL_COUNT_MIN && 500_000.0 > mark.told_ns;
            mark.add(500_000);
            is_slow
        });
        assert!(slow.count() < 1_000);
        assert!(mark.add(0).is_none() || mark.estimate_ns >= 1.0);
    }
}
