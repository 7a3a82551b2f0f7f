//! The facade's types say what a value is: `any` says nothing and switches checking off.

use crate::source::{Source, Violation};
use crate::tidy::words;

pub fn check(sources: &[Source]) -> Vec<Violation> {
    sources.iter().filter(|source| source.path.starts_with("src-ts/")).flat_map(any).collect()
}

fn any(source: &Source) -> impl Iterator<Item = Violation> {
    let found = words(&source.code, "any").into_iter();
    let types = found.filter(|&offset| is_type(&source.code, offset));
    let remedy = "use `unknown`, `never` for parameters that accept all, or the type itself";
    types.map(move |offset| source.violation(offset, "the type `any`", remedy))
}

/// `Promise.any(...)`, a function `any(...)` and a key `any:` are no types.
fn is_type(code: &str, offset: usize) -> bool {
    let after = code[offset + "any".len()..].trim_start();
    !code[..offset].ends_with('.') && !after.starts_with(['(', ':'])
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaints;

    #[test]
    fn the_type_is_found_and_the_word_is_not() {
        // Promise: every way to write the type is seen, other uses of the word are free.
        let files = [(
            "src-ts/a.ts",
            "let a: any = 1\nlet b: any[]\nlet c = d as any\nlet e: Map<string, any>\n\
             // any\nPromise.any([])\nf({ any: 1 }, 'any')\nlet many: Company\n",
        )];
        let expected = ["src-ts/a.ts:1", "src-ts/a.ts:2", "src-ts/a.ts:3", "src-ts/a.ts:4"];
        assert_eq!(complaints(super::check, &files), expected);
    }
}
