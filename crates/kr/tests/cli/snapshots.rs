//! JSON and CSV of every command compared with golden files, so that no key changes unnoticed.
//!
//! The files lie in `tests/golden/`, documents with a line for each key so that a change can be
//! read. Not compared: the place of the directory, the version of the program, and checksums, which
//! differ in each database.
//!
//! After a wanted change: `KRONICLER_GOLDEN=write cargo test -p kr --test cli snapshots`, and if a
//! key went or means something else, a new `SCHEMA` in `src/record.rs`.

use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;

use crate::examples::{comparable, database};

/// How the program calls itself in files.
const VERSION: &str = concat!("kronicler ", env!("CARGO_PKG_VERSION"));

/// What is asked, and the file that has the answer. A new command gets a line here.
const ASKED: [(&str, &[&str]); 17] = [
    ("overview.json", &["--json"]),
    ("stats.json", &["stats", "getQuote", "--json"]),
    ("stats-by.json", &["stats", "getQuote", "--by", "version", "--json"]),
    ("stats-by-hour.json", &["stats", "getQuote", "--by", "hour", "--exact", "--json"]),
    ("hist.json", &["hist", "getQuote", "-n", "3", "--json"]),
    ("heatmap.json", &["heatmap", "late", "-n", "3", "--json"]),
    ("outliers.json", &["outliers", "--json"]),
    ("names.json", &["names", "--name", "getQuote", "--json"]),
    ("health.json", &["health", "--json"]),
    ("verify.json", &["verify", "--json"]),
    ("fetch.ndjson", &["fetch", "0:3", "1:0", "--json"]),
    ("slow.ndjson", &["slow", "-n", "2", "--json"]),
    ("tail.ndjson", &["tail", "-n", "2", "--json"]),
    ("stats.csv", &["stats", "getQuote", "--by", "outcome", "--csv"]),
    ("outliers.csv", &["outliers", "--csv"]),
    ("health.csv", &["health", "--csv"]),
    // The only one that writes.
    ("compact.json", &["compact", "--json"]),
];

/// The same, of the service whose requests wait for each other.
const ASKED_OF_SERVICE: [(&str, &[&str]); 4] = [
    ("why.json", &["why", "--name", "GET /orders/:id", "--json"]),
    ("why.csv", &["why", "--name", "GET /orders/:id", "--csv"]),
    ("tree.json", &["tree", "--name", "quote", "--json"]),
    ("tree.csv", &["tree", "--csv"]),
];

/// Files that `kr export` writes.
#[cfg(feature = "export")]
const ASKED_OF_EXPORT: [(&str, &[&str]); 3] = [
    ("export.csv", &["export", "--format", "csv", "-n", "4"]),
    ("export.ndjson", &["export", "--format", "ndjson", "-n", "4"]),
    ("export.chrome-trace", &["export", "--format", "chrome-trace", "-n", "4"]),
];

#[test]
fn programs_find_what_they_found_before() {
    // Promise: keys, their order, form and values stay, until the schema says otherwise.
    compare("shop", &ASKED);
    compare("service", &ASKED_OF_SERVICE);
    #[cfg(feature = "export")]
    compare("service", &ASKED_OF_EXPORT);
}

fn compare(name: &str, asked: &[(&str, &[&str])]) {
    let database = database(name);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let is_renewed = env::var("KRONICLER_GOLDEN").is_ok_and(|value| value == "write");
    for (file, args) in asked {
        let answer = database.fixture.ask(args).text();
        let root = database.fixture.root().to_str().expect("a path in UTF-8");
        let answer = answer.replace(root, "/srv/shop").replace(VERSION, "kronicler X.Y.Z");
        let text = readable(file, &answer);
        let path = folder.join(file);
        let golden = fs::read_to_string(&path).unwrap_or_default();
        if comparable(&text) == comparable(&golden) {
            continue;
        }
        assert!(is_renewed, "{file} was\n{golden}\nand is\n{text}");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(&path, text).expect("a file");
    }
}

/// A document with a line for each key; rows and CSV have lines already.
fn readable(file: &str, answer: &str) -> String {
    if !file.ends_with(".json") {
        return answer.to_owned();
    }
    let value: Value = serde_json::from_str(answer).expect("JSON");
    assert_eq!(value["schema"], 1);
    serde_json::to_string_pretty(&value).expect("JSON") + "\n"
}
