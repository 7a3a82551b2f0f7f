//! Nothing is left for later in the code: that is what issues are for.

use crate::source::{Source, Violation};
use crate::tidy::words;

// Put together from halves, or this file would complain about itself.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
const MACROS: [&str; 2] = [concat!("todo", "!"), concat!("unimplemented", "!")];

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let programs = sources.iter().filter(|source| source.is_program());
    programs.flat_map(|source| marks(source).chain(macros(source))).collect()
}

fn marks(source: &Source) -> impl Iterator<Item = Violation> {
    let found = MARKS.iter().flat_map(|mark| words(&source.text, mark));
    found.map(|offset| source.violation(offset, "a mark for later", "do it or open an issue"))
}

fn macros(source: &Source) -> impl Iterator<Item = Violation> {
    let found = MACROS.iter().flat_map(|name| source.code.match_indices(name));
    found.map(|(offset, _)| source.violation(offset, "code is missing", "write it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn marks_and_missing_code_are_found() {
        // Promise: unfinished work is seen, also in comments; words that look alike are not.
        let text = format!("// {}: x\nfn f() {{ {}() }}\n// \"todos\" XXXL\n", MARKS[0], MACROS[0]);
        let files = [("a.rs", &*text), ("b.ts", "// TODOS\n")];
        assert_eq!(complaints(check, &files), ["a.rs:1", "a.rs:2"]);
    }
}
