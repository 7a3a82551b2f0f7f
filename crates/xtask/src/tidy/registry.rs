//! No file says where packages come from: each machine has its own registry, or the usual one.

use crate::source::{Source, Violation};

/// What cargo itself writes for the usual registry, whatever the machine uses in its place.
const USUAL: &str = "registry+https://github.com/rust-lang/crates.io-index";

// Put together from halves, or this file would complain about itself.
const HOSTS: [&str; 4] = [
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("index.", "crates.io"),
    concat!("_auth", "Token"),
];

pub fn check(sources: &[Source]) -> Vec<Violation> {
    sources.iter().flat_map(complaints_of).collect()
}

fn complaints_of(source: &Source) -> Vec<Violation> {
    let lines = (1..).zip(source.text.lines());
    let named = lines.filter(|(_, line)| is_named(&source.path, line));
    let remedy = "leave it to the settings of the machine (.npmrc omits it from package-lock.json)";
    named.map(|(line, _)| source.violation_in_line(line, "names a registry", remedy)).collect()
}

fn is_named(path: &str, line: &str) -> bool {
    let by_lock_file = if path.ends_with("package-lock.json") {
        line.contains("\"resolved\"") && line.contains("://")
    } else if path.ends_with("Cargo.lock") {
        line.starts_with("source = ") && !line.contains(USUAL)
    } else {
        false
    };
    by_lock_file || HOSTS.iter().any(|host| line.contains(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn registries_are_found() {
        // Promise: no address of a registry gets in, in lock files neither; local links may.
        let usual = format!("name = \"a\"\nsource = \"{USUAL}\"\n");
        let hidden = format!("see {}/a\n", HOSTS[0]);
        let files = [
            ("package-lock.json", "\"resolved\": \"../..\",\n\"resolved\": \"https://a/b.tgz\"\n"),
            ("Cargo.lock", &*usual),
            ("a/Cargo.lock", "source = \"registry+https://a\"\n"),
            ("a.md", &hidden),
        ];
        let expected = ["package-lock.json:2", "a/Cargo.lock:1", "a.md:1"];
        assert_eq!(complaints(check, &files), expected);
    }
}
