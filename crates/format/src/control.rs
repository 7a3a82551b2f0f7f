//! A control file: what all processes of a database are to heed.
//!
//! ```text
//! | header, 64 bytes | body | the same header | the same body |
//!
//! own bytes of the header: length of the body (u32), crc32c of the body (u32), 0 (u32)
//! body: count, count x (tag, length, bytes)
//! ```
//!
//! Everything stands twice, so that one flipped bit does not cost it. Tags: 1 since when captures
//! are paused (signed varint), 2 the identities of lanes that are cleared (16 bytes each), 3 when
//! the last of them were (signed varint). Unknown tags are skipped. The header's lane and identity
//! are 0.

use crate::FormatError;
use crate::file_header::{FILE_HEADER_SIZE_BYTES, FileHeader};
use crate::limits::{CONTROL_FIELD_COUNT_MAX, LANE_COUNT_MAX};
use crate::varint::{Cursor, put_bytes, put_i64, put_u64};

const MAGIC: [u8; 8] = *b"KRONCTRL";
const WHAT: &str = "control file";
const UUID_SIZE_BYTES: usize = 16;
/// Those of all lanes, and as many again of lanes that an earlier clearing could not empty.
const CLEARED_SIZE_BYTES_MAX: usize = 2 * UUID_SIZE_BYTES * LANE_COUNT_MAX as usize;

/// Bytes of a control file at most.
pub const CONTROL_SIZE_BYTES_MAX: usize = 3 * CLEARED_SIZE_BYTES_MAX;

/// What all processes of a database are to heed. Nothing, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Control {
    /// The number in the file's name.
    pub number: u64,
    /// When it was written, nanoseconds since the Unix epoch.
    pub written_ns: i64,
    /// Since when captures are paused, nanoseconds since the Unix epoch.
    pub paused_ns: Option<i64>,
    /// Identities of lanes whose rows count no more: in ascending order.
    pub cleared: Vec<[u8; UUID_SIZE_BYTES]>,
    /// When the last of them were cleared, nanoseconds since the Unix epoch.
    pub cleared_ns: i64,
}

impl Control {
    /// Whether there is nothing to heed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.paused_ns.is_none() && self.cleared.is_empty()
    }

    /// Whether the rows of the lane with this identity count no more.
    #[must_use]
    pub fn is_cleared(&self, uuid: &[u8; UUID_SIZE_BYTES]) -> bool {
        self.cleared.binary_search(uuid).is_ok()
    }

    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let body = self.body();
        let mut own = [0; 12];
        own[..4].copy_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        own[4..8].copy_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        let (number, created_ns) = (self.number, self.written_ns);
        let header = FileHeader { lane: 0, uuid: [0; UUID_SIZE_BYTES], number, created_ns, own };
        [&header.encode(MAGIC)[..], &body].concat().repeat(2)
    }

    fn body(&self) -> Vec<u8> {
        let number = |value| {
            let mut out = Vec::new();
            put_i64(&mut out, value);
            out
        };
        let mut fields = Vec::new();
        fields.extend(self.paused_ns.map(|since_ns| (1, number(since_ns))));
        if !self.cleared.is_empty() {
            fields.push((2, self.cleared.concat()));
            fields.push((3, number(self.cleared_ns)));
        }
        let mut out = Vec::new();
        put_u64(&mut out, fields.len() as u64);
        for (tag, bytes) in fields {
            put_u64(&mut out, tag);
            put_bytes(&mut out, &bytes);
        }
        out
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When neither copy is whole, or the file is of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        decode_copy(bytes).or_else(|first| {
            let is_newer = |error: &FormatError| matches!(error, FormatError::Unsupported { .. });
            if is_newer(&first) {
                return Err(first);
            }
            let second = decode_copy(&bytes[bytes.len() / 2..]);
            second.map_err(|second| if is_newer(&second) { second } else { first })
        })
    }
}

