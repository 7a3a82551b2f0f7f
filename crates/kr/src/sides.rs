//! The two sides of a comparison: versions, time ranges, directories, or parts of each other.
//!
//! A part is recognised by what it looks like; `version:`, `time:` and `dir:` before it leave no
//! doubt. Parts joined by commas hold together: `dir:before,1.4.0`.

use std::path::{Path, PathBuf};

use kronicler::DIR_NAME;
use kronicler_query::{Filter, RunRows, runs};

use crate::database::Database;
use crate::failure::Failure;
use crate::when::{Times, When};

/// One side of a comparison.
pub struct Side {
    /// As it was asked for.
    pub label: String,
    /// Its directory, if it is not the one of the command.
    pub dir: Option<PathBuf>,
    /// Which calls.
    pub filter: Filter,
}

/// A part of a side.
enum Part<'a> {
    Version(&'a str),
    Range(&'a str, &'a str),
    Dir(&'a str),
    /// Maybe a version, maybe a directory.
    Word(&'a str),
}

/// The directory that a side names, if it names one.
pub fn dir_of(text: &str) -> Option<PathBuf> {
    let named = parts(text).into_iter().find_map(|part| match part {
        Part::Dir(path) => Some(path),
        Part::Word(word) => Path::new(word).is_dir().then_some(word),
        _ => None,
    })?;
    let inner = Path::new(named).join(DIR_NAME);
    Some(if inner.is_dir() { inner } else { named.into() })
}

/// Works out a side; `database` is the one that it speaks of.
pub fn resolve(
    text: &str,
    database: &Database,
    filter: &Filter,
    times: &Times,
) -> Result<Side, Failure> {
    let mut side = Side { label: text.to_owned(), dir: dir_of(text), filter: filter.clone() };
    for part in parts(text) {
        match part {
            Part::Dir(path) if !Path::new(path).is_dir() => {
                let text = format!("there is no directory {path}; check what is compared");
                return Err(Failure::NoDatabase(text));
            }
            Part::Dir(_) => {}
            Part::Range(since, until) => narrow(&mut side.filter, since, until, times)?,
            Part::Version(version) => set_version(&mut side.filter, version, database)?,
            Part::Word(word) => match (Path::new(word).is_dir(), find_version(word, database)?) {
                (true, Some(_)) => {
                    let text = format!(
                        "{word} is a version and a directory; write version:{word} or dir:{word}"
                    );
                    return Err(Failure::Usage(text));
                }
                (true, None) => {}
                (false, _) => set_version(&mut side.filter, word, database)?,
            },
        }
    }
    Ok(side)
}

/// Versions with rows, the one that was started last at the end, each once.
pub fn versions(database: &Database) -> Result<Vec<(String, String)>, Failure> {
    let mut known: Vec<RunRows> = database.ask(runs)?.value;
    known.retain(|one| one.rows > 0);
    let mut versions: Vec<(String, String)> = Vec::new();
    for RunRows { run, .. } in known {
        let version = (run.service, run.version);
        versions.retain(|other| *other != version);
        versions.push(version);
    }
    Ok(versions)
}

/// How a version is written: with its service where there are several.
pub fn version_words(
    versions: &[(String, String)],
    (service, version): &(String, String),
) -> String {
    let is_alone = versions.iter().all(|(other, _)| other == service);
    if is_alone { version.clone() } else { format!("{service}@{version}") }
}

fn parts(text: &str) -> Vec<Part<'_>> {
    if Path::new(text).is_dir() && !text.contains(':') && text.contains(',') {
        return vec![Part::Dir(text)];
    }
    text.split(',').map(part).collect()
}

fn part(text: &str) -> Part<'_> {
    if let Some(version) = text.strip_prefix("version:") {
        return Part::Version(version);
    }
    if let Some(path) = text.strip_prefix("dir:") {
        return Part::Dir(path);
    }
    let range = text.strip_prefix("time:").unwrap_or(text);
    match range.split_once("..") {
        Some((since, until)) if range.len() < text.len() || !text.contains(['/', '\\']) => {
            Part::Range(since, until)
        }
        _ if text.contains(['/', '\\']) || text == "." => Part::Dir(text),
        _ => Part::Word(text),
    }
}

