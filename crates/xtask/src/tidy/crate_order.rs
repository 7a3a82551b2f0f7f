//! Crates stand in a line, and each depends only on those before it.

use crate::source::{Source, Violation};

/// Folder (under `crates/` or `bench/`), package, place in the line. Two on one place know nothing
/// of each other.
const ORDER: [(&str, &str, u8); 12] = [
    ("format", "kronicler-format", 0),
    ("stats", "kronicler-stats", 1),
    ("compare", "kronicler-compare", 2),
    ("queue", "kronicler-queue", 2),
    ("store", "kronicler-store", 3),
    ("query", "kronicler-query", 4),
    ("kronicler", "kronicler", 5),
    ("node", "kronicler-node", 6),
    ("kr", "kr", 6),
    ("torture", "kronicler-torture", 6),
    ("xtask", "xtask", 6),
    ("bench/store", "kronicler-bench", 6),
];

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let manifests = sources.iter().filter_map(|source| {
        let folder = source.path.strip_suffix("/Cargo.toml")?;
        let in_crates = folder.strip_prefix("crates/");
        Some((source, in_crates.or(folder.starts_with("bench/").then_some(folder))?))
    });
    manifests.flat_map(|(source, folder)| against_the_line(source, folder)).collect()
}

fn against_the_line(source: &Source, folder: &str) -> Vec<Violation> {
    let Some(place) = ORDER.iter().find(|(name, ..)| *name == folder).map(|(.., place)| *place)
    else {
        let remedy = "add it to ORDER in crates/xtask/src/tidy/crate_order.rs";
        return vec![source.violation_in_line(1, "a crate without a place in the line", remedy)];
    };
    let ours = dependencies(&source.text).into_iter().filter(|(_, dependency)| {
        ORDER.iter().any(|(_, package, other)| package == dependency && *other >= place)
    });
    let remedy = "move what is needed to a crate that stands before both";
    ours.map(|(line, dependency)| {
        source.violation_in_line(line, &format!("depends on {dependency}, a later crate"), remedy)
    })
    .collect()
}

/// Line and name of every dependency, those of tests and build scripts included.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_dependencies = false;
    for (line, text) in (1..).zip(manifest.lines()) {
        if let Some(section) = text.trim().strip_prefix('[') {
            let section = section.trim_end_matches(']');
            in_dependencies = section.ends_with("dependencies");
            if let Some((before, name)) = section.rsplit_once('.') {
                found.extend(before.ends_with("dependencies").then_some((line, name)));
            }
        } else if in_dependencies {
            let name = text.split(['.', '=', ' ']).next().unwrap_or_default();
            found.extend((!name.is_empty()).then_some((line, name)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn dependencies_against_the_line_are_found() {
        // Promise: the direction of the crates cannot be turned, however it is written.
        let query = "[package]\nname = \"x\"\n[dependencies]\nkronicler-store.workspace = true\n\
                     log = \"0.4\"\n[dev-dependencies]\nkronicler = { path = \"../kronicler\" }\n";
        let files = [
            ("crates/query/Cargo.toml", query),
            ("crates/stats/Cargo.toml", "[dependencies.kronicler-queue]\nworkspace = true\n"),
            ("crates/kr/Cargo.toml", "[dependencies]\nkronicler-node.workspace = true\n"),
            ("crates/other/Cargo.toml", "[dependencies]\n"),
            ("bench/store/Cargo.toml", "[dependencies]\nkr.workspace = true\n"),
        ];
        let expected = [
            "crates/query/Cargo.toml:7",
            "crates/stats/Cargo.toml:1",
            "crates/kr/Cargo.toml:2",
            "crates/other/Cargo.toml:1",
            "bench/store/Cargo.toml:2",
        ];
        assert_eq!(complaints(super::check, &files), expected);
    }
}
