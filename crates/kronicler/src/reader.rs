//! Reads a database that somebody else may be writing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use kronicler_query::{Answer, ask};
use kronicler_store::{
    Catalog, Controls, Directory, Disk, POOL_SIZE_BYTES, PoolUsage, Snapshot, Storage, StoreError,
};

use crate::Error;
use crate::options::DIR_NAME;

/// Reads a database: takes no lock, writes nothing, keeps no descriptor open.
///
/// ```no_run
/// let reader = kronicler::Reader::open(".kronicler_data")?;
/// let stats = kronicler::query::stats(&reader.snapshot()?, &Default::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    directory: Mutex<Directory>,
}

impl Reader {
    /// Opens the database in `dir`.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_in(Arc::new(Disk), dir.as_ref())
    }

    /// Opens the database in `dir` of any storage.
    ///
    /// # Errors
    /// When there is none.
    pub fn open_in(storage: Arc<dyn Storage>, dir: &Path) -> Result<Self, Error> {
        Self::with_limits(storage, dir, POOL_SIZE_BYTES, 1)
    }

    /// As [`Reader::open_in`], with so many bytes of decoded pages kept in memory at most, and so
    /// many threads that a question may take.
    ///
    /// # Errors
    /// When there is none.
    pub fn with_limits(
        storage: Arc<dyn Storage>,
        dir: &Path,
        pool_size_bytes: usize,
        thread_count: usize,
    ) -> Result<Self, Error> {
        let catalog = Catalog::with_threads(Arc::clone(&storage), pool_size_bytes, thread_count);
        let mut directory = Directory::with_catalog(catalog, dir.to_owned());
        directory.snapshot(None)?;
        if !Directory::exists(&*storage, dir) {
            return Err(StoreError::NotFound { path: dir.to_owned() }.into());
        }
        Ok(Self { dir: dir.to_owned(), directory: Mutex::new(directory) })
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The rows as they are now.
    ///
    /// # Errors
    /// When the directory or a log cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(directory.snapshot(None)?)
    }

    /// What all processes of the directory were to heed when the last snapshot was taken.
    #[must_use]
    pub fn controls(&self) -> Controls {
        let directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        directory.controls().clone()
    }

    /// Asks a question of the query crate, on a new snapshot when files were replaced meanwhile.
    ///
    /// # Errors
    /// When the directory or a file cannot be read.
    pub fn ask<T>(
        &self,
        question: impl FnMut(&Snapshot) -> Result<Answer<T>, StoreError>,
    ) -> Result<Answer<T>, Error> {
        ask(|| self.snapshot(), question)
    }

    /// What the bufferpool holds, and what it was good for.
    #[must_use]
    pub fn pool_usage(&self) -> PoolUsage {
        let directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        directory.catalog().pool_usage()
    }
}

/// The nearest database directory at `start` or above it, found as git finds its own.
#[must_use]
pub fn find_dir(start: &Path) -> Option<PathBuf> {
    let candidates = start.ancestors().map(|dir| dir.join(DIR_NAME));
    candidates.into_iter().find(|dir| Directory::exists(&Disk, dir))
}
