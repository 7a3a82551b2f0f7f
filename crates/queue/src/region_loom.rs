//! The memory of a ring under loom: each slot is a cell that loom watches.
#![expect(unsafe_code, reason = "the same interface as region.rs")]

use kronicler_format::Record;

use crate::header::{Header, RingIdentity};
use crate::sync::UnsafeCell;

/// Header and slots of a ring.
#[derive(Debug)]
pub(crate) struct Region {
    header: Header,
    slots: Vec<UnsafeCell<Record>>,
}

// SAFETY: loom fails a test in which two threads touch a cell at once, which is what it is for.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    pub(crate) fn new(capacity: u32, identity: RingIdentity) -> Result<Self, usize> {
        let empty = |_| UnsafeCell::new(Record::new(0, 0, 0, 0));
        Ok(Self {
            header: Header::new(capacity, identity),
            slots: (0..capacity).map(empty).collect(),
        })
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Writes the slot of a position.
    ///
    /// # Safety
    /// Nobody else may read or write that slot meanwhile.
    pub(crate) unsafe fn write(&self, position: u64, record: Record) {
        // SAFETY: the caller has the slot alone; loom checks it.
        self.slots[self.index(position)].with_mut(|slot| unsafe { slot.write(record) });
    }

    /// Shows copies of the slots of `count` positions from `first` on, one by one.
    ///
    /// # Safety
    /// Nobody may write those slots meanwhile, and `count` is at most the capacity.
    pub(crate) unsafe fn read(&self, first: u64, count: usize, mut show: impl FnMut(&[Record])) {
        for position in (first..).take(count) {
            // SAFETY: the caller knows that nobody writes the slot; loom checks it.
            show(&[self.slots[self.index(position)].with(|slot| unsafe { slot.read() })]);
        }
    }

    fn index(&self, position: u64) -> usize {
        usize::try_from(position).expect("a test pushes little") % self.slots.len()
    }
}
