//! What the system knows about this process; nothing where it does not tell.

use std::fs::read_to_string;
use std::path::Path;
use std::time::Duration;

/// CPU time of the calling thread.
#[cfg(unix)]
pub fn thread_cpu() -> Option<Duration> {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(spent).ok()
}

/// CPU time of the calling thread.
#[cfg(not(unix))]
pub fn thread_cpu() -> Option<Duration> {
    None
}

/// Bytes handed to writing system calls so far.
pub fn written_bytes() -> Option<u64> {
    field(&read_to_string("/proc/self/io").ok()?, "wchar:")
}

/// The most memory that was resident so far, in bytes.
pub fn peak_memory_bytes() -> Option<u64> {
    Some(field(&read_to_string("/proc/self/status").ok()?, "VmHWM:")? * 1_024)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Bytes of all files below a directory.
pub fn directory_bytes(dir: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        sum +=
            if kind.is_dir() { directory_bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}
