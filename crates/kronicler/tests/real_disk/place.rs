//! Directories and file systems that are gone when a test is over, and what it says of itself.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A directory that every user may enter.
pub fn open_dir() -> TempDir {
    let dir = tempfile::tempdir().expect("there is room");
    set_mode(dir.path(), 0o755);
    dir
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("is ours");
}

/// Takes the right to write from everybody, in a directory and all that is below it.
pub fn forbid_writing(path: &Path) {
    let mode = fs::metadata(path).expect("is there").permissions().mode();
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("is readable") {
            forbid_writing(&entry.expect("is readable").path());
        }
    }
    set_mode(path, mode & 0o555);
}

/// Whether this process may take the place of other users.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Says something on stderr, also when the test passes.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "\n{text}");
}

/// A file system that is mounted while this lives.
#[derive(Debug)]
pub struct Mount {
    path: PathBuf,
}

impl Mount {
    /// An empty file system in memory; `None`, which is said, where that cannot be had.
    pub fn tmpfs(path: &Path, size_bytes: u64) -> Option<Self> {
        let size = format!("size={size_bytes}");
        Self::new(&["-t", "tmpfs", "-o", &size, "none"], path)
    }

    /// An empty ext4 in a file beside it; `None`, which is said, where that cannot be had.
    pub fn ext4(path: &Path, size_bytes: u64) -> Option<Self> {
        let image = path.with_extension("image");
        let file = fs::File::create(&image).expect("there is room");
        file.set_len(size_bytes).expect("there is room");
        let image = image.to_string_lossy();
        if !run("mkfs.ext4", &["-q", "-m", "0", &image]) {
            say("skipped: there is no mkfs.ext4");
            return None;
        }
        Self::new(&["-o", "loop", &image], path)
    }

    /// `from` once more, read-only.
    pub fn read_only(from: &Path, path: &Path) -> Option<Self> {
        let mount = Self::new(&["--bind", &from.to_string_lossy()], path)?;
        let is_done = run("mount", &["-o", "remount,bind,ro", &path.to_string_lossy()]);
        is_done.then_some(mount)
    }

    fn new(arguments: &[&str], path: &Path) -> Option<Self> {
        fs::create_dir_all(path).expect("is ours");
        let target = path.to_string_lossy();
        let arguments = [arguments, &[&*target]].concat();
        if !run("mount", &arguments) {
            say(&format!("skipped: `mount {}` is not allowed here", arguments.join(" ")));
            return None;
        }
        Some(Self { path: path.to_owned() })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run("umount", &["-l", &self.path.to_string_lossy()]);
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Descriptors that this process has open.
pub fn descriptor_count() -> usize {
    // The listing takes one itself.
    fs::read_dir("/proc/self/fd").expect("is Linux").count() - 1
}
