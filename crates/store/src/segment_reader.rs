//! Reads a segment: its footer, its chunks, and their pages through the bufferpool.
//!
//! Whatever does not have the right checksum is no error, it is missing: `None` or `false`. The
//! caller answers from the rest and says that something is missing. A file that is gone is no
//! damage: a new snapshot tells where its rows are now.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::{
    ChunkDirectory, ChunkEntry, Footer, FormatError, FrameSeed, PageValues, Row, RowDetail,
    SEGMENT_HEADER_SIZE_BYTES, SegmentEntry, SegmentHeader, assemble_rows,
};

use crate::catalog::{Catalog, ChunkKey, FileKey, OpenFile};
use crate::pool::{Access, PageKey, PinnedPage};
use crate::{StorageFile, StoreError};

/// A decoded page that stays in memory while it is held.
pub type Page = PinnedPage<PageValues>;

/// A file that a snapshot names.
#[derive(Debug)]
pub enum Opened<T> {
    /// It can be read.
    Found(T),
    /// It was joined with others, replaced, expired or cleared since: a new snapshot knows.
    Gone,
    /// It is there, but its bytes are not what they were.
    Damaged,
}

/// Reads a segment; holds one descriptor from the first page that is not in memory on.
#[derive(Debug)]
pub struct SegmentReader {
    catalog: Arc<Catalog>,
    path: PathBuf,
    uuid: [u8; 16],
    seed: FrameSeed,
    footer: Arc<Footer>,
    file: Option<OpenFile>,
    is_gone: bool,
}

/// Why something could not be decoded: the disk said so, the file is gone, the bytes are damaged.
enum Failure {
    Store(StoreError),
    Gone,
    Damaged,
}

impl From<FormatError> for Failure {
    fn from(_: FormatError) -> Self {
        Self::Damaged
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is missing as `None`, what the system said as an error.
fn missing<T>(result: Result<T, Failure>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Gone | Failure::Damaged) => Ok(None),
        Err(Failure::Store(error)) => Err(error),
    }
}

impl SegmentReader {
    /// Opens the segment of a lane that is at `path`.
    pub(crate) fn open(
        catalog: &Arc<Catalog>,
        path: PathBuf,
        uuid: [u8; 16],
        entry: &SegmentEntry,
    ) -> Result<Opened<Self>, StoreError> {
        let seed = FrameSeed::new(&uuid);
        let mut file = None;
        let key = FileKey { uuid, id: entry.id };
        let footer = catalog.footers.get_or_load(&key, || {
            file = catalog.open(&path)?;
            let open = file.as_ref().ok_or(Failure::Gone)?;
            let footer = read_footer(&*open.file, &path, seed, entry)?;
            let memory_bytes = footer.memory_bytes();
            Ok((footer, memory_bytes))
        });
        let footer = match footer {
            Ok(footer) => footer,
            Err(Failure::Gone) => return Ok(Opened::Gone),
            Err(Failure::Damaged) => {
                let is_other = file.is_some_and(|open| is_of_other(&*open.file, uuid));
                return Ok(if is_other { Opened::Gone } else { Opened::Damaged });
            }
            Err(Failure::Store(error)) => return Err(error),
        };
        let catalog = Arc::clone(catalog);
        Ok(Opened::Found(Self { catalog, path, uuid, seed, footer, file, is_gone: false }))
    }

    /// As [`missing`]; finds out whether the file is another now.
    fn missing<T>(&mut self, result: Result<T, Failure>) -> Result<Option<T>, StoreError> {
        if matches!(result, Err(Failure::Damaged)) && !self.is_gone {
            let file = self.file.as_ref();
            self.is_gone = file.is_some_and(|open| is_of_other(&*open.file, self.uuid));
        }
        missing(result)
    }

    /// Whether something was missing because the file is gone, so that a new snapshot has it.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Its footer.
    #[must_use]
    pub fn footer(&self) -> &Arc<Footer> {
        &self.footer
    }

