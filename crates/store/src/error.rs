//! What can go wrong with the files of a database.

use std::io;
use std::path::{Path, PathBuf};

use kronicler_format::FormatError;

/// Why the files of a database could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused a call.
    #[error(
        "cannot {action} {path}: {source}; \
         {remedy}",
        path = path.display(), remedy = remedy(source)
    )]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory is there but holds no database.
    #[error(
        "{path} holds no Kronicler database; \
         name another with --dir or KRONICLER_DIR, or capture something first",
        path = path.display()
    )]
    NotFound {
        /// The directory.
        path: PathBuf,
    },
    /// The path names something that is no directory.
    #[error(
        "{path} is not a directory; \
         choose another one with KRONICLER_DIR or the option dir",
        path = path.display()
    )]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// A file is damaged at a place that cannot be skipped.
    #[error(
        "{path} is damaged at byte {offset}: {source}; \
         keep the file and run `kr health`",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        source: FormatError,
    },
    /// The directory lies on NFS.
    #[error(
        "{path} is on NFS, where locks and appends cannot be trusted; \
         choose a local directory with KRONICLER_DIR or the option dir (reading is fine)",
        path = path.display()
    )]
    NetworkFileSystem {
        /// The directory.
        path: PathBuf,
    },
    /// The disk is nearly full, and nothing of this lane is left to expire.
    #[error(
        "only {available_bytes} bytes are free on the disk of {path}, {needed_bytes} are left to \
         others; free some space or choose another disk with KRONICLER_DIR",
        path = path.display()
    )]
    LowSpace {
        /// The directory.
        path: PathBuf,
        /// Bytes that are free.
        available_bytes: u64,
        /// Bytes that must stay free.
        needed_bytes: u64,
    },
    /// All lanes are owned by living processes.
    #[error(
        "all {limit} lanes of {path} are in use; \
         use a directory for each group of processes",
        path = path.display()
    )]
    NoFreeLane {
        /// The directory.
        path: PathBuf,
        /// How many lanes there can be.
        limit: u16,
    },
}

impl StoreError {
    /// A closure that wraps an error of the operating system, for `map_err`.
    pub fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// Whether there was no room on the disk.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        if matches!(self, Self::LowSpace { .. }) {
            return true;
        }
        let Self::Io { source, .. } = self else { return false };
        matches!(source.kind(), StorageFull | QuotaExceeded)
    }

    /// The stable code under which programs know this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "KRONICLER_IO",
            Self::NotFound { .. } => "KRONICLER_NOT_FOUND",
            Self::NotADirectory { .. } => "KRONICLER_NOT_A_DIRECTORY",
            Self::Damaged { .. } => "KRONICLER_DAMAGED",
            Self::NetworkFileSystem { .. } => "KRONICLER_NETWORK_FS",
            Self::LowSpace { .. } => "KRONICLER_LOW_SPACE",
            Self::NoFreeLane { .. } => "KRONICLER_NO_FREE_LANE",
        }
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a directory that this user may use with KRONICLER_DIR or the option dir"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::FileTooLarge => "raise the limit on file sizes (ulimit -f)",
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::WouldBlock => "try again",
        _ => "look at the disk and its mount, then try again",
    }
}
