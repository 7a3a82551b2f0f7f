//! Databases that are open in this process: one engine for each directory, and one default.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use crate::Error;
use crate::engine::{DEFAULT_ID, Engine, Lane, lock, next_id};
use crate::options::Options;

static ENGINES: Mutex<Vec<Arc<Engine>>> = Mutex::new(Vec::new());
static DEFAULT: OnceLock<Arc<Engine>> = OnceLock::new();

/// The engine that captures where no other database is named.
pub(crate) fn default_engine() -> Arc<Engine> {
    let engine = DEFAULT.get_or_init(|| {
        let engine = Engine::new(DEFAULT_ID, Options::default());
        lock(&ENGINES).push(Arc::clone(&engine));
        engine
    });
    Arc::clone(engine)
}

/// Sets the options of the default engine, as long as it has not begun.
pub(crate) fn configure_default(options: Options) -> Result<(), Error> {
    let engine = default_engine();
    let is_idle = matches!(*lock(&engine.lane), Lane::Idle) && engine.dir.get().is_none();
    if is_idle {
        *lock(&engine.options) = options;
        return Ok(());
    }
    let dir = options.resolve_dir();
    if &dir != engine.dir() {
        return Err(Error::OptionsConflict {
            dir: engine.dir().display().to_string(),
            option: "dir",
            present: engine.dir().display().to_string(),
            wanted: dir.display().to_string(),
        });
    }
    check_conflict(&engine, &options)
}

/// The engine of a directory, made if there is none yet.
pub(crate) fn open(options: Options) -> Result<Arc<Engine>, Error> {
    let dir = options.resolve_dir();
    let default = default_engine();
    let mut engines = lock(&ENGINES);
    engines.retain(|engine| !matches!(*lock(&engine.lane), Lane::Closed));
    let is_same = |engine: &&Arc<Engine>| same_dir(engine, &default, &dir);
    if let Some(engine) = engines.iter().find(is_same) {
        engine.dir();
        check_conflict(engine, &options)?;
        return Ok(Arc::clone(engine));
    }
    let engine = Engine::new(next_id(), options);
    engine.dir();
    engines.push(Arc::clone(&engine));
    Ok(engine)
}

/// Whether an engine's directory is this one. The default engine has chosen none before its
/// first use; then it is the one that it would choose now.
fn same_dir(engine: &Arc<Engine>, default: &Arc<Engine>, dir: &PathBuf) -> bool {
    let chosen = engine.dir.get().cloned();
    let would_choose = || Arc::ptr_eq(engine, default).then(|| lock(&engine.options).resolve_dir());
    let present = chosen.or_else(would_choose);
    let canonical = |dir: &PathBuf| dir.canonicalize().unwrap_or_else(|_| dir.clone());
    present.is_some_and(|present| present == *dir || canonical(&present) == canonical(dir))
}

fn check_conflict(engine: &Engine, wanted: &Options) -> Result<(), Error> {
    match lock(&engine.options).conflict(wanted) {
        None => Ok(()),
        Some((option, present, wanted)) => {
            let dir = engine.dir().display().to_string();
            Err(Error::OptionsConflict { dir, option, present, wanted })
        }
    }
}

/// Closes every database of this process, each within its exit budget, all within the longest.
///
/// For the end of a process: whatever was captured before is stored then, if the disk answers.
pub fn close_all() {
    let engines = lock(&ENGINES).clone();
    let start = Instant::now();
    for engine in &engines {
        engine.begin_close();
    }
    for engine in &engines {
        let deadline = start + lock(&engine.options).exit_budget;
        engine.await_close(deadline);
    }
}
