//! A history file: a header and a history.
//!
//! ```text
//!  0          8         10         12         14     16
//!  | KRONHIST | version | required | optional | lane | uuid     |
//!  | 8 bytes  | u16     | u16      | u16      | u16  | 16 bytes |
//!  32    40           48            56           60       64
//!  | id  | created_ns | body length | body crc32c | crc32c | body ... |
//!  | u64 | i64        | u64         | u32         | u32    |          |
//! ```
//!
//! All numbers are little-endian. A reader refuses a version or a required flag that it does not
//! know and ignores optional flags. The body's checksum is seeded with uuid and id, the header's
//! covers the 60 bytes before it.

use kronicler_format::{FILE_HEADER_SIZE_BYTES, FileHeader, FormatError, FrameSeed};

use crate::history::History;
use crate::history_bytes::HISTORY_SIZE_BYTES_MAX;

/// Bytes of a history file's header.
pub const HISTORY_HEADER_SIZE_BYTES: usize = FILE_HEADER_SIZE_BYTES;

const MAGIC: [u8; 8] = *b"KRONHIST";
const WHAT: &str = "history file header";

/// Who a history file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryHeader {
    /// The lane it belongs to.
    pub lane: u16,
    /// The identity of the lane, new after each `clear()`.
    pub uuid: [u8; 16],
    /// The number in the file's name.
    pub id: u64,
    /// When it was made, nanoseconds since the Unix epoch.
    pub created_ns: i64,
}

/// What the header says of the body.
#[derive(Debug, Clone, Copy)]
struct Body {
    length: u64,
    crc: u32,
}

impl HistoryHeader {
    /// Reads a header from the front of `bytes`.
    ///
    /// # Errors
    /// When the bytes are too few, not ours, damaged, or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        decode_header(bytes).map(|(header, _)| header)
    }

    fn encode(&self, body: Body) -> [u8; HISTORY_HEADER_SIZE_BYTES] {
        let &Self { lane, uuid, id, created_ns } = self;
        let mut own = [0; 12];
        own[..8].copy_from_slice(&body.length.to_le_bytes());
        own[8..].copy_from_slice(&body.crc.to_le_bytes());
        FileHeader { lane, uuid, number: id, created_ns, own }.encode(MAGIC)
    }

    fn checksum(&self, body: &[u8]) -> u32 {
        FrameSeed::new(&self.uuid).checksum_at(self.id, body)
    }
}

/// The bytes of a history file.
///
/// # Errors
/// When the history is larger than a reader would accept: [trim](History::trim_to) it before.
///
/// ```
/// use kronicler_stats::{History, HistoryHeader, decode_history_file, encode_history_file};
///
/// let header = HistoryHeader { lane: 0, uuid: [7; 16], id: 3, created_ns: 0 };
/// let bytes = encode_history_file(&header, &History::new())?;
/// let (read, history) = decode_history_file(&bytes)?;
/// assert!(read == header && history.is_empty());
/// # Ok::<(), kronicler_format::FormatError>(())
/// ```
pub fn encode_history_file(
    header: &HistoryHeader,
    history: &History,
) -> Result<Vec<u8>, FormatError> {
    let mut out = vec![0; HISTORY_HEADER_SIZE_BYTES];
    history.encode(&mut out);
    let body = &out[HISTORY_HEADER_SIZE_BYTES..];
    if body.len() > HISTORY_SIZE_BYTES_MAX {
        return Err(too_large(body.len() as u64));
    }
    let body = Body { length: body.len() as u64, crc: header.checksum(body) };
    out[..HISTORY_HEADER_SIZE_BYTES].copy_from_slice(&header.encode(body));
    Ok(out)
}

/// Reads the bytes of a whole history file. Whoever opened it compares lane, uuid and id.
///
/// # Errors
/// When the bytes are too few, not ours, damaged, or of a newer format.
pub fn decode_history_file(bytes: &[u8]) -> Result<(HistoryHeader, History), FormatError> {
    let (header, expected) = decode_header(bytes)?;
    let body = &bytes[HISTORY_HEADER_SIZE_BYTES..];
    if expected.length > HISTORY_SIZE_BYTES_MAX as u64 {
        return Err(too_large(expected.length));
    }
    let length = usize::try_from(expected.length).unwrap_or(usize::MAX);
    let truncated = FormatError::Truncated { what: "history file", need: length, have: body.len() };
    let (body, rest) = body.split_at_checked(length).ok_or(truncated)?;
    if !rest.is_empty() {
        return Err(FormatError::Inconsistent { what: "history file" });
    }
    let crc = header.checksum(body);
    if crc != expected.crc {
        let (expected, found) = (crc, expected.crc);
        return Err(FormatError::Checksum { what: "history file", expected, found });
    }
    Ok((header, History::decode(body)?))
}

fn decode_header(bytes: &[u8]) -> Result<(HistoryHeader, Body), FormatError> {
    let FileHeader { lane, uuid, number, created_ns, own } =
        FileHeader::decode(bytes, MAGIC, WHAT)?;
    let [a, b, c, d, e, f, g, h, crc @ ..] = own;
    let length = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let header = HistoryHeader { lane, uuid, id: number, created_ns };
    Ok((header, Body { length, crc: u32::from_le_bytes(crc) }))
}

const fn too_large(found: u64) -> FormatError {
    let limit = HISTORY_SIZE_BYTES_MAX as u64;
    FormatError::OutOfRange { what: "history file", found, limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: HistoryHeader =
        HistoryHeader { lane: 3, uuid: [7; 16], id: 1 << 40, created_ns: -5 };

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        // Promise: a damaged file is refused.
        let good = encode_history_file(&HEADER, &History::new()).unwrap();
        assert_eq!(decode_history_file(&good).unwrap().0, HEADER);
        assert_eq!(HistoryHeader::decode(&good), Ok(HEADER));
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_history_file(&bytes).is_err(), "bit {bit}");
        }
        assert!(decode_history_file(&[&good[..], &[0]].concat()).is_err(), "longer");
        for length in 0..good.len() {
            assert!(decode_history_file(&good[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn the_body_of_another_file_is_noticed() {
        // Promise: a body is good only with its own lane's uuid and its own id.
        let good = encode_history_file(&HEADER, &History::new()).unwrap();
        for other in [HistoryHeader { id: 5, ..HEADER }, HistoryHeader { uuid: [8; 16], ..HEADER }]
        {
            let mut bytes = encode_history_file(&other, &History::new()).unwrap();
            bytes[56..60].copy_from_slice(&good[56..60]);
            let crc = crc32c::crc32c(&bytes[..60]);
            bytes[60..64].copy_from_slice(&crc.to_le_bytes());
            let refused = decode_history_file(&bytes);
            assert!(matches!(refused, Err(FormatError::Checksum { what: "history file", .. })));
        }
    }
}
