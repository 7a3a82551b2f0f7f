//! Capturing from Rust: a guard that times its own life.

use std::sync::atomic::Ordering;

use kronicler_format::{Flags, Kind, Outcome, Record};
use kronicler_queue::ClockSource;

use crate::Database;
use crate::clock::process_clock;

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
    /// Captures were paused when it began.
    is_unseen: bool,
}

impl Capture {
    /// Marks the call as failed.
    pub const fn fail(&mut self) {
        self.outcome = Outcome::Error;
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if self.is_unseen {
            return;
        }
        let end = self.clock.now();
        let outcome = if std::thread::panicking() { Outcome::Error } else { self.outcome };
        let flags = Flags::new(outcome, Kind::Block).bits();
        let record = Record::new(self.start, end, self.site, flags);
        self.db.with_ring(|ring| match ring {
            Some(ring) => {
                ring.push(record);
            }
            None => self.db.count_ringless(),
        });
    }
}

impl Database {
    /// Begins to time a block. Nothing comes of one that begins while captures are paused.
    pub fn start(&self, name: &str) -> Capture {
        let (db, site, clock) = (self.clone(), self.site(name, "", true), process_clock());
        let is_unseen = self.engine().is_paused.load(Ordering::Relaxed);
        Capture { db, site, clock, start: clock.now(), outcome: Outcome::Ok, is_unseen }
    }
}
