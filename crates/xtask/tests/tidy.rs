//! The repository keeps the habits that a program can check.

#[test]
fn the_repository_is_tidy() {
    // Promise: what CONTRIBUTING.md and the checks of xtask ask for is true of every file.
    let violations = xtask::tidy(xtask::repository()).unwrap();
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} violations:\n{}", lines.len(), lines.join("\n"));
}
