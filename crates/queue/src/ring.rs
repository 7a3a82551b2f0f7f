//! Makes a ring: a producer for the thread that captures, a consumer for the drain.

use std::sync::Arc;

use crate::consumer::Consumer;
use crate::limits::{CAPACITY_MAX, CAPACITY_MIN};
use crate::producer::Producer;
use crate::region::Region;
use crate::{Bell, RingError, RingIdentity};

/// A ring of anonymous memory for records of 32 bytes. `capacity` is a power of two from
/// [`CAPACITY_MIN`] to [`CAPACITY_MAX`]; pages are not touched before they are used.
///
/// # Errors
/// When the capacity is none of these, or there is no memory.
///
/// ```
/// use kronicler_format::Record;
/// use kronicler_queue::{Bell, ring};
///
/// let (mut producer, mut consumer) = ring(1024, 0, Bell::new())?;
/// assert!(producer.push(Record::new(10, 25, 0, 0)));
/// let taken = consumer.drain(usize::MAX, |records| assert_eq!(records[0].end, 25));
/// assert_eq!(taken, 1);
/// # Ok::<(), kronicler_queue::RingError>(())
/// ```
pub fn ring(
    capacity: u32,
    thread: u32,
    bell: Arc<Bell>,
) -> Result<(Producer, Consumer), RingError> {
    ring_with_identity(capacity, RingIdentity { thread, ..RingIdentity::default() }, bell)
}

/// A ring whose header says whose it is.
///
/// # Errors
/// As [`ring`].
pub fn ring_with_identity(
    capacity: u32,
    identity: RingIdentity,
    bell: Arc<Bell>,
) -> Result<(Producer, Consumer), RingError> {
    if !capacity.is_power_of_two() || !(CAPACITY_MIN..=CAPACITY_MAX).contains(&capacity) {
        return Err(RingError::Capacity { found: capacity });
    }
    let region = Region::new(capacity, identity)
        .map_err(|size_bytes| RingError::OutOfMemory { size_bytes })?;
    let region = Arc::new(region);
    Ok((Producer::new(Arc::clone(&region), bell), Consumer::new(region)))
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests;
