//! The producer's end of a ring: one thread pushes, and never waits.
//!
//! The producer alone writes `head`, `dropped` and `closed`, and the slots from `head` up to
//! `tail` + capacity, where its turn ends.
//!
//! - A slot is written, then `head` is stored (release): it pairs with the consumer's load
//!   (acquire), which so sees whole records below it.
//! - `tail` is loaded (acquire) before a slot is used again: it pairs with the consumer's store
//!   (release), which so has done with the records below it. It is not loaded at each push but
//!   kept as `limit`, up to which there is room for certain.
//! - After `head` the bell is looked at, see bell.rs.
//! - `dropped` is stored relaxed: it is a count and guards nothing. `closed` is stored (release)
//!   when no push follows, so whoever sees it (acquire) sees the final `head`, and `dropped`.
//!
//! The limit is half the ring beyond `tail`, at first. A producer that reaches it finds the
//! consumer behind by half a ring, rings, and takes the whole ring as its limit. It rings once for
//! each `tail` it meets, so a drain that wakes and cannot take anything is left in peace.
#![expect(unsafe_code, reason = "it writes slots that are its own by the protocol above")]

use std::sync::Arc;

use kronicler_format::Record;

use crate::Bell;
use crate::region::Region;
use crate::sync::Ordering;

/// The end of a ring that pushes. Dropping it closes the ring.
#[derive(Debug)]
pub struct Producer {
    /// Position of the next record.
    head: u64,
    /// Up to this position there is room.
    limit: u64,
    region: Arc<Region>,
    bell: Arc<Bell>,
    capacity: u64,
    /// The capacity is 2 to the power of this.
    capacity_log2: u32,
    /// The tail at which the bell was last rung.
    rung_tail: Option<u64>,
    dropped: u64,
    beside: u64,
    is_closed: bool,
}

impl Producer {
    pub(crate) fn new(region: Arc<Region>, bell: Arc<Bell>) -> Self {
        let capacity = region.header().fixed.capacity;
        Self {
            head: 0,
            limit: u64::from(capacity / 2),
            region,
            bell,
            capacity: u64::from(capacity),
            capacity_log2: capacity.trailing_zeros(),
            rung_tail: None,
            dropped: 0,
            beside: 0,
            is_closed: false,
        }
    }

    /// Puts a record into the ring and fills in its lap. When the ring is full the record is
    /// dropped and counted, and the answer is false; a closed ring is always full.
    ///
    /// Always inlined: the caller's record then stays in registers. Built in memory by words and
    /// copied by pairs of them, it would wait for the store buffer, which tripled the cost.
    #[inline(always)]
    pub fn push(&mut self, record: Record) -> bool {
        if self.head == self.limit && !self.extend_limit() {
            self.count_drop();
            return false;
        }
        self.put(record);
        true
    }

    /// Puts a record into the ring if there is room for certain, without looking how far the
    /// consumer has come; else nothing was done, and the answer is false.
    #[inline(always)]
    pub fn push_if_room(&mut self, record: Record) -> bool {
        let has_room = self.head != self.limit;
        if has_room {
            self.put(record);
        }
        has_room
    }

    /// Puts a record into the ring that tells of the next one, if there is room for both; else
    /// nothing was done, and the answer is false. It is counted as a record, and by itself.
    pub fn push_beside(&mut self, record: Record) -> bool {
        let has_room = |producer: &Self| producer.limit - producer.head >= 2;
        let is_pushed = has_room(self) || self.extend_limit() && has_room(self);
        if is_pushed {
            self.put(record);
            // Later than the head: who reads it first never takes too much off that.
            self.beside += 1;
            self.region.header().counts.beside.store(self.beside, Ordering::Release);
        }
        is_pushed
    }

    /// Writes the next slot, below the limit.
    #[inline(always)]
    fn put(&mut self, record: Record) {
        let Record { start, end, site, lap_and_flags, context } = record;
        let lap_and_flags = (self.lap() << 8) | (lap_and_flags & 0xFF);
        let record = Record { start, end, site, lap_and_flags, context };
        // SAFETY: head is below the limit, so the consumer has done with the slot's last record
        // and does not look at it again before `head` is stored.
        unsafe { self.region.write(self.head, record) };
        self.head += 1;
        self.region.header().head.store(self.head, Ordering::Release);
        self.bell.ring_if_parked();
    }

    /// Whether the next push would drop its record.
    #[inline]
    pub fn is_full(&mut self) -> bool {
        self.head == self.limit && !self.extend_limit()
    }

    /// Counts a record that was not even made, because the ring was full.
    #[cold]
    pub fn count_drop(&mut self) {
        self.dropped += 1;
        self.region.header().counts.dropped.store(self.dropped, Ordering::Relaxed);
    }

    /// Marks the ring closed and wakes the consumer, which drains what is left.
    pub fn close(&mut self) {
        if !self.is_closed {
            self.is_closed = true;
            self.limit = self.head;
            self.region.header().counts.closed.store(1, Ordering::Release);
            self.bell.ring();
        }
    }

    /// How many records the ring holds.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.region.header().fixed.capacity
    }

    /// The thread that pushes.
    #[must_use]
    pub fn thread(&self) -> u32 {
        self.region.header().fixed.thread
    }

    /// How often the ring has wrapped, in the 24 bits that a record has for it.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "a lap is counted modulo 2^24")]
    fn lap(&self) -> u32 {
        (self.head >> self.capacity_log2) as u32
    }

    /// Looks how far the consumer has come. False when the ring is full.
    #[cold]
    #[inline(never)]
    fn extend_limit(&mut self) -> bool {
        if self.is_closed {
            return false;
        }
        let tail = self.region.header().tail.load(Ordering::Acquire);
        let waiting = self.head - tail;
        debug_assert!(waiting <= self.capacity, "the consumer is never ahead");
        if waiting < self.capacity / 2 {
            self.limit = tail + self.capacity / 2;
            return true;
        }
        if self.rung_tail != Some(tail) {
            self.rung_tail = Some(tail);
            self.bell.ring();
        }
        self.limit = tail + self.capacity;
        waiting < self.capacity
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.close();
    }
}
