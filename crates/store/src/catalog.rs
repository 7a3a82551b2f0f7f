//! What all readers of a process share: bufferpool, parsed footers and directories, descriptors.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use kronicler_format::{ChunkDirectory, Footer, PageValues};
use kronicler_stats::History;

use crate::cache::Cache;
use crate::pool::{Access, Pool, PoolUsage};
use crate::sealed_moments::SealedMoments;
use crate::slots::{DESCRIPTOR_COUNT_MAX, Slot, Slots};
use crate::{Storage, StorageFile, StoreError};

/// Bytes of decoded pages in a service.
pub const POOL_SIZE_BYTES: usize = 16 << 20;
/// Bytes of what was parsed: half of it footers, a quarter directories of chunks and histories.
const PARSED_SIZE_BYTES: usize = 16 << 20;
/// Bytes of what questions found out about chunks: of a chunk some 500 bytes for a column of a
/// picture, so enough for pictures of half a billion rows.
const FOUND_SIZE_BYTES: usize = 4 << 20;
/// Lanes whose sealed moments are kept: more than have an owner in any service we know of.
const SEALED_MOMENTS_COUNT_MAX: usize = 64;

/// What all readers of a process share.
#[derive(Debug)]
pub struct Catalog {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) pool: Pool<PageValues>,
    pub(crate) footers: Cache<FileKey, Footer>,
    pub(crate) directories: Cache<ChunkKey, ChunkDirectory>,
    pub(crate) histories: Cache<FileKey, History>,
    /// What questions found out about chunks, by chunk and question.
    pub(crate) found: Cache<(ChunkKey, Vec<u8>), Vec<u8>>,
    sealed_moments: Mutex<HashMap<[u8; 16], Arc<SealedMoments>>>,
    slots: Slots,
    thread_count: usize,
}

/// Which file of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileKey {
    pub uuid: [u8; 16],
    pub id: u64,
}

/// Which chunk of a lane. It stays the same when the chunk is copied to another segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ChunkKey {
    pub uuid: [u8; 16],
    pub first_seq: u64,
    /// A chunk that was put together from smaller ones begins where the first began.
    pub row_count: u32,
}

/// A file that is open for reading; counts to the descriptors that may be open.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub file: Arc<dyn StorageFile>,
    _slot: Slot,
}

impl Catalog {
    /// A catalog of the files in `storage`, whose bufferpool holds `pool_size_bytes` at most. A
    /// question is answered on the thread that asks it.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, pool_size_bytes: usize) -> Arc<Self> {
        Self::with_threads(storage, pool_size_bytes, 1)
    }

    /// As [`Catalog::new`], where a question that reads much may take so many threads.
    #[must_use]
    pub fn with_threads(
        storage: Arc<dyn Storage>,
        pool_size_bytes: usize,
        thread_count: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            storage,
            pool: Pool::new(pool_size_bytes),
            footers: Cache::new(PARSED_SIZE_BYTES / 2),
            directories: Cache::new(PARSED_SIZE_BYTES / 4),
            histories: Cache::new(PARSED_SIZE_BYTES / 4),
            found: Cache::new(FOUND_SIZE_BYTES),
            sealed_moments: Mutex::default(),
            slots: Slots::new(DESCRIPTOR_COUNT_MAX),
            // Each holds a descriptor.
            thread_count: thread_count.clamp(1, DESCRIPTOR_COUNT_MAX),
        })
    }

    /// The file system.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// How many threads a question may take.
    #[must_use]
    pub const fn thread_count(&self) -> usize {
        self.thread_count
    }

    /// What the bufferpool holds, and what it was good for.
    #[must_use]
    pub fn pool_usage(&self) -> PoolUsage {
        self.pool.usage()
    }

    /// How a scan of pages with `total_bytes` in memory is to read them, see [`Pool::begin_scan`].
    #[must_use]
    pub fn begin_scan(&self, total_bytes: usize) -> Access {
        self.pool.begin_scan(total_bytes)
    }

    pub(crate) fn sealed_moments(&self, uuid: &[u8; 16]) -> Option<Arc<SealedMoments>> {
        let kept = self.sealed_moments.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(uuid).cloned()
    }

    /// Keeps moments for who asks next, unless some are missing or later ones are kept.
    pub(crate) fn keep_sealed_moments(&self, uuid: [u8; 16], moments: &Arc<SealedMoments>) {
        let mut kept = self.sealed_moments.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (moments.floor_seq, moments.sealed_seq);
        let is_later = kept.get(&uuid).is_none_or(|kept| (kept.floor_seq, kept.sealed_seq) < place);
        if !moments.is_whole() || !is_later {
            return;
        }
        if kept.len() >= SEALED_MOMENTS_COUNT_MAX {
            kept.clear();
        }
        kept.insert(uuid, Arc::clone(moments));
    }

    /// Opens a file for reading; `None` when it is gone. Waits while too many are open: a thread
    /// holds one at a time.
    pub(crate) fn open(&self, path: &Path) -> Result<Option<OpenFile>, StoreError> {
        let slot = self.slots.acquire();
        match self.storage.open(path) {
            Ok(file) => Ok(Some(OpenFile { file, _slot: slot })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("open", path)(error)),
        }
    }
}
