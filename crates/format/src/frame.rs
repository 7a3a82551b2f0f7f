//! A frame: the unit in which a head log grows.
//!
//! ```text
//!  0      2      3       4        8        12
//!  | mark | kind | check | length | crc32c | payload ... |
//!  | u16  | u8   | u8    | u32    | u32    | length bytes|
//! ```
//!
//! The check byte covers mark, kind and length: a frame that ends behind the end of the log was
//! cut there by a crash only if its header is whole. A flipped bit of the length is told apart.
//!
//! The checksum is seeded with the lane's uuid and the frame's offset, then covers the first
//! eight bytes and the payload: a frame that turns up in another file or at another place is
//! noticed. A reader that meets a bad frame looks for the next mark: a good frame behind a bad
//! one means damage in the middle, none means that the log ends there.

use crate::{FormatError, limits::PAYLOAD_SIZE_BYTES_MAX};

/// Bytes before a frame's payload.
pub const FRAME_HEADER_SIZE_BYTES: usize = 12;

const MARK: [u8; 2] = *b"KR";

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// State of the lane when the head was made.
    Checkpoint = 1,
    /// The process that writes from here on.
    Run = 2,
    /// Names and series, in the order of their ids.
    Names = 3,
    /// Rows, in lane order.
    Rows = 4,
    /// Changed counters.
    Counters = 5,
    /// The head is complete: readers may use it.
    Ready = 6,
    /// The writer ended in order.
    Closed = 7,
    /// Segments and histories that came and went.
    Edit = 8,
    /// The time at which what follows was written.
    Arrival = 9,
    /// Details of rows that stand before it.
    Detail = 10,
    /// What the process that writes has hooked so far.
    Hooks = 11,
}

impl FrameKind {
    const ALL: [FrameKind; 11] = [
        FrameKind::Checkpoint,
        FrameKind::Run,
        FrameKind::Names,
        FrameKind::Rows,
        FrameKind::Counters,
        FrameKind::Ready,
        FrameKind::Closed,
        FrameKind::Edit,
        FrameKind::Arrival,
        FrameKind::Detail,
        FrameKind::Hooks,
    ];
}

/// Where frames belong: seeds their checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameSeed(u32);

impl FrameSeed {
    /// The seed of a lane's frames.
    #[must_use]
    pub fn new(uuid: &[u8; 16]) -> Self {
        Self(crc32c::crc32c(uuid))
    }

    /// The checksum of bytes that belong to the thing numbered `id` and stand at `place` of it.
    pub(crate) fn part(self, id: u64, place: u32, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(self.begin(id, &place.to_le_bytes()), bytes)
    }

    /// The checksum of `bytes` that are good only in this lane and at this place: an offset, or
    /// the id of a file.
    #[must_use]
    pub fn checksum_at(self, place: u64, bytes: &[u8]) -> u32 {
        self.begin(place, bytes)
    }

    /// The checksum of a frame up to its payload.
    pub(crate) fn begin(self, offset: u64, header: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, &offset.to_le_bytes()), header)
    }

    fn checksum(self, offset: u64, header: &[u8], payload: &[u8]) -> u32 {
        crc32c::crc32c_append(self.begin(offset, header), payload)
    }
}

