//! The functions that a captured call goes through: no arguments, no result, no allocation.
//!
//! They speak to JavaScript through the scratch of their thread (`src-ts/native.ts` draws it).
//! Whether capturing is paused JavaScript reads from the scratch itself, before it calls anything.
//! Registered with Node-API directly: behind `#[napi]` a call costs three times as much.
#![expect(unsafe_code, reason = "raw Node-API callbacks on memory of JavaScript")]

use std::ffi::CStr;
use std::ptr;

use kronicler::CallRing;
use kronicler::format::{CallContext, Record};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;

use crate::store::database_by_id;
use crate::thread_state::{ThreadState, current, first};

/// Places in the scratch, in 8-byte words.
mod word {
    /// Start: ticks, or the time given by hand.
    pub const START: usize = 0;
    /// End given by hand.
    pub const END: usize = 2;
}

/// Places in the scratch, in 4-byte halves. Each is read as it was written: one load over two
/// stores would wait until both have left the processor's store buffer.
mod half {
    /// Site and flags of the call.
    pub const TAG: usize = 2;
    /// Id of the database.
    pub const DATABASE: usize = 3;
    /// How times are given: 0 numbers, 1 integers, 2 integers of a record that may be dropped.
    pub const TIMES: usize = 6;
    /// What came of an insert: 0 all is well, 1 it failed.
    pub const FAILED: usize = 7;
    /// The ticket of the call that has just ended, when its detail is wanted. JavaScript takes it
    /// and leaves 0.
    pub const TICKET: usize = 31;
}

impl ThreadState {
    #[inline(always)]
    fn read(&self, word: usize) -> u64 {
        // SAFETY: the scratch has 16 words and lives as long as the state; plain integers.
        unsafe { self.scratch.add(word).read() }
    }

    #[inline(always)]
    fn write(&mut self, word: usize, value: u64) {
        // SAFETY: as in `read`; JavaScript of this thread does not run meanwhile.
        unsafe { self.scratch.add(word).write(value) }
    }

    #[inline(always)]
    fn read_half(&self, half: usize) -> u32 {
        // SAFETY: as in `read`; a word has two halves.
        unsafe { self.scratch.cast::<u32>().add(half).read() }
    }

    #[inline(always)]
    fn write_half(&mut self, half: usize, value: u32) {
        // SAFETY: as in `write`; a word has two halves.
        unsafe { self.scratch.cast::<u32>().add(half).write(value) }
    }

    /// Database, site and flags of the call, as `end` and `insert` are told.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the flags are the lowest byte")]
    fn call(&self) -> (u32, u32, u8) {
        let tag = self.read_half(half::TAG);
        (self.read_half(half::DATABASE), tag >> 8, tag as u8)
    }
}

/// Writes the present tick. Ticks are below 2^62, so their bits are those of a finite double.
unsafe extern "C" fn tick(_: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: not kept beyond this call.
    let is_written = unsafe { first() }.is_some_and(ThreadState::write_counter);
    if !is_written {
        tick_on_any_thread();
    }
    ptr::null_mut()
}

#[cold]
#[inline(never)]
fn tick_on_any_thread() {
    // SAFETY: not kept beyond this call.
    if let Some(state) = unsafe { current() } {
        let now = state.clock.now();
        state.write(word::START, now);
    }
}

/// Records a call that ends now.
unsafe extern "C" fn end(_: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: not kept beyond this call.
    let is_recorded = unsafe { first() }.is_some_and(ThreadState::record_usual);
    if !is_recorded {
        end_any_call();
    }
    ptr::null_mut()
}

#[cold]
#[inline(never)]
fn end_any_call() {
    end_with(None);
}

/// As `end`, for a call that has a number, as have who made it (0: nobody) and its request.
#[napi(catch_unwind)]
pub fn end_in(call: f64, parent: f64, request: f64) {
    let [call, parent, request] = [call, parent, request].map(whole);
    end_with(Some(CallContext { call, parent, request }));
}

