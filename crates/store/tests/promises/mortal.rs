//! A disk in the hands of a process that is killed at its n-th change.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kronicler_store::{FileStat, Memory, Space, Storage, StorageFile, StorageLock};

/// A disk on which so many changes work, and none after them.
#[derive(Debug, Clone)]
pub struct Mortal {
    memory: Memory,
    left: Arc<AtomicU32>,
    is_dead: Arc<AtomicU32>,
}

#[derive(Debug)]
struct MortalFile {
    file: Arc<dyn StorageFile>,
    disk: Mortal,
}

impl Mortal {
    pub fn new(memory: &Memory, change_count: u32) -> Self {
        let left = Arc::new(AtomicU32::new(change_count));
        Self { memory: memory.clone(), left, is_dead: Arc::default() }
    }

    /// Whether a change was refused.
    pub fn has_died(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed) > 0
    }

    fn change(&self) -> io::Result<()> {
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        spent.map(|_| ()).map_err(|_| {
            self.is_dead.fetch_add(1, Ordering::Relaxed);
            io::Error::other("killed")
        })
    }

    fn wrap(&self, file: Arc<dyn StorageFile>) -> Arc<dyn StorageFile> {
        Arc::new(MortalFile { file, disk: self.clone() })
    }
}

impl Storage for Mortal {
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
        self.memory.open(path).map(|file| self.wrap(file))
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.memory.open_append(path).map(|file| self.wrap(file))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.change()?;
        self.memory.create(path).map(|file| self.wrap(file))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change()?;
        self.memory.remove(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.memory.space(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.change()?;
        self.memory.sync_dir(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        self.memory.try_lock(path)
    }
}

impl StorageFile for MortalFile {
    fn stat(&self) -> io::Result<FileStat> {
        self.file.stat()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    /// A process that is killed has written a part of it.
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.disk.change() {
            if self.disk.is_dead.load(Ordering::Relaxed) == 1 {
                self.file.append(&bytes[..bytes.len() / 3])?;
            }
            return Err(error);
        }
        self.file.append(bytes)
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        self.file.reserve(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.change()?;
        self.file.sync()
    }
}
