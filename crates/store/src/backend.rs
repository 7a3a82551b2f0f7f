//! The few calls that are made on storage. Nothing else in the workspace touches files.
//!
//! Files only grow, then vanish: there is no truncate, no rename and no write in place, so a
//! simulated disk has little to imitate.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Length and fate of an open file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Bytes in the file.
    pub len: u64,
    /// Whether it has been removed from its directory since it was opened.
    pub removed: bool,
}

/// Room of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes in all.
    pub total_bytes: u64,
    /// Bytes that this user may still write.
    pub available_bytes: u64,
    /// Whether it is NFS, where locks and appends of several machines cannot be trusted.
    pub is_nfs: bool,
}

/// An open file.
pub trait StorageFile: Send + Sync + Debug {
    /// Length and fate.
    ///
    /// # Errors
    /// What the system says.
    fn stat(&self) -> io::Result<FileStat>;

    /// Reads up to `buffer.len()` bytes at `offset` and says how many; fewer only at the end.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Appends all of `bytes`. After an error some of them may stand in the file.
    ///
    /// # Errors
    /// What the system says.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Allocates room for the file to grow up to `len` bytes without running out of space; its
    /// length stays. A file system that cannot says that it did.
    ///
    /// # Errors
    /// What the system says.
    fn reserve(&self, len: u64) -> io::Result<()>;

    /// Makes what was appended survive a power cut.
    ///
    /// # Errors
    /// What the system says. A failed sync is not to be tried again on this file.
    fn sync(&self) -> io::Result<()>;
}

/// A lock on a file, held until it is dropped or the process ends.
pub trait StorageLock: Send + Debug {}

/// A file system, real or simulated.
pub trait Storage: Send + Sync + Debug {
    /// 128 bits that no other lane has: the standard library seeds each hasher from the system. A
    /// simulated disk may give out ones that are the same in each run.
    fn new_uuid(&self) -> [u8; 16] {
        use std::hash::{BuildHasher, RandomState};
        let half = || RandomState::new().hash_one(std::process::id()).to_le_bytes();
        let mut uuid = [0; 16];
        uuid[..8].copy_from_slice(&half());
        uuid[8..].copy_from_slice(&half());
        uuid
    }

    /// Makes a directory and those above it, private to the user; one that exists is fine.
    ///
    /// # Errors
    /// What the system says; a symbolic link or another kind of file in its place is an error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in no order.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// A value that changes when names come into a directory or leave it, or `None` when a change
    /// within the clock's resolution could go unnoticed.
    ///
    /// # Errors
    /// What the system says.
    fn dir_stamp(&self, path: &Path) -> io::Result<Option<u128>>;

    /// Opens a file for reading.
    ///
    /// # Errors
    /// What the system says; what is no regular file is refused with `InvalidInput`.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>>;

    /// Opens a file for reading and appending.
    ///
    /// # Errors
    /// As [`Storage::open`].
    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>>;

    /// Makes a file for reading and appending; one that exists is an error.
    ///
    /// # Errors
    /// What the system says.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Room of the file system that holds a directory.
    ///
    /// # Errors
    /// What the system says.
    fn space(&self, path: &Path) -> io::Result<Space>;

    /// Makes the names in a directory survive a power cut.
    ///
    /// # Errors
    /// What the system says.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Takes the lock of a file, made if need be, or `None` when another process or handle has it.
    ///
    /// # Errors
    /// What the system says.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>>;
}
