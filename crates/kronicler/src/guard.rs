//! Capturing from Rust: a guard that times its own life.

use std::cell::RefCell;

use kronicler_format::{Flags, Kind, Outcome, Record};
use kronicler_queue::{ClockSource, Producer};

use crate::Database;

thread_local! {
    static RINGS: RefCell<Vec<(u32, Producer)>> = const { RefCell::new(Vec::new()) };
    static THREAD: u32 = next_thread();
}

/// Threads of Rust programs count from 1; the main thread is not told apart.
fn next_thread() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Calls `f` with the ring of the calling thread, made at the first call.
pub(crate) fn with_ring<T>(db: &Database, f: impl FnOnce(Option<&mut Producer>) -> T) -> T {
    RINGS.with_borrow_mut(|rings| {
        let at = rings.iter().position(|(id, _)| *id == db.id());
        let at = at.or_else(|| {
            rings.push((db.id(), db.attach(THREAD.with(|thread| *thread))?));
            Some(rings.len() - 1)
        });
        f(at.and_then(|at| rings.get_mut(at)).map(|(_, ring)| ring))
    })
}

/// Times its own life: from [`Database::start`] until it is dropped. A panic on the way counts
/// as an error.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let db = kronicler::Database::open(kronicler::Options::new(dir.path()))?;
/// {
///     let _timed = db.start("parse");
///     // work
/// }
/// assert_eq!(db.moments("parse")?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "it times until it is dropped"]
pub struct Capture {
    db: Database,
    site: u32,
    clock: ClockSource,
    start: u64,
    outcome: Outcome,
}

impl Capture {
    /// Marks the call as failed.
    pub const fn fail(&mut self) {
        self.outcome = Outcome::Error;
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let end = self.clock.now();
        let outcome = if std::thread::panicking() { Outcome::Error } else { self.outcome };
        let flags = Flags::new(outcome, Kind::Block).bits();
        let record = Record::new(self.start, end, self.site, flags);
        with_ring(&self.db, |ring| match ring {
            Some(ring) => {
                ring.push(record);
            }
            None => self.db.count_ringless(),
        });
    }
}

impl Database {
    /// Begins to time a block.
    pub fn start(&self, name: &str) -> Capture {
        let site = self.site(name, "", true);
        let clock = crate::clock::process_clock();
        Capture { db: self.clone(), site, clock, start: clock.now(), outcome: Outcome::Ok }
    }
}