fn end_with(context: Option<CallContext>) {
    // SAFETY: not kept beyond this call.
    if let Some(state) = unsafe { current() } {
        let end = state.clock.now();
        let start = state.read(word::START);
        let (database, site, flags) = state.call();
        let ticket = match (state.ring(database), context) {
            (Some(ring), Some(told)) => ring.push_in_context(told, (start, end), site, flags),
            (Some(ring), None) => ring.push(start, end, site, flags),
            (None, _) => count_ringless(database),
        };
        state.write_half(half::TICKET, ticket);
    }
}

impl ThreadState {
    /// Writes the present tick, where that takes an instruction; else the answer is false.
    #[inline(always)]
    fn write_counter(&mut self) -> bool {
        let now = self.clock.counter_now();
        now.map(|now| self.write(word::START, now)).is_some()
    }

    /// Records a call that is like most, on the thread and in the database of most, without a call
    /// of another function. Else nothing was done, and the answer is false.
    #[inline(always)]
    fn record_usual(&mut self) -> bool {
        let Some(end) = self.clock.counter_now() else { return false };
        let start = self.read(word::START);
        let (database, site, flags) = self.call();
        if database != 0 {
            return false;
        }
        self.default_ring().is_some_and(|ring| ring.push_usual(start, end, site, flags))
    }
}

/// Counts a call on a thread without a ring; it has no ticket.
#[cold]
fn count_ringless(database: u32) -> u32 {
    if let Some(database) = database_by_id(database) {
        database.count_ringless();
    }
    0
}

/// Inserts a row with times given by hand.
unsafe extern "C" fn insert(_: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: not kept beyond this call.
    if let Some(state) = unsafe { current() } {
        let result = insert_row(state);
        let is_failed = result.is_err();
        state.insert_error = result.err();
        state.write_half(half::FAILED, u32::from(is_failed));
    }
    ptr::null_mut()
}

fn insert_row(state: &mut ThreadState) -> std::result::Result<(), kronicler::Error> {
    let (database, site, flags) = state.call();
    let times = state.read_half(half::TIMES);
    if times == 2 {
        let (start, end) = (state.read(word::START), state.read(word::END));
        let record = Record::with_given_times(start, end, site, flags);
        // Drops and counts what finds no room: nobody waits.
        match state.ring(database) {
            Some(ring) => {
                ring.producer().push(record);
            }
            None => {
                count_ringless(database);
            }
        }
        return Ok(());
    }
    let is_integers = times == 1;
    let time = |bits| if is_integers { bits } else { whole(f64::from_bits(bits)) };
    let record =
        Record::new(time(state.read(word::START)), time(state.read(word::END)), site, flags);
    let Some(db) = database_by_id(database) else { return Ok(()) };
    db.insert(state.ring(database).map(CallRing::producer), record)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the facade has checked that it lies between 0 and 2^53"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// Hands the hot functions to JavaScript.
#[napi(module_exports)]
pub fn init(exports: Object<'_>, env: Env) -> Result<()> {
    let functions: [(&CStr, unsafe extern "C" fn(_, _) -> _); 3] =
        [(c"tick", tick), (c"end", end), (c"insert", insert)];
    for (name, function) in functions {
        let mut value = ptr::null_mut();
        let length = name.count_bytes().cast_signed();
        // SAFETY: live handles, a function that lives as long as the library, a C string.
        napi::check_status!(unsafe {
            sys::napi_create_function(
                env.raw(),
                name.as_ptr(),
                length,
                Some(function),
                ptr::null_mut(),
                &raw mut value,
            )
        })?;
        // SAFETY: as above.
        napi::check_status!(unsafe {
            sys::napi_set_named_property(env.raw(), exports.raw(), name.as_ptr(), value)
        })?;
    }
    Ok(())
}