fn narrow(filter: &mut Filter, since: &str, until: &str, times: &Times) -> Result<(), Failure> {
    let now = times.now();
    let resolve = |text: &str| {
        if text.is_empty() {
            return Ok(None);
        }
        let when: Result<When, String> = text.parse();
        let ns = when.and_then(|when| when.resolve(&now));
        ns.map(Some).map_err(|error| Failure::Usage(format!("{text} is no time: {error}")))
    };
    let (since_ns, until_ns) = (resolve(since)?, resolve(until)?);
    if since_ns.is_none() && until_ns.is_none() {
        let text = "a time range needs a beginning or an end; write 2h..1h, ..yesterday or 1h..";
        return Err(Failure::Usage(text.to_owned()));
    }
    filter.since_ns = filter.since_ns.max(since_ns);
    filter.until_ns = [filter.until_ns, until_ns].into_iter().flatten().min();
    if let (Some(since_ns), Some(until_ns)) = (filter.since_ns, filter.until_ns)
        && since_ns >= until_ns
    {
        let text = format!("{since}..{until} holds no time; its beginning comes before its end");
        return Err(Failure::Usage(text));
    }
    Ok(())
}

fn set_version(filter: &mut Filter, text: &str, database: &Database) -> Result<(), Failure> {
    let Some((service, version)) = find_version(text, database)? else {
        let known = versions(database)?;
        let words: Vec<String> = known.iter().map(|one| version_words(&known, one)).collect();
        let words: Vec<&str> =
            words.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
        let there = match words.as_slice() {
            [] => "calls have no version here (it is set by KRONICLER_VERSION)".to_owned(),
            words => format!("there are {}", words.join(", ")),
        };
        return Err(Failure::NoSuchRow(format!(
            "there is no version {text} and no such directory; {there}; time ranges are written \
             2h..1h"
        )));
    };
    (filter.service, filter.version) = (service, Some(version));
    Ok(())
}

/// The version that is meant, with or without its service, with or without a v before it.
fn find_version(
    text: &str,
    database: &Database,
) -> Result<Option<(Option<String>, String)>, Failure> {
    let known = versions(database)?;
    let (service, wanted) = text.rsplit_once('@').map_or((None, text), |(s, v)| (Some(s), v));
    let bare = |version: &str| version.strip_prefix('v').unwrap_or(version).to_owned();
    let mut of_service = known.iter().filter(|(of, _)| service.is_none_or(|wanted| wanted == of));
    let exact = of_service.clone().find(|(_, version)| version == wanted || version == text);
    let found = exact.or_else(|| of_service.find(|(_, version)| bare(version) == bare(wanted)));
    Ok(found.filter(|(_, version)| !version.is_empty()).map(|(_, version)| {
        let service = service.filter(|_| version != text).map(str::to_owned);
        (service, version.clone())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> String {
        match part(text) {
            Part::Version(version) => format!("version {version}"),
            Part::Range(since, until) => format!("from {since} to {until}"),
            Part::Dir(path) => format!("dir {path}"),
            Part::Word(word) => format!("word {word}"),
        }
    }

    #[test]
    fn parts_are_what_they_look_like() {
        // Promise: a range has two dots, a directory a slash, and each may be named.
        for (text, expected) in [
            ("1.4.0", "word 1.4.0"),
            ("2h..1h", "from 2h to 1h"),
            ("..2026-01-31T10:00:00+01:00", "from  to 2026-01-31T10:00:00+01:00"),
            ("../before", "dir ../before"),
            ("./a", "dir ./a"),
            ("version:1..2", "version 1..2"),
            ("dir:before", "dir before"),
            ("time:yesterday..", "from yesterday to "),
        ] {
            assert_eq!(word(text), expected);
        }
    }
}
