//! What can go wrong with a database, each with a stable code.

use std::time::Duration;

use kronicler_store::StoreError;

/// Why a database could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The files could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files could not be written a while ago, and cannot be since.
    #[error("the database at {dir} cannot be written: {cause}")]
    StoreFailed {
        /// The directory.
        dir: String,
        /// What went wrong first.
        cause: String,
    },
    /// The disk did not answer in time.
    #[error(
        "the disk under {dir} did not take the rows within {} ms; \
         they stay in memory, look at the disk",
        waited.as_millis()
    )]
    Stalled {
        /// The directory.
        dir: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The database was closed.
    #[error("the database at {dir} is closed; open it anew")]
    Closed {
        /// The directory.
        dir: String,
    },
    /// A directory is open already with other options.
    #[error(
        "{dir} is open with {option} = {present:?}, now {wanted:?} is asked for; \
         give the same options everywhere, or close it first"
    )]
    OptionsConflict {
        /// The directory.
        dir: String,
        /// The option.
        option: &'static str,
        /// What it is.
        present: String,
        /// What was asked for.
        wanted: String,
    },
    /// An option has a value that it cannot have.
    #[error("{option} is {value:?}; {remedy}")]
    InvalidOption {
        /// The option or variable.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        remedy: &'static str,
    },
}

impl Error {
    /// The stable code under which programs know this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::StoreFailed { .. } => "KRONICLER_STORE_FAILED",
            Self::Stalled { .. } => "KRONICLER_STALLED",
            Self::Closed { .. } => "KRONICLER_CLOSED",
            Self::OptionsConflict { .. } => "KRONICLER_OPTIONS_CONFLICT",
            Self::InvalidOption { .. } => "KRONICLER_INVALID_OPTION",
        }
    }
}
