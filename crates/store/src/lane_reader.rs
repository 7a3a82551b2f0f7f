//! Follows the head log of a lane, whoever writes it: no lock, no write, no descriptor kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::limits::PAYLOAD_SIZE_BYTES_MAX;
use kronicler_format::{FRAME_HEADER_SIZE_BYTES, FormatError, HEAD_SIZE_BYTES, Head, Row};

use crate::lane_state::LaneState;
use crate::layout::{head_path, lane_dir, list_heads};
use crate::{Storage, StorageFile, StoreError};

/// The header stands twice at the front of a head log, so that one flipped bit in it does not cost
/// the whole log.
pub(crate) const HEAD_COPIES: usize = 2;
pub(crate) const FRAMES_OFFSET: u64 = (HEAD_SIZE_BYTES * HEAD_COPIES) as u64;

const FRAME_SIZE_BYTES_MAX: usize = FRAME_HEADER_SIZE_BYTES + PAYLOAD_SIZE_BYTES_MAX;
/// Holds any frame whole, so a buffer without a good frame holds none that it cuts at its front.
const BUFFER_SIZE_BYTES: usize = 2 * FRAME_SIZE_BYTES_MAX;

/// Follows the head log of a lane.
#[derive(Debug)]
pub struct LaneReader {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    state: LaneState,
    /// Head logs of the lane that cannot be read at all.
    unreadable_heads: u32,
}

impl LaneReader {
    /// Opens the newest complete head of a lane and reads all of it; `None` when there is none.
    ///
    /// # Errors
    /// When the files cannot be read, or need a newer program.
    pub fn open(
        storage: &Arc<dyn Storage>,
        root: &Path,
        lane: u16,
    ) -> Result<Option<Self>, StoreError> {
        let dir = lane_dir(root, lane);
        let mut unreadable_heads = 0;
        for generation in list_heads(&**storage, &dir)? {
            let path = head_path(&dir, generation);
            match open_head(storage, &path) {
                Ok(Some(state)) => {
                    let storage = Arc::clone(storage);
                    return Ok(Some(Self { storage, path, state, unreadable_heads }));
                }
                Ok(None) => {}
                Err(StoreError::Damaged { source, .. }) if is_damage(&source) => {
                    unreadable_heads += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Reads what was appended since. Returns `false` when the head is gone: open the lane anew.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn refresh(&mut self) -> Result<bool, StoreError> {
        let file = match self.storage.open(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            file => file.map_err(StoreError::io("open", &self.path))?,
        };
        read_frames(&*file, &self.path, &mut self.state)?;
        Ok(true)
    }

    /// What is known of the lane.
    #[must_use]
    pub const fn state(&self) -> &LaneState {
        &self.state
    }

    /// The head log that is followed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Head logs of the lane that cannot be read at all.
    #[must_use]
    pub const fn unreadable_heads(&self) -> u32 {
        self.unreadable_heads
    }

    pub(crate) fn into_state(self) -> LaneState {
        self.state
    }
}

fn is_damage(error: &FormatError) -> bool {
    !matches!(error, FormatError::Unsupported { .. })
}

/// Reads a whole head log; `None` when its maker did not get to its READY frame.
fn open_head(storage: &Arc<dyn Storage>, path: &Path) -> Result<Option<LaneState>, StoreError> {
    let file = match storage.open(path) {
        // Another process has cleared or rotated since the directory was listed.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(StoreError::io("open", path))?,
    };
    let Some(head) = read_head(&*file, path)? else { return Ok(None) };
    let mut state = LaneState::new(head, FRAMES_OFFSET);
    read_frames(&*file, path, &mut state)?;
    Ok(state.is_ready.then_some(state))
}

/// The header from whichever copy is whole; `None` when the file is still too short for one.
fn read_head(file: &dyn StorageFile, path: &Path) -> Result<Option<Head>, StoreError> {
    let mut bytes = [0; HEAD_SIZE_BYTES * HEAD_COPIES];
    let count = file.read_at(0, &mut bytes).map_err(StoreError::io("read", path))?;
    let (first, second) = bytes[..count].split_at(HEAD_SIZE_BYTES.min(count));
    let damaged = |source| StoreError::Damaged { path: path.to_owned(), offset: 0, source };
    match Head::decode(first).or_else(|error| Head::decode(second).map_err(|_| error)) {
        Ok(head) => Ok(Some(head)),
        Err(FormatError::Truncated { .. }) => Ok(None),
        Err(error) => Err(damaged(error)),
    }
}

/// Takes over all frames that stand in `file` behind what `state` knows.
pub(crate) fn read_frames(
    file: &dyn StorageFile,
    path: &Path,
    state: &mut LaneState,
) -> Result<(), StoreError> {
    let failed = || StoreError::io("read", path);
    let len = file.stat().map_err(failed())?.len;
    if len <= state.offset {
        return Ok(());
    }
    let want = usize::try_from(len - state.offset).unwrap_or(usize::MAX);
    let mut buffer = vec![0; want.min(BUFFER_SIZE_BYTES)];
    let mut scratch: Vec<Row> = Vec::new();
    loop {
        let count = file.read_at(state.offset, &mut buffer).map_err(failed())?;
        if state.absorb(&buffer[..count], &mut scratch) > 0 {
            continue;
        }
        if count < BUFFER_SIZE_BYTES {
            return Ok(());
        }
        // More garbage than the longest frame: only its end can still begin a good one.
        state.skip_bytes_to(state.offset + (count - FRAME_SIZE_BYTES_MAX) as u64);
    }
}
