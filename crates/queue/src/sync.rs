//! Atomics and cells, from std or, under `--cfg loom`, from loom.
//!
//! Only these may be shared between a producer and a consumer: loom sees nothing else.

#[cfg(not(loom))]
mod primitives {
    pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
    #[cfg(any(test, not(all(target_os = "linux", target_pointer_width = "64"))))]
    pub(crate) use std::sync::{Condvar, Mutex};
}

#[cfg(loom)]
mod primitives {
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
    pub(crate) use loom::sync::{Condvar, Mutex};
}

pub(crate) use primitives::*;
