//! No file names a folder of the machine it was written on.

use crate::source::{Source, Violation};

// Put together from halves, or this file would complain about itself.
const FOLDERS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

pub fn check(sources: &[Source]) -> Vec<Violation> {
    sources.iter().flat_map(absolute).collect()
}

fn absolute(source: &Source) -> impl Iterator<Item = Violation> {
    let found = FOLDERS.iter().flat_map(|folder| source.text.match_indices(folder));
    let absolute = found.filter(|(offset, _)| !continues_path(&source.text[..*offset]));
    let remedy = "find it from the file's own place, or use a made-up one";
    absolute.map(move |(offset, _)| source.violation(offset, "a path of one machine", remedy))
}

/// Whether what stands before the slash makes it a part of a longer, relative path or address.
fn continues_path(before: &str) -> bool {
    before.ends_with(|last: char| last.is_alphanumeric() || "._-~)}*".contains(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn machine_paths_are_found() {
        // Promise: absolute paths are seen in any text file, relative ones are free.
        let absolute = format!("see {}x\n'{}y'\n", FOLDERS[0], FOLDERS[2]);
        let relative = format!("at{}x ..{}y\n", FOLDERS[0], FOLDERS[1]);
        let files = [("a.md", &*absolute), ("b.rs", &relative)];
        assert_eq!(complaints(check, &files), ["a.md:1", "a.md:2"]);
    }
}
