//! What all processes of a database are to heed, in a file that whoever wishes something writes.
//!
//! The control file with the highest number counts, of those that are whole; where there is none
//! there is nothing to heed. One is made whole and durable before the ones below it go, and those
//! who make one hold the lock of the directory: whatever is cut short, the old wish or the new one
//! counts. Whoever heeds takes no lock, and looks by one `stat` where nothing has changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kronicler_format::{CONTROL_SIZE_BYTES_MAX, Control, FormatError};

use crate::layout::{control_numbers, control_path, is_no_dir, list_names, lock_path};
use crate::{Storage, StorageLock, StoreError};

/// How long to wait for somebody else who is making a control file: one takes milliseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// How often files may vanish while they are looked for.
const RETRY_COUNT_MAX: u32 = 100;

/// What is to be heeded, and what is wrong with the files that say it.
#[derive(Debug, Clone, Default)]
pub struct Controls {
    /// What is to be heeded.
    pub control: Control,
    /// A control file that is neither whole nor what a crash leaves; others say what is to be
    /// heeded, or nothing does.
    pub damage: Option<Arc<StoreError>>,
    /// A control file is only begun: it may become whole without a sign of its directory.
    pub(crate) is_begun: bool,
}

/// Follows the control files of a database.
#[derive(Debug)]
pub struct ControlReader {
    storage: Arc<dyn Storage>,
    root: PathBuf,
    stamp: Option<u128>,
    controls: Controls,
}

impl ControlReader {
    /// A follower of `root`, which need not exist yet.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, root: PathBuf) -> Self {
        Self { storage, root, stamp: None, controls: Controls::default() }
    }

    /// What was to be heeded when it was last looked.
    #[must_use]
    pub const fn control(&self) -> &Control {
        &self.controls.control
    }

    /// What is to be heeded now.
    ///
    /// # Errors
    /// When the directory or a file cannot be read, or needs a newer program. What was to be heeded
    /// before still is.
    pub fn look(&mut self) -> Result<&Control, StoreError> {
        let stamp = match self.storage.dir_stamp(&self.root) {
            Err(error) if is_no_dir(&error) => None,
            stamp => stamp.map_err(StoreError::io("read", &self.root))?,
        };
        if stamp.is_none() || stamp != self.stamp {
            self.controls = read_controls(&*self.storage, &self.root)?;
            self.stamp = stamp.filter(|_| !self.controls.is_begun);
        }
        Ok(&self.controls.control)
    }
}

/// What is to be heeded in a database.
///
/// # Errors
/// When the directory or a file cannot be read, or needs a newer program.
pub fn read_controls(storage: &dyn Storage, root: &Path) -> Result<Controls, StoreError> {
    for _ in 0..RETRY_COUNT_MAX {
        let names = list_names(storage, root)?;
        if let Some(controls) = controls_of(storage, root, &names)? {
            return Ok(controls);
        }
    }
    let source = io::Error::from(io::ErrorKind::NotFound);
    Err(StoreError::io("read the control file of", root)(source))
}

