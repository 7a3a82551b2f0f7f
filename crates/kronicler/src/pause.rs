//! Pausing captures: who captures in other ways than by this crate is told.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use crate::engine::Engine;

static LISTENER: OnceLock<fn(u32, bool)> = OnceLock::new();

/// Calls `listener` with the id of a database whenever captures into it are paused or go on, on a
/// thread of the database. The first listener of a process counts.
pub fn on_pause(listener: fn(u32, bool)) {
    LISTENER.get_or_init(|| listener);
}

impl Engine {
    /// Pauses captures into this database, or goes on.
    pub fn set_paused(&self, is_paused: bool) {
        let before = self.is_paused.swap(is_paused, Ordering::Relaxed);
        if before != is_paused {
            log::info!(
                target: "kronicler",
                "captures into {} {}", self.dir().display(),
                if is_paused { "are paused" } else { "go on" }
            );
            LISTENER.get().inspect(|listener| listener(self.id, is_paused));
        }
    }
}
