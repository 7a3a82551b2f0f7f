//! The facade never writes to stdout: that belongs to the host program.

use crate::source::{Source, Violation};

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let facade = sources.iter().filter(|source| source.path.starts_with("src-ts/"));
    let remedy = "use process.emitWarning with a code, or a counter in health()";
    let complain = |source: &Source| {
        let found = source.code.match_indices("console.");
        found.map(|(offset, _)| source.violation(offset, "writes to the console", remedy)).collect()
    };
    facade.flat_map(|source| -> Vec<Violation> { complain(source) }).collect()
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn the_console_is_found() {
        // Promise: nothing in the facade prints; examples and benches may.
        let files = [
            ("src-ts/a.ts", "// console.log\n console.log(1)\n"),
            ("bench/a.mjs", "console.log(1)\n"),
        ];
        assert_eq!(complaints(super::check, &files), ["src-ts/a.ts:2"]);
    }
}
