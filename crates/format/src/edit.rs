//! The manifest of a lane: which segments and histories hold its older rows.
//!
//! An EDIT frame says what came and went in one step; a CHECKPOINT frame is the counters, then an
//! edit that begins from nothing. Payload of an edit:
//!
//! ```text
//! number, next_seq, sealed_seq, floor_seq, next_file_id
//! count, count x id of a segment that goes
//! count, count x segment that comes
//! count, count x id of a history that goes
//! count, count x history that comes
//! ```
//!
//! A segment: id, first_seq, row_count, chunk_count, size_bytes, footer_size_bytes, min_end_ns
//! (signed), max_end_ns - min_end_ns, max_duration_ns, first_arrival_ns (signed),
//! last_arrival_ns - first_arrival_ns. A history: id, size_bytes. All are varints. Bytes behind
//! the last field are ignored, so that fields can be added.

use crate::limits::{
    CHUNK_ROW_COUNT_MAX, EDIT_ENTRY_COUNT_MAX, FOOTER_SIZE_BYTES_MAX, SEGMENT_CHUNK_COUNT_MAX,
    SEQ_BITS,
};
use crate::varint::{Cursor, put_i64, put_u64};
use crate::{Counters, FormatError};

/// A segment as the manifest knows it: enough to find it and to tell whether it can hold a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentEntry {
    /// Number in its file name.
    pub id: u64,
    /// Sequence of its first row.
    pub first_seq: u64,
    /// Sequence behind its last row; rows that were damaged before it was sealed leave gaps.
    pub end_seq: u64,
    /// Rows in it.
    pub row_count: u64,
    /// Chunks in it.
    pub chunk_count: u32,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Bytes of the footer, which ends the file.
    pub footer_size_bytes: u32,
    /// Earliest end.
    pub min_end_ns: i64,
    /// Latest end.
    pub max_end_ns: i64,
    /// Longest duration.
    pub max_duration_ns: u64,
    /// When its first row was written to the lane.
    pub first_arrival_ns: i64,
    /// When its last row was written to the lane.
    pub last_arrival_ns: i64,
}

/// A history file as the manifest knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Number in its file name.
    pub id: u64,
    /// Bytes of the file.
    pub size_bytes: u64,
}

/// What came and went in one step, and the scalars of the manifest behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Counts edits of the lane: one that is known already is passed over.
    pub number: u64,
    /// Rows below were written before: those that did not come were damaged.
    pub next_seq: u64,
    /// Rows below stand in segments, those from here on in the head log.
    pub sealed_seq: u64,
    /// Rows below have expired.
    pub floor_seq: u64,
    /// Numbers of files from here on were never used.
    pub next_file_id: u64,
    /// Ids of segments that go.
    pub segments_out: Vec<u64>,
    /// Segments that come.
    pub segments_in: Vec<SegmentEntry>,
    /// Ids of histories that go.
    pub histories_out: Vec<u64>,
    /// Histories that come.
    pub histories_in: Vec<HistoryEntry>,
}

impl Edit {
    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for scalar in [self.number, self.next_seq, self.sealed_seq, self.floor_seq] {
            put_u64(out, scalar);
        }
        put_u64(out, self.next_file_id);
        put_ids(out, &self.segments_out);
        put_u64(out, self.segments_in.len() as u64);
        self.segments_in.iter().for_each(|segment| segment.encode(out));
        put_ids(out, &self.histories_out);
        put_u64(out, self.histories_in.len() as u64);
        for history in &self.histories_in {
            put_u64(out, history.id);
            put_u64(out, history.size_bytes);
        }
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// When it is cut short or a number is outside of its limits.
    pub fn decode(payload: &[u8]) -> Result<Self, FormatError> {
        Self::decode_from(&mut Cursor::new("edit frame", payload))
    }

    fn decode_from(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let number = cursor.u64()?;
        let next_seq = seq(cursor)?;
        let sealed_seq = seq(cursor)?;
        let floor_seq = cursor.u64_at_most(sealed_seq)?;
        let next_file_id = cursor.u64()?;
        let segments_out = ids(cursor)?;
        let segments_in = list(cursor, SegmentEntry::decode)?;
        let histories_out = ids(cursor)?;
        let histories_in = list(cursor, |cursor| {
            Ok(HistoryEntry { id: cursor.u64()?, size_bytes: cursor.u64()? })
        })?;
        Ok(Self {
            number,
            next_seq,
            sealed_seq,
            floor_seq,
            next_file_id,
            segments_out,
            segments_in,
            histories_out,
            histories_in,
        })
    }
}

