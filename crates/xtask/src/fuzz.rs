//! Runs the fuzz targets in `fuzz/`, two at a time, and says what they found.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

/// What a decoder may allocate at once, in MiB; and how long one input may take, in seconds.
const LIMITS: [&str; 3] = ["-malloc_limit_mb=64", "-rss_limit_mb=1024", "-timeout=5"];
const PARALLEL: usize = 2;

/// Builds all targets and runs each for so many seconds from the seeds in `fuzz/corpus`. Says
/// whether none found anything. What one found is kept in `fuzz/artifacts`.
///
/// Needs `cargo install cargo-fuzz` and a nightly toolchain.
///
/// # Errors
/// When cargo cannot be started or the folders cannot be made.
pub fn fuzz(root: &Path, seconds: u32) -> io::Result<bool> {
    let folder = root.join("fuzz");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder.join("target"), PathBuf::from);
    let target = target.join("fuzz");
    let built = Command::new("cargo")
        .args(["+nightly", "fuzz", "build", "--fuzz-dir", "fuzz", "--target-dir"])
        .arg(&target)
        .current_dir(root)
        // This process's own compiler is not the one that is wanted.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .status()?;
    if !built.success() {
        return Ok(false);
    }
    let mut names: Vec<String> = fs::read_dir(folder.join("targets"))?
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort_unstable_by(|left, right| right.cmp(left));
    let (left, is_clean) = (Mutex::new(names), Mutex::new(true));
    let work = || -> io::Result<()> {
        while let Some(name) = take(&left) {
            let output = run(&folder, &target, &name, seconds)?;
            let is_good = output.status.success();
            if !is_good && let Ok(mut is_clean) = is_clean.lock() {
                *is_clean = false;
            }
            report(&name, &output, seconds)?;
        }
        Ok(())
    };
    let panicked = || io::Error::other("a runner panicked");
    std::thread::scope(|scope| -> io::Result<()> {
        let workers: Vec<_> = (0..PARALLEL).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| panicked())?)
    })?;
    is_clean.into_inner().map_err(|_| panicked())
}

fn take(left: &Mutex<Vec<String>>) -> Option<String> {
    left.lock().ok()?.pop()
}

fn run(folder: &Path, target: &Path, name: &str, seconds: u32) -> io::Result<Output> {
    let grown = target.join("corpus").join(name);
    let found = folder.join("artifacts").join(name);
    fs::create_dir_all(&grown)?;
    fs::create_dir_all(&found)?;
    let program = release_folder(target)?.join(name);
    Command::new(program)
        .args([&grown, &folder.join("corpus").join(name)])
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", found.display()))
        .output()
}

/// The folder of the programs: below that of the host's triple.
fn release_folder(target: &Path) -> io::Result<PathBuf> {
    let folders = fs::read_dir(target)?.filter_map(Result::ok);
    let mut releases = folders.map(|entry| entry.path().join("release"));
    releases
        .find(|release| release.join("head_log").exists() || release.join("head_log.exe").exists())
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn report(name: &str, output: &Output, seconds: u32) -> io::Result<()> {
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let count: u64 = count.and_then(|count| count.trim().parse().ok()).unwrap_or(0);
    let rate = count / u64::from(seconds.max(1));
    let mut out = io::stdout().lock();
    if output.status.success() {
        return writeln!(out, "{name}: {count} executions, {rate} a second, nothing found");
    }
    writeln!(out, "{name}: FOUND SOMETHING after {count} executions")?;
    let last = text.lines().filter(|line| {
        ["panicked", "ERROR", "SUMMARY", "Test unit written"].iter().any(|word| line.contains(word))
    });
    last.take(8).try_for_each(|line| writeln!(out, "  {line}"))
}
