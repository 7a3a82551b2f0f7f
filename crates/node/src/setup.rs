//! What is called once: attaching a thread, choosing the clock, opening databases.
#![expect(unsafe_code, reason = "the scratch goes to Node-API as it came")]

use std::sync::Once;

use kronicler::Database;
use kronicler::format::{Hook, HookKind};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::to_js;
use crate::options::NativeOptions;
use crate::store::{NativeStore, database_by_id};
use crate::thread_state;

/// The version of the addon.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Makes this thread ready to capture; returns the scratch that is used from then on.
#[napi(catch_unwind)]
pub fn attach(env: Env, scratch: Unknown<'_>, thread: u32) -> Result<Unknown<'_>> {
    let used = thread_state::attach(env.raw(), scratch.raw(), thread)?;
    // SAFETY: a value that this environment has just handed out.
    unsafe { Unknown::from_napi_value(env.raw(), used) }
}

/// Throws why the last insert of this thread failed.
#[napi(catch_unwind)]
pub fn insert_error() -> Result<()> {
    // SAFETY: not kept beyond this call.
    let error = unsafe { thread_state::current() }.and_then(|state| state.insert_error.take());
    error.map_or(Ok(()), |error| Err(to_js(error)))
}

/// Hands over the detail of a call that got a ticket.
#[napi(catch_unwind)]
pub fn hand_over(database: u32, ticket: u32, detail: &[u8]) {
    // SAFETY: not kept beyond this call.
    let state = unsafe { thread_state::current() };
    if let Some(ring) = state.and_then(|state| state.ring(database)) {
        ring.hand_over(ticket, detail);
    }
}

/// Tells what was hooked for a database, or could not be; what no kind has this number is passed
/// over.
#[napi(catch_unwind)]
pub fn tell_hook(database: u32, kind: u8, subject: String, functions: u32, remark: String) {
    if let Some((database, kind)) = database_by_id(database).zip(HookKind::from_number(kind)) {
        database.tell_hook(&Hook { kind, subject, functions: functions.into(), remark });
    }
}

/// Pauses capturing in all threads of this process, or goes on.
#[napi(catch_unwind)]
pub fn set_paused(is_paused: bool) {
    thread_state::set_paused(is_paused);
}

/// Chooses the clock of the process before its first use.
#[napi(catch_unwind)]
pub fn choose_clock(wish: Option<String>) -> Result<String> {
    let source = kronicler::choose_clock(wish.as_deref()).map_err(to_js)?;
    Ok(source.name().to_owned())
}

/// Begins to log to stderr, in the syntax of `RUST_LOG`.
#[napi(catch_unwind)]
pub fn log_to(filter: String) {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        // Another logger may be there, when a second copy of the package was first: fine.
        let _ = env_logger::Builder::new().parse_filters(&filter).try_init();
    });
}

/// Sets what this process uses where nothing is said.
#[napi(catch_unwind)]
pub fn set_defaults(options: NativeOptions) -> Result<()> {
    kronicler::Options::set_defaults(options.parse()?);
    Ok(())
}

/// Sets options of the default database before its first row.
#[napi(catch_unwind)]
pub fn configure(options: NativeOptions) -> Result<()> {
    Database::configure_default(options.parse()?).map_err(to_js)
}

/// The database that captures where no other is named.
#[napi(catch_unwind)]
pub fn default_store() -> NativeStore {
    NativeStore::new(Database::default_database())
}

/// The database of a directory.
#[napi(catch_unwind)]
pub fn open_store(options: NativeOptions) -> Result<NativeStore> {
    Ok(NativeStore::new(Database::open(options.parse()?).map_err(to_js)?))
}

/// A reader of the database in a directory.
#[napi(catch_unwind)]
pub fn open_reader(dir: String) -> Result<NativeStore> {
    NativeStore::reader(&dir)
}

/// Whether there is a database in a directory.
#[napi(catch_unwind)]
pub fn exists(dir: String) -> bool {
    Database::exists(dir)
}
