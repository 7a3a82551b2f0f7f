//! Forgets everything, also what other processes have written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kronicler_store::{Clearing, list_lanes};

use crate::engine::lock;
use crate::{Database, Error};

/// How long a clear waits for processes that own lanes: those that write look each second.
const OWNERS_PATIENCE: Duration = Duration::from_millis(1_500);

impl Database {
    /// Forgets all rows, of whatever process; ids begin at 0 again. Processes that write begin anew
    /// within a second, others with their next call; no answer speaks of old rows meanwhile.
    ///
    /// # Errors
    /// When a lane cannot be cleared.
    pub fn clear(&self) -> Result<(), Error> {
        let storage = Arc::clone(&lock(&self.engine().options).storage);
        let budget = lock(&self.engine().options).exit_budget;
        let is_open = self.engine().await_open();
        let own = self.engine().own_lane();
        let others = list_lanes(&*storage, self.dir())?;
        let others = others.into_iter().any(|lane| own != Some(lane));
        let now_ns = crate::host::now_ns();
        let clearing = others.then(|| Clearing::begin(&storage, self.dir(), now_ns)).transpose()?;
        if is_open {
            let before = self.engine().control.lock().cleared;
            self.engine().control.order(|orders| orders.clear = true);
            let deadline = Instant::now() + budget;
            let is_done =
                self.engine().control.await_progress(deadline, |orders| orders.cleared > before);
            if !is_done || self.engine().control.lock().failure.is_some() {
                return Err(self.stalled(budget));
            }
        }
        clearing.map_or(Ok(()), |clearing| end_clearing(clearing, budget.min(OWNERS_PATIENCE)))
    }
}

/// Empties the lanes that nobody owns, and waits a little for the owners of others.
fn end_clearing(mut clearing: Clearing, patience: Duration) -> Result<(), Error> {
    const PAUSE: Duration = Duration::from_millis(20);
    let deadline = Instant::now() + patience;
    while !clearing.step(crate::host::now_ns())? && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
    let failure = clearing.take_failure();
    clearing.end(crate::host::now_ns())?;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}
