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

use crate::{FormatError, limits};

/// Bytes of the file header.
pub const HEAD_SIZE_BYTES: usize = 64;

/// The version of the format that this code writes, and the newest it reads.
pub const FORMAT_VERSION: u16 = 1;

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
        let mut out = [0; HEAD_SIZE_BYTES];
        out[..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        out[14..16].copy_from_slice(&self.lane.to_le_bytes());
        out[16..32].copy_from_slice(&self.uuid);
        out[32..40].copy_from_slice(&self.generation.to_le_bytes());
        out[40..48].copy_from_slice(&self.created_ns.to_le_bytes());
        out[48..56].copy_from_slice(&self.first_seq.to_le_bytes());
        let crc = crc32c::crc32c(&out[..60]);
        out[60..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header from the front of `bytes`.
    ///
    /// # Errors
    /// When the bytes are too few, not ours, damaged, or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let have = bytes.len();
        let bytes: &[u8; HEAD_SIZE_BYTES] = bytes.first_chunk().ok_or(FormatError::Truncated {
            what: WHAT,
            need: HEAD_SIZE_BYTES,
            have,
        })?;
        if bytes[..8] != MAGIC {
            return Err(FormatError::NotKronicler { what: WHAT });
        }
        let version = u16::from_le_bytes(array(bytes, 8));
        let required = u16::from_le_bytes(array(bytes, 10));
        if version > FORMAT_VERSION || required != 0 {
            let found = u32::from(version) | u32::from(required) << 16;
            let supported = u32::from(FORMAT_VERSION);
            return Err(FormatError::Unsupported { what: WHAT, found, supported });
        }
        let found = u32::from_le_bytes(array(bytes, 60));
        let expected = crc32c::crc32c(&bytes[..60]);
        if found != expected {
            return Err(FormatError::Checksum { what: WHAT, expected, found });
        }
        let lane = u16::from_le_bytes(array(bytes, 14));
        if lane >= limits::LANE_COUNT_MAX {
            let limit = u64::from(limits::LANE_COUNT_MAX) - 1;
            return Err(FormatError::OutOfRange { what: WHAT, found: u64::from(lane), limit });
        }
        Ok(Self {
            lane,
            uuid: array(bytes, 16),
            generation: u64::from_le_bytes(array(bytes, 32)),
            created_ns: i64::from_le_bytes(array(bytes, 40)),
            first_seq: u64::from_le_bytes(array(bytes, 48)),
        })
    }
}

fn array<const N: usize>(bytes: &[u8; HEAD_SIZE_BYTES], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
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
}
