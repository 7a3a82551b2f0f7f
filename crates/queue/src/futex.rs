//! Sleeping while a word has a value, by futex: no lock, no allocation, nothing to clean up.
//!
//! Not `std::thread::park`, because a bell does not know its sleeper: the drain thread may be
//! another one tomorrow, after a fork for instance. And a producer that wakes must take no lock.
#![expect(unsafe_code, reason = "futex is a system call")]

use std::ptr;
use std::time::Duration;

use crate::sync::AtomicU32;

/// Where the drain sleeps.
#[derive(Debug)]
pub(crate) struct Waiter;

impl Waiter {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Sleeps while `word` is `expected`, at most `duration`; may return early for no reason.
    pub(crate) fn wait(&self, word: &AtomicU32, expected: u32, duration: Option<Duration>) {
        let timeout = duration.map(|duration| libc::timespec {
            tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: duration.subsec_nanos().into(),
        });
        let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the word lives as long as the borrow, and the timeout until the call is over.
        // The kernel only reads both.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                expected,
                timeout,
            );
        }
    }

    /// Wakes whoever sleeps on `word`, which was changed before.
    pub(crate) fn wake(&self, word: &AtomicU32) {
        // SAFETY: the kernel takes the address as a key and does not access it.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                libc::c_int::MAX,
            );
        }
    }
}
