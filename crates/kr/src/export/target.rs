//! Where an export goes: a file that appears whole or not at all, or a stream.
//!
//! A file is written beside its place under a name of its own, synced, and then put into its place,
//! whatever stood there before: so readers find the old file or the new one. Until then it is
//! removed when this is dropped, and when a signal ends the program. What is no regular file, such
//! as a named pipe or `/dev/null`, is written to as it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::signals::{Guard, before_death};

/// Bytes that are held back before they are written.
const BUFFER_SIZE_BYTES: usize = 256 << 10;

/// Names that are tried for the file beside its place.
const NAME_COUNT_MAX: u32 = 100;

/// Where an export goes.
pub struct Target {
    out: Out,
    /// What is not yet written.
    held: Vec<u8>,
    byte_count: u64,
    /// The first error, for whoever explains it: encoders make a text of it.
    error: Option<io::Error>,
}

enum Out {
    /// The standard output.
    Standard,
    /// A named pipe or a device.
    Stream(File, PathBuf),
    /// A file beside its place.
    Temporary(Temporary),
}

struct Temporary {
    file: File,
    path: PathBuf,
    /// Where it belongs.
    place: PathBuf,
    /// What its user calls that.
    shown: PathBuf,
    is_placed: bool,
    _guard: Option<Guard>,
}

impl Target {
    /// The standard output.
    pub const fn standard_output() -> Self {
        Self::new(Out::Standard)
    }

    /// The file with this path, which must not lie in the database's directory.
    pub fn file(path: &Path, database: &Path) -> Result<Self, Failure> {
        // A link stays, and what it leads to is replaced.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        refuse_database(&place, path, database)?;
        let metadata = match fs::metadata(&place) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::File(path.to_owned(), error)),
        };
        if let Some(metadata) = &metadata {
            let shown = path.display();
            if metadata.is_dir() {
                return Err(Failure::Unwritable(format!(
                    "{shown} is a directory; name a file in it"
                )));
            }
            if !metadata.is_file() {
                let file = OpenOptions::new().write(true).open(&place);
                let file = file.map_err(|error| Failure::File(path.to_owned(), error))?;
                return Ok(Self::new(Out::Stream(file, path.to_owned())));
            }
            if metadata.permissions().readonly() {
                let remedy = "remove it first, or name another file with -o";
                return Err(Failure::Unwritable(format!("{shown} is write-protected; {remedy}")));
            }
        }
        let temporary = Temporary::create(place, path)
            .map_err(|error| Failure::File(path.to_owned(), error))?;
        if let Some(metadata) = metadata {
            // Who could read the old file can read the new one, as far as that is ours to say.
            let _ = temporary.file.set_permissions(metadata.permissions());
        }
        Ok(Self::new(Out::Temporary(temporary)))
    }

    const fn new(out: Out) -> Self {
        Self { out, held: Vec::new(), byte_count: 0, error: None }
    }

    /// Whether nobody can go back in it.
    pub const fn is_stream(&self) -> bool {
        !matches!(self.out, Out::Temporary(_))
    }

    /// Bytes written so far.
    pub const fn byte_count(&self) -> u64 {
        self.byte_count
    }

    /// Writes bytes.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.write_all(bytes).map_err(|error| self.explain(error.into()))
    }

    /// Writes what is held back.
    pub fn flush_all(&mut self) -> Result<(), Failure> {
        self.flush().map_err(|error| self.explain(error.into()))
    }

    /// Puts a file into its place.
    pub fn commit(mut self) -> Result<(), Failure> {
        self.flush_all()?;
        let Out::Temporary(temporary) = &mut self.out else { return Ok(()) };
        temporary.place().map_err(|error| Failure::File(temporary.shown.clone(), error))
    }

    /// What went wrong: the error of the file, if there was one, else that of the encoder.
    pub fn explain(&mut self, failure: Failure) -> Failure {
        match (self.error.take(), &self.out) {
            (Some(error), Out::Standard) => error.into(),
            (Some(error), Out::Stream(_, path)) => match error.kind() {
                io::ErrorKind::BrokenPipe => error.into(),
                _ => Failure::File(path.clone(), error),
            },
            (Some(error), Out::Temporary(temporary)) => {
                Failure::File(temporary.shown.clone(), error)
            }
            (None, _) => failure,
        }
    }

    fn write_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        let result = match &mut self.out {
            Out::Standard => {
                let mut out = io::stdout().lock();
                // Bypasses the line buffer of the standard output.
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Out::Stream(file, _) => file.write_all(bytes),
            Out::Temporary(temporary) => temporary.file.write_all(bytes),
        };
        result.map_err(|error| {
            let text = error.to_string();
            self.error.get_or_insert(error);
            io::Error::other(text)
        })
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() + bytes.len() > BUFFER_SIZE_BYTES {
            self.flush()?;
        }
        if bytes.len() >= BUFFER_SIZE_BYTES {
            self.write_out(bytes)?;
        } else {
            self.held.extend_from_slice(bytes);
        }
        self.byte_count += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let result = if held.is_empty() { Ok(()) } else { self.write_out(&held) };
        self.held = held;
        self.held.clear();
        result
    }
}

impl Temporary {
    fn create(place: PathBuf, shown: &Path) -> io::Result<Self> {
        let dir = parent(&place);
        let process = std::process::id();
        let mut result = Err(io::ErrorKind::AlreadyExists.into());
        for number in 0..NAME_COUNT_MAX {
            let path = dir.join(format!(".kr-export-{process}-{number}.part"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    let doomed = path.clone();
                    let guard = before_death(move |_| drop(fs::remove_file(doomed))).ok();
                    let shown = shown.to_owned();
                    return Ok(Self { file, path, place, shown, is_placed: false, _guard: guard });
                }
                // What another process with this number has left behind on a shared disk.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => result = Err(error),
                Err(error) => return Err(error),
            }
        }
        result
    }

    fn place(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.place)?;
        self.is_placed = true;
        // Where a directory cannot be synced the file is whole all the same.
        #[cfg(unix)]
        let _ = File::open(parent(&self.place)).and_then(|dir| dir.sync_all());
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A file that took the place of one of ours would be the end of the database.
fn refuse_database(place: &Path, shown: &Path, database: &Path) -> Result<(), Failure> {
    let (Ok(dir), Ok(database)) = (fs::canonicalize(parent(place)), fs::canonicalize(database))
    else {
        return Ok(());
    };
    if dir.starts_with(database) {
        let shown = shown.display();
        let text = format!("{shown} lies in the database itself; name a file outside of it");
        return Err(Failure::Usage(text));
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
