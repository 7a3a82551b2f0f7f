//! Why `kr` could not answer, and the exit code that says so to scripts.

use std::io;
use std::path::PathBuf;

use kronicler_format::FormatError;
use kronicler_store::StoreError;

/// Exit code for a command line that makes no sense: clap's own.
pub const USAGE: u8 = 2;
const FAILED: u8 = 1;
const REGRESSION: u8 = 3;
const NOT_FOUND: u8 = 4;

/// Why `kr` could not answer. Every text is a fact, a semicolon and a remedy.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Whoever read the output has seen enough.
    #[error("the output was closed; nothing is wrong")]
    PipeClosed,
    /// The output could not be written.
    #[error("cannot write the output: {0}; send it somewhere else")]
    Output(io::Error),
    /// A file beside the output could not be written.
    #[error("cannot write {path}: {1}; {remedy}", path = _0.display(), remedy = remedy(_1))]
    File(PathBuf, io::Error),
    /// A file is not to be written.
    #[error("{0}")]
    Unwritable(String),
    /// Rows do not fit a format, which is never so as far as we know.
    #[error("cannot write rows in this format: {0}; try another --format")]
    Encoding(String),
    /// The machine has no thread left.
    #[error("cannot start a thread: {0}; try again when the machine has less to do")]
    Thread(io::Error),
    /// The command line contradicts itself.
    #[error("{0}")]
    Usage(String),
    /// There is no database, or not this one's kind.
    #[error("{0}")]
    NoDatabase(String),
    /// There is a database, but not that row.
    #[error("{0}")]
    NoSuchRow(String),
    /// What is wrong has been told as the answer.
    #[error("something is wrong with the files; see the answer")]
    Damage,
    /// Somebody was asked, and did not mean it.
    #[error("nothing was cleared; answer y to clear")]
    Declined,
    /// Something became slower, which has been told as the answer.
    #[error("something became slower; see the answer")]
    Regression,
    /// What went wrong has been told beside the answer.
    #[error("not everything was done; see the notes")]
    Unfinished,
    /// The database is of a later version.
    #[error(
        "{path} needs format version {found}, this kr {version} reads up to version {supported}; \
         use a newer kr, as by npx kronicler@latest",
        path = path.display(), version = env!("CARGO_PKG_VERSION")
    )]
    NewerFormat {
        /// The file that says so.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The highest one that is known here.
        supported: u32,
    },
    /// The database could not be read.
    #[error(transparent)]
    Engine(kronicler::Error),
    /// The terminal could not be taken, drawn on or read from.
    #[cfg(feature = "top")]
    #[error("cannot use the terminal: {0}; use kr stats")]
    Terminal(io::Error),
    /// The current directory, say, could not be found out.
    #[error("cannot find the current directory: {0}; name the database with --dir")]
    CurrentDir(io::Error),
}

impl Failure {
    /// The exit code, as `kr --help` tells it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::PipeClosed => 0,
            Self::Usage(_) => USAGE,
            Self::NoDatabase(_) | Self::NoSuchRow(_) => NOT_FOUND,
            Self::Damage | Self::Declined | Self::Unfinished => FAILED,
            Self::Regression => REGRESSION,
            Self::Output(_)
            | Self::File(..)
            | Self::Unwritable(_)
            | Self::Encoding(_)
            | Self::Thread(_)
            | Self::NewerFormat { .. }
            | Self::Engine(_)
            | Self::CurrentDir(_) => FAILED,
            #[cfg(feature = "top")]
            Self::Terminal(_) => FAILED,
        }
    }

    /// Whether there is nothing to tell.
    pub const fn is_quiet(&self) -> bool {
        matches!(self, Self::PipeClosed | Self::Damage | Self::Unfinished | Self::Regression)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::PipeClosed;
        }
        Self::Output(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        kronicler::Error::from(error).into()
    }
}

impl From<kronicler::Error> for Failure {
    fn from(error: kronicler::Error) -> Self {
        match error {
            kronicler::Error::Store(StoreError::Damaged {
                path,
                source: FormatError::Unsupported { found, supported, .. },
                ..
            }) => Self::NewerFormat { path, found, supported },
            error => Self::Engine(error),
        }
    }
}

/// What can be done where a file cannot be written.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room there, or choose another disk"
        }
        io::ErrorKind::NotFound => "make its directory first, or choose another place",
        _ => "choose another place",
    }
}
