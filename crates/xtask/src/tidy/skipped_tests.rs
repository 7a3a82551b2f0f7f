//! Every test runs, every time.

use crate::source::{Source, Violation};

const IN_RUST: [&str; 1] = ["#[ignore"];
const IN_SCRIPTS: [&str; 4] = ["test.only", "test.skip", "test.serial.only", "test.serial.skip"];

pub fn check(sources: &[Source]) -> Vec<Violation> {
    sources.iter().filter(|source| source.is_program()).flat_map(skipped).collect()
}

fn skipped(source: &Source) -> impl Iterator<Item = Violation> {
    let signs = if source.is_rust() { &IN_RUST[..] } else { &IN_SCRIPTS };
    let found = signs.iter().flat_map(|sign| source.code.match_indices(sign));
    let remedy = "let it run or delete it";
    found.map(move |(offset, _)| source.violation(offset, "tests are left out", remedy))
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn tests_left_out_are_found() {
        // Promise: a test cannot be switched off unseen.
        let files = [
            ("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}\n"),
            ("b.ts", "test.only('x', (t) => {})\ntest('test.skip', (t) => {})\n"),
        ];
        assert_eq!(complaints(super::check, &files), ["a.rs:2", "b.ts:1"]);
    }
}