impl SegmentEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.id);
        put_u64(out, self.first_seq);
        put_u64(out, self.end_seq - self.first_seq);
        put_u64(out, self.row_count);
        put_u64(out, u64::from(self.chunk_count));
        put_u64(out, self.size_bytes);
        put_u64(out, u64::from(self.footer_size_bytes));
        put_i64(out, self.min_end_ns);
        put_u64(out, self.max_end_ns.wrapping_sub(self.min_end_ns).cast_unsigned());
        put_u64(out, self.max_duration_ns);
        put_i64(out, self.first_arrival_ns);
        put_u64(out, self.last_arrival_ns.wrapping_sub(self.first_arrival_ns).cast_unsigned());
    }

    fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let id = cursor.u64()?;
        let first_seq = seq(cursor)?;
        let end_seq = first_seq + cursor.u64_at_most((1 << SEQ_BITS) - 1 - first_seq)?;
        let row_count_max = (SEGMENT_CHUNK_COUNT_MAX * CHUNK_ROW_COUNT_MAX) as u64;
        let row_count = cursor.u64_at_most(row_count_max.min(end_seq - first_seq))?;
        let chunk_count = cursor.u64_at_most(SEGMENT_CHUNK_COUNT_MAX as u64)?;
        // No file is longer than a signed offset can tell.
        let size_bytes = cursor.u64_at_most(i64::MAX.cast_unsigned())?;
        let footer_size_max = u32::try_from(FOOTER_SIZE_BYTES_MAX).unwrap_or(u32::MAX);
        let footer_size_bytes = cursor.u32_at_most(footer_size_max)?;
        let min_end_ns = cursor.i64()?;
        let max_end_ns = min_end_ns.wrapping_add(cursor.u64()?.cast_signed());
        let max_duration_ns = cursor.u64()?;
        let first_arrival_ns = cursor.i64()?;
        let last_arrival_ns = first_arrival_ns.wrapping_add(cursor.u64()?.cast_signed());
        if u64::from(footer_size_bytes) > size_bytes {
            let (found, limit) = (u64::from(footer_size_bytes), size_bytes);
            return Err(FormatError::OutOfRange { what: "footer of a segment", found, limit });
        }
        Ok(Self {
            id,
            first_seq,
            end_seq,
            row_count,
            chunk_count: u32::try_from(chunk_count).unwrap_or(u32::MAX),
            size_bytes,
            footer_size_bytes,
            min_end_ns,
            max_end_ns,
            max_duration_ns,
            first_arrival_ns,
            last_arrival_ns,
        })
    }
}

/// The payload of a CHECKPOINT frame: what a new head begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// What happened to calls that became no row, since the lane was made.
    pub counters: Counters,
    /// The manifest, or the first part of a long one: the rest follows as EDIT frames.
    pub manifest: Edit,
}

impl Checkpoint {
    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.counters.encode(out);
        self.manifest.encode(out);
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// When it is cut short or a number is outside of its limits.
    pub fn decode(payload: &[u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new("checkpoint frame", payload);
        let counters = Counters::decode(&mut cursor)?;
        Ok(Self { counters, manifest: Edit::decode_from(&mut cursor)? })
    }
}

fn seq(cursor: &mut Cursor<'_>) -> Result<u64, FormatError> {
    cursor.u64_at_most((1 << SEQ_BITS) - 1)
}

fn put_ids(out: &mut Vec<u8>, ids: &[u64]) {
    put_u64(out, ids.len() as u64);
    ids.iter().for_each(|&id| put_u64(out, id));
}

fn ids(cursor: &mut Cursor<'_>) -> Result<Vec<u64>, FormatError> {
    list(cursor, Cursor::u64)
}

fn list<'a, T>(
    cursor: &mut Cursor<'a>,
    mut decode: impl FnMut(&mut Cursor<'a>) -> Result<T, FormatError>,
) -> Result<Vec<T>, FormatError> {
    let count = cursor.usize_at_most(EDIT_ENTRY_COUNT_MAX)?;
    (0..count).map(|_| decode(cursor)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit() -> Edit {
        let segment = SegmentEntry {
            id: 7,
            first_seq: 65_536,
            end_seq: 131_080,
            row_count: 65_536,
            chunk_count: 1,
            size_bytes: 400_000,
            footer_size_bytes: 2_000,
            min_end_ns: i64::MIN,
            max_end_ns: i64::MAX,
            max_duration_ns: u64::MAX,
            first_arrival_ns: 1_700_000_000_000_000_000,
            last_arrival_ns: 1_700_000_060_000_000_000,
        };
        Edit {
            number: 3,
            next_seq: 131_090,
            sealed_seq: 131_080,
            floor_seq: 65_536,
            next_file_id: 9,
            segments_out: vec![1, 2],
            segments_in: vec![segment, SegmentEntry { id: 8, ..segment }],
            histories_out: vec![4],
            histories_in: vec![HistoryEntry { id: 6, size_bytes: 99 }],
        }
    }

    #[test]
    fn edits_and_checkpoints_come_back() {
        // Promise: which files hold the rows of a lane is kept exactly.
        let mut out = Vec::new();
        edit().encode(&mut out);
        out.push(1);
        assert_eq!(Edit::decode(&out), Ok(edit()));
        let counters = Counters { dropped_ring: 5, ..Default::default() };
        let checkpoint = Checkpoint { counters, manifest: edit() };
        out.clear();
        checkpoint.encode(&mut out);
        assert_eq!(Checkpoint::decode(&out), Ok(checkpoint));
    }

    #[test]
    fn cut_and_forged_edits_are_refused() {
        // Promise: bytes read from disk are never trusted.
        let mut out = Vec::new();
        edit().encode(&mut out);
        for length in 0..out.len() {
            assert!(Edit::decode(&out[..length]).is_err(), "length {length}");
        }
        let forged = |change: fn(&mut Edit)| {
            let (mut edit, mut out) = (edit(), Vec::new());
            change(&mut edit);
            edit.encode(&mut out);
            Edit::decode(&out)
        };
        assert!(forged(|edit| edit.floor_seq = edit.sealed_seq + 1).is_err());
        assert!(forged(|edit| edit.sealed_seq = 1 << SEQ_BITS).is_err());
        assert!(forged(|edit| edit.segments_in[0].row_count = 65_545).is_err());
        assert!(forged(|edit| edit.segments_in[0].footer_size_bytes = 400_001).is_err());
        assert!(forged(|edit| edit.segments_in[0].chunk_count = 17).is_err());
        assert!(forged(|edit| edit.segments_in[0].size_bytes = 1 << 63).is_err());
        let huge = |edit: &mut Edit| {
            edit.segments_in[0].size_bytes = 1 << 40;
            edit.segments_in[0].footer_size_bytes = (1 << 28) + 1;
        };
        assert!(forged(huge).is_err());
    }
}
