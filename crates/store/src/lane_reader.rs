//! Follows the head log of a lane, whoever writes it: no lock, no write, no descriptor kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::limits::PAYLOAD_SIZE_BYTES_MAX;
use kronicler_format::{
    Edit, FRAME_HEADER_SIZE_BYTES, FormatError, FrameKind, FrameSeed, HEAD_SIZE_BYTES, Head, Row,
    decode_frame, encoded_frame, first_cut_frame,
};

use crate::lane_state::LaneState;
use crate::layout::{head_path, lane_dir, list_heads};
use crate::{Storage, StorageFile, StoreError};

/// The header stands twice at the front of a head log, so that one flipped bit in it does not cost
/// the whole log.
pub(crate) const HEAD_COPIES: usize = 2;
pub(crate) const FRAMES_OFFSET: u64 = (HEAD_SIZE_BYTES * HEAD_COPIES) as u64;

pub(crate) const FRAME_SIZE_BYTES_MAX: usize = FRAME_HEADER_SIZE_BYTES + PAYLOAD_SIZE_BYTES_MAX;
/// Holds any frame whole, so a buffer without a good frame holds none that it cuts at its front.
pub(crate) const BUFFER_SIZE_BYTES: usize = 2 * FRAME_SIZE_BYTES_MAX;

