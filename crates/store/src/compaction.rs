//! Makes a lane that nobody owns as small as it can be without letting a row go.
//!
//! All rows are sealed, segments are joined as far as a policy lets them, the head log is replaced
//! by one without frames of sealed rows, and files that this has replaced go at once: whoever is
//! reading them finds them gone and takes a new snapshot, as after any end of a writer. Each step
//! has its own commit point, so that a crash in between leaves a whole lane.

use std::path::Path;
use std::sync::Arc;

use crate::lane_state::LaneState;
use crate::lane_writer::LaneWriter;
use crate::layout::{file_path, head_path, lane_dir, list_files, list_heads};
use crate::merging::MergePolicy;
use crate::sealing::Seal;
use crate::{Storage, StoreError};

/// What compacting a lane has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compaction {
    /// Bytes of its files before.
    pub bytes_before: u64,
    /// Bytes of its files now.
    pub bytes_after: u64,
    /// Segments it had.
    pub segments_before: u64,
    /// Segments it has now.
    pub segments_after: u64,
    /// Rows it holds.
    pub row_count: u64,
}

/// Compacts a lane. `None` when a process owns it, which does this by itself, or when there is
/// nothing in it that can be read. Waits for nobody, but keeps others from taking the lane
/// meanwhile.
///
/// # Errors
/// When a file cannot be read, written or synced: the lane is whole all the same, and can be
/// compacted again. When the directory lies on NFS.
///
/// ```
/// use std::{path::Path, sync::Arc};
/// use kronicler_format::Run;
/// use kronicler_store::{LaneWriter, Memory, MergePolicy, Storage, compact_lane};
///
/// let storage: Arc<dyn Storage> = Arc::new(Memory::default());
/// let root = Path::new("/data");
/// let (writer, state) = LaneWriter::open(&storage, root, Run::default(), 0)?;
/// let policy = MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: true };
/// assert_eq!(compact_lane(&storage, root, 0, &policy, 1)?, None, "it is owned");
/// writer.close(&state)?;
/// assert!(compact_lane(&storage, root, 0, &policy, 1)?.is_some());
/// # Ok::<(), kronicler_store::StoreError>(())
/// ```
pub fn compact_lane(
    storage: &Arc<dyn Storage>,
    root: &Path,
    lane: u16,
    policy: &MergePolicy,
    now_ns: i64,
) -> Result<Option<Compaction>, StoreError> {
    if storage.space(root).map_err(StoreError::io("look at", root))?.is_nfs {
        return Err(StoreError::NetworkFileSystem { path: root.to_owned() });
    }
    let dir = lane_dir(root, lane);
    let bytes_before = size_bytes(&**storage, &dir)?;
    let Some((mut writer, mut state)) = LaneWriter::adopt(storage, root, lane)? else {
        return Ok(None);
    };
    let segments_before = state.segments.len() as u64;
    writer.compact(&mut state, policy, now_ns)?;
    Ok(Some(Compaction {
        bytes_before,
        bytes_after: size_bytes(&**storage, &dir)?,
        segments_before,
        segments_after: state.segments.len() as u64,
        row_count: state.live(),
    }))
}

impl LaneWriter {
    /// Seals all rows, joins segments as far as `policy` lets them, replaces the head log and
    /// removes what is no longer needed. Rows, ids, counters, runs and how the last run ended stay
    /// as they were.
    ///
    /// # Errors
    /// When a file cannot be read, written or synced. Drop the writer then: what stands in the
    /// files is whole, and whoever takes the lane next goes on from there.
    pub fn compact(
        &mut self,
        state: &mut LaneState,
        policy: &MergePolicy,
        now_ns: i64,
    ) -> Result<(), StoreError> {
        while self.seal(state, Seal::All, now_ns)? {
            self.absorb_into(state, &[]);
        }
        while self.merge(state, policy, now_ns)? {
            self.absorb_into(state, &[]);
        }
        *state = self.rotate(state, now_ns)?;
        self.sweep(i64::MAX);
        Ok(())
    }
}

/// Bytes of all heads, segments and histories of a lane.
fn size_bytes(storage: &dyn Storage, dir: &Path) -> Result<u64, StoreError> {
    let files = list_files(storage, dir)?.into_iter().map(|(kind, id)| file_path(dir, kind, id));
    let heads = list_heads(storage, dir)?.into_iter().map(|head| head_path(dir, head));
    let mut size = 0;
    for path in files.chain(heads) {
        match storage.open(&path) {
            // Removed by its owner meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            file => {
                let stat = file.and_then(|file| file.stat());
                size += stat.map_err(StoreError::io("read", &path))?.len;
            }
        }
    }
    Ok(size)
}
