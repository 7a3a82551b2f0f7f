//! Finds the database and opens it, or says what to do instead.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use kronicler::{DIR_NAME, Reader, find_dir};
use kronicler_query::Answer;
use kronicler_store::{Disk, LaneState, Snapshot, StoreError};

use crate::escape;
use crate::failure::Failure;

/// Bytes of decoded pages: a program that ends soon may take more than a service.
pub const POOL_SIZE_BYTES: usize = 64 << 20;

/// Where a database is, or should be.
pub struct Location {
    /// Its directory.
    pub dir: PathBuf,
    /// `kr`, and `--dir` if it was needed, for commands that are suggested.
    pub program: String,
}

/// Threads that a question may take: each holds a chunk in memory.
const THREAD_COUNT_MAX: usize = 8;

/// A database as it was when it was opened.
pub struct Database {
    /// Its directory.
    pub dir: PathBuf,
    /// The rows as they were when it was opened.
    pub snapshot: Snapshot,
    /// Takes a new snapshot when files have been replaced since.
    pub reader: Arc<Reader>,
    /// `kr`, and `--dir` if it was needed, for commands that are suggested.
    pub program: String,
}

impl Database {
    /// Opens the database in `dir`, else in `KRONICLER_DIR`, else the nearest here or further up.
    pub fn open(dir: Option<&Path>) -> Result<Self, Failure> {
        let Location { dir, program } = locate(dir)?;
        let reader = Arc::new(open(&dir)?);
        Ok(Self { snapshot: reader.snapshot()?, reader, dir, program })
    }

    /// Bytes of the files that count: logs, segments, histories.
    pub fn size_bytes(&self) -> u64 {
        let states = self.snapshot.lanes.iter().map(|view| &view.state);
        let sizes = states.map(|state| {
            let segments = state.segments.iter().map(|entry| entry.size_bytes);
            let histories = state.histories.iter().map(|entry| entry.size_bytes);
            state.offset + segments.chain(histories).sum::<u64>()
        });
        sizes.sum()
    }

    /// Earliest and latest end of all rows in the log and in segments, nanoseconds since the Unix
    /// epoch.
    pub fn ends_ns(&self) -> Option<(i64, i64)> {
        let states = || self.snapshot.lanes.iter().map(|view| &view.state);
        let unsealed = states().flat_map(LaneState::blocks);
        let unsealed = unsealed.map(|block| (block.min_end_ns, block.max_end_ns));
        let sealed = states().flat_map(|state| state.segments.iter());
        let sealed = sealed.map(|segment| (segment.min_end_ns, segment.max_end_ns));
        let ends = unsealed.chain(sealed);
        ends.reduce(|(first, last), (min, max)| (first.min(min), last.max(max)))
    }

    /// Asks a question, on a new snapshot when files have been replaced since.
    pub fn ask<T>(
        &self,
        question: impl FnMut(&Snapshot) -> Result<Answer<T>, StoreError>,
    ) -> Result<Answer<T>, Failure> {
        let mut first = Some(self.snapshot.clone());
        let next = || first.take().map_or_else(|| Ok(self.reader.snapshot()?), Ok);
        kronicler_query::ask(next, question)
    }
}

/// The directory that was named, else `KRONICLER_DIR`, else the nearest here or further up.
pub fn locate(dir: Option<&Path>) -> Result<Location, Failure> {
    let Some(dir) = dir else {
        return Ok(Location { dir: choose_dir()?, program: "kr".to_owned() });
    };
    let word = escape::shell_word(&dir.to_string_lossy()).map(|word| word.into_owned());
    let word = word.unwrap_or_else(|| "...".to_owned());
    Ok(Location { dir: dir.to_owned(), program: format!("kr --dir {word}") })
}

/// Opens the database in `dir`, or says what is there instead.
pub fn open(dir: &Path) -> Result<Reader, Failure> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREAD_COUNT_MAX);
    let reader = Reader::with_limits(Arc::new(Disk), dir, POOL_SIZE_BYTES, threads);
    reader.map_err(|error| explain(error, dir))
}

/// Whether a service that is started may make a database of `dir`: it is empty, or its folder is
/// there. What else stands there will not become one.
pub fn is_awaited(dir: &Path) -> bool {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    is_empty(dir) || !dir.exists() && parent.is_none_or(Path::is_dir)
}

fn choose_dir() -> Result<PathBuf, Failure> {
    if let Some(dir) = std::env::var_os("KRONICLER_DIR").filter(|dir| !dir.is_empty()) {
        return Ok(dir.into());
    }
    let here = std::env::current_dir().map_err(Failure::CurrentDir)?;
    if let Some(dir) = find_dir(&here) {
        return Ok(dir);
    }
    // One that holds no database is named, so that the message says what is wrong with it.
    let strange = here.ancestors().map(|dir| dir.join(DIR_NAME)).find(|dir| dir.exists());
    strange.ok_or_else(|| {
        Failure::NoDatabase(format!(
            "there is no {DIR_NAME} in {} or above it; run kr where the service runs, or name its \
             directory with --dir or KRONICLER_DIR",
            here.display()
        ))
    })
}

/// Says what is at `path` instead of a database.
fn explain(error: kronicler::Error, path: &Path) -> Failure {
    let dir = path.display();
    let text = match &error {
        kronicler::Error::Store(StoreError::NotADirectory { .. }) => {
            format!("{dir} is not a directory; name the directory that holds the database")
        }
        kronicler::Error::Store(StoreError::NotFound { .. }) => {
            let inner = path.join(DIR_NAME);
            if !path.exists() {
                format!("there is no directory {dir}; check --dir and KRONICLER_DIR")
            } else if inner.is_dir() {
                format!("{dir} is not a database; try --dir {}", inner.display())
            } else if is_empty(path) {
                format!("{dir} is empty; run the service with captured functions first")
            } else {
                format!(
                    "{dir} holds files but no lane, so it is not a database of Kronicler for \
                     Node.js; data of the Python package kronicler is read by the kr of that \
                     package, other databases are named with --dir"
                )
            }
        }
        _ => return error.into(),
    };
    Failure::NoDatabase(text)
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}
