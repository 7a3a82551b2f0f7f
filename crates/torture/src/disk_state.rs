//! What a simulated disk knows of its names and files, and what its open files do.
//!
//! Room is counted in bytes: a file takes what it holds or what was reserved for it, whichever is
//! more, and gives it back when it has neither a name nor a descriptor. What was reserved is
//! forgotten by a power cut, as are limits of room.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kronicler_store::{FileStat, StorageFile};

use crate::content::Content;
use crate::fault::{Fault, Op, Plan};
use crate::image::Image;
use crate::recording::Mutation;

#[derive(Debug)]
pub(crate) struct State {
    pub base: Image,
    pub names: BTreeMap<Arc<Path>, Option<usize>>,
    pub files: Vec<File>,
    pub locks: BTreeSet<PathBuf>,
    pub mutations: Vec<Mutation>,
    pub ops: Vec<Op>,
    pub plan: Option<Plan>,
    /// Operations that failed as planned.
    pub faults: u64,
    /// Operations that found no room.
    pub refusals: u64,
    pub lies: u64,
    /// Room that is left, when it is limited.
    pub space_bytes: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct File {
    /// What is read.
    pub content: Content,
    /// What the device would hold had no sync failed, when that is something else.
    pub written: Option<Content>,
    pub synced: usize,
    pub is_removed: bool,
    /// Up to which length there is room for it.
    pub reserved: usize,
    /// Descriptors that are open.
    pub handles: usize,
}

#[derive(Debug)]
pub(crate) struct OpenFile {
    pub file: usize,
    pub state: Arc<Mutex<State>>,
}

pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.files[self.file].handles -= 1;
        state.give_back(self.file);
    }
}

impl State {
    /// Counts an operation and lets it fail when it is to fail.
    pub fn begin(&mut self, op: Op) -> io::Result<Option<Fault>> {
        let number = self.ops.len() as u64;
        self.ops.push(op);
        let Some(plan) = self.plan.filter(|plan| plan.meets(number, op)) else { return Ok(None) };
        self.faults += 1;
        let fault = plan.fault_of(number);
        fault.error().map_or(Ok(Some(fault)), Err)
    }

    pub fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Some(file)) => Ok(*file),
            Some(None) => Err(io::ErrorKind::InvalidInput.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub fn make_dir(&mut self, path: &Path) -> io::Result<()> {
        match self.names.get(path) {
            Some(None) => return Ok(()),
            Some(Some(_)) => return Err(io::ErrorKind::NotADirectory.into()),
            None => {}
        }
        path.parent().map_or(Ok(()), |parent| self.make_dir(parent))?;
        let path: Arc<Path> = path.into();
        self.names.insert(Arc::clone(&path), None);
        self.mutations.push(Mutation::MakeDir(path));
        Ok(())
    }

    pub fn make_file(&mut self, path: &Path) -> io::Result<usize> {
        let parent = path.parent().and_then(|parent| self.names.get(parent));
        if parent != Some(&None) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let (path, file): (Arc<Path>, _) = (path.into(), self.files.len());
        self.files.push(File::default());
        self.names.insert(Arc::clone(&path), Some(file));
        self.mutations.push(Mutation::Create(path, file));
        Ok(file)
    }

    /// Takes room for a file to reach `len` bytes; as much as there is when there is too little.
    fn take_room(&mut self, file: usize, len: usize) -> usize {
        let state = &mut self.files[file];
        let had = state.reserved.max(state.content.len());
        let room = self.space_bytes.map_or(usize::MAX, |room| usize::try_from(room).unwrap_or(0));
        let reached = len.min(had.saturating_add(room));
        let taken = reached.saturating_sub(had);
        state.reserved = had.max(reached);
        self.space_bytes = self.space_bytes.map(|room| room - taken as u64);
        reached
    }

    /// Gives the room of a file back when it has neither a name nor a descriptor.
    pub fn give_back(&mut self, file: usize) {
        let state = &mut self.files[file];
        if state.is_removed && state.handles == 0 {
            let room = state.reserved.max(state.content.len()) as u64;
            self.space_bytes = self.space_bytes.map(|space| space + room);
        }
    }

    pub fn append(&mut self, file: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let state = &mut self.files[file];
        state.content.append(bytes);
        if let Some(written) = &mut state.written {
            written.append(bytes);
        }
        let end = state.content.len();
        self.mutations.push(Mutation::Append { file, end });
    }

    /// The fate of what was not synced when a sync fails.
    pub fn drop_unsynced(&mut self, file: usize, is_readable: bool) {
        let state = &mut self.files[file];
        let range = state.synced..state.content.len();
        if !is_readable {
            let mut bytes = state.content.to_vec();
            bytes[range.clone()].fill(0);
            state.written = Some(std::mem::replace(&mut state.content, bytes.into()));
        }
        self.mutations.push(Mutation::Drop { file, range, is_readable });
    }
}

impl StorageFile for OpenFile {
    fn stat(&self) -> io::Result<FileStat> {
        let mut state = lock(&self.state);
        state.begin(Op::Stat)?;
        let file = &state.files[self.file];
        Ok(FileStat { len: file.content.len() as u64, removed: file.is_removed })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = lock(&self.state);
        state.begin(Op::Read)?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(state.files[self.file].content.read_at(offset, buffer))
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = lock(&self.state);
        let fault = state.begin(Op::Append)?;
        let len = state.files[self.file].content.len();
        let reached = state.take_room(self.file, len + bytes.len());
        // An eighth to seven eighths of it.
        let eighths = state.ops.len() % 7 + 1;
        let short = if fault.is_some() { bytes.len() * eighths / 8 } else { bytes.len() };
        let fits = short.min(reached - len);
        state.append(self.file, &bytes[..fits]);
        if fits == bytes.len() {
            return Ok(());
        }
        state.refusals += u64::from(fault.is_none());
        Err(io::ErrorKind::StorageFull.into())
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.begin(Op::Reserve)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let (space, reserved) = (state.space_bytes, state.files[self.file].reserved);
        if state.take_room(self.file, len) >= len {
            return Ok(());
        }
        // All or nothing.
        (state.space_bytes, state.files[self.file].reserved) = (space, reserved);
        state.refusals += 1;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = lock(&self.state);
        let fault = state.begin(Op::Sync)?;
        match fault {
            Some(Fault::LostSync) => {
                state.lies += 1;
                return Ok(());
            }
            Some(fault) => {
                state.drop_unsynced(self.file, fault == Fault::SyncReadable);
                return Err(io::Error::other("input/output error"));
            }
            None => {}
        }
        let file = &mut state.files[self.file];
        file.synced = file.content.len();
        state.mutations.push(Mutation::Sync(self.file));
        Ok(())
    }
}
