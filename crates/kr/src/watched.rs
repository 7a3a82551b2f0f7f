//! The disk, with a count of the bytes that are read from it and appended to it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kronicler_store::{Disk, FileStat, Space, Storage, StorageFile, StorageLock};

/// The disk, which counts what moves.
#[derive(Debug)]
pub struct WatchedDisk {
    disk: Disk,
    moved_bytes: Arc<AtomicU64>,
}

impl WatchedDisk {
    /// A disk that adds to this count.
    pub const fn new(moved_bytes: Arc<AtomicU64>) -> Self {
        Self { disk: Disk, moved_bytes }
    }

    fn watch(&self, file: Arc<dyn StorageFile>) -> Arc<dyn StorageFile> {
        Arc::new(WatchedFile { file, moved_bytes: Arc::clone(&self.moved_bytes) })
    }
}

#[derive(Debug)]
struct WatchedFile {
    file: Arc<dyn StorageFile>,
    moved_bytes: Arc<AtomicU64>,
}

impl WatchedFile {
    fn count(&self, bytes: usize) {
        self.moved_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl StorageFile for WatchedFile {
    fn stat(&self) -> io::Result<FileStat> {
        self.file.stat()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(offset, buffer)?;
        self.count(count);
        Ok(count)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)?;
        self.count(bytes.len());
        Ok(())
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        self.file.reserve(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

impl Storage for WatchedDisk {
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
        Ok(self.watch(self.disk.open(path)?))
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.watch(self.disk.open_append(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.watch(self.disk.create(path)?))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.disk.space(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        self.disk.try_lock(path)
    }
}