    /// Reads one of its chunks. `None` when the directory of the chunk is damaged, or the segment
    /// is gone.
    ///
    /// # Errors
    /// When the system cannot read the file.
    pub fn chunk(&mut self, index: usize) -> Result<Option<ChunkReader<'_>>, StoreError> {
        let Some(&entry) = self.footer.chunks.get(index) else { return Ok(None) };
        let (uuid, first_seq) = (self.uuid, entry.first_seq);
        let key = ChunkKey { uuid, first_seq, row_count: entry.row_count };
        let catalog = Arc::clone(&self.catalog);
        let directory = catalog.directories.get_or_load(&key, || {
            let mut bytes = Vec::new();
            let range = 0..entry.directory_size_bytes;
            self.read(&entry, range, &mut bytes)?;
            let directory = ChunkDirectory::decode(&bytes, self.seed, first_seq)?;
            let is_same = directory.row_count() == entry.row_count
                && directory.size_bytes() == entry.size_bytes;
            let memory_bytes = directory.memory_bytes();
            if is_same { Ok((directory, memory_bytes)) } else { Err(Failure::Damaged) }
        });
        let directory = self.missing(directory)?;
        Ok(directory.map(|directory| ChunkReader {
            segment: self,
            entry,
            directory,
            expected: None,
            ahead: Ahead::default(),
            access: Access::Point,
        }))
    }

    /// Reads bytes of a chunk.
    fn read(
        &mut self,
        entry: &ChunkEntry,
        range: Range<u32>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if self.file.is_none() && !self.is_gone {
            self.file = self.catalog.open(&self.path)?;
            self.is_gone = self.file.is_none();
        }
        let open = self.file.as_ref().ok_or(Failure::Gone)?;
        let offset = entry.offset + u64::from(range.start);
        read_exact(&*open.file, &self.path, offset, range.len(), bytes)
    }
}

/// Whether a file is of another lane: the one that was looked for went when the lane was cleared,
/// and its number was given away again.
fn is_of_other(file: &dyn StorageFile, uuid: [u8; 16]) -> bool {
    let mut bytes = [0; SEGMENT_HEADER_SIZE_BYTES];
    let is_read = file.read_at(0, &mut bytes).is_ok_and(|count| count == bytes.len());
    is_read && SegmentHeader::decode(&bytes).is_ok_and(|header| header.uuid != uuid)
}

/// Reads a footer; it says where the rest is. `None` when it is damaged.
pub(crate) fn footer_of(
    file: &dyn StorageFile,
    path: &Path,
    seed: FrameSeed,
    entry: &SegmentEntry,
) -> Result<Option<Footer>, StoreError> {
    missing(read_footer(file, path, seed, entry))
}

/// Reads the bytes of a chunk. `false` when the file is shorter.
pub(crate) fn read_chunk(
    file: &dyn StorageFile,
    path: &Path,
    entry: &ChunkEntry,
    bytes: &mut Vec<u8>,
) -> Result<bool, StoreError> {
    let result = read_exact(file, path, entry.offset, entry.size_bytes as usize, bytes);
    missing(result).map(|done| done.is_some())
}

fn read_footer(
    file: &dyn StorageFile,
    path: &Path,
    seed: FrameSeed,
    entry: &SegmentEntry,
) -> Result<Footer, Failure> {
    let size = entry.footer_size_bytes;
    // Before memory is taken for what the manifest says.
    let len = file.stat().map_err(StoreError::io("read", path))?.len;
    if len < entry.size_bytes {
        return Err(Failure::Damaged);
    }
    let mut bytes = Vec::new();
    let offset = entry.size_bytes - u64::from(size);
    read_exact(file, path, offset, size as usize, &mut bytes)?;
    let footer = Footer::decode(&bytes, seed, entry.id)?;
    let row_count: u64 = footer.chunks.iter().map(|chunk| u64::from(chunk.row_count)).sum();
    let end_seq = footer.chunks.last().map(|chunk| chunk.first_seq + u64::from(chunk.row_count));
    let is_same = row_count == entry.row_count
        && footer.chunks.first().map(|chunk| chunk.first_seq) == Some(entry.first_seq)
        && end_seq == Some(entry.end_seq);
    if is_same { Ok(footer) } else { Err(Failure::Damaged) }
}

fn read_exact(
    file: &dyn StorageFile,
    path: &Path,
    offset: u64,
    size: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), Failure> {
    bytes.clear();
    bytes.resize(size, 0);
    let count = file.read_at(offset, bytes).map_err(StoreError::io("read", path))?;
    if count == size { Ok(()) } else { Err(Failure::Damaged) }
}

/// Reads the pages of a chunk.
#[derive(Debug)]
pub struct ChunkReader<'a> {
    segment: &'a mut SegmentReader,
    entry: ChunkEntry,
    directory: Arc<ChunkDirectory>,
    /// Bytes of pages that are about to be asked for: the first that is not in memory brings them
    /// all by one read.
    expected: Option<Range<u32>>,
    ahead: Ahead,
    access: Access,
}

/// Bytes of a chunk that were read before they were asked for.
#[derive(Debug, Default)]
struct Ahead {
    /// Where they begin in the chunk.
    start: u32,
    bytes: Vec<u8>,
}

impl Ahead {
    fn get(&self, range: &Range<u32>) -> Option<&[u8]> {
        let start = range.start.checked_sub(self.start)? as usize;
        self.bytes.get(start..start + range.len())
    }
}

