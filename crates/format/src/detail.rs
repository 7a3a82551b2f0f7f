//! Details of single rows as they are kept: tagged bytes, whose content nobody looks at who only
//! writes, seals or joins. The payload of a DETAIL frame and of a chunk's column of details.
//!
//! ```text
//! details x (gap of the sequence, length, bytes)
//! ```
//!
//! Both numbers are varints. The first gap leads from 0 to the first row, in a chunk from the
//! sequence of its first row; the others are at least 1. What the bytes hold: see
//! [`Detail`](crate::Detail).

use std::sync::Arc;

use crate::FormatError;
use crate::limits::DETAIL_SIZE_BYTES_MAX;
use crate::varint::{Cursor, put_bytes, put_u64};

const WHAT: &str = "details";

/// The detail of one row, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDetail {
    /// Sequence of the row.
    pub seq: u64,
    /// What is told of it, at most [`DETAIL_SIZE_BYTES_MAX`] bytes.
    pub bytes: Arc<[u8]>,
}

impl RowDetail {
    /// Bytes that it takes in a payload at most.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        // A sequence has 43 bits, a length 13.
        const NUMBERS_SIZE_BYTES_MAX: usize = 7 + 2;
        self.bytes.len() + NUMBERS_SIZE_BYTES_MAX
    }
}

/// Appends details in ascending order of their sequences, which count from `first_seq`.
pub fn encode_details(out: &mut Vec<u8>, first_seq: u64, details: &[RowDetail]) {
    let mut before = first_seq;
    for RowDetail { seq, bytes } in details {
        put_u64(out, seq.wrapping_sub(before));
        put_bytes(out, bytes);
        before = *seq;
    }
}

/// Reads details whose sequences count from `first_seq`.
///
/// # Errors
/// When they are cut short, one is too long, or they do not ascend.
pub fn decode_details(payload: &[u8], first_seq: u64) -> Result<Vec<RowDetail>, FormatError> {
    let mut cursor = Cursor::new(WHAT, payload);
    let mut details: Vec<RowDetail> = Vec::new();
    let mut before = first_seq;
    while !cursor.is_empty() {
        let gap = cursor.u64()?;
        let seq = before.checked_add(gap).filter(|_| gap > 0 || details.is_empty());
        let Some(seq) = seq else {
            return Err(FormatError::OutOfRange { what: "gap of details", found: gap, limit: 0 });
        };
        let bytes = cursor.bytes(DETAIL_SIZE_BYTES_MAX)?;
        details.push(RowDetail { seq, bytes: bytes.into() });
        before = seq;
    }
    Ok(details)
}

/// Joins what is told of the same row in several places. They ascend; of those of one row a later
/// one repeats what an earlier one tells, or adds to it.
pub fn join_details(details: &mut Vec<RowDetail>) {
    details.dedup_by(|later, earlier| {
        if later.seq != earlier.seq {
            return false;
        }
        let is_longer = later.bytes.starts_with(&earlier.bytes);
        if is_longer || later.bytes.len() + earlier.bytes.len() > DETAIL_SIZE_BYTES_MAX {
            earlier.bytes = Arc::clone(&later.bytes);
        } else if !earlier.bytes.ends_with(&later.bytes) {
            earlier.bytes = [&*earlier.bytes, &*later.bytes].concat().into();
        }
        true
    });
}

/// How many of the details, from the first on, have `size_bytes_max` bytes together at most.
#[must_use]
pub fn fitting_details(details: &[RowDetail], size_bytes_max: usize) -> usize {
    let mut size_bytes = 0;
    let fits = |detail: &&RowDetail| {
        size_bytes += detail.size_bytes();
        size_bytes <= size_bytes_max
    };
    details.iter().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(seq: u64, size: usize) -> RowDetail {
        RowDetail { seq, bytes: vec![7; size].into() }
    }

    #[test]
    fn details_come_back_with_their_rows() {
        // Promise: a detail is that of its own row, in a frame and in a chunk.
        let details = [detail(5, 0), detail(6, 3), detail((1 << 43) - 1, DETAIL_SIZE_BYTES_MAX)];
        for first_seq in [0, 5] {
            let mut out = Vec::new();
            encode_details(&mut out, first_seq, &details);
            assert!(out.len() <= details.iter().map(RowDetail::size_bytes).sum());
            assert_eq!(decode_details(&out, first_seq).as_deref(), Ok(&details[..]));
            for end in 1..out.len().min(20) {
                assert!(
                    decode_details(&out[..end], first_seq).is_ok_and(|found| found.len() < 3)
                        || decode_details(&out[..end], first_seq).is_err()
                );
            }
        }
        assert_eq!(decode_details(&[], 9), Ok(Vec::new()));
    }

    #[test]
    fn what_no_writer_writes_is_refused() {
        // Promise: bytes read from disk are never trusted.
        let mut twice = Vec::new();
        encode_details(&mut twice, 0, &[detail(3, 1), detail(3, 1)]);
        assert!(decode_details(&twice, 0).is_err());
        let mut long = Vec::new();
        encode_details(&mut long, 0, &[detail(3, DETAIL_SIZE_BYTES_MAX + 1)]);
        assert!(decode_details(&long, 0).is_err());
        assert!(decode_details(&[1, 0], u64::MAX).is_err());
    }

    #[test]
    fn what_is_told_of_a_row_is_joined() {
        // Promise: what is told of a call at first stays when more is told, and nothing twice.
        let of = |seq: u64, text: &str| RowDetail { seq, bytes: text.as_bytes().into() };
        let mut details = vec![of(1, "a"), of(2, "a"), of(2, "b"), of(2, "b"), of(3, "a")];
        details.extend([of(3, "ab"), of(4, "a"), of(4, "a"), of(5, "")]);
        join_details(&mut details);
        assert_eq!(details, [of(1, "a"), of(2, "ab"), of(3, "ab"), of(4, "a"), of(5, "")]);
        let mut long = vec![detail(1, DETAIL_SIZE_BYTES_MAX), of(1, "later")];
        join_details(&mut long);
        assert_eq!(long, [of(1, "later")]);
    }

    #[test]
    fn as_many_fit_as_are_asked_for() {
        // Promise: what a chunk holds of details has a limit.
        let details = [detail(1, 91), detail(2, 91), detail(3, 91)];
        assert_eq!([99, 100, 299, 300].map(|max| fitting_details(&details, max)), [0, 1, 2, 3]);
    }
}
