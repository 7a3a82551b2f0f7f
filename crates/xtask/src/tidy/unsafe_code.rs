//! `unsafe` stands only where the ring and the Node edge need it.

use crate::source::{Source, Violation};
use crate::tidy::words;

const ALLOWED: [&str; 2] = ["crates/queue/", "crates/node/"];

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let safe = sources.iter().filter(|source| {
        source.is_rust() && !ALLOWED.iter().any(|folder| source.path.starts_with(folder))
    });
    let remedy = "do it in safe Rust, or move it behind a function of crates/queue or crates/node";
    let found = safe.flat_map(|source| {
        let words = words(&source.code, "unsafe").into_iter();
        words.map(move |offset| source.violation(offset, "`unsafe` outside its crates", remedy))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn unsafe_code_is_found() {
        // Promise: only two crates can hurt the host's memory. Words and lint names are free.
        let files = [
            ("crates/store/src/a.rs", "// unsafe\n#[deny(unsafe_code)]\nunsafe { f() }\n"),
            ("crates/queue/src/a.rs", "unsafe { f() }\n"),
        ];
        assert_eq!(complaints(super::check, &files), ["crates/store/src/a.rs:3"]);
    }
}
