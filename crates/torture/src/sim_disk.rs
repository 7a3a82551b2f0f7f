//! A disk in memory on which every operation is numbered, every change recorded, and any may fail.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use kronicler_store::{Space, Storage, StorageFile, StorageLock};

use crate::disk_state::{File, OpenFile, State, lock};
use crate::fault::{Fault, Op, Plan};
use crate::image::Image;
use crate::recording::{Mutation, Recording};

/// A disk in memory.
#[derive(Debug, Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct Lock {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

impl StorageLock for Lock {}

impl Drop for Lock {
    fn drop(&mut self) {
        lock(&self.state).locks.remove(&self.path);
    }
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::new(&Image::default())
    }
}

impl SimDisk {
    /// A running disk on which stands what an image holds. Nobody has a lock.
    #[must_use]
    pub fn new(image: &Image) -> Self {
        let (mut names, mut files) = (BTreeMap::new(), Vec::new());
        for (path, content) in &image.entries {
            let file = content.as_ref().map(|content| {
                let content = content.clone();
                files.push(File { synced: content.len(), content, ..File::default() });
                files.len() - 1
            });
            names.insert(Arc::clone(path), file);
        }
        let state = State {
            base: image.clone(),
            names,
            files,
            locks: BTreeSet::new(),
            mutations: Vec::new(),
            ops: Vec::new(),
            plan: None,
            faults: 0,
            refusals: 0,
            lies: 0,
            space_bytes: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Lets operations fail.
    pub fn plan(&self, plan: Option<Plan>) {
        lock(&self.state).plan = plan;
    }

    /// Lets files grow by so many more bytes only; removing gives room back.
    pub fn limit_space(&self, bytes: Option<u64>) {
        lock(&self.state).space_bytes = bytes;
    }

    /// How many changes there were.
    #[must_use]
    pub fn position(&self) -> usize {
        lock(&self.state).mutations.len()
    }

    /// How many operations failed as planned.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        lock(&self.state).faults
    }

    /// How many operations failed for want of room.
    #[must_use]
    pub fn refusal_count(&self) -> u64 {
        lock(&self.state).refusals
    }

    /// How many syncs said that they were done and did nothing.
    #[must_use]
    pub fn lie_count(&self) -> u64 {
        lock(&self.state).lies
    }

    /// How many syncs failed and dropped what was to be synced.
    #[must_use]
    pub fn drop_count(&self) -> usize {
        let is_drop = |mutation: &&Mutation| matches!(mutation, Mutation::Drop { .. });
        lock(&self.state).mutations.iter().filter(is_drop).count()
    }

    /// Whether a failed sync took bytes that could be read before.
    #[must_use]
    pub fn has_dropped(&self) -> bool {
        lock(&self.state).files.iter().any(|file| file.written.is_some())
    }

    /// All operations so far.
    #[must_use]
    pub fn ops(&self) -> Vec<Op> {
        lock(&self.state).ops.clone()
    }

    /// Everything that changed so far.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let state = lock(&self.state);
        let written = |file: &File| file.written.as_ref().unwrap_or(&file.content).freeze();
        Recording {
            base: state.base.clone(),
            mutations: state.mutations.clone(),
            contents: state.files.iter().map(written).collect(),
        }
    }

    fn begin(&self, op: Op) -> io::Result<(MutexGuard<'_, State>, Option<Fault>)> {
        let mut state = lock(&self.state);
        let fault = state.begin(op)?;
        Ok((state, fault))
    }

    fn open_file(&self, file: usize) -> Arc<dyn StorageFile> {
        lock(&self.state).files[file].handles += 1;
        Arc::new(OpenFile { file, state: Arc::clone(&self.state) })
    }
}

impl Storage for SimDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.begin(Op::CreateDir)?.0.make_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let (state, _) = self.begin(Op::List)?;
        match state.names.get(path) {
            Some(None) => {}
            Some(Some(_)) => return Err(io::ErrorKind::NotADirectory.into()),
            None => return Err(io::ErrorKind::NotFound.into()),
        }
        let below = state
            .names
            .range::<Path, _>((Bound::Included(path), Bound::Unbounded))
            .map(|(inner, _)| inner);
        let below = below.take_while(|inner| inner.starts_with(path));
        let names = below
            .filter(|inner| inner.parent() == Some(path))
            .filter_map(|inner| inner.file_name().map(|name| name.to_string_lossy().into_owned()));
        Ok(names.collect())
    }

    fn dir_stamp(&self, path: &Path) -> io::Result<Option<u128>> {
        let (state, _) = self.begin(Op::List)?;
        if state.names.get(path) != Some(&None) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Some(state.mutations.len() as u128))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let file = self.begin(Op::Open)?.0.file(path)?;
        Ok(self.open_file(file))
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let (mut state, _) = self.begin(Op::Create)?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.make_file(path)?;
        drop(state);
        Ok(self.open_file(file))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (mut state, _) = self.begin(Op::Remove)?;
        let file = state.file(path)?;
        state.files[file].is_removed = true;
        state.give_back(file);
        state.names.remove(path);
        state.mutations.push(Mutation::Remove(path.into()));
        Ok(())
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let (state, _) = self.begin(Op::Stat)?;
        if state.names.get(path) != Some(&None) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let available_bytes = state.space_bytes.unwrap_or(u64::MAX);
        Ok(Space { total_bytes: u64::MAX, available_bytes, is_nfs: false })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let (mut state, fault) = self.begin(Op::SyncDir)?;
        if state.names.get(path) != Some(&None) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if fault.is_some() {
            state.lies += 1;
        } else {
            state.mutations.push(Mutation::SyncDir(path.into()));
        }
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        let (mut state, _) = self.begin(Op::Lock)?;
        if !state.names.contains_key(path) {
            state.make_file(path)?;
        }
        let is_free = state.locks.insert(path.to_owned());
        let lock = || Lock { path: path.to_owned(), state: Arc::clone(&self.state) };
        Ok(is_free.then(|| Box::new(lock()) as Box<dyn StorageLock>))
    }
}
