//! The error codes of the facade and those in the documentation are the same.

use crate::source::{Source, Violation};

const IN_CODE: &str = "src-ts/errors.ts";
const IN_DOCS: &str = "docs/api.md";
const PREFIX: &str = "KRONICLER_";

/// Nothing to compare as long as one of the two does not exist.
pub fn check(sources: &[Source]) -> Vec<Violation> {
    let find = |path| sources.iter().find(|source| source.path == path);
    let (Some(code), Some(docs)) = (find(IN_CODE), find(IN_DOCS)) else { return Vec::new() };
    let in_code = codes(code, |_| true);
    let in_docs = codes(docs, error_sections(&docs.text));
    let lacking = |source: &Source, own: &[(usize, String)], other: &[(usize, String)], remedy| {
        let lone = own.iter().filter(|(_, code)| !other.iter().any(|(_, known)| known == code));
        lone.map(|(line, code)| {
            source.violation_in_line(*line, &format!("{code} stands only here"), remedy)
        })
        .collect::<Vec<_>>()
    };
    let mut violations = lacking(code, &in_code, &in_docs, "list it in docs/api.md under Errors");
    violations.extend(lacking(docs, &in_docs, &in_code, "delete it, or give it to an error"));
    violations
}

/// Line and name of every code, in lines that are wanted.
fn codes(source: &Source, wanted: impl Fn(usize) -> bool) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (line, text) in (1..).zip(source.text.lines()).filter(|(line, _)| wanted(*line)) {
        for (offset, _) in text.match_indices(PREFIX) {
            let name = text[offset..].split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = name.into_iter().next().unwrap_or_default().to_owned();
            if name != PREFIX && !found.iter().any(|(_, known)| *known == name) {
                found.push((line, name));
            }
        }
    }
    found
}

/// Whether a line stands under a heading about errors: elsewhere such names are variables, too.
fn error_sections(docs: &str) -> impl Fn(usize) -> bool {
    let mut within: Option<usize> = None;
    let lines = docs.lines().map(|line| {
        let depth = line.bytes().take_while(|&byte| byte == b'#').count();
        if depth > 0 && within.is_none_or(|outer| depth <= outer) {
            within = line.to_lowercase().contains("error").then_some(depth);
        }
        within.is_some()
    });
    let wanted: Vec<bool> = lines.collect();
    move |line| wanted[line - 1]
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn codes_on_one_side_are_found() {
        // Promise: the table of codes is complete and has nothing that does not exist.
        let docs = "# API\nKRONICLER_DIR\n## Errors\n`KRONICLER_A`\n### More\n`KRONICLER_C`\n\
                    ## Variables\nKRONICLER_LOG\n";
        let files =
            [("src-ts/errors.ts", "a = 'KRONICLER_A'\nb = 'KRONICLER_B'\n"), ("docs/api.md", docs)];
        assert_eq!(complaints(super::check, &files), ["src-ts/errors.ts:2", "docs/api.md:6"]);
        assert_eq!(complaints(super::check, &files[1..]), [""; 0]);
    }
}
