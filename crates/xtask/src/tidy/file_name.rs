//! Files and folders have names that say something.

use crate::source::{Source, Violation};

const BANNED: [&str; 7] = ["common", "helper", "helpers", "manager", "misc", "util", "utils"];

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let programs = sources.iter().filter(|source| source.is_program());
    let banned = programs.filter(|source| {
        let mut stems = source.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        stems.any(|stem| BANNED.contains(&stem))
    });
    let remedy = "name it after what is in it";
    banned.map(|source| source.violation_in_line(1, "a name that says nothing", remedy)).collect()
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn names_that_say_nothing_are_found() {
        // Promise: drawers for anything cannot get in, as file or folder.
        let files = [("a/utils.rs", ""), ("misc/b.ts", ""), ("a/manager.d.ts", ""), ("a/c.rs", "")];
        let expected = ["a/utils.rs:1", "misc/b.ts:1", "a/manager.d.ts:1"];
        assert_eq!(complaints(super::check, &files), expected);
    }
}
