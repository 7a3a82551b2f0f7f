//! A disk whose user forgot a sync: the planted faults that a sweep must find.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kronicler_store::{FileStat, Space, Storage, StorageFile, StorageLock};

use crate::sim_disk::SimDisk;

/// What is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// Directories are never synced.
    DirSync,
    /// Head logs are never synced.
    HeadSync,
    /// Segments are never synced.
    SegmentSync,
    /// Directories are not synced after a segment was made in them.
    SegmentDirSync,
    /// Histories are never synced.
    HistorySync,
}

/// All planted faults.
pub const CANARIES: [Forgotten; 5] = [
    Forgotten::DirSync,
    Forgotten::HeadSync,
    Forgotten::SegmentSync,
    Forgotten::SegmentDirSync,
    Forgotten::HistorySync,
];

/// A disk on which some syncs are never asked for, as if the writer had forgotten them.
#[derive(Debug)]
pub struct Forgetful {
    disk: SimDisk,
    forgotten: Forgotten,
    /// A segment was made since a directory was to be synced.
    has_new_segment: AtomicBool,
}

#[derive(Debug)]
struct ForgetfulFile(Arc<dyn StorageFile>);

impl Forgetful {
    /// Forgets these syncs on a disk.
    #[must_use]
    pub const fn new(disk: SimDisk, forgotten: Forgotten) -> Self {
        Self { disk, forgotten, has_new_segment: AtomicBool::new(false) }
    }

    fn wrap(&self, path: &Path, file: Arc<dyn StorageFile>) -> Arc<dyn StorageFile> {
        let is_forgotten = match self.forgotten {
            Forgotten::DirSync | Forgotten::SegmentDirSync => false,
            Forgotten::HeadSync => is_named(path, "head-"),
            Forgotten::SegmentSync => is_named(path, "segment-"),
            Forgotten::HistorySync => is_named(path, "history-"),
        };
        if is_forgotten { Arc::new(ForgetfulFile(file)) } else { file }
    }
}

fn is_named(path: &Path, prefix: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
}

impl Storage for Forgetful {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.list(path)
    }

    fn dir_stamp(&self, path: &Path) -> io::Result<Option<u128>> {
        self.disk.dir_stamp(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.disk.open(path)
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.wrap(path, self.disk.open_append(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let file = self.disk.create(path)?;
        self.has_new_segment.fetch_or(is_named(path, "segment-"), Ordering::Relaxed);
        Ok(self.wrap(path, file))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.disk.space(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let is_forgotten = match self.forgotten {
            Forgotten::DirSync => true,
            Forgotten::SegmentDirSync => self.has_new_segment.swap(false, Ordering::Relaxed),
            Forgotten::HeadSync | Forgotten::SegmentSync | Forgotten::HistorySync => false,
        };
        if is_forgotten { Ok(()) } else { self.disk.sync_dir(path) }
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        self.disk.try_lock(path)
    }
}

impl StorageFile for ForgetfulFile {
    fn stat(&self) -> io::Result<FileStat> {
        self.0.stat()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buffer)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes)
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        self.0.reserve(len)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
