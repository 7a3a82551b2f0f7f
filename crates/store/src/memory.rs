//! A file system in memory that keeps what was synced apart from what was not.
//!
//! For tests: [`Memory::after_power_cut`] gives the disk as a power cut would leave it in the
//! worst case, with nothing that was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::{FileStat, Space, Storage, StorageFile, StorageLock};
use crate::disk::Disk;

/// A file system in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    tree: Arc<Mutex<Tree>>,
}

#[derive(Debug, Default)]
struct Tree {
    dirs: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Arc<Mutex<Content>>>,
    durable_names: BTreeMap<PathBuf, Arc<Mutex<Content>>>,
    locks: BTreeSet<PathBuf>,
    changes: u128,
    space_bytes: Option<u64>,
    refuse_sync: bool,
    next_uuid: Option<u64>,
}

/// An open file. The tree holds contents only, so that nothing holds itself.
#[derive(Debug)]
struct MemoryFile {
    content: Arc<Mutex<Content>>,
    tree: Arc<Mutex<Tree>>,
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
    removed: bool,
}

#[derive(Debug)]
struct MemoryLock {
    path: PathBuf,
    tree: Arc<Mutex<Tree>>,
}

impl StorageLock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        lock(&self.tree).locks.remove(&self.path);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// The disk as a power cut would leave it: without what was not synced, without locks.
    #[must_use]
    pub fn after_power_cut(&self) -> Memory {
        let after = Memory::default();
        let (before, mut tree) = (lock(&self.tree), lock(&after.tree));
        tree.dirs.clone_from(&before.dirs);
        for (path, content) in &before.durable_names {
            let content = lock(content);
            let bytes = content.bytes[..content.synced].to_vec();
            let content = Content { synced: bytes.len(), bytes, removed: false };
            let content = Arc::new(Mutex::new(content));
            tree.files.insert(path.clone(), Arc::clone(&content));
            tree.durable_names.insert(path.clone(), content);
        }
        drop(tree);
        drop(before);
        after
    }

    /// Lets `append` fail with "storage full" once so many more bytes were appended.
    pub fn limit_space(&self, bytes: Option<u64>) {
        lock(&self.tree).space_bytes = bytes;
    }

    /// Lets lanes have identities that are the same in each run: this number and those behind.
    pub fn count_uuids(&self, first: u64) {
        lock(&self.tree).next_uuid = Some(first);
    }

    /// Lets every sync fail.
    pub fn refuse_sync(&self, refuse: bool) {
        lock(&self.tree).refuse_sync = refuse;
    }

    /// Changes the bytes of a file behind everyone's back.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let file = self.file(path)?;
        let mut content = lock(&file.content);
        change(&mut content.bytes);
        content.synced = content.synced.min(content.bytes.len());
        Ok(())
    }

    fn file(&self, path: &Path) -> io::Result<MemoryFile> {
        let content = lock(&self.tree).files.get(path).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(MemoryFile { content, tree: Arc::clone(&self.tree) })
    }
}

impl Storage for Memory {
    fn new_uuid(&self) -> [u8; 16] {
        let mut tree = lock(&self.tree);
        let Some(number) = tree.next_uuid else { return Disk.new_uuid() };
        tree.next_uuid = Some(number + 1);
        let mut uuid = [0; 16];
        uuid[..8].copy_from_slice(&number.to_le_bytes());
        uuid
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut tree = lock(&self.tree);
        tree.dirs.extend(path.ancestors().map(Path::to_owned));
        tree.changes += 1;
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let tree = lock(&self.tree);
        if !tree.dirs.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = tree.dirs.iter().chain(tree.files.keys());
        let names = inside
            .filter(|inner| inner.parent() == Some(path))
            .filter_map(|inner| inner.file_name().map(|name| name.to_string_lossy().into_owned()));
        Ok(names.collect())
    }

    fn dir_stamp(&self, path: &Path) -> io::Result<Option<u128>> {
        self.list(path).map(|_| Some(lock(&self.tree).changes))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(Arc::new(self.file(path)?))
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let mut tree = lock(&self.tree);
        if tree.files.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let content: Arc<Mutex<Content>> = Arc::default();
        tree.files.insert(path.to_owned(), Arc::clone(&content));
        tree.changes += 1;
        Ok(Arc::new(MemoryFile { content, tree: Arc::clone(&self.tree) }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let file = self.file(path)?;
        lock(&file.content).removed = true;
        let mut tree = lock(&self.tree);
        tree.files.remove(path);
        let freed = lock(&file.content).bytes.len() as u64;
        tree.space_bytes = tree.space_bytes.map(|space| space.saturating_add(freed));
        tree.changes += 1;
        Ok(())
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let available_bytes = lock(&self.tree).space_bytes.unwrap_or(u64::MAX);
        Ok(Space { total_bytes: u64::MAX, available_bytes, is_nfs: false })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut tree = lock(&self.tree);
        tree.durable_names.retain(|file, _| file.parent() != Some(path));
        let inside = tree.files.iter().filter(|(file, _)| file.parent() == Some(path));
        let inside: Vec<_> = inside.map(|(path, file)| (path.clone(), Arc::clone(file))).collect();
        tree.durable_names.extend(inside);
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        let is_free = lock(&self.tree).locks.insert(path.to_owned());
        let (path, tree) = (path.to_owned(), Arc::clone(&self.tree));
        Ok(is_free.then(|| Box::new(MemoryLock { path, tree }) as Box<dyn StorageLock>))
    }
}

impl StorageFile for MemoryFile {
    fn stat(&self) -> io::Result<FileStat> {
        let content = lock(&self.content);
        Ok(FileStat { len: content.bytes.len() as u64, removed: content.removed })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let content = lock(&self.content);
        let rest = usize::try_from(offset).ok().and_then(|offset| content.bytes.get(offset..));
        let rest = rest.unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut tree = lock(&self.tree);
        let room = tree.space_bytes.unwrap_or(u64::MAX).min(bytes.len() as u64);
        tree.space_bytes = tree.space_bytes.map(|space| space - room);
        let fits = usize::try_from(room).unwrap_or(bytes.len());
        lock(&self.content).bytes.extend_from_slice(&bytes[..fits]);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn reserve(&self, _len: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        if lock(&self.tree).refuse_sync {
            return Err(io::Error::other("sync refused"));
        }
        let mut content = lock(&self.content);
        content.synced = content.bytes.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_dropped_gives_its_memory_back() {
        // Promise: tests may make as many disks as they like.
        let disk = Memory::default();
        drop(disk.create(Path::new("a")).expect("memory has files"));
        let tree = Arc::downgrade(&disk.tree);
        drop((disk.after_power_cut(), disk));
        assert_eq!(tree.strong_count(), 0);
    }
}