/// Appends a frame that will stand at `offset` of its file. `write` appends the payload.
///
/// # Errors
/// When the payload is larger than a reader would accept; `out` is then as before.
pub fn encode_frame(
    out: &mut Vec<u8>,
    seed: FrameSeed,
    offset: u64,
    kind: FrameKind,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<(), FormatError> {
    let at = out.len();
    out.extend_from_slice(&[MARK[0], MARK[1], kind as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let payload_at = out.len();
    write(out);
    let length = out.len() - payload_at;
    let Some(length) = u32::try_from(length).ok().filter(|_| length <= PAYLOAD_SIZE_BYTES_MAX)
    else {
        out.truncate(at);
        let (found, limit) = (length as u64, PAYLOAD_SIZE_BYTES_MAX as u64);
        return Err(FormatError::OutOfRange { what: "frame length", found, limit });
    };
    out[at + 3] = header_check(kind as u8, length);
    out[at + 4..at + 8].copy_from_slice(&length.to_le_bytes());
    let crc = seed.checksum(offset, &out[at..at + 8], &out[payload_at..]);
    out[at + 8..at + 12].copy_from_slice(&crc.to_le_bytes());
    Ok(())
}

/// The check byte of a frame's header: the four bytes of the CRC-32C of mark, kind and length,
/// xored.
#[must_use]
pub fn header_check(kind: u8, length: u32) -> u8 {
    let [a, b, c, d] = length.to_le_bytes();
    let crc = crc32c::crc32c(&[MARK[0], MARK[1], kind, a, b, c, d]).to_le_bytes();
    crc.into_iter().fold(0, |check, byte| check ^ byte)
}

/// A frame whose checksum is right. Its kind may be one of a later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it holds; `None` for a kind this code does not know.
    pub kind: Option<FrameKind>,
    /// Its content.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Bytes of the whole frame.
    #[must_use]
    pub const fn size_bytes(&self) -> usize {
        FRAME_HEADER_SIZE_BYTES + self.payload.len()
    }
}

/// Reads the frame at the front of `bytes`, which stand at `offset` of the file.
///
/// # Errors
/// [`FormatError::Truncated`] when the bytes end before the frame does (more may follow in the
/// file), another error when this is no frame.
pub fn decode_frame(bytes: &[u8], seed: FrameSeed, offset: u64) -> Result<Frame<'_>, FormatError> {
    let end = FRAME_HEADER_SIZE_BYTES + payload_size(bytes)?;
    let payload = bytes.get(FRAME_HEADER_SIZE_BYTES..end);
    let payload = payload.ok_or_else(|| truncated(end, bytes.len()))?;
    let found = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
    let expected = seed.checksum(offset, &bytes[..8], payload);
    if found != expected {
        return Err(FormatError::Checksum { what: "frame", expected, found });
    }
    let kind = FrameKind::ALL.into_iter().find(|&kind| kind as u8 == bytes[2]);
    Ok(Frame { kind, payload })
}

/// The size of the payload that the header at the front of `bytes` claims.
pub(crate) fn payload_size(bytes: &[u8]) -> Result<usize, FormatError> {
    let header: &[u8; FRAME_HEADER_SIZE_BYTES] =
        bytes.first_chunk().ok_or_else(|| truncated(FRAME_HEADER_SIZE_BYTES, bytes.len()))?;
    if header[..2] != MARK {
        return Err(FormatError::NotKronicler { what: "frame" });
    }
    let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    if header[3] != header_check(header[2], length) {
        return Err(FormatError::NotKronicler { what: "frame" });
    }
    let size = length as usize;
    if size > PAYLOAD_SIZE_BYTES_MAX {
        let (found, limit) = (size as u64, PAYLOAD_SIZE_BYTES_MAX as u64);
        return Err(FormatError::OutOfRange { what: "frame length", found, limit });
    }
    Ok(size)
}

/// Where the first frame may begin that goes on behind the end of `bytes`; their length when none
/// does. Tells how far bytes without a good frame can be passed over.
#[must_use]
pub fn first_cut_frame(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let is_mark = MARK.starts_with(&rest[..rest.len().min(MARK.len())]);
        let is_cut = match payload_size(rest) {
            Ok(size) => FRAME_HEADER_SIZE_BYTES + size > rest.len(),
            Err(error) => is_mark && matches!(error, FormatError::Truncated { .. }),
        };
        if is_cut {
            return at;
        }
        // The first byte of a mark may be the last one here.
        let last = bytes.len() - 1;
        at = next_mark(rest).map_or(last.max(at + 1), |step| at + step);
    }
    bytes.len()
}

