//! One version for everything: the crates, the npm package, and the packages of the platforms.

use std::io;
use std::path::{Path, PathBuf};

/// Writes the version into every manifest that carries it and returns the paths that changed.
///
/// # Errors
/// When it is no version, or a manifest cannot be read or written.
pub fn set_version(root: &Path, version: &str) -> io::Result<Vec<String>> {
    if !is_version(version) {
        let message = format!("{version} is no version -> give X.Y.Z or X.Y.Z-name");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut changed = Vec::new();
    for path in manifests(root)? {
        let before = std::fs::read_to_string(root.join(&path))?;
        let after = if path.ends_with(".toml") {
            in_workspace(&before, version)
        } else {
            in_package(&before, version)
        };
        if after != before {
            std::fs::write(root.join(&path), after)?;
            changed.push(path);
        }
    }
    Ok(changed)
}

fn is_version(version: &str) -> bool {
    let (numbers, name) = version.split_once('-').unwrap_or((version, "0"));
    let numbers: Vec<&str> = numbers.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_name = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    numbers.len() == 3
        && numbers.iter().all(is_number)
        && name.split('.').all(|part| !part.is_empty() && is_name(part))
}

/// Lock files carry the version of our own package, too; cargo mends its own.
const FIXED: [&str; 6] = [
    "Cargo.toml",
    "package.json",
    "package-lock.json",
    "bench/package-lock.json",
    "examples/express/package-lock.json",
    "examples/service/package-lock.json",
];

fn manifests(root: &Path) -> io::Result<Vec<String>> {
    let mut paths: Vec<String> = FIXED.map(str::to_owned).into();
    if root.join("npm").is_dir() {
        for folder in std::fs::read_dir(root.join("npm"))? {
            let name = folder?.file_name();
            paths.push(format!("npm/{}/package.json", name.to_string_lossy()));
        }
    }
    paths.retain(|path| root.join(PathBuf::from(path)).is_file());
    paths.sort();
    Ok(paths)
}

/// The version in `[workspace.package]`.
fn in_workspace(text: &str, version: &str) -> String {
    let mut inside = false;
    rewrite(text, |line| {
        if line.starts_with('[') {
            inside = line == "[workspace.package]";
        }
        let is_ours = inside && line.starts_with("version = ");
        is_ours.then(|| format!("version = \"{version}\""))
    })
}

/// The version that follows our own name, and those asked for of the platforms' packages.
fn in_package(text: &str, version: &str) -> String {
    let mut ours = false;
    rewrite(text, |line| {
        let trimmed = line.trim();
        let is_own_version = ours && trimmed.starts_with("\"version\": ");
        let is_platform =
            trimmed.starts_with("\"@kronicler/") && trimmed.trim_end_matches(',').ends_with('"');
        ours =
            trimmed == "\"name\": \"kronicler\"," || trimmed.starts_with("\"name\": \"@kronicler/");
        let (key, value) = line.split_once(": ")?;
        let comma = if value.ends_with(',') { "," } else { "" };
        (is_own_version || is_platform).then(|| format!("{key}: \"{version}\"{comma}"))
    })
}

/// The text with every line replaced for which there is something else.
fn rewrite(text: &str, mut replace: impl FnMut(&str) -> Option<String>) -> String {
    let lines = text.split('\n').map(|line| replace(line).unwrap_or_else(|| line.to_owned()));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_versions_change() {
        // Promise: a release changes our versions everywhere and nobody else's.
        let cargo = "[package]\nversion = \"1\"\n[workspace.package]\nversion = \"0.1.0\"\n\
                     edition = \"2024\"\n[dependencies]\nversion = \"2\"\n";
        assert_eq!(in_workspace(cargo, "0.2.0"), cargo.replace("0.1.0", "0.2.0"));
        let package = "{\n  \"name\": \"kronicler\",\n  \"version\": \"0.1.0\",\n\
                       \"x\": {\n\"name\": \"x\",\n\"version\": \"3.0.0\"\n},\n\
                       \"@kronicler/binding-linux-x64-gnu\": \"0.1.0\",\n\
                       \"node_modules/@kronicler/a\": {\n}\n";
        assert_eq!(in_package(package, "0.2.0-rc.1"), package.replace("0.1.0", "0.2.0-rc.1"));
    }

    #[test]
    fn only_versions_are_taken() {
        // Promise: a typing error does not get into the manifests.
        assert!(["0.2.0", "10.20.30", "1.0.0-rc.1"].into_iter().all(is_version));
        assert!(
            !["", "1", "1.2", "v1.2.3", "1.2.3.4", "1..2", "1.2.3-", "1.2.3-a b", "1.2.x"]
                .into_iter()
                .any(is_version)
        );
    }
}
