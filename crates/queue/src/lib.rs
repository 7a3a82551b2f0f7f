//! Clock and ring: how a record leaves the thread that made it.
//!
//! ```text
//!  JS thread                                        drain thread
//!  ClockSource::now -> Record -> Producer::push --> Consumer::drain -> Conversion::convert
//!                                     |                  ^
//!                                     +---- Bell --------+
//! ```
//!
//! One ring per thread that captures, one [`Bell`] for all rings of an engine. Records travel in
//! ticks; the drain turns them into nanoseconds, a batch at a time, with a [`Timeline`].
//!
//! This is the only engine crate with unsafe code. Every file that owns atomics tells its
//! protocol at its head; the protocols are checked by loom on the shipped types:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p kronicler-queue --release --lib loom
//! ```

mod limits;
mod sync;
mod error;
mod os_clock;
mod clock;
mod ratio;
mod timeline;
mod membarrier;
#[cfg(any(test, loom, not(all(target_os = "linux", target_pointer_width = "64"))))]
mod condvar;
#[cfg(all(target_os = "linux", target_pointer_width = "64", not(loom)))]
mod futex;
mod bell;
mod header;
#[cfg_attr(loom, path = "region_loom.rs")]
mod region;
mod producer;
mod consumer;
mod ring;

#[cfg(test)]
#[cfg(loom)]
mod loom_tests;

pub use bell::Bell;
pub use clock::ClockSource;
pub use consumer::Consumer;
pub use error::{RingError, UnknownClock};
pub use header::RingIdentity;
pub use limits::{CAPACITY_MAX, CAPACITY_MIN};
pub use producer::Producer;
pub use ring::{ring, ring_with_identity};
pub use timeline::{Conversion, Span, Timeline, Triple};
