//! Every program file begins with a line that says what the thing in it is.

use crate::source::{Source, Violation};

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let programs = sources.iter().filter(|source| source.is_program());
    programs.filter_map(|source| complaint(source, &head(source)?)).collect()
}

/// The sentence on the first line, without its comment signs; empty if there is none.
fn head(source: &Source) -> Option<String> {
    let mut lines = source.text.lines().skip_while(|line| line.starts_with("#!/"));
    let first = lines.next()?;
    let sentence = if source.is_rust() {
        first.strip_prefix("//!")
    } else if first.trim_end() == "/**" {
        lines.next().and_then(|second| second.trim_start().strip_prefix('*'))
    } else {
        first.strip_prefix("/**").or_else(|| first.strip_prefix("//"))
    };
    Some(sentence.unwrap_or_default().trim_end_matches("*/").trim().to_owned())
}

fn complaint(source: &Source, head: &str) -> Option<Violation> {
    let wrong = if head.is_empty() {
        "no head line"
    } else if head.split_whitespace().count() < 2 {
        "the head line says nothing"
    } else if head.starts_with("This module") || head.starts_with("This file") {
        "the head line begins with a filler"
    } else {
        return None;
    };
    let remedy = "say in one sentence what it is, after `//!` in Rust, `//` or `/**` in TypeScript";
    Some(source.violation_in_line(1, wrong, remedy))
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn a_missing_or_empty_head_is_found() {
        // Promise: a file that does not say what it is cannot get in.
        let files = [
            ("good.rs", "//! A good one.\n"),
            ("good.ts", "// A good one.\n"),
            ("good.mjs", "#!/usr/bin/env node\n/**\n * A good one.\n */\n"),
            ("good.cts", "/** A good one. */\n"),
            ("none.rs", "fn f() {}\n"),
            ("none.ts", "export {}\n"),
            ("word.rs", "//! placeholder\n"),
            ("filler.rs", "//! This module does things.\n"),
            ("notes.md", "text\n"),
        ];
        let expected = ["none.rs:1", "none.ts:1", "word.rs:1", "filler.rs:1"];
        assert_eq!(complaints(super::check, &files), expected);
    }
}
