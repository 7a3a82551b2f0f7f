//! The files of a lane: who takes them, which heads stay.

use std::path::Path;

use kronicler_format::Head;
use kronicler_format::limits::LANE_COUNT_MAX;

use crate::lane_reader::read_head;
use crate::layout::{head_path, lane_dir, list_heads, list_lanes, lock_path};
use crate::{Storage, StorageLock, StoreError};

/// Makes the directory of a database, and its name durable.
pub(crate) fn make_root(storage: &dyn Storage, root: &Path) -> Result<(), StoreError> {
    storage.create_dir(root).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotADirectory => StoreError::NotADirectory { path: root.to_owned() },
        _ => StoreError::io("make", root)(error),
    })?;
    let space = storage.space(root).map_err(StoreError::io("look at", root))?;
    if space.is_nfs {
        return Err(StoreError::NetworkFileSystem { path: root.to_owned() });
    }
    // A lane is made only once this is done, so where there is one it need not be done again.
    if list_lanes(storage, root)?.is_empty() {
        for parent in root.ancestors().skip(1) {
            sync_foreign_dir(storage, parent)?;
        }
    }
    Ok(())
}

/// Makes the names in a directory durable that may belong to somebody else: one that this process
/// may not read, or that cannot be synced at all, is left alone.
fn sync_foreign_dir(storage: &dyn Storage, dir: &Path) -> Result<(), StoreError> {
    use std::io::ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem, Unsupported};
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    match storage.sync_dir(dir) {
        Err(error)
            if matches!(
                error.kind(),
                PermissionDenied | InvalidInput | Unsupported | ReadOnlyFilesystem
            ) =>
        {
            Ok(())
        }
        result => result.map_err(StoreError::io("sync", dir)),
    }
}

/// Takes the lowest lane that nobody owns.
pub(crate) fn take_lane(
    storage: &dyn Storage,
    root: &Path,
) -> Result<(u16, Box<dyn StorageLock>), StoreError> {
    for lane in 0..LANE_COUNT_MAX {
        let dir = lane_dir(root, lane);
        storage.create_dir(&dir).map_err(StoreError::io("make", &dir))?;
        let path = lock_path(&dir);
        if let Some(lock) = storage.try_lock(&path).map_err(StoreError::io("lock", &path))? {
            return Ok((lane, lock));
        }
    }
    Err(StoreError::NoFreeLane { path: root.to_owned(), limit: LANE_COUNT_MAX })
}

/// The header of an empty head of the next generation.
pub(crate) fn new_head(
    storage: &dyn Storage,
    dir: &Path,
    lane: u16,
    now_ns: i64,
    generation_before: u64,
) -> Result<Head, StoreError> {
    let generation = next_generation(storage, dir, generation_before)?;
    Ok(Head { lane, uuid: storage.new_uuid(), generation, created_ns: now_ns, first_seq: 0 })
}

/// A generation that no head of the lane has, nor had before.
pub(crate) fn next_generation(
    storage: &dyn Storage,
    dir: &Path,
    before: u64,
) -> Result<u64, StoreError> {
    let newest = list_heads(storage, dir)?.first().copied().unwrap_or(0).max(before);
    Ok(newest.saturating_add(1))
}

/// Removes a head that is not to be used after all, and durably: it may be complete, and would put
/// an end to the one before it.
pub(crate) fn unmake_head(
    storage: &dyn Storage,
    dir: &Path,
    generation: u64,
) -> Result<(), StoreError> {
    let path = head_path(dir, generation);
    match storage.remove(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        removed => removed.map_err(StoreError::io("remove", &path))?,
    }
    storage.sync_dir(dir).map_err(StoreError::io("sync", dir))
}

/// Removes heads that another replaced, and those whose making was cut short. One that cannot be
/// read is kept: a person may still want to look at it.
pub(crate) fn remove_replaced_heads(
    storage: &dyn Storage,
    dir: &Path,
    lane: u16,
    generation: u64,
) -> Result<(), StoreError> {
    let mut kept = vec![generation];
    kept.extend(list_heads(storage, dir)?.into_iter().filter(|&other| {
        let is_readable = read_head(storage, &head_path(dir, other), lane).is_ok();
        !is_readable
    }));
    remove_heads(storage, dir, &kept)
}

/// Removes all heads but those of these generations. A power cut may bring one back: it has an
/// older generation than one that is complete, so the next opener removes it again.
pub(crate) fn remove_heads(
    storage: &dyn Storage,
    dir: &Path,
    kept: &[u64],
) -> Result<(), StoreError> {
    for generation in list_heads(storage, dir)? {
        let path = head_path(dir, generation);
        if !kept.contains(&generation) {
            storage.remove(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}
