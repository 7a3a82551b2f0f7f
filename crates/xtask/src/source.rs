//! A text file of the repository, and what may be wrong with it.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::mask;

/// A text file.
pub struct Source {
    /// From the root of the repository, with slashes.
    pub path: String,
    /// As it is.
    pub text: String,
    /// With comments and the inside of strings blanked if it is a program, else as it is.
    pub code: String,
}

impl Source {
    /// A file with this path and text.
    pub fn new(path: &str, text: &str) -> Self {
        let code = match language(path) {
            Some(Language::Rust) => mask::rust(text),
            Some(Language::Script) => mask::script(text),
            None => text.to_owned(),
        };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        language(&self.path) == Some(Language::Rust)
    }

    /// Whether it is source code that people write.
    pub fn is_program(&self) -> bool {
        language(&self.path).is_some() && !GENERATED.contains(&self.path.as_str())
    }

    /// What is wrong at this offset of text or code.
    pub fn violation(&self, offset: usize, wrong: &str, remedy: &str) -> Violation {
        let line = 1 + self.text.as_bytes()[..offset].iter().filter(|&&b| b == b'\n').count();
        self.violation_in_line(line, wrong, remedy)
    }

    /// What is wrong in this line, counted from 1.
    pub fn violation_in_line(&self, line: usize, wrong: &str, remedy: &str) -> Violation {
        let (wrong, remedy) = (wrong.to_owned(), remedy.to_owned());
        Violation { path: self.path.clone(), line, wrong, remedy }
    }
}

/// A place that is not as we want it.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    /// From the root of the repository, with slashes.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub wrong: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, wrong, remedy } = self;
        write!(out, "{path}:{line}: {wrong} -> {remedy}")
    }
}

/// Every text file that is tracked or could be: not ignored, not deleted, not binary.
pub fn read_all(root: &Path) -> io::Result<Vec<Source>> {
    let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(listing).current_dir(root).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("git ls-files: {} -> run in a clone", said.trim())));
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    let mut paths: Vec<&str> = listed.split_terminator('\0').collect();
    paths.sort_unstable();
    paths.dedup();
    let texts = paths.into_iter().filter_map(|path| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        Some(Source::new(path, &text))
    });
    Ok(texts.collect())
}

#[derive(PartialEq, Eq)]
enum Language {
    Rust,
    Script,
}

/// Sources written by a program, which keep no habits.
const GENERATED: [&str; 0] = [];

fn language(path: &str) -> Option<Language> {
    match path.rsplit_once('.')?.1 {
        "rs" => Some(Language::Rust),
        "ts" | "cts" | "mts" | "js" | "cjs" | "mjs" => Some(Language::Script),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_says_where_and_what_to_do() {
        // Promise: the report can be clicked and followed.
        let violation = Source::new("a.rs", "b\nc\n").violation(2, "wrong", "do it");
        assert_eq!(violation.to_string(), "a.rs:2: wrong -> do it");
    }

    #[test]
    fn the_repository_can_be_read() {
        // Promise: files that git knows or would add are looked at, what it ignores is not.
        let sources = read_all(crate::repository()).unwrap();
        let has = |path: &str| sources.iter().any(|source| source.path == path);
        assert!(has("crates/xtask/src/source.rs"));
        assert!(!sources.iter().any(|source| source.path.starts_with("target/")));
    }
}
