//! The facade exports by name, so that a thing has the same name everywhere.

use crate::source::{Source, Violation};

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let facade = sources.iter().filter(|source| source.path.starts_with("src-ts/"));
    let found = facade.flat_map(|source| {
        let offsets = ["export default", " as default"].map(|form| source.code.match_indices(form));
        offsets.into_iter().flatten().map(move |(offset, _)| {
            source.violation(offset, "a default export", "export it by its name")
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn default_exports_are_found() {
        // Promise: the facade has named exports only.
        let files = [
            ("src-ts/a.ts", "export const a = 1\nexport default a\n"),
            ("src-ts/b.ts", "export { a as default } from './a.js'\n"),
            ("examples/c.js", "export default 1\n"),
        ];
        assert_eq!(complaints(super::check, &files), ["src-ts/a.ts:2", "src-ts/b.ts:1"]);
    }
}