/// Follows the head log of a lane.
#[derive(Debug)]
pub struct LaneReader {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    state: LaneState,
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
        Self::find(storage, root, lane).map(|(reader, _)| reader)
    }

    /// As [`LaneReader::open`]; also counts the heads of the lane that cannot be read at all.
    pub(crate) fn find(
        storage: &Arc<dyn Storage>,
        root: &Path,
        lane: u16,
    ) -> Result<(Option<Self>, u32), StoreError> {
        let dir = lane_dir(root, lane);
        let mut heads = list_heads(&**storage, &dir)?;
        loop {
            let (found, unreadable_heads) = Self::newest(storage, &dir, lane, &heads)?;
            let before = std::mem::take(&mut heads);
            if found.is_none() {
                heads = list_heads(&**storage, &dir)?;
            }
            // A head may have been replaced since it was listed.
            if found.is_some() || heads == before {
                return Ok((found, unreadable_heads));
            }
        }
    }

    /// The newest of these heads that is complete, and how many cannot be read at all.
    fn newest(
        storage: &Arc<dyn Storage>,
        dir: &Path,
        lane: u16,
        heads: &[u64],
    ) -> Result<(Option<Self>, u32), StoreError> {
        let (mut found, mut unreadable_heads) = (None, 0);
        for &generation in heads {
            let path = head_path(dir, generation);
            match read_head(&**storage, &path, lane) {
                Ok(Some(state)) if found.is_none() => {
                    found = Some(Self { storage: Arc::clone(storage), path, state });
                }
                Ok(_) => {}
                Err(StoreError::Damaged { source, .. }) if is_damage(&source) => {
                    unreadable_heads += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok((found, unreadable_heads))
    }

    /// Reads what was appended since. `false` when the head is gone, or there is a newer one:
    /// open the lane anew.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn refresh(&mut self) -> Result<bool, StoreError> {
        let found = match open_head(&*self.storage, &self.path, self.state.head.lane) {
            Err(StoreError::Damaged { .. }) => return Ok(false),
            found => found?,
        };
        // The one before is removed when it is replaced, but removing it may fail.
        let dir = self.path.parent().unwrap_or(Path::new(""));
        if list_heads(&*self.storage, dir)?.first() != Some(&self.state.head.generation) {
            return Ok(false);
        }
        let Some((file, _)) = found.filter(|(_, head)| *head == self.state.head) else {
            return Ok(false);
        };
        let len = file.stat().map_err(StoreError::io("read", &self.path))?.len;
        if len < self.state.offset {
            return Ok(false);
        }
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

    pub(crate) fn into_state(self) -> LaneState {
        self.state
    }
}

/// Reads a whole head log; `None` when it is not complete. One that holds bytes, but not a frame in
/// its place, is damaged: no crash leaves that behind.
pub(crate) fn read_head(
    storage: &dyn Storage,
    path: &Path,
    lane: u16,
) -> Result<Option<LaneState>, StoreError> {
    let Some((file, head)) = open_head(storage, path, lane)? else { return Ok(None) };
    let mut state = LaneState::new(head, FRAMES_OFFSET);
    state.pass_over(last_sealed(&*file, path, &head)?);
    read_frames(&*file, path, &mut state)?;
    if !state.is_ready && state.damage.tail_bytes > 0 {
        let source = FormatError::NotKronicler { what: "first frame" };
        return Err(StoreError::Damaged { path: path.to_owned(), offset: state.offset, source });
    }
    Ok(state.is_ready.then_some(state))
}

/// The sealed sequence of the last edit that is found by going from frame to frame. The rows below
/// need not be taken from the log: a log that has grown long holds many of them.
fn last_sealed(file: &dyn StorageFile, path: &Path, head: &Head) -> Result<u64, StoreError> {
    let len = file.stat().map_err(StoreError::io("read", path))?.len;
    let want = usize::try_from(len).unwrap_or(usize::MAX).min(BUFFER_SIZE_BYTES);
    let (mut buffer, mut offset) = (vec![0; want], FRAMES_OFFSET);
    let (seed, mut sealed_seq) = (FrameSeed::new(&head.uuid), head.first_seq);
    loop {
        let count = file.read_at(offset, &mut buffer).map_err(StoreError::io("read", path))?;
        let mut at = 0;
        while let Some(frame) = encoded_frame(&buffer[at..count]).filter(|f| f.kind.is_some()) {
            if frame.kind == Some(FrameKind::Edit) {
                // Here the checksum is asked: nothing else is taken from this walk.
                let frame = decode_frame(&buffer[at..count], seed, offset + at as u64);
                let edit = frame.and_then(|frame| Edit::decode(frame.payload));
                sealed_seq = edit.map_or(sealed_seq, |edit| sealed_seq.max(edit.sealed_seq));
            }
            at += frame.size_bytes();
        }
        if at == 0 {
            return Ok(sealed_seq);
        }
        offset += at as u64;
    }
}

fn is_damage(error: &FormatError) -> bool {
    !matches!(error, FormatError::Unsupported { .. })
}

pub(crate) type HeadFile = (Arc<dyn StorageFile>, Head);

/// Opens a head log and reads its header; `None` when there is none, or not yet.
pub(crate) fn open_head(
    storage: &dyn Storage,
    path: &Path,
    lane: u16,
) -> Result<Option<HeadFile>, StoreError> {
    let file = match storage.open(path) {
        // Another process has cleared or rotated since the directory was listed.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        // A link, a directory, a pipe in its place.
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
            let source = FormatError::NotKronicler { what: "head log" };
            return Err(StoreError::Damaged { path: path.to_owned(), offset: 0, source });
        }
        file => file.map_err(StoreError::io("open", path))?,
    };
    let mut bytes = [0; HEAD_SIZE_BYTES * HEAD_COPIES];
    let count = file.read_at(0, &mut bytes).map_err(StoreError::io("read", path))?;
    if bytes.iter().all(|&byte| byte == 0) {
        // Too short, or a power cut came before its first sync: nothing was ever stored in it.
        return Ok(None);
    }
    match read_header(&bytes[..count], lane) {
        Ok(head) => Ok(Some((file, head))),
        Err(FormatError::Truncated { .. }) => Ok(None),
        Err(source) => Err(StoreError::Damaged { path: path.to_owned(), offset: 0, source }),
    }
}

/// The header from whichever copy is whole.
fn read_header(bytes: &[u8], lane: u16) -> Result<Head, FormatError> {
    let (first, second) = bytes.split_at(HEAD_SIZE_BYTES.min(bytes.len()));
    let head = Head::decode(first).or_else(|error| {
        // A newer format is told even if the first copy is damaged.
        Head::decode(second).map_err(|second| if is_damage(&second) { error } else { second })
    })?;
    if head.lane != lane {
        let (found, limit) = (u64::from(head.lane), u64::from(lane));
        return Err(FormatError::OutOfRange { what: "lane of a head log", found, limit });
    }
    Ok(head)
}

/// Takes over all frames that stand in `file` behind what `state` knows.
pub(crate) fn read_frames(
    file: &dyn StorageFile,
    path: &Path,
    state: &mut LaneState,
) -> Result<(), StoreError> {
    read_on(file, path, state)?;
    if let Some(fresh) = state.unskewed(FRAMES_OFFSET) {
        *state = fresh;
        read_on(file, path, state)?;
    }
    Ok(())
}

fn read_on(file: &dyn StorageFile, path: &Path, state: &mut LaneState) -> Result<(), StoreError> {
    let failed = || StoreError::io("read", path);
    let len = file.stat().map_err(failed())?.len;
    if len <= state.offset {
        state.set_tail(&[]);
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
            state.set_tail(&buffer[..count]);
            return Ok(());
        }
        // More garbage than the longest frame: only its end can still begin a good one.
        state.skip_bytes_to(state.offset + first_cut_frame(&buffer[..count]) as u64);
    }
}
