//! The first 64 bytes of a head log.
//!
//! ```text
//!  0          8         10         12         14     16
//!  | KRONHEAD | version | required | optional | lane | uuid     |
//!  | 8 bytes  | u16     | u16      | u16      | u16  | 16 bytes |
//!  32           40           48          56    60
//!  | generation | created_ns | first_seq | 0   | crc32c |
//!  | u64        | i64        | u64       | u32 | u32    |
//! ```
//!
//! All numbers are little-endian. A reader refuses a version or a required flag that it does not
//! know and ignores optional flags. The checksum covers the 60 bytes before it.

use crate::file_header::{FILE_HEADER_SIZE_BYTES, FileHeader};
use crate::{FormatError, limits};

/// Bytes of the file header.
pub const HEAD_SIZE_BYTES: usize = FILE_HEADER_SIZE_BYTES;

const MAGIC: [u8; 8] = *b"KRONHEAD";
const WHAT: &str = "head log header";

/// Who a head log belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The lane it belongs to.
    pub lane: u16,
    /// The identity of the lane, new after each `clear()`.
    pub uuid: [u8; 16],
    /// Which head of the lane this is, from 1.
    pub generation: u64,
    /// When it was made, nanoseconds since the Unix epoch.
    pub created_ns: i64,
    /// Sequence of the first row it can hold.
    pub first_seq: u64,
}

impl Head {
    /// The bytes of the header.
    #[must_use]
    pub fn encode(&self) -> [u8; HEAD_SIZE_BYTES] {
        let &Self { lane, uuid, generation, created_ns, first_seq } = self;
        let mut own = [0; 12];
        own[..8].copy_from_slice(&first_seq.to_le_bytes());
        FileHeader { lane, uuid, number: generation, created_ns, own }.encode(MAGIC)
    }

    /// Reads a header from the front of `bytes`.
    ///
    /// # Errors
    /// When the bytes are too few, not ours, damaged, or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let FileHeader { lane, uuid, number, created_ns, own } =
            FileHeader::decode(bytes, MAGIC, WHAT)?;
        let [a, b, c, d, e, f, g, h, ..] = own;
        let first_seq = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let limit = (1 << limits::SEQ_BITS) - 1;
        if first_seq > limit {
            return Err(FormatError::OutOfRange { what: WHAT, found: first_seq, limit });
        }
        Ok(Self { lane, uuid, generation: number, created_ns, first_seq })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head =
        Head { lane: 3, uuid: [7; 16], generation: 2, created_ns: -5, first_seq: 1 << 40 };

    #[test]
    fn header_comes_back() {
        // Promise: a head log says whose it is.
        assert_eq!(Head::decode(&HEAD.encode()), Ok(HEAD));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        // Promise: a damaged header is refused.
        for bit in 0..HEAD_SIZE_BYTES * 8 {
            let mut bytes = HEAD.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Head::decode(&bytes).is_err(), "bit {bit}");
        }
        for length in 0..HEAD_SIZE_BYTES {
            assert!(Head::decode(&HEAD.encode()[..length]).is_err(), "length {length}");
        }
    }
    #[test]
    fn a_first_sequence_that_no_id_can_hold_is_refused() {
        // Promise: no sequence of a file is beyond what ids can tell, checksum or not.
        for (first_seq, is_good) in [((1 << 43) - 1, true), (1 << 43, false), (u64::MAX, false)] {
            let head = Head { lane: 3, uuid: [7; 16], generation: 2, created_ns: -5, first_seq };
            assert_eq!(Head::decode(&head.encode()).is_ok(), is_good, "{first_seq}");
        }
    }
}
