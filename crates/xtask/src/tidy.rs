//! What a program can check of our habits: one check a file, each a function of all sources.

mod any_type;
mod console;
mod crate_order;
mod default_export;
mod error_codes;
mod file_name;
mod head_line;
mod leftovers;
mod machine_paths;
mod module_order;
mod registry;
mod size;
mod skipped_tests;
mod test_promise;
mod unsafe_code;

use std::io;
use std::path::Path;

use crate::source::{Source, Violation, read_all};

type Check = fn(&[Source]) -> Vec<Violation>;

const CHECKS: [Check; 15] = [
    any_type::check,
    console::check,
    crate_order::check,
    default_export::check,
    error_codes::check,
    file_name::check,
    head_line::check,
    leftovers::check,
    machine_paths::check,
    module_order::check,
    registry::check,
    size::check,
    skipped_tests::check,
    test_promise::check,
    unsafe_code::check,
];

/// Everything in the repository that is not as we want it, ordered by place.
///
/// # Errors
/// When git cannot list the files.
pub fn tidy(root: &Path) -> io::Result<Vec<Violation>> {
    let sources = read_all(root)?;
    let mut violations: Vec<Violation> = CHECKS.iter().flat_map(|check| check(&sources)).collect();
    violations.sort_by(|a, b| (&a.path, a.line, &a.wrong).cmp(&(&b.path, b.line, &b.wrong)));
    Ok(violations)
}

/// Offsets at which `word` stands as a word of its own.
fn words(text: &str, word: &str) -> Vec<usize> {
    let is_word = |byte: Option<u8>| byte.is_some_and(crate::mask::is_word);
    let found = text.match_indices(word).map(|(offset, _)| offset);
    let alone = found.filter(|&offset| {
        !is_word(text[..offset].bytes().last())
            && !is_word(text[offset + word.len()..].bytes().next())
    });
    alone.collect()
}

/// The lines a check complains about when these files are all there is, for its unit test.
#[cfg(test)]
fn complaints(check: Check, files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    check(&sources).iter().map(|found| format!("{}:{}", found.path, found.line)).collect()
}