const fn truncated(need: usize, have: usize) -> FormatError {
    FormatError::Truncated { what: "frame", need, have }
}

/// The frame at the front of bytes that the caller has just encoded: its checksum is not asked.
#[must_use]
pub fn encoded_frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let header: &[u8; FRAME_HEADER_SIZE_BYTES] = bytes.first_chunk()?;
    let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
    let payload = bytes.get(FRAME_HEADER_SIZE_BYTES..FRAME_HEADER_SIZE_BYTES + length)?;
    let kind = FrameKind::ALL.into_iter().find(|&kind| kind as u8 == header[2]);
    Some(Frame { kind, payload })
}

/// Where the next mark stands in `bytes` behind the first byte: a place to try after a bad frame.
pub(crate) fn next_mark(bytes: &[u8]) -> Option<usize> {
    let behind = bytes.get(1..)?;
    behind.windows(2).position(|pair| pair == MARK).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: FrameSeed = FrameSeed(42);

    fn frame(offset: u64) -> Vec<u8> {
        let mut out = Vec::new();
        encode_frame(&mut out, SEED, offset, FrameKind::Rows, |out| out.extend(b"payload"))
            .unwrap();
        out
    }

    #[test]
    fn frames_come_back_only_where_they_were_written() {
        // Promise: a frame at another place or in another lane is noticed.
        let bytes = frame(64);
        let good = decode_frame(&bytes, SEED, 64).unwrap();
        assert_eq!((good.kind, good.payload), (Some(FrameKind::Rows), &b"payload"[..]));
        assert!(decode_frame(&bytes, SEED, 65).is_err());
        assert!(decode_frame(&bytes, FrameSeed(43), 64).is_err());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        // Promise: bytes read from disk are never trusted.
        let bytes = frame(0);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_frame(&bad, SEED, 0).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            let cut = decode_frame(&bytes[..length], SEED, 0);
            assert!(matches!(cut, Err(FormatError::Truncated { .. })), "length {length}");
        }
    }

    #[test]
    fn a_flipped_bit_of_a_header_does_not_look_like_a_cut() {
        // Promise: rows behind a damaged length do not pass for what a crash left half written.
        for length in [0, 7, 1 << 16, (1 << 20) - 1] {
            let mut header = [b'K', b'R', 4, header_check(4, length), 0, 0, 0, 0, 0, 0, 0, 0];
            header[4..8].copy_from_slice(&length.to_le_bytes());
            assert!(payload_size(&header).is_ok());
            for bit in 0..64 {
                let mut bad = header;
                bad[bit / 8] ^= 1 << (bit % 8);
                assert!(payload_size(&bad).is_err(), "bit {bit} of length {length}");
            }
        }
    }

    #[test]
    fn what_is_passed_over_holds_no_beginning_of_a_frame() {
        // Promise: a frame that is being appended is never passed over.
        let empty = [b'K', b'R', 0, header_check(0, 0), 0, 0, 0, 0];
        let bytes = [&b"KRgarbage "[..], &empty, b"....", &frame(0)].concat();
        let begin = bytes.len() - frame(0).len();
        assert_eq!(first_cut_frame(&bytes), bytes.len());
        for end in begin + 1..bytes.len() {
            assert_eq!(first_cut_frame(&bytes[..end]), begin, "cut at {end}");
        }
        assert_eq!(
            (first_cut_frame(b""), first_cut_frame(b"\0"), first_cut_frame(b"K")),
            (0, 1, 0)
        );
    }

    #[test]
    fn a_payload_no_reader_would_accept_is_refused() {
        // Promise: the writer never writes what a reader must reject.
        let mut out = vec![1];
        let write = |out: &mut Vec<u8>| out.resize(PAYLOAD_SIZE_BYTES_MAX + 100, 0);
        assert!(encode_frame(&mut out, SEED, 0, FrameKind::Rows, write).is_err());
        assert_eq!(out, [1]);
    }
}
