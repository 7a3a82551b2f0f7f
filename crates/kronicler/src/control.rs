//! Orders to the disk thread, and its progress; whoever waits for it waits here.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Orders and progress.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Rows wait, or counters have changed.
    pub has_work: bool,
    /// All that was appended to the memtable before this count is to be synced.
    pub sync_target: u64,
    /// The rows are to be forgotten.
    pub clear: bool,
    /// What the control file wants is to be done.
    pub look: bool,
    /// The last rows are to be written, then it is over.
    pub close: bool,
    /// Rows of the memtable that are in the log.
    pub logged: u64,
    /// Rows of the memtable that survive a power cut.
    pub synced: u64,
    /// How often the rows were forgotten.
    pub cleared: u64,
    /// Why the last write or clear failed, until one succeeds.
    pub failure: Option<String>,
    /// The disk thread has ended.
    pub is_over: bool,
}

/// Orders to the disk thread behind a lock, with the two conditions to wait for.
#[derive(Debug, Default)]
pub(crate) struct Control {
    orders: Mutex<Orders>,
    to_disk: Condvar,
    from_disk: Condvar,
}

impl Control {
    pub fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an order.
    pub fn order(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut self.lock());
        self.to_disk.notify_one();
    }

    /// Reports progress.
    pub fn report(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut self.lock());
        self.from_disk.notify_all();
    }

    /// Waits as the disk thread until there is something to do, or until `deadline`.
    pub fn await_order(&self, deadline: Option<Instant>) {
        let mut orders = self.lock();
        while !(orders.has_work
            || orders.clear
            || orders.look
            || orders.close
            || orders.sync_target > orders.synced)
        {
            let Some(deadline) = deadline else {
                orders = self.to_disk.wait(orders).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let result = self.to_disk.wait_timeout(orders, left);
            orders = result.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits as the disk thread after a failure: for `pause`, or until all is to end.
    pub fn pause(&self, pause: Duration) {
        let orders = self.lock();
        let is_waiting = |orders: &mut Orders| !orders.close;
        drop(self.to_disk.wait_timeout_while(orders, pause, is_waiting));
    }

    /// Waits until `is_done`, at most until `deadline`; says whether it is.
    pub fn await_progress(
        &self,
        deadline: Instant,
        mut is_done: impl FnMut(&Orders) -> bool,
    ) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let waiting = |orders: &mut Orders| !is_done(orders);
        let result = self.from_disk.wait_timeout_while(self.lock(), left, waiting);
        let (orders, _) = result.unwrap_or_else(PoisonError::into_inner);
        is_done(&orders)
    }
}
