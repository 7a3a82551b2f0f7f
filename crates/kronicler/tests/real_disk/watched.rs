//! The real disk behind a gate: while that is shut no sync returns. Notes which threads called.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use kronicler::{Disk, Storage};
use kronicler_store::{FileStat, Space, StorageFile, StorageLock};

/// The real disk behind a gate.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    disk: Disk,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Seen>,
    opened: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    is_shut: bool,
    /// Syncs that wait at the gate.
    waiting_count: usize,
    /// How many calls each thread made, by its name.
    call_counts: BTreeMap<String, u64>,
}

impl Watched {
    /// Lets no sync, and no lock, return from here on.
    pub fn shut(&self) {
        self.shared.seen().is_shut = true;
    }

    /// Lets them return.
    pub fn open(&self) {
        self.shared.seen().is_shut = false;
        self.shared.opened.notify_all();
    }

    /// Whether somebody waits for the disk.
    pub fn is_awaited(&self) -> bool {
        self.shared.seen().waiting_count > 0
    }

    /// How many calls each thread made, by its name.
    pub fn call_counts(&self) -> BTreeMap<String, u64> {
        self.shared.seen().call_counts.clone()
    }

    fn file(&self, file: Arc<dyn StorageFile>) -> Arc<dyn StorageFile> {
        Arc::new(WatchedFile { file, shared: Arc::clone(&self.shared) })
    }

    /// Notes a call.
    fn disk(&self) -> &Disk {
        self.shared.note();
        &self.disk
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self) {
        let name = thread::current().name().unwrap_or("without a name").to_owned();
        *self.seen().call_counts.entry(name).or_default() += 1;
    }

    fn pass_gate(&self) {
        self.note();
        let mut seen = self.seen();
        seen.waiting_count += 1;
        let waited = self.opened.wait_while(seen, |seen| seen.is_shut);
        waited.unwrap_or_else(PoisonError::into_inner).waiting_count -= 1;
    }
}

impl Storage for Watched {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk().create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk().list(path)
    }

    fn dir_stamp(&self, path: &Path) -> io::Result<Option<u128>> {
        self.disk().dir_stamp(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.file(self.disk().open(path)?))
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.file(self.disk().open_append(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        Ok(self.file(self.disk().create(path)?))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk().remove(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.disk().space(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.shared.pass_gate();
        self.disk.sync_dir(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        self.shared.pass_gate();
        self.disk.try_lock(path)
    }
}

#[derive(Debug)]
struct WatchedFile {
    file: Arc<dyn StorageFile>,
    shared: Arc<Shared>,
}

impl WatchedFile {
    /// Notes a call.
    fn file(&self) -> &dyn StorageFile {
        self.shared.note();
        &*self.file
    }
}

impl StorageFile for WatchedFile {
    fn stat(&self) -> io::Result<FileStat> {
        self.file().stat()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file().read_at(offset, buffer)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.file().append(bytes)
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        self.file().reserve(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.shared.pass_gate();
        self.file.sync()
    }
}
