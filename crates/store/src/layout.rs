//! Where the files of a database lie.
//!
//! ```text
//! .kronicler_data/
//!   lock                 held by whoever makes a control file
//!   control-0000000001   what all processes are to heed, if there is something
//!   lane-0000/           one per writing process, taken and given back
//!     lock               held by the lane's owner for life
//!     head-0000000001    the head log; a newer generation replaces an older one
//!     segment-0000000002 sealed rows, as columns
//!     history-0000000003 statistics of expired rows
//!   lane-0001/ ...
//! ```

use std::path::{Path, PathBuf};

use kronicler_format::limits::LANE_COUNT_MAX;

use crate::{Storage, StoreError};

/// The directory of a lane.
#[must_use]
pub fn lane_dir(root: &Path, lane: u16) -> PathBuf {
    root.join(format!("lane-{lane:04}"))
}

/// The file whose lock makes a process the owner of a lane, or in the directory of the database the
/// one that may make a control file.
#[must_use]
pub fn lock_path(dir: &Path) -> PathBuf {
    dir.join("lock")
}

const CONTROL_PREFIX: &str = "control-";

/// The control file with this number.
#[must_use]
pub fn control_path(root: &Path, number: u64) -> PathBuf {
    root.join(format!("{CONTROL_PREFIX}{number:010}"))
}

/// The numbers of the control files among the names in a directory, highest first.
pub fn control_numbers(root: &Path, names: &[String]) -> impl Iterator<Item = u64> {
    let numbers = names.iter().filter_map(|name| {
        let number = name.strip_prefix(CONTROL_PREFIX)?.parse().ok()?;
        (control_path(root, number) == root.join(name)).then_some(number)
    });
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable_by(|left, right| right.cmp(left));
    numbers.into_iter()
}

/// The head log of this generation.
#[must_use]
pub fn head_path(lane_dir: &Path, generation: u64) -> PathBuf {
    lane_dir.join(format!("head-{generation:010}"))
}

/// What a numbered file of a lane holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Sealed rows.
    Segment,
    /// Statistics of expired rows.
    History,
}

impl FileKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Segment => "segment-",
            Self::History => "history-",
        }
    }
}

/// The segment or history with this number.
#[must_use]
pub fn file_path(lane_dir: &Path, kind: FileKind, id: u64) -> PathBuf {
    lane_dir.join(file_name(kind, id))
}

/// The name of the segment or history with this number.
pub fn file_name(kind: FileKind, id: u64) -> String {
    format!("{}{id:010}", kind.prefix())
}

/// The segments and histories in a lane, in no order.
///
/// # Errors
/// When the directory cannot be listed.
pub fn list_files(
    storage: &dyn Storage,
    lane_dir: &Path,
) -> Result<Vec<(FileKind, u64)>, StoreError> {
    let names = match storage.list(lane_dir) {
        Err(error) if is_no_dir(&error) => return Ok(Vec::new()),
        names => names.map_err(StoreError::io("list", lane_dir))?,
    };
    let files = names.iter().flat_map(|name| {
        [FileKind::Segment, FileKind::History].into_iter().filter_map(move |kind| {
            let id = name.strip_prefix(kind.prefix())?.parse().ok()?;
            (file_path(lane_dir, kind, id) == lane_dir.join(name)).then_some((kind, id))
        })
    });
    Ok(files.collect())
}

/// The lanes in a directory, lowest first; none when there is no directory.
///
/// # Errors
/// When the directory cannot be listed.
pub fn list_lanes(storage: &dyn Storage, root: &Path) -> Result<Vec<u16>, StoreError> {
    Ok(lane_numbers(root, &list_names(storage, root)?))
}

/// The names in the directory of a database; none when there is no directory.
pub fn list_names(storage: &dyn Storage, root: &Path) -> Result<Vec<String>, StoreError> {
    match storage.list(root) {
        Ok(names) => Ok(names),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            Err(StoreError::NotADirectory { path: root.to_owned() })
        }
        Err(error) => Err(StoreError::io("list", root)(error)),
    }
}

/// The lanes among the names in a directory, lowest first.
pub fn lane_numbers(root: &Path, names: &[String]) -> Vec<u16> {
    let lanes = names.iter().filter_map(|name| {
        let lane = name.strip_prefix("lane-")?.parse().ok()?;
        (lane < LANE_COUNT_MAX && lane_dir(root, lane) == root.join(name)).then_some(lane)
    });
    let mut lanes: Vec<u16> = lanes.collect();
    lanes.sort_unstable();
    lanes
}

/// The generations of head logs in a lane, newest first.
///
/// # Errors
/// When the directory cannot be listed.
pub fn list_heads(storage: &dyn Storage, lane_dir: &Path) -> Result<Vec<u64>, StoreError> {
    let names = match storage.list(lane_dir) {
        Err(error) if is_no_dir(&error) => return Ok(Vec::new()),
        names => names.map_err(StoreError::io("list", lane_dir))?,
    };
    let heads = names.iter().filter_map(|name| {
        let generation = name.strip_prefix("head-")?.parse().ok()?;
        (head_path(lane_dir, generation) == lane_dir.join(name)).then_some(generation)
    });
    let mut heads: Vec<u64> = heads.collect();
    heads.sort_unstable_by(|left, right| right.cmp(left));
    Ok(heads)
}

/// The generation that the name of a head log says.
pub fn generation_of(head_path: &Path) -> Option<u64> {
    head_path.file_name()?.to_str()?.strip_prefix("head-")?.parse().ok()
}

/// Whether there is nothing at a path, or something that is no directory.
pub fn is_no_dir(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}