fn decode_copy(bytes: &[u8]) -> Result<Control, FormatError> {
    let FileHeader { number, created_ns, own, .. } = FileHeader::decode(bytes, MAGIC, WHAT)?;
    let [a, b, c, d, e, f, g, h, ..] = own;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    let found = u32::from_le_bytes([e, f, g, h]);
    let body = bytes.get(FILE_HEADER_SIZE_BYTES..).unwrap_or_default();
    let have = body.len();
    let truncated = FormatError::Truncated { what: WHAT, need: length, have };
    let body = body.get(..length).ok_or(truncated)?;
    let expected = crc32c::crc32c(body);
    if found != expected {
        return Err(FormatError::Checksum { what: WHAT, expected, found });
    }
    let mut control = Control { number, written_ns: created_ns, ..Control::default() };
    let mut cursor = Cursor::new(WHAT, body);
    for _ in 0..cursor.usize_at_most(CONTROL_FIELD_COUNT_MAX)? {
        let tag = cursor.u64()?;
        let field = cursor.bytes(CLEARED_SIZE_BYTES_MAX)?;
        let mut number = Cursor::new(WHAT, field);
        match tag {
            1 => control.paused_ns = Some(number.i64()?),
            2 => control.cleared = identities(field)?,
            3 => control.cleared_ns = number.i64()?,
            _ => {}
        }
    }
    Ok(control)
}

fn identities(bytes: &[u8]) -> Result<Vec<[u8; UUID_SIZE_BYTES]>, FormatError> {
    let (uuids, rest) = bytes.as_chunks::<UUID_SIZE_BYTES>();
    if !rest.is_empty() || !uuids.is_sorted() {
        return Err(FormatError::Inconsistent { what: WHAT });
    }
    Ok(uuids.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control() -> Control {
        let cleared = vec![[1; 16], [2; 16], [0xff; 16]];
        Control { number: 7, written_ns: -5, paused_ns: Some(-9), cleared, cleared_ns: 1 << 60 }
    }

    #[test]
    fn what_is_to_be_heeded_comes_back() {
        // Promise: a control file says what was written, and fields to come are passed over.
        for control in [
            control(),
            Control { number: 1, ..Control::default() },
            Control { paused_ns: None, ..control() },
            Control { cleared: vec![[3; 16]; 2 * usize::from(LANE_COUNT_MAX)], ..control() },
        ] {
            let bytes = control.encode();
            assert!(bytes.len() <= CONTROL_SIZE_BYTES_MAX);
            assert_eq!(Control::decode(&bytes), Ok(control));
        }
        assert!(control().is_cleared(&[2; 16]) && !control().is_cleared(&[0; 16]));
        assert!(Control::default().is_empty() && !control().is_empty());
        let mut body = control().body();
        body[0] += 1;
        body.extend([60, 3, 1, 2, 3]);
        assert_eq!(Control::decode(&file_of(&body, 1)), Ok(control()));
    }

    /// A file with this body, of this version.
    fn file_of(body: &[u8], version: u8) -> Vec<u8> {
        let mut header = control().encode()[..60].to_vec();
        header[8] = version;
        header[48..52].copy_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        header[52..56].copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
        let crc = crc32c::crc32c(&header).to_le_bytes();
        [&header[..], &crc, body].concat().repeat(2)
    }

    #[test]
    fn a_flipped_bit_costs_nothing_and_a_torn_file_is_refused() {
        // Promise: no single bit changes what processes heed, no beginning of a file means less
        // than all of it, and a newer format is refused.
        let bytes = control().encode();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Control::decode(&damaged), Ok(control()), "bit {bit}");
        }
        for length in 0..bytes.len() {
            let torn = Control::decode(&bytes[..length]);
            assert_eq!(torn.is_ok(), length >= bytes.len() / 2, "length {length}");
        }
        let newer = Control::decode(&file_of(&[0], 2));
        assert!(matches!(newer, Err(FormatError::Unsupported { .. })), "{newer:?}");
        for body in [&[1][..], &[1, 2, 15, 0], &[65], &[2, 2, 17, 0]] {
            assert!(Control::decode(&file_of(body, 1)).is_err(), "{body:?}");
        }
        let swapped = [&[1, 2, 32][..], &[2; 16], &[1; 16]].concat();
        let refused = Control::decode(&file_of(&swapped, 1));
        assert_eq!(refused, Err(FormatError::Inconsistent { what: WHAT }));
    }
}