impl ChunkReader<'_> {
    /// What is in the chunk, and where.
    #[must_use]
    pub fn directory(&self) -> &Arc<ChunkDirectory> {
        &self.directory
    }

    /// Where the chunk is, and what its rows lie between.
    #[must_use]
    pub const fn entry(&self) -> &ChunkEntry {
        &self.entry
    }

    /// As [`SegmentReader::is_gone`].
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        self.segment.is_gone
    }

    /// Says how its pages are going to be used.
    #[must_use]
    pub const fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// A page by its number. `None` when it is damaged or the segment is gone.
    ///
    /// # Errors
    /// When the system cannot read the file.
    pub fn page(&mut self, page: u32) -> Result<Option<Page>, StoreError> {
        let page = self.try_page(page);
        self.segment.missing(page)
    }

    /// Appends the rows with these indices in the chunk, in their order. Returns `false`, and
    /// appends none, when one of the pages they need is missing.
    ///
    /// # Errors
    /// When the system cannot read the file.
    pub fn rows(&mut self, range: Range<u32>, rows: &mut Vec<Row>) -> Result<bool, StoreError> {
        let is_most = range.len() * 2 > self.directory.row_count() as usize;
        self.expected = is_most.then_some(0..self.entry.size_bytes);
        let directory = Arc::clone(&self.directory);
        let result = assemble_rows(&directory, range, |page| self.try_page(page), rows);
        (self.ahead, self.expected) = (Ahead::default(), None);
        self.segment.missing(result).map(|done| done.is_some())
    }

    /// Appends the durations of a series, by its dense id in the chunk, in their order. Returns
    /// `false`, and appends none, when one of the pages is missing.
    ///
    /// # Errors
    /// When the system cannot read the file.
    pub fn durations(&mut self, dense: u32, out: &mut Vec<u64>) -> Result<bool, StoreError> {
        let before = out.len();
        let directory = Arc::clone(&self.directory);
        for span in directory.duration_pages(dense) {
            let Some(page) = self.page(span.page)? else {
                out.truncate(before);
                return Ok(false);
            };
            page.extend_range_into(span.range.start as usize..span.range.end as usize, out);
        }
        Ok(true)
    }

    /// The details of its rows, ascending. `None` when they are damaged or the segment is gone.
    ///
    /// # Errors
    /// When the system cannot read the file.
    pub fn details(&mut self) -> Result<Option<Vec<RowDetail>>, StoreError> {
        let details = self.try_details();
        self.segment.missing(details)
    }

    fn try_details(&mut self) -> Result<Vec<RowDetail>, Failure> {
        let Some(range) = self.directory.details_range() else { return Ok(Vec::new()) };
        let mut bytes = Vec::new();
        self.segment.read(&self.entry, range, &mut bytes)?;
        Ok(self.directory.decode_details(self.segment.seed, &bytes)?)
    }

    /// Says which pages are about to be asked for, so that what is not in memory is read at once.
    pub fn expect_pages(&mut self, pages: impl Iterator<Item = u32>) {
        let directory = &self.directory;
        let ranges =
            pages.flat_map(|page| [directory.meta_range(page), directory.page_range(page)]);
        let ranges = ranges.flatten().filter(|range| !range.is_empty());
        self.expected =
            ranges.reduce(|all, range| all.start.min(range.start)..all.end.max(range.end));
    }

    /// Reads the bytes that are expected; a file that is too short is read page by page.
    fn read_ahead(&mut self, range: Range<u32>) -> Result<(), Failure> {
        let mut bytes = std::mem::take(&mut self.ahead.bytes);
        self.ahead.start = range.start;
        match self.segment.read(&self.entry, range, &mut bytes) {
            Ok(()) => self.ahead.bytes = bytes,
            Err(Failure::Damaged) => {}
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn try_page(&mut self, page: u32) -> Result<Page, Failure> {
        let ChunkEntry { first_seq, row_count, .. } = self.entry;
        let key = PageKey { uuid: self.segment.uuid, first_seq, row_count, page };
        let catalog = Arc::clone(&self.segment.catalog);
        catalog.pool.get(&key, self.access, || {
            let directory = Arc::clone(&self.directory);
            let (payload, meta) = directory
                .page_range(page)
                .zip(directory.meta_range(page))
                .ok_or(Failure::Damaged)?;
            if let Some(range) = self.expected.take_if(|range| range.contains(&payload.start)) {
                self.read_ahead(range)?;
            }
            let ahead = self.ahead.get(&meta).zip(self.ahead.get(&payload));
            let values = if let Some((meta, payload)) = ahead {
                directory.decode_page(self.segment.seed, page, meta, payload)?
            } else {
                let (mut payload_bytes, mut meta_bytes) = (Vec::new(), Vec::new());
                self.segment.read(&self.entry, payload, &mut payload_bytes)?;
                self.segment.read(&self.entry, meta, &mut meta_bytes)?;
                directory.decode_page(self.segment.seed, page, &meta_bytes, &payload_bytes)?
            };
            let memory_bytes = values.memory_bytes();
            Ok((values, memory_bytes))
        })
    }
}
