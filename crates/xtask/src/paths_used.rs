//! Paths in masked Rust code: `use` trees spelled out, items under `#[cfg(test)]` taken away.

use crate::mask::is_word;

/// How an item begins that is compiled for tests only.
const FOR_TESTS: [&str; 2] = ["#[cfg(test)]", "#[cfg(all(test,"];

/// The code with every item that is compiled for tests only blanked.
pub fn without_tests(code: &str) -> String {
    let mut kept = code.as_bytes().to_vec();
    let mut from = 0;
    while let Some(start) = next_test_item(code, from) {
        from = item_end(code, start);
        for byte in &mut kept[start..from] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn next_test_item(code: &str, from: usize) -> Option<usize> {
    let starts = FOR_TESTS.iter().filter_map(|form| code[from..].find(form));
    starts.min().map(|found| found + from)
}

/// Behind the `;` or the closing brace of the item that starts here.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return offset + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return offset + 1,
            _ => {}
        }
    }
    code.len()
}

/// Every place where `prefix` (as `crate::`) is followed by names: the offset and the first name
/// of each, so `crate::{a::X, b::{Y, Z}}` gives `a` and `b`.
pub fn names_behind(code: &str, prefix: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for (offset, _) in code.match_indices(prefix) {
        let before = code[..offset].bytes().last().unwrap_or(b' ');
        if is_word(before) || before == b':' {
            continue;
        }
        for path in spelled_out(&code[offset + prefix.len()..]) {
            let first = path.split("::").next().unwrap_or_default();
            names.push((offset, first.to_owned()));
        }
    }
    names
}

/// A `use` tree as full paths, braces resolved: `a::{B, c::D as E}` is `a::B`, `a::c::D as E`.
/// What stands behind the end of the tree is left alone.
pub fn spelled_out(tree: &str) -> Vec<String> {
    let end = tree
        .bytes()
        .position(|byte| !is_word(byte) && !matches!(byte, b':' | b' ' | b'*'))
        .unwrap_or(tree.len());
    let head = tree[..end].trim();
    if tree.as_bytes().get(end) != Some(&b'{') || !(head.is_empty() || head.ends_with("::")) {
        return vec![head.to_owned()];
    }
    let inner = &tree[end + 1..item_end(tree, end).saturating_sub(1).max(end + 1)];
    let parts = split_at_commas(inner).into_iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| spelled_out(part.trim_start()))
        .map(|path| format!("{head}{path}"))
        .collect()
}

fn split_at_commas(inner: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (offset, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&inner[start..offset]);
                start = offset + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_spelled_out() {
        // Promise: however a `use` is written, every path in it is seen.
        let tree = "{a::X,\n b::{Y, self, c::{Z as W}}, d::*}; e::f";
        assert_eq!(spelled_out(tree), ["a::X", "b::Y", "b::self", "b::c::Z as W", "d::*"]);
        assert_eq!(spelled_out("a::B;\nuse c::D;"), ["a::B"]);
        let names = names_behind("use crate::{a, b::C}; x(crate::d::e()); mycrate::f", "crate::");
        let names: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "d"]);
    }

    #[test]
    fn tests_are_taken_away() {
        // Promise: code for tests only does not count, what follows it does.
        let code = "a #[cfg(all(test, x))] mod b; c #[cfg(test)]\nmod d { e { f } } g";
        let words: String = without_tests(code).split_whitespace().collect();
        assert_eq!(words, "acg");
    }
}
