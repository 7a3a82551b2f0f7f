//! How the drain sleeps and how a producer wakes it; one bell for all rings of an engine.
//!
//! One word, `state`. The sleeper, of which there is one at a time, moves it from AWAKE to TIMED
//! or PARKED and back to AWAKE; whoever rings moves it to RUNG, and wakes the sleeper if it was
//! TIMED or PARKED. So a ring before the sleep is kept and ends it at once, and of many who ring
//! only the first makes a system call.
//!
//! - Both swap the word, so each sees the other's last step: ring's release pairs with the
//!   sleeper's acquire, and what was written before a ring is seen after the sleep.
//! - A producer that has published does not ring, it only looks (`ring_if_parked`), relaxed. That
//!   it sees PARKED, or else the sleeper its record, is due to the two fences of membarrier.rs:
//!   between its two steps, and in `park` between announcing and looking again.
//! - Where membarrier is missing a producer may miss PARKED: there the park ends by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(any(loom, not(all(target_os = "linux", target_pointer_width = "64"))))]
use crate::condvar::Waiter;
#[cfg(all(target_os = "linux", target_pointer_width = "64", not(loom)))]
use crate::futex::Waiter;
use crate::membarrier;
use crate::sync::{AtomicU32, Ordering};

const AWAKE: u32 = 0;
const TIMED: u32 = 1;
const PARKED: u32 = 2;
const RUNG: u32 = 3;

/// How long a park lasts at most where a producer may miss it.
const UNFENCED_PARK: Duration = Duration::from_millis(50);

/// Where the drain sleeps until there is something to do.
///
/// On cache lines of its own (a pair, since processors fetch them in pairs), because every push
/// reads the word.
#[derive(Debug)]
#[repr(align(128))]
pub struct Bell {
    state: AtomicU32,
    waiter: Waiter,
}

impl Bell {
    /// A bell that nobody sleeps by.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { state: AtomicU32::new(AWAKE), waiter: Waiter::new() })
    }

    /// Sleeps for `duration`, or until the bell is rung; not at all if it was rung since the
    /// last sleep. One thread at a time may sleep.
    pub fn sleep(&self, duration: Duration) {
        if self.announce(TIMED) {
            self.wait(TIMED, Some(duration));
        }
        self.state.swap(AWAKE, Ordering::AcqRel);
    }

    /// Sleeps until the bell is rung or a producer pushes; not at all if it was rung since the
    /// last sleep, or `has_work` says so. One thread at a time may sleep.
    ///
    /// `has_work` is asked once, after the sleep is announced, and looks at what producers
    /// publish without ringing: the lengths of their rings. Where the system has no
    /// `membarrier`, the sleep ends after 50 ms.
    pub fn park(&self, mut has_work: impl FnMut() -> bool) {
        if self.announce(PARKED) {
            let is_fenced = membarrier::heavy();
            if !has_work() {
                self.wait(PARKED, (!is_fenced).then_some(UNFENCED_PARK));
            }
        }
        self.state.swap(AWAKE, Ordering::AcqRel);
    }

    /// Wakes the sleeper, or keeps the next one from sleeping. Anyone may ring.
    pub fn ring(&self) {
        if matches!(self.state.swap(RUNG, Ordering::AcqRel), TIMED | PARKED) {
            self.waiter.wake(&self.state);
        }
    }

    /// To be called after something was published that `has_work` looks at. Costs a relaxed
    /// load, unless the drain is parked.
    #[inline]
    pub(crate) fn ring_if_parked(&self) {
        membarrier::light();
        if self.state.load(Ordering::Relaxed) == PARKED {
            self.ring_cold();
        }
    }

    #[cold]
    #[inline(never)]
    fn ring_cold(&self) {
        self.ring();
    }

    /// Whether the sleep may begin; false when the bell was rung.
    fn announce(&self, state: u32) -> bool {
        self.state.compare_exchange(AWAKE, state, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Waits until the state is no longer `announced`, or the time is over.
    fn wait(&self, announced: u32, duration: Option<Duration>) {
        let start = Instant::now();
        while self.state.load(Ordering::Relaxed) == announced {
            let rest = match duration.map(|duration| duration.checked_sub(start.elapsed())) {
                Some(None | Some(Duration::ZERO)) => return,
                Some(rest) => rest,
                None => None,
            };
            self.waiter.wait(&self.state, announced, rest);
        }
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;

    #[test]
    fn a_ring_before_the_sleep_is_kept_once() {
        // Promise: a ring is never lost, and does not keep the drain awake twice.
        let bell = Bell::new();
        bell.ring();
        bell.ring();
        bell.park(|| false);
        assert_eq!(bell.state.load(Ordering::Relaxed), AWAKE);
        bell.ring();
        bell.sleep(Duration::from_secs(3_600));
        bell.sleep(Duration::from_millis(1));
        assert_eq!(bell.state.load(Ordering::Relaxed), AWAKE);
    }

    #[test]
    fn work_keeps_from_parking() {
        // Promise: a drain that has work does not park.
        let bell = Bell::new();
        bell.park(|| true);
        assert_eq!(bell.state.load(Ordering::Relaxed), AWAKE);
    }

    #[test]
    fn a_sleep_lasts_its_time() {
        // Promise: nothing wakes a drain that nobody rings.
        let bell = Bell::new();
        let start = Instant::now();
        bell.sleep(Duration::from_millis(5));
        assert!(start.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn a_ring_ends_either_sleep() {
        // Promise: whoever rings is heard, in a timed sleep and in a park.
        for is_parked in [false, true] {
            let bell = Bell::new();
            let sleeper = std::thread::spawn({
                let bell = Arc::clone(&bell);
                move || {
                    if is_parked {
                        bell.park(|| false);
                    } else {
                        bell.sleep(Duration::from_secs(3_600));
                    }
                }
            });
            while bell.state.load(Ordering::Relaxed) == AWAKE {
                std::thread::yield_now();
            }
            bell.ring();
            sleeper.join().unwrap();
        }
    }

    #[test]
    fn only_a_parked_drain_is_rung_by_a_look() {
        // Promise: a push makes no system call while the drain is not parked.
        let bell = Bell::new();
        for (state, after) in [(AWAKE, AWAKE), (TIMED, TIMED), (RUNG, RUNG), (PARKED, RUNG)] {
            bell.state.store(state, Ordering::Relaxed);
            bell.ring_if_parked();
            assert_eq!(bell.state.load(Ordering::Relaxed), after);
        }
    }
}
