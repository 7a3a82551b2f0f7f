//! Lines have at most 100 columns, unless an address is in them, and files at most 600 lines.

use crate::source::{Source, Violation};

const COLUMNS_MAX: usize = 100;
const LINES_MAX: usize = 600;

pub fn check(sources: &[Source]) -> Vec<Violation> {
    let programs = sources.iter().filter(|source| source.is_program());
    programs.flat_map(|source| wide_lines(source).chain(long_file(source))).collect()
}

fn wide_lines(source: &Source) -> impl Iterator<Item = Violation> {
    let lines = source.text.lines().enumerate();
    let wide =
        lines.filter(|(_, line)| line.chars().count() > COLUMNS_MAX && !line.contains("://"));
    wide.map(|(index, _)| {
        source.violation_in_line(index + 1, "more than 100 columns", "break the line")
    })
}

fn long_file(source: &Source) -> Option<Violation> {
    let remedy = "give each of its subjects a file";
    (source.text.lines().count() > LINES_MAX)
        .then(|| source.violation_in_line(LINES_MAX + 1, "more than 600 lines", remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn wide_lines_and_long_files_are_found() {
        // Promise: both limits hold, and neither is one too strict. Columns are characters.
        let address = format!("// http://{}", "a".repeat(COLUMNS_MAX));
        let fits = "→".repeat(COLUMNS_MAX);
        let wide = format!("\n{fits}→\n");
        let long = "\n".repeat(LINES_MAX + 1);
        let files = [
            ("fits.rs", &*fits),
            ("full.rs", &long[1..]),
            ("address.rs", &address),
            ("wide.rs", &wide),
            ("wide.md", &wide),
            ("long.ts", &long),
        ];
        assert_eq!(complaints(check, &files), ["wide.rs:2", "long.ts:601"]);
    }
}
