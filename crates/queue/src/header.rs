//! The head of a ring, laid out as if it lay in a mapping that another process adopts.
//!
//! ```text
//!    0  magic u32 | version u32 | capacity u32 | thread u32 | lane u32 | zero u32
//!   24  uuid 16   | boot_id 16
//!   56  names_log_offset u64 | names_log_size u64     reserved, zero
//!  128  head u64                                      written by the producer, each push
//!  256  dropped u64 | closed u32 | beside u64         written by the producer, seldom
//!  384  tail u64                                      written by the consumer, each drain
//!  512  logged u64                                    written by the consumer, each frame
//!  640  triples_version u64 | triples 2 x (tick, monotonic, realtime)   by the consumer
//!  768  zero up to 1024, where the slots begin
//! ```
//!
//! - The first line is written once, before anyone shares it.
//! - `head` and `tail` count records since the ring was made and never wrap (2^64). Which
//!   ordering pairs with which is told in producer.rs and consumer.rs.
//! - `tail` says whose rows are in the memtable and whose slots are free; `logged`, never above
//!   it, whose rows are in a frame. What lies from `logged` to `head` is what an adopter takes.
//! - `triples_version` is odd while the triples are written. An adopter that finds it odd uses
//!   none. It is raised (release fence, relaxed words, release store), so words that are seen
//!   new have an odd or newer version beside them.
//!
//! Each line has 128 bytes, because processors fetch cache lines in pairs.

use crate::Triple;
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence};

/// `KRNQ` in a little-endian word.
pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"KRNQ");
/// Version of this layout and of the record's.
pub(crate) const VERSION: u32 = 1;
/// Where the slots begin.
#[cfg(not(loom))]
pub(crate) const HEADER_SIZE_BYTES: usize = 1024;

/// Whose ring it is: written into its header, for the process that may adopt it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RingIdentity {
    /// The lane's uuid.
    pub uuid: [u8; 16],
    /// The boot during which the ring was made; its monotonic times mean nothing in another.
    pub boot_id: [u8; 16],
    /// The lane whose rows these are.
    pub lane: u32,
    /// The thread that pushes, by the engine's count.
    pub thread: u32,
}

/// What begins on 128 bytes of its own.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Line<T>(pub(crate) T);

impl<T> std::ops::Deref for Line<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

#[derive(Debug)]
#[repr(C)]
pub(crate) struct Fixed {
    magic: u32,
    version: u32,
    pub(crate) capacity: u32,
    pub(crate) thread: u32,
    lane: u32,
    zero: u32,
    uuid: [u8; 16],
    boot_id: [u8; 16],
    names_log_offset: u64,
    names_log_size: u64,
}

#[derive(Debug)]
#[repr(C)]
pub(crate) struct Counts {
    pub(crate) dropped: AtomicU64,
    pub(crate) closed: AtomicU32,
    /// Records that tell of the one behind them.
    pub(crate) beside: AtomicU64,
}

#[derive(Debug)]
#[repr(C)]
pub(crate) struct Triples {
    version: AtomicU64,
    words: [AtomicU64; 6],
}

/// The head of a ring.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) fixed: Line<Fixed>,
    pub(crate) head: Line<AtomicU64>,
    pub(crate) counts: Line<Counts>,
    pub(crate) tail: Line<AtomicU64>,
    pub(crate) logged: Line<AtomicU64>,
    pub(crate) triples: Line<Triples>,
}

// loom's atomics are larger than the memory they stand for.
#[cfg(not(loom))]
mod layout {
    use std::mem::offset_of;

    use super::{Counts, Fixed, HEADER_SIZE_BYTES, Header, Triples};

    const _: () = assert!(size_of::<Header>() == 768);
    const _: () = assert!(size_of::<Header>() <= HEADER_SIZE_BYTES);
    const _: () = assert!(align_of::<Header>() == 128);
    const _: () = assert!(HEADER_SIZE_BYTES.is_multiple_of(align_of::<Header>()));
    const _: () = assert!(offset_of!(Header, fixed) == 0);
    const _: () = assert!(offset_of!(Header, head) == 128);
    const _: () = assert!(offset_of!(Header, counts) == 256);
    const _: () = assert!(offset_of!(Header, tail) == 384);
    const _: () = assert!(offset_of!(Header, logged) == 512);
    const _: () = assert!(offset_of!(Header, triples) == 640);
    const _: () = assert!(size_of::<Fixed>() == 72);
    const _: () = assert!(offset_of!(Fixed, magic) == 0);
    const _: () = assert!(offset_of!(Fixed, version) == 4);
    const _: () = assert!(offset_of!(Fixed, capacity) == 8);
    const _: () = assert!(offset_of!(Fixed, thread) == 12);
    const _: () = assert!(offset_of!(Fixed, lane) == 16);
    const _: () = assert!(offset_of!(Fixed, uuid) == 24);
    const _: () = assert!(offset_of!(Fixed, boot_id) == 40);
    const _: () = assert!(offset_of!(Fixed, names_log_offset) == 56);
    const _: () = assert!(offset_of!(Fixed, names_log_size) == 64);
    const _: () = assert!(offset_of!(Counts, dropped) == 0);
    const _: () = assert!(offset_of!(Counts, closed) == 8);
    const _: () = assert!(offset_of!(Triples, version) == 0);
    const _: () = assert!(offset_of!(Triples, words) == 8);
}

impl Header {
    /// The header of an empty ring.
    pub(crate) fn new(capacity: u32, identity: RingIdentity) -> Self {
        let RingIdentity { uuid, boot_id, lane, thread } = identity;
        Self {
            fixed: Line(Fixed {
                magic: MAGIC,
                version: VERSION,
                capacity,
                thread,
                lane,
                zero: 0,
                uuid,
                boot_id,
                names_log_offset: 0,
                names_log_size: 0,
            }),
            head: Line(AtomicU64::new(0)),
            counts: Line(Counts {
                dropped: AtomicU64::new(0),
                closed: AtomicU32::new(0),
                beside: AtomicU64::new(0),
            }),
            tail: Line(AtomicU64::new(0)),
            logged: Line(AtomicU64::new(0)),
            triples: Line(Triples {
                version: AtomicU64::new(0),
                words: std::array::from_fn(|_| AtomicU64::new(0)),
            }),
        }
    }
}

impl Triples {
    /// Writes both triples. One thread at a time may do so.
    pub(crate) fn write(&self, triples: [Triple; 2]) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let [older, newer] = triples
            .map(|triple| [triple.tick, triple.monotonic_ns, triple.realtime_ns.cast_unsigned()]);
        for (word, value) in self.words.iter().zip(older.into_iter().chain(newer)) {
            word.store(value, Ordering::Relaxed);
        }
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }
}
