//! The consumer's end of a ring: takes records in batches and frees their slots.
//!
//! The consumer alone writes `tail`, `logged` and the triples. It reads the slots from `tail` to
//! `head`, loaded (acquire: whole records, see producer.rs), and stores `tail` (release) when it
//! has done with them, after which they are the producer's. It may move between threads, as long
//! as one at a time holds it: it lies in a mutex.
//!
//! `logged` is stored (release), so an adopter that sees it sees the log it speaks of as far as
//! memory goes; that the log is in its file is for the writer to have made sure.
#![expect(unsafe_code, reason = "it reads slots that are its own by the protocol above")]

use std::sync::Arc;

use kronicler_format::Record;

use crate::Triple;
use crate::region::Region;
use crate::sync::Ordering;

/// The end of a ring that takes records out.
#[derive(Debug)]
pub struct Consumer {
    /// Position of the next record to take.
    tail: u64,
    region: Arc<Region>,
}

impl Consumer {
    pub(crate) fn new(region: Arc<Region>) -> Self {
        Self { tail: 0, region }
    }

    /// Takes at most `max` records, the oldest first, and gives them to `f` in one slice, or in
    /// two where the ring wraps. Their slots are free when it returns; how many is the answer.
    ///
    /// When `f` panics the records stay in the ring, and come again.
    pub fn drain(&mut self, max: usize, f: impl FnMut(&[Record])) -> usize {
        let count = self.len().min(max);
        if count == 0 {
            return 0;
        }
        // SAFETY: these positions lie between tail and head, so the producer does not write
        // their slots before `tail` is stored; head is never further than the capacity.
        unsafe { self.region.read(self.tail, count, f) };
        self.tail += count as u64;
        self.region.header().tail.store(self.tail, Ordering::Release);
        count
    }

    /// How many records were ever published.
    #[must_use]
    pub fn pushed(&self) -> u64 {
        self.region.header().head.load(Ordering::Acquire)
    }

    /// How many of the records pushed tell of the one behind them, and are of no call of their own.
    /// To be read before `pushed`.
    #[must_use]
    pub fn beside(&self) -> u64 {
        self.region.header().counts.beside.load(Ordering::Acquire)
    }

    /// How many records found the ring full. With `pushed`, all that were seen.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.region.header().counts.dropped.load(Ordering::Relaxed)
    }

    /// How many records were ever taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.tail
    }

    /// How many records wait.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.pushed() - self.tail).unwrap_or(usize::MAX)
    }

    /// Whether no record waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the producer is gone. What it pushed may still wait: ask this first, then drain.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.region.header().counts.closed.load(Ordering::Acquire) != 0
    }

    /// The thread that pushes.
    #[must_use]
    pub fn thread(&self) -> u32 {
        self.region.header().fixed.thread
    }

    /// How many records the ring holds.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.region.header().fixed.capacity
    }

    /// Notes for an adopter how many records are in a frame of the log, counted like `taken`.
    pub fn set_logged(&self, logged: u64) {
        assert!(logged <= self.tail, "only what was taken can be in the log");
        self.region.header().logged.store(logged, Ordering::Release);
    }

    /// Notes for an adopter the last two triples of the clock; to be called at each drain.
    pub fn set_triples(&self, triples: [Triple; 2]) {
        self.region.header().triples.write(triples);
    }
}