/// What the control files among these names say; `None` when one of them is gone.
pub(crate) fn controls_of(
    storage: &dyn Storage,
    root: &Path,
    names: &[String],
) -> Result<Option<Controls>, StoreError> {
    let mut controls = Controls::default();
    for number in control_numbers(root, names) {
        let path = control_path(root, number);
        match read_control(storage, &path, number) {
            Ok(Some(control)) => return Ok(Some(Controls { control, ..controls })),
            Ok(None) => controls.is_begun = true,
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(StoreError::Damaged { source, path, offset }) if is_damage(&source) => {
                let error = StoreError::Damaged { path, offset, source };
                controls.damage.get_or_insert(Arc::new(error));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(controls))
}

/// Reads a control file; `None` when it is only begun, as it is for a moment, and after a crash.
fn read_control(
    storage: &dyn Storage,
    path: &Path,
    number: u64,
) -> Result<Option<Control>, StoreError> {
    let damaged = |source| Err(StoreError::Damaged { path: path.to_owned(), offset: 0, source });
    let file = match storage.open(path) {
        // A link, a directory, a pipe in its place.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return damaged(FormatError::NotKronicler { what: "control file" });
        }
        file => file.map_err(StoreError::io("open", path))?,
    };
    let len = file.stat().map_err(StoreError::io("read", path))?.len;
    let want = usize::try_from(len).unwrap_or(usize::MAX).min(CONTROL_SIZE_BYTES_MAX);
    let mut bytes = vec![0; want];
    let count = file.read_at(0, &mut bytes).map_err(StoreError::io("read", path))?;
    match Control::decode(&bytes[..count]) {
        Ok(control) if control.number == number => Ok(Some(control)),
        Ok(Control { number: found, .. }) => {
            let what = "number of a control file";
            damaged(FormatError::Mismatch { what, expected: number, found })
        }
        Err(FormatError::Truncated { .. }) => Ok(None),
        Err(_) if bytes.iter().all(|&byte| byte == 0) => Ok(None),
        Err(source) => damaged(source),
    }
}

fn is_damage(error: &FormatError) -> bool {
    !matches!(error, FormatError::Unsupported { .. })
}

/// Changes what is to be heeded, durably; returns what it is now. Nothing to heed is no file.
///
/// # Errors
/// When a file cannot be read, made or removed, or somebody else holds the lock; what was to be
/// heeded before then still is, or the change has been made and may not survive a power cut.
pub fn change_control(
    storage: &dyn Storage,
    root: &Path,
    now_ns: i64,
    change: impl FnOnce(&mut Control) -> Result<(), StoreError>,
) -> Result<Control, StoreError> {
    // Refuses a link in its place.
    storage.create_dir(root).map_err(StoreError::io("open", root))?;
    if storage.space(root).map_err(StoreError::io("look at", root))?.is_nfs {
        return Err(StoreError::NetworkFileSystem { path: root.to_owned() });
    }
    let _lock = lock_root(storage, root)?;
    let before = read_controls(storage, root)?;
    let mut control = before.control.clone();
    change(&mut control)?;
    if control == before.control && before.damage.is_none() {
        return Ok(control);
    }
    let names = list_names(storage, root)?;
    let mut numbers: Vec<u64> = control_numbers(root, &names).collect();
    // Upwards: what counts goes last.
    numbers.reverse();
    if !control.is_empty() {
        control.number = numbers.last().map_or(1, |last| last.saturating_add(1));
        control.written_ns = now_ns;
        make_control(storage, root, &control)?;
    }
    for number in numbers {
        let path = control_path(root, number);
        let removed = storage.remove(&path).map_err(StoreError::io("remove", &path));
        // Below another one it says nothing any more.
        if control.is_empty() {
            removed?;
        }
    }
    storage.sync_dir(root).map_err(StoreError::io("sync", root))?;
    Ok(control)
}

fn make_control(storage: &dyn Storage, root: &Path, control: &Control) -> Result<(), StoreError> {
    let path = control_path(root, control.number);
    let file = storage.create(&path).map_err(StoreError::io("make", &path))?;
    let written = file
        .append(&control.encode())
        .and_then(|()| file.sync())
        .map_err(StoreError::io("write", &path))
        .and_then(|()| storage.sync_dir(root).map_err(StoreError::io("sync", root)));
    written.inspect_err(|_| {
        // It may be whole, and was refused.
        let _ = storage.remove(&path);
    })
}

fn lock_root(storage: &dyn Storage, root: &Path) -> Result<Box<dyn StorageLock>, StoreError> {
    let path = lock_path(root);
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        if let Some(lock) = storage.try_lock(&path).map_err(StoreError::io("lock", &path))? {
            return Ok(lock);
        }
        if Instant::now() >= deadline {
            let source = io::Error::new(io::ErrorKind::WouldBlock, "another process holds it");
            return Err(StoreError::io("lock", &path)(source));
        }
        std::thread::sleep(LOCK_PAUSE);
    }
}
