//! Runs a program from its start to its end: how long that takes, and its memory at the peak.
//!
//! This process is small and does nothing else, so that starting another one costs little, and the
//! memory that the system counts for it is its own.

use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};

use crate::measure::{print, time};

/// Prints the milliseconds of each run, and the most memory that any of them had.
pub fn launch(program: &[OsString], repeat: usize) -> Result<(), Box<dyn Error>> {
    let (name, arguments) = program.split_first().ok_or("there is no program to run")?;
    let run = || {
        let mut command = Command::new(name);
        let command = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        let status = command.status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("it ended: {status}"))) }
    };
    time("whole process", repeat, run)?;
    if let Some(bytes) = memory_of_children() {
        print("memory", "MB", &[bytes / 1e6]);
    }
    Ok(())
}

/// The most bytes that were resident in any process that this one has waited for.
#[cfg(unix)]
fn memory_of_children() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};

    // macOS counts bytes, all others KiB.
    let unit = if cfg!(target_os = "macos") { 1.0 } else { 1_024.0 };
    getrusage(UsageWho::RUSAGE_CHILDREN).ok().map(|usage| usage.max_rss() as f64 * unit)
}

#[cfg(not(unix))]
fn memory_of_children() -> Option<f64> {
    None
}
