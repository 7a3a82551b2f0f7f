//! The tasks of this repository: `cargo xtask tidy`, `cargo xtask loom`, `cargo xtask fuzz` and
//! `cargo xtask version X.Y.Z`.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy | cargo xtask loom | \
    cargo xtask fuzz [--seconds 60] | cargo xtask version X.Y.Z";
const FUZZ_SECONDS: u32 = 60;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = xtask::repository();
    match words.as_slice() {
        ["tidy"] => end(tidy(root)),
        ["loom"] => end(xtask::loom(root)),
        ["fuzz"] => end(xtask::fuzz(root, FUZZ_SECONDS)),
        ["fuzz", "--seconds", seconds] => match seconds.parse() {
            Ok(seconds) => end(xtask::fuzz(root, seconds)),
            Err(_) => usage(),
        },
        ["version", version] => end(set_version(root, version)),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    let _ = writeln!(io::stderr(), "{USAGE}");
    ExitCode::from(2)
}

fn tidy(root: &Path) -> io::Result<bool> {
    let violations = xtask::tidy(root)?;
    for violation in &violations {
        writeln!(io::stdout(), "{violation}")?;
    }
    Ok(violations.is_empty())
}

fn set_version(root: &Path, version: &str) -> io::Result<bool> {
    for path in xtask::set_version(root, version)? {
        writeln!(io::stdout(), "{path}")?;
    }
    Ok(true)
}

fn end(result: io::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
