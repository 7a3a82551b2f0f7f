//! The ring of a thread that captures, and which of its calls get a detail.
//!
//! A call that failed or was slow gets a ticket. The record carries it, and whoever made the call
//! hands the detail over with it: the drain brings the two together.

use std::sync::Arc;

use kronicler_format::{CallContext, Outcome, Record};
use kronicler_queue::{Bell, Producer};

use crate::details::Details;
use crate::engine::Engine;
use crate::thresholds::Thresholds;

/// A slow call that is shorter gets a detail only if it is the first in such a time: of a function
/// that is called a million times a second a low `slow_ns` would make all calls slow.
const DETAIL_STEP_NS: u64 = 1_000_000;

/// The ring of a thread that captures.
#[derive(Debug)]
pub struct CallRing {
    producer: Producer,
    thresholds: Arc<Thresholds>,
    details: Arc<Details>,
    bell: Arc<Bell>,
    /// Tells the rings of a database apart.
    key: u64,
    last_ticket: u32,
    /// When a slow call got a detail last.
    last_slow: u64,
    step_ticks: u64,
}

impl CallRing {
    pub(crate) fn new(engine: &Engine, producer: Producer, key: u64) -> Self {
        Self {
            producer,
            thresholds: Arc::clone(&engine.thresholds),
            details: Arc::clone(&engine.details),
            bell: Arc::clone(&engine.bell),
            key,
            last_ticket: 0,
            last_slow: 0,
            step_ticks: crate::clock::ticks(DETAIL_STEP_NS),
        }
    }

    /// Puts a call into the ring if it is like most: neither slow nor failed, and there is room for
    /// certain. Else nothing was done, and the answer is false.
    ///
    /// What is left to [`CallRing::push`] is left out here: a function that calls none needs no
    /// stack, and keeps the record in registers.
    #[inline(always)]
    pub fn push_usual(&mut self, start: u64, end: u64, site: u32, flags: u8) -> bool {
        !self.is_told(start, end, site, flags)
            && self.producer.push_if_room(Record::new(start, end, site, flags))
    }

    /// Puts a call into the ring. The answer is 0, or the ticket with which its detail is to be
    /// handed over.
    pub fn push(&mut self, start: u64, end: u64, site: u32, flags: u8) -> u32 {
        let record = Record::new(start, end, site, flags);
        if !self.is_told(start, end, site, flags) || self.is_too_soon(start, end, flags) {
            self.producer.push(record);
            return 0;
        }
        let ticket = self.last_ticket.wrapping_add(1).max(1);
        if !self.producer.push(Record { context: u64::from(ticket), ..record }) {
            return 0;
        }
        self.last_ticket = ticket;
        ticket
    }

    /// As [`CallRing::push`], for a call of which it is known who made it: that is stored with
    /// each, slow or not. Where the ring has room for the call alone, it is counted as a detail
    /// that could not be kept.
    pub fn push_in_context(
        &mut self,
        context: CallContext,
        (start, end): (u64, u64),
        site: u32,
        flags: u8,
    ) -> u32 {
        if !self.producer.push_beside(context.to_record()) {
            self.details.count_dropped(1);
        }
        self.push(start, end, site, flags)
    }

    /// Whether a call is slow or failed.
    #[inline(always)]
    fn is_told(&self, start: u64, end: u64, site: u32, flags: u8) -> bool {
        let is_slow = end.wrapping_sub(start) > self.thresholds.of(site);
        is_slow || is_failed(flags)
    }

    /// Whether the detail of a slow call would come too soon after that of another.
    fn is_too_soon(&mut self, start: u64, end: u64, flags: u8) -> bool {
        if is_failed(flags) {
            return false;
        }
        let is_long = end.wrapping_sub(start) >= self.step_ticks;
        let is_too_soon = !is_long && end.wrapping_sub(self.last_slow) < self.step_ticks;
        if !is_too_soon {
            self.last_slow = end;
        }
        is_too_soon
    }

    /// Hands over the detail of the call that got this ticket, at most
    /// [`DETAIL_SIZE_BYTES_MAX`](kronicler_format::limits::DETAIL_SIZE_BYTES_MAX) bytes. Never
    /// waits; one for which there is no room is counted.
    pub fn hand_over(&self, ticket: u32, bytes: &[u8]) {
        self.details.hand_over((self.key, ticket), bytes);
        if self.details.is_filling() {
            self.bell.ring();
        }
    }

    /// The ring itself, for records that never get a detail.
    pub const fn producer(&mut self) -> &mut Producer {
        &mut self.producer
    }
}

/// Bits of the flags that hold the outcome.
const OUTCOME_BITS: u8 = 0b11;

const fn is_failed(flags: u8) -> bool {
    flags & OUTCOME_BITS == Outcome::Error as u8
}
