//! What `kr doctor` looks at: each check says how it is, what to do about it, and where.

mod capture;
mod files;
mod functions;
mod hooks;
mod lanes;
mod losses;

use std::path::PathBuf;

use kronicler_store::{Controls, Snapshot};

use crate::context::Context;
use crate::failure::Failure;

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Calls are lost, or will be, or answers lack some.
    Problem,
    /// It costs more, or tells less, than it could.
    Warning,
    /// As it should be.
    Fine,
}

impl Level {
    /// The word of it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Fine => "ok",
        }
    }
}

/// What was found by one check.
#[derive(Debug)]
pub struct Check {
    /// What was looked at; the same word in every run.
    pub what: &'static str,
    /// How it is.
    pub level: Level,
    /// What was found.
    pub fact: String,
    /// What can be done; empty when nothing need be.
    pub remedy: String,
    /// Which file it is about, if it is one.
    pub file: Option<PathBuf>,
}

impl Check {
    /// All is well.
    fn fine(what: &'static str, fact: impl Into<String>) -> Self {
        Self { what, level: Level::Fine, fact: fact.into(), remedy: String::new(), file: None }
    }

    fn warning(what: &'static str, fact: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (fact, remedy) = (fact.into(), remedy.into());
        Self { what, level: Level::Warning, fact, remedy, file: None }
    }

    fn problem(what: &'static str, fact: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Problem, ..Self::warning(what, fact, remedy) }
    }

    fn about(mut self, file: PathBuf) -> Self {
        self.file = Some(file);
        self
    }
}

/// What the checks look at.
struct Patient<'a> {
    context: &'a Context,
    snapshot: &'a Snapshot,
    controls: Controls,
    now_ns: i64,
}

/// Looks at everything, and says what was found: problems first.
pub fn look(context: &Context) -> Result<Vec<Check>, Failure> {
    let patient = Patient {
        context,
        snapshot: &context.database.snapshot,
        controls: context.database.reader.controls(),
        now_ns: crate::when::now_ns(),
    };
    let cost_ns = capture::cost_ns();
    let mut checks = capture::look(&patient, cost_ns);
    checks.extend(hooks::look(&patient));
    checks.extend(losses::look(&patient));
    checks.extend(lanes::look(&patient)?);
    checks.extend(files::look(&patient));
    checks.extend(functions::look(&patient, cost_ns)?);
    checks.sort_by_key(|check| check.level);
    Ok(checks)
}
