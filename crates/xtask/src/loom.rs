//! Runs the loom tests of the queue: the shipped ring and bell in every order of events.

use std::io;
use std::path::Path;
use std::process::Command;

/// Runs them, optimised and in a target folder of their own: loom needs another `cfg`, which
/// would make everything else be built anew. Says whether all passed.
///
/// # Errors
/// When cargo cannot be started.
pub fn loom(root: &Path) -> io::Result<bool> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let status = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--package", "kronicler-queue", "--release", "--lib", "loom"])
        .current_dir(root)
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", target.join("loom"))
        .status()?;
    Ok(status.success())
}
