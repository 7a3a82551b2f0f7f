//! A storage that counts what readers do with it, and may fail.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kronicler_store::{FileStat, Memory, Space, Storage, StorageFile, StorageLock};

/// How often was read, how many files are open now, and were at most.
#[derive(Debug, Default)]
pub struct Counts {
    reads: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    /// The read before which reads begin to fail, counted from 1; 0 for none.
    failing_from: AtomicUsize,
}

impl Counts {
    /// Lets the next `count` reads be the last that succeed; `None` lets all do so again.
    pub fn fail_after(&self, count: Option<usize>) {
        let from = count.map_or(0, |count| self.reads() + count + 1);
        self.failing_from.store(from, Ordering::SeqCst);
    }

    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }
}

/// Counts the reads of another storage.
#[derive(Debug, Default)]
pub struct Counting {
    pub memory: Memory,
    pub counts: Arc<Counts>,
}

#[derive(Debug)]
struct CountingFile {
    file: Arc<dyn StorageFile>,
    counts: Arc<Counts>,
}

impl Drop for CountingFile {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl StorageFile for CountingFile {
    fn stat(&self) -> io::Result<FileStat> {
        self.file.stat()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.counts.reads.fetch_add(1, Ordering::SeqCst) + 1;
        let failing_from = self.counts.failing_from.load(Ordering::SeqCst);
        if failing_from > 0 && read >= failing_from {
            return Err(io::Error::other("the disk is gone"));
        }
        self.file.read_at(offset, buffer)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        self.file.reserve(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

impl Storage for Counting {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.memory.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.memory.list(path)
    }

    fn dir_stamp(&self, path: &Path) -> io::Result<Option<u128>> {
        self.memory.dir_stamp(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let file = self.memory.open(path)?;
        let open = self.counts.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.counts.most_open.fetch_max(open, Ordering::SeqCst);
        Ok(Arc::new(CountingFile { file, counts: Arc::clone(&self.counts) }))
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.memory.open_append(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.memory.create(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.memory.remove(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.memory.space(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.memory.sync_dir(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        self.memory.try_lock(path)
    }
}
