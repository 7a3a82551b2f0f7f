//! The first 64 bytes of every file of a lane.
//!
//! ```text
//!  0       8         10         12         14     16
//!  | magic | version | required | optional | lane | uuid     |
//!  | 8     | u16     | u16      | u16      | u16  | 16 bytes |
//!  32       40           48         60
//!  | number | created_ns | own      | crc32c |
//!  | u64    | i64        | 12 bytes | u32    |
//! ```
//!
//! All numbers are little-endian. A reader refuses a version or a required flag that it does not
//! know and ignores optional flags. The checksum covers the 60 bytes before it; it is asked first:
//! what a crash left of a header must not pass for that of a newer format.

use crate::{FormatError, limits};

/// Bytes of a file header.
pub const FILE_HEADER_SIZE_BYTES: usize = 64;

/// The version of the format that this code writes, and the newest it reads.
pub const FORMAT_VERSION: u16 = 1;

/// What the headers of all files have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// The lane the file belongs to.
    pub lane: u16,
    /// The identity of the lane, new after each `clear()`.
    pub uuid: [u8; 16],
    /// The number in the file's name.
    pub number: u64,
    /// When it was made, nanoseconds since the Unix epoch.
    pub created_ns: i64,
    /// What this kind of file says besides.
    pub own: [u8; 12],
}

impl FileHeader {
    /// The bytes of the header of a kind of file, which `magic` tells.
    #[must_use]
    pub fn encode(&self, magic: [u8; 8]) -> [u8; FILE_HEADER_SIZE_BYTES] {
        let mut out = [0; FILE_HEADER_SIZE_BYTES];
        out[..8].copy_from_slice(&magic);
        out[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        out[14..16].copy_from_slice(&self.lane.to_le_bytes());
        out[16..32].copy_from_slice(&self.uuid);
        out[32..40].copy_from_slice(&self.number.to_le_bytes());
        out[40..48].copy_from_slice(&self.created_ns.to_le_bytes());
        out[48..60].copy_from_slice(&self.own);
        let crc = crc32c::crc32c(&out[..60]);
        out[60..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header of this kind from the front of `bytes`; `what` names it in errors.
    ///
    /// # Errors
    /// When the bytes are too few, not of this kind, damaged, or of a newer format.
    pub fn decode(bytes: &[u8], magic: [u8; 8], what: &'static str) -> Result<Self, FormatError> {
        let (need, have) = (FILE_HEADER_SIZE_BYTES, bytes.len());
        let truncated = FormatError::Truncated { what, need, have };
        let bytes: &[u8; FILE_HEADER_SIZE_BYTES] = bytes.first_chunk().ok_or(truncated)?;
        if bytes[..8] != magic {
            return Err(FormatError::NotKronicler { what });
        }
        let found = u32::from_le_bytes(array(bytes, 60));
        let expected = crc32c::crc32c(&bytes[..60]);
        if found != expected {
            return Err(FormatError::Checksum { what, expected, found });
        }
        let version = u16::from_le_bytes(array(bytes, 8));
        let required = u16::from_le_bytes(array(bytes, 10));
        if version > FORMAT_VERSION || required != 0 {
            let found = u32::from(version) | u32::from(required) << 16;
            let supported = u32::from(FORMAT_VERSION);
            return Err(FormatError::Unsupported { what, found, supported });
        }
        let lane = u16::from_le_bytes(array(bytes, 14));
        if lane >= limits::LANE_COUNT_MAX {
            let limit = u64::from(limits::LANE_COUNT_MAX) - 1;
            return Err(FormatError::OutOfRange { what, found: u64::from(lane), limit });
        }
        Ok(Self {
            lane,
            uuid: array(bytes, 16),
            number: u64::from_le_bytes(array(bytes, 32)),
            created_ns: i64::from_le_bytes(array(bytes, 40)),
            own: array(bytes, 48),
        })
    }
}

fn array<const N: usize>(bytes: &[u8; FILE_HEADER_SIZE_BYTES], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}
