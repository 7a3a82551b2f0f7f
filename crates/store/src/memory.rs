//! A file system in memory that keeps what was synced apart from what was not.
//!
//! For tests: [`Memory::after_power_cut`] gives the disk as a power cut would leave it in the
//! worst case, with nothing that was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::{FileStat, Storage, StorageFile, StorageLock};

/// A file system in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    tree: Arc<Mutex<Tree>>,
}

#[derive(Debug, Default)]
struct Tree {
    dirs: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, MemoryFile>,
    durable_names: BTreeMap<PathBuf, MemoryFile>,
    locks: BTreeSet<PathBuf>,
    changes: u128,
    space_bytes: Option<u64>,
    refuse_sync: bool,
}

#[derive(Debug, Clone)]
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
        for (path, file) in &before.durable_names {
            let content = lock(&file.content);
            let bytes = content.bytes[..content.synced].to_vec();
            let content = Content { synced: bytes.len(), bytes, removed: false };
            let content = Arc::new(Mutex::new(content));
            let file = MemoryFile { content, tree: Arc::clone(&after.tree) };
            tree.files.insert(path.clone(), file.clone());
            tree.durable_names.insert(path.clone(), file);
        }
        drop(tree);
        drop(before);
        after
    }

    /// Lets `append` fail with "storage full" once so many more bytes were appended.
    pub fn limit_space(&self, bytes: Option<u64>) {
        lock(&self.tree).space_bytes = bytes;
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
        let tree = lock(&self.tree);
        tree.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Storage for Memory {
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
        let file = MemoryFile { content: Arc::default(), tree: Arc::clone(&self.tree) };
        tree.files.insert(path.to_owned(), file.clone());
        tree.changes += 1;
        Ok(Arc::new(file))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let file = self.file(path)?;
        lock(&file.content).removed = true;
        let mut tree = lock(&self.tree);
        tree.files.remove(path);
        tree.changes += 1;
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut tree = lock(&self.tree);
        tree.durable_names.retain(|file, _| file.parent() != Some(path));
        let inside = tree.files.iter().filter(|(file, _)| file.parent() == Some(path));
        let inside: Vec<_> = inside.map(|(path, file)| (path.clone(), file.clone())).collect();
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

    fn sync(&self) -> io::Result<()> {
        if lock(&self.tree).refuse_sync {
            return Err(io::Error::other("sync refused"));
        }
        let mut content = lock(&self.content);
        content.synced = content.bytes.len();
        Ok(())
    }
}
