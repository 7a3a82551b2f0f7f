//! The memory of a ring: its header and, behind it, its slots, in one zeroed block.
//!
//! Who may touch a slot is not known here: that is the protocol of producer.rs and consumer.rs.
//! The same type for loom is in region_loom.rs.
#![expect(unsafe_code, reason = "one block holds the header and as many slots as asked for")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use kronicler_format::Record;

use crate::header::{HEADER_SIZE_BYTES, Header, RingIdentity};

const _: () = assert!(HEADER_SIZE_BYTES.is_multiple_of(align_of::<Record>()));

/// How many slots ahead of a write the line is fetched: eight lines, at 50 ns a call some 800 ns,
/// several times what a line from another core takes.
const PREFETCH_SLOTS: u64 = 16;

/// Header and slots of a ring.
#[derive(Debug)]
pub(crate) struct Region {
    /// Start of the block.
    header: NonNull<Header>,
    /// Start of the slots within it.
    slots: NonNull<Record>,
    /// One less than the capacity, a power of two.
    mask: u64,
    layout: Layout,
}

// SAFETY: the region owns its block. It shares the header as `&Header`, which is Sync, and gives
// access to slots only through unsafe functions.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// A zeroed region; the error is the size that could not be had. Its pages are not touched
    /// until they are used. `capacity` is a power of two.
    pub(crate) fn new(capacity: u32, identity: RingIdentity) -> Result<Self, usize> {
        assert!(capacity.is_power_of_two(), "the capacity was checked");
        let slots_size_bytes = usize::try_from(capacity)
            .ok()
            .and_then(|capacity| capacity.checked_mul(size_of::<Record>()))
            .ok_or(usize::MAX)?;
        let size_bytes = slots_size_bytes.checked_add(HEADER_SIZE_BYTES).ok_or(usize::MAX)?;
        let layout =
            Layout::from_size_align(size_bytes, align_of::<Header>()).map_err(|_| size_bytes)?;
        // SAFETY: the layout is not empty, it holds at least the header.
        let block = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(size_bytes)?;
        let header = block.cast::<Header>();
        // SAFETY: the block is ours alone, large enough, and aligned for the header.
        unsafe { header.write(Header::new(capacity, identity)) };
        // SAFETY: the block is longer than the header, and the offset keeps a record's alignment.
        let slots = unsafe { block.byte_add(HEADER_SIZE_BYTES) }.cast::<Record>();
        Ok(Self { header, slots, mask: u64::from(capacity) - 1, layout })
    }

    #[inline(always)]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: it was written in `new`, lives as long as the block, and all that changes in
        // it are atomics.
        unsafe { self.header.as_ref() }
    }

    /// Writes the slot of a position.
    ///
    /// # Safety
    /// Nobody else may read or write that slot meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn write(&self, position: u64, record: Record) {
        // SAFETY: the index is below the capacity, so the slot lies in the block; the caller
        // has it alone.
        unsafe { self.slots.add(self.index(position)).write(record) };
        self.prefetch(position + PREFETCH_SLOTS);
    }

    /// Begins to fetch the line of a slot that will be written soon. The drain has read it on
    /// another core a lap ago, so that a write would wait for it.
    #[inline(always)]
    fn prefetch(&self, position: u64) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the index is below the capacity; a prefetch changes no value and cannot fault.
        unsafe {
            core::arch::asm!(
                "prefetchw [{}]",
                in(reg) self.slots.add(self.index(position)).as_ptr(),
                options(nostack, preserves_flags)
            );
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = position;
    }

    /// Shows the slots of `count` positions from `first` on, in one slice or, where the ring
    /// wraps, in two.
    ///
    /// # Safety
    /// Nobody may write those slots meanwhile, and `count` is at most the capacity.
    pub(crate) unsafe fn read(&self, first: u64, count: usize, mut show: impl FnMut(&[Record])) {
        let start = self.index(first);
        let until_wrap = self.index(self.mask) + 1 - start;
        let parts = [(start, count.min(until_wrap)), (0, count.saturating_sub(until_wrap))];
        for (index, length) in parts.into_iter().filter(|(_, length)| *length > 0) {
            // SAFETY: both parts lie within the slots; zeroed or written, each is a record; the
            // caller knows that nobody writes them.
            show(unsafe { NonNull::slice_from_raw_parts(self.slots.add(index), length).as_ref() });
        }
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "masked: below the capacity, a u32")]
    fn index(&self, position: u64) -> usize {
        (position & self.mask) as usize
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the block came from `alloc_zeroed` with this layout, and whoever held a
        // reference into it held the region. Nothing in it needs to be dropped.
        unsafe { dealloc(self.header.as_ptr().cast(), self.layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(start: u64) -> Record {
        Record::new(start, start + 1, 7, 0)
    }

    #[test]
    fn positions_wrap_and_come_back_in_two_slices() {
        // Promise: records come back whole where the ring wraps.
        let region = Region::new(4, RingIdentity::default()).unwrap();
        let mut slices = Vec::new();
        // SAFETY: there is one thread only.
        unsafe {
            for position in 6..10 {
                region.write(position, record(position));
            }
            region.read(6, 4, |slice| slices.push(slice.to_vec()));
            region.read(6, 0, |_| unreachable!("nothing to show"));
        }
        assert_eq!(slices, [[6, 7].map(record), [8, 9].map(record)]);
    }

    #[test]
    fn lines_lie_where_the_layout_says() {
        // Promise: the layout is as a shared mapping needs it.
        let identity =
            RingIdentity { uuid: [1; 16], boot_id: [2; 16], lane: 0x0403_0201, thread: 5 };
        let region = Region::new(8, identity).unwrap();
        region.header().head.store(9, crate::sync::Ordering::Relaxed);
        // SAFETY: the block is longer than that, and nobody writes it.
        let bytes = unsafe { region.header.cast::<[u8; 136]>().as_ref() };
        assert_eq!(&bytes[..4], b"KRNQ");
        assert_eq!(bytes[4..24], [1, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]);
        assert_eq!(bytes[24..40], [1; 16]);
        assert_eq!(bytes[40..56], [2; 16]);
        assert_eq!(bytes[56..128], [0; 72]);
        assert_eq!(bytes[128..], [9, 0, 0, 0, 0, 0, 0, 0]);
        assert!(region.header.cast::<Header>().is_aligned());
    }
}
