//! Details of a chunk's rows: a column of its own, which no scan reads.

use std::ops::Range;

use super::columns::mismatch;
use super::directory::ChunkDirectory;
use crate::{FormatError, FrameSeed, RowDetail, decode_details};

impl ChunkDirectory {
    /// The bytes of the details within the chunk; `None` when no row has one.
    #[must_use]
    pub fn details_range(&self) -> Option<Range<u32>> {
        self.details.map(|part| part.offset..part.offset + part.size_bytes)
    }

    /// Decodes the details from their bytes, see [`Self::details_range`]; they ascend.
    ///
    /// # Errors
    /// When the checksum is wrong, or they are not of rows of this chunk.
    pub fn decode_details(
        &self,
        seed: FrameSeed,
        bytes: &[u8],
    ) -> Result<Vec<RowDetail>, FormatError> {
        let Some(part) = self.details else { return Ok(Vec::new()) };
        self.verify(seed, part, bytes)?;
        let details = decode_details(bytes, self.first_seq())?;
        let end_seq = self.first_seq() + u64::from(self.row_count());
        match details.last() {
            Some(last) if last.seq >= end_seq => {
                Err(mismatch("row of a detail", end_seq, last.seq))
            }
            _ => Ok(details),
        }
    }
}
