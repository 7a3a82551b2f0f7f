//! A crate lists its modules bottom first, and a module uses only those listed above it.
//!
//! Checked are the modules at the top of a crate, over every `crate::` (and `super::` in a file
//! beside the root) outside tests. A name that the root re-exports counts as its module.

use std::collections::{BTreeSet, HashMap};

use crate::paths_used::{names_behind, spelled_out, without_tests};
use crate::source::{Source, Violation};
use crate::tidy::words;

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let roots = sources.iter().filter(|source| {
        let inside = ["crates/", "bench/"].iter().find_map(|top| source.path.strip_prefix(top));
        let file = inside.and_then(|path| path.split_once('/'));
        file.is_some_and(|(_, file)| matches!(file, "src/lib.rs" | "src/main.rs"))
    });
    roots.flat_map(|root| against_the_list(root, sources)).collect()
}

/// The modules of one crate: their names bottom first, and whose the re-exported names are.
struct Modules {
    names: Vec<String>,
    exports: HashMap<String, usize>,
}

fn against_the_list(root: &Source, sources: &[Source]) -> Vec<Violation> {
    let modules = modules(&without_tests(&root.code));
    let folder = root.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut violations = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust() && source.path != root.path) {
        let inside = source.path.strip_prefix(folder).and_then(|path| path.strip_prefix('/'));
        let Some(inside) = inside else { continue };
        let name = inside.split(['/', '.']).next().unwrap_or_default();
        let is_tests = inside.ends_with("/tests.rs");
        if let (Some(own), false) = (modules.names.iter().position(|n| n == name), is_tests) {
            violations.extend(upward(source, own, !inside.contains('/'), &modules));
        }
    }
    violations
}

fn upward(source: &Source, own: usize, beside_root: bool, modules: &Modules) -> Vec<Violation> {
    let code = without_tests(&source.code);
    let mut used = names_behind(&code, "crate::");
    if beside_root {
        used.extend(names_behind(&code, "super::"));
    }
    let places = used.into_iter().filter_map(|(offset, name)| {
        let by_name = modules.names.iter().position(|module| *module == name);
        let place = by_name.or_else(|| modules.exports.get(&name).copied())?;
        (place > own).then_some((offset, place))
    });
    // Once for a `use` that takes several names of one module.
    let above: BTreeSet<(usize, usize)> = places.collect();
    let name = &modules.names[own];
    above
        .into_iter()
        .map(|(offset, place)| {
            let wrong = format!("`{name}` uses `{}`, which is listed later", modules.names[place]);
            source.violation(offset, &wrong, "move what is needed down, or change the list's order")
        })
        .collect()
}

fn modules(root: &str) -> Modules {
    let declared = words(root, "mod").into_iter().filter_map(|offset| {
        let (name, _) = root[offset + "mod".len()..].split_once(';')?;
        let name = name.trim();
        name.bytes().all(crate::mask::is_word).then(|| name.to_owned())
    });
    let names: Vec<String> = declared.collect();
    let mut exports = HashMap::new();
    for offset in words(root, "use") {
        for path in spelled_out(root[offset + "use".len()..].trim_start()) {
            let path = path.trim_start_matches("crate::").trim_start_matches("self::");
            let module = path.split("::").next().unwrap_or_default();
            let exported = path.rsplit([':', ' ']).next().unwrap_or_default();
            if let Some(place) = names.iter().position(|name| name == module) {
                exports.insert(exported.to_owned(), place);
            }
        }
    }
    Modules { names, exports }
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    const ROOT: (&str, &str) = (
        "crates/x/src/lib.rs",
        "mod error;\npub mod low;\nmod high;\n#[cfg(test)]\nmod tests;\n\
         pub use high::{High, deep::Deep as Renamed};\npub use error::Error;\n",
    );

    #[test]
    fn uses_of_later_modules_are_found() {
        // Promise: the direction of the modules cannot be turned, by path, tree or re-export.
        let low = "use crate::error::Error;\nuse crate::{low::x, high::{y, z}};\nuse crate::High;\n\
                   fn f() { crate::high::g() }\nuse super::{Renamed, Error};\n\
                   #[cfg(test)]\nmod tests { use crate::high::h; }\n";
        let files = [
            ROOT,
            ("crates/x/src/error.rs", "use std::io;\n"),
            ("crates/x/src/low.rs", low),
            ("crates/x/src/high.rs", "use crate::{Error, low::x};\nuse crate::high::deep;\n"),
            ("crates/x/src/low/inner.rs", "use super::x;\nuse crate::high::y;\n"),
            ("crates/x/src/low/tests.rs", "use crate::high::y;\n"),
            ("crates/y/src/low.rs", "use crate::high::y;\n"),
        ];
        let low = |line: u32| format!("crates/x/src/low.rs:{line}");
        let expected = [low(2), low(3), low(4), low(5), "crates/x/src/low/inner.rs:2".to_owned()];
        assert_eq!(complaints(super::check, &files), expected);
    }
}
