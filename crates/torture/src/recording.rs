//! Everything that changed on a disk, in order, so that any moment of it can be had again.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::image::Image;

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutation {
    /// A directory got a name.
    MakeDir(Arc<Path>),
    /// A new file, with this index among all there ever were, got a name.
    Create(Arc<Path>, usize),
    /// A file reaches up to `end` now.
    Append {
        /// Its index.
        file: usize,
        /// Its length after that.
        end: usize,
    },
    /// A file is durable as it is now.
    Sync(usize),
    /// What was not durable of a file never will be.
    Drop {
        /// Its index.
        file: usize,
        /// What was not durable.
        range: Range<usize>,
        /// Whether some of it may have reached the device all the same.
        is_readable: bool,
    },
    /// A name went.
    Remove(Arc<Path>),
    /// The names in a directory are durable as they are now.
    SyncDir(Arc<Path>),
}

/// All that changed on a disk.
#[derive(Debug, Clone)]
pub struct Recording {
    /// What stood there at first. Its files, in this order, are the first of all.
    pub base: Image,
    /// The changes.
    pub mutations: Vec<Mutation>,
    /// The longest content of every file, removed ones included.
    pub contents: Vec<Arc<[u8]>>,
}

impl Recording {
    /// Moments at which power can go: before each change, which may then be half done, and at last.
    #[must_use]
    pub const fn position_count(&self) -> usize {
        self.mutations.len() + 1
    }
}
