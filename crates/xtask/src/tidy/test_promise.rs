//! The first line of every test says which promise it holds.

use crate::source::{Source, Violation};

const MARK: &str = "// Promise: ";

pub fn check(sources: &[Source]) -> Vec<Violation> {
    sources.iter().filter(|source| source.is_program()).flat_map(without_promise).collect()
}

fn without_promise(source: &Source) -> Vec<Violation> {
    let code: Vec<&str> = source.code.lines().collect();
    let text: Vec<&str> = source.text.lines().collect();
    let starts = (0..code.len()).filter(|&line| begins_test(source, code[line]));
    let bare = starts.filter(|&line| {
        let body = body_line(&code, line);
        !body.is_some_and(|body| text[body].trim_start().starts_with(MARK))
    });
    let remedy = "begin its body, on a line of its own, with `// Promise: ` and the promise";
    bare.map(|line| source.violation_in_line(line + 1, "a test without a promise", remedy))
        .collect()
}

fn begins_test(source: &Source, line: &str) -> bool {
    let line = line.trim();
    if source.is_rust() {
        return line == "#[test]";
    }
    let is_spec = source.path.split('/').any(|part| part.contains(".spec."));
    is_spec && (line.starts_with("test(") || line.starts_with("test.serial("))
}

/// The line behind the one that opens the test's body; none if body and opening share a line.
fn body_line(code: &[&str], start: usize) -> Option<usize> {
    let head = |line: &&str| line.trim_start().starts_with('#');
    let attributes = code[start..].iter().take_while(|line| head(line)).count();
    let first = start + attributes;
    let opening = (first..code.len()).find(|&line| code[line].contains('{'))?;
    let opens = code[opening].trim_end().ends_with('{');
    (opens && opening + 1 < code.len()).then_some(opening + 1)
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn tests_without_promise_are_found() {
        // Promise: in Rust and TypeScript, however long the head of the test is.
        let rust = "#[test]\n#[cfg(unix)]\nfn a(\n) {\n    // Promise: x\n}\n\
                    #[test]\nfn b() {\n    f();\n}\n#[test]\nfn c() {}\n";
        let script = "test('a { b', async (t) => {\n  // Promise: x\n})\n\
                      test(\n  'c',\n  (t) => {\n    f()\n  },\n)\ntest.before(() => {\n})\n\
                      test('d', (t) => t.pass())\n";
        let files = [("a.rs", rust), ("a.spec.ts", script), ("a.ts", script)];
        let expected = ["a.rs:7", "a.rs:11", "a.spec.ts:4", "a.spec.ts:12"];
        assert_eq!(complaints(super::check, &files), expected);
    }
}
