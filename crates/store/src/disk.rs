//! The real file system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::backend::{FileStat, Space, Storage, StorageFile, StorageLock};

/// File systems stamp directories by the kernel's tick (4 to 10 ms, 2 s on FAT): a directory that
/// changed less than this ago may change again without a new stamp.
const STAMP_SETTLED: Duration = Duration::from_secs(3);

/// The real file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

#[derive(Debug)]
struct DiskFile(File);

#[derive(Debug)]
struct DiskLock(#[expect(dead_code, reason = "dropping the file releases the lock")] File);

impl StorageLock for DiskLock {}

impl Storage for Disk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        match platform::make_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                path.parent().map_or(Ok(()), |parent| self.create_dir(parent))?;
                platform::make_dir(path)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let is_dir = fs::symlink_metadata(path)?.is_dir();
                if is_dir { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
            }
            result => result,
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let names = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.file_name()));
        names.filter_map(|name| name.map(|name| name.into_string().ok()).transpose()).collect()
    }

    fn dir_stamp(&self, path: &Path) -> io::Result<Option<u128>> {
        let changed = fs::metadata(path)?.modified()?;
        let settled =
            SystemTime::now().duration_since(changed).is_ok_and(|age| age > STAMP_SETTLED);
        let since_epoch = changed.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(settled.then_some(since_epoch.as_nanos()))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        open_regular(options.read(true), path)
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        open_regular(options.read(true).append(true), path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        platform::private_file(&mut options, path);
        let file = platform::above_streams(options.open(path)?)?;
        platform::give_to_owner(&file, path);
        Ok(Arc::new(DiskFile(file)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        platform::space(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        platform::sync_dir(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        let mut options = OpenOptions::new();
        platform::no_follow(options.read(true).write(true).create(true).truncate(false));
        platform::private_file(&mut options, path);
        let file = platform::above_streams(options.open(path)?)?;
        platform::give_to_owner(&file, path);
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(DiskLock(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Opens what is a file, and nothing that only stands in the place of one: a link may lead
/// anywhere, and a pipe would be waited for.
fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    platform::no_follow(options);
    let file = options.open(path).map_err(|error| {
        let is_other = fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file());
        if is_other { refused() } else { error }
    })?;
    if !file.metadata()?.is_file() {
        return Err(refused());
    }
    Ok(Arc::new(DiskFile(platform::above_streams(file)?)))
}

impl StorageFile for DiskFile {
    fn stat(&self) -> io::Result<FileStat> {
        let metadata = self.0.metadata()?;
        Ok(FileStat { len: metadata.len(), removed: platform::is_removed(&metadata) })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match platform::read_at(&self.0, offset + filled as u64, &mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        platform::reserve(&self.0, len)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(unix)]
mod platform {
    //! POSIX: modes, `O_NOFOLLOW`, `pread`, `fsync` of directories, `statvfs`.

    use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
    use std::io;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::{
        DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown,
    };
    use std::path::Path;

    use rustix::fs::OFlags;

    use super::Space;

    /// A new directory is the user's alone, or as readable as the one that the user made around it.
    pub fn make_dir(path: &Path) -> io::Result<()> {
        let is_lane =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lane-"));
        let shared = if is_lane { read_bits(path) | read_bits(path) >> 2 } else { 0 };
        DirBuilder::new().mode(0o700 | shared).create(path)
    }

    /// A new file can be read by whom the directory around it lets in.
    pub fn private_file(options: &mut OpenOptions, path: &Path) {
        options.mode(0o600 | read_bits(path));
    }

    /// What root makes in a directory of another user is his: he could not use it otherwise. Who
    /// may not give it away keeps it.
    pub fn give_to_owner(file: &File, path: &Path) {
        const ROOT: u32 = 0;
        let (Some(dir), Ok(made)) = (path.parent(), file.metadata()) else { return };
        if made.uid() == ROOT
            && let Ok(dir) = fs::metadata(dir)
            && dir.uid() != ROOT
        {
            let _ = fchown(file, Some(dir.uid()), Some(dir.gid()));
        }
    }

    fn read_bits(path: &Path) -> u32 {
        let parent = path.parent().and_then(|parent| fs::metadata(parent).ok());
        parent.map_or(0, |metadata| metadata.permissions().mode() & 0o044)
    }

    /// Without `O_NONBLOCK` a pipe in place of a file is waited for; files do not mind it.
    pub fn no_follow(options: &mut OpenOptions) {
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }

    /// Not as standard input or output: where the program has closed one of these, its number is
    /// given away next, and what is printed would land in our file.
    pub fn above_streams(file: File) -> io::Result<File> {
        const FIRST: i32 = 3;
        if file.as_raw_fd() >= FIRST {
            return Ok(file);
        }
        Ok(rustix::io::fcntl_dupfd_cloexec(&file, FIRST)?.into())
    }

    pub fn is_removed(metadata: &Metadata) -> bool {
        metadata.nlink() == 0
    }

    pub fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(file, buffer, offset)
    }

    pub fn sync_dir(path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    pub fn space(path: &Path) -> io::Result<Space> {
        let found = rustix::fs::statvfs(path)?;
        Ok(Space {
            total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
            available_bytes: found.f_bavail.saturating_mul(found.f_frsize),
            is_nfs: is_nfs(path)?,
        })
    }

    #[cfg(target_os = "linux")]
    fn is_nfs(path: &Path) -> io::Result<bool> {
        Ok(rustix::fs::statfs(path)?.f_type == rustix::fs::NFS_SUPER_MAGIC)
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
    fn is_nfs(_path: &Path) -> io::Result<bool> {
        Ok(false)
    }

    #[cfg(target_os = "linux")]
    pub fn reserve(file: &File, len: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        match fallocate(file, FallocateFlags::KEEP_SIZE, 0, len) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
            result => Ok(result?),
        }
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
    pub fn reserve(_file: &File, _len: u64) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(windows)]
mod platform {
    //! Windows: positional reads; directories need no sync and have no modes.

    use std::fs::{self, File, Metadata, OpenOptions};
    use std::io;
    use std::os::windows::fs::FileExt;
    use std::path::Path;

    pub fn make_dir(path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    pub fn private_file(_options: &mut OpenOptions, _path: &Path) {}

    pub fn give_to_owner(_file: &File, _path: &Path) {}

    pub fn no_follow(_options: &mut OpenOptions) {}

    pub fn above_streams(file: File) -> io::Result<File> {
        Ok(file)
    }

    pub fn is_removed(_metadata: &Metadata) -> bool {
        false
    }

    pub fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        file.seek_read(buffer, offset)
    }

    pub fn sync_dir(_path: &Path) -> io::Result<()> {
        Ok(())
    }

    pub fn space(_path: &Path) -> io::Result<super::Space> {
        let unknown = u64::MAX;
        Ok(super::Space { total_bytes: unknown, available_bytes: unknown, is_nfs: false })
    }

    pub fn reserve(_file: &File, _len: u64) -> io::Result<()> {
        Ok(())
    }
}
