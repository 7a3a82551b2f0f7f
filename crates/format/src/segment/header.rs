//! The first 64 bytes of a segment.
//!
//! ```text
//!  0          8         10         12         14     16
//!  | KRONSEGM | version | required | optional | lane | uuid     |
//!  | 8 bytes  | u16     | u16      | u16      | u16  | 16 bytes |
//!  32    40           48              60
//!  | id  | created_ns | 0             | crc32c |
//!  | u64 | i64        | 12 bytes      | u32    |
//! ```
//!
//! As the header of a head log: a version or a required flag that is not known is refused,
//! optional flags are ignored, the checksum covers the 60 bytes before it.

use crate::FormatError;
use crate::file_header::{FILE_HEADER_SIZE_BYTES, FileHeader};

/// Bytes of a segment's header.
pub const SEGMENT_HEADER_SIZE_BYTES: usize = FILE_HEADER_SIZE_BYTES;

const MAGIC: [u8; 8] = *b"KRONSEGM";
const WHAT: &str = "segment header";

/// Who a segment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The lane it belongs to.
    pub lane: u16,
    /// The identity of the lane.
    pub uuid: [u8; 16],
    /// Which segment of the lane this is.
    pub id: u64,
    /// When it was made, nanoseconds since the Unix epoch.
    pub created_ns: i64,
}

impl SegmentHeader {
    /// The bytes of the header.
    #[must_use]
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_SIZE_BYTES] {
        let &Self { lane, uuid, id, created_ns } = self;
        FileHeader { lane, uuid, number: id, created_ns, own: [0; 12] }.encode(MAGIC)
    }

    /// Reads a header from the front of `bytes`.
    ///
    /// # Errors
    /// When the bytes are too few, not ours, damaged, or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let FileHeader { lane, uuid, number, created_ns, .. } =
            FileHeader::decode(bytes, MAGIC, WHAT)?;
        Ok(Self { lane, uuid, id: number, created_ns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: SegmentHeader =
        SegmentHeader { lane: 1_023, uuid: [9; 16], id: u64::MAX, created_ns: i64::MIN };

    #[test]
    fn header_comes_back() {
        // Promise: a segment says whose it is.
        assert_eq!(SegmentHeader::decode(&HEADER.encode()), Ok(HEADER));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        // Promise: a damaged header is refused.
        for bit in 0..SEGMENT_HEADER_SIZE_BYTES * 8 {
            let mut bytes = HEADER.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&bytes).is_err(), "bit {bit}");
        }
        for length in 0..SEGMENT_HEADER_SIZE_BYTES {
            assert!(SegmentHeader::decode(&HEADER.encode()[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn newer_headers_and_lanes_that_cannot_be_are_refused() {
        // Promise: an older program refuses what it cannot read instead of guessing.
        for (at, value) in [(8, 2), (10, 1), (11, 1), (15, 4)] {
            let mut bytes = HEADER.encode();
            bytes[at] = value;
            let crc = crc32c::crc32c(&bytes[..60]);
            bytes[60..].copy_from_slice(&crc.to_le_bytes());
            assert!(SegmentHeader::decode(&bytes).is_err(), "byte {at}");
        }
    }
}
