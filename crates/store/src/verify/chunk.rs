//! What is said of a chunk in two places, and where in it damage begins.

use std::ops::Range;

use kronicler_format::{ChunkDirectory, ChunkEntry, FormatError, FrameSeed};

/// Whether the directory of a chunk says what the footer says of it.
pub(super) fn is_as_told(
    chunk: &ChunkEntry,
    directory: &ChunkDirectory,
) -> Result<(), FormatError> {
    let numbers = [
        ("rows of a chunk", chunk.row_count, directory.row_count()),
        ("size of a chunk", chunk.size_bytes, directory.size_bytes()),
    ];
    for (what, told, found) in numbers {
        if told != found {
            let (expected, found) = (u64::from(found), u64::from(told));
            return Err(FormatError::Mismatch { what, expected, found });
        }
    }
    Ok(())
}

/// Where in a chunk the first damaged page stands, or the metadata before it; 0 when it is the
/// directory.
pub(super) fn place_of_damage(bytes: &[u8], seed: FrameSeed, chunk: &ChunkEntry) -> u32 {
    let Ok(directory) = ChunkDirectory::decode(bytes, seed, chunk.first_seq) else { return 0 };
    let slice = |range: &Range<u32>| bytes.get(range.start as usize..range.end as usize);
    let mut good_meta = 0..0;
    for page in 0..directory.page_count() {
        let ranges = directory.page_range(page).zip(directory.meta_range(page));
        let Some((payload, meta)) = ranges else { return 0 };
        let is_good = slice(&payload).zip(slice(&meta)).is_some_and(|(payload, meta)| {
            directory.decode_page(seed, page, meta, payload).is_ok()
        });
        if !is_good {
            let is_first = !meta.is_empty() && meta != good_meta;
            return if is_first { meta.start.min(payload.start) } else { payload.start };
        }
        good_meta = meta;
    }
    0
}
