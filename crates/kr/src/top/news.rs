//! What the thread that reads tells the one that shows, and what that one asks of it.

use std::sync::Arc;

use kronicler_query::StoredRow;
use kronicler_store::Name;

use super::ring::{Call, Doing};

/// What the reading thread tells.
pub enum News {
    /// What was told before is to be forgotten: the database is new, or was cleared. The calls of
    /// the last minutes before this time come next.
    Begin(i64),
    /// The calls of the last minutes come once more; functions keep their numbers.
    Again,
    /// Calls that came, and functions that were not known before, which get the next numbers.
    Calls(Vec<Name>, Vec<Call>),
    /// All calls that are there have been told.
    Look(Box<Look>),
    /// Statistics of all that is stored.
    All(Vec<Total>),
    /// The same of one function.
    One(Box<One>),
    /// The database could not be read, and why; it is tried again.
    Failed(String),
}

/// What the database is like at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub at_ns: i64,
    /// Whether it is the first since [`News::Begin`] or [`News::Again`].
    pub is_first: bool,
    /// Lanes; none when there is no database.
    pub lanes: usize,
    /// Lanes whose process has not ended in order.
    pub open_lanes: usize,
    /// Who writes, or wrote last if nobody does.
    pub writers: Vec<Writer>,
    /// Calls that became no row, ever.
    pub losses: Losses,
    /// The earliest end of a call that is stored.
    pub first_end_ns: Option<i64>,
    /// The latest end of a call that is stored.
    pub last_end_ns: Option<i64>,
    /// Whether stored rows cannot be read.
    pub is_partial: bool,
    /// Rows that expired before they could be looked at.
    pub missed: u64,
    /// Since when captures are paused, if they are.
    pub paused_ns: Option<i64>,
}

/// Calls that became no row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// Dropped.
    pub dropped: u64,
    /// Lost.
    pub lost: u64,
    /// So many more may have been lost with processes that did not end in order.
    pub lost_at_most: u64,
}

impl Losses {
    /// What has come since `before`; all when a lane has gone since.
    pub const fn since(&self, before: &Self) -> Self {
        Self {
            dropped: self.dropped.saturating_sub(before.dropped),
            lost: self.lost.saturating_sub(before.lost),
            lost_at_most: self.lost_at_most.saturating_sub(before.lost_at_most),
        }
    }
}

/// A process that writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writer {
    /// Its service, perhaps empty.
    pub service: String,
    /// Its version, perhaps empty.
    pub version: String,
    /// Its machine.
    pub host: String,
    /// Its process id.
    pub pid: u32,
}

/// What is known of all calls of a function that are stored.
#[derive(Debug, Clone)]
pub struct Total {
    /// The function.
    pub name: Name,
    /// Calls.
    pub calls: u64,
    /// Those that did not end well.
    pub errors: u64,
    /// Time spent in it.
    pub sum_ns: u128,
    /// Median, 95th and 99th percentile, maximum.
    pub quantiles_ns: [u64; 4],
}

/// One function, with all of its calls that are stored.
pub struct One {
    /// The function.
    pub name: Name,
    /// What it did.
    pub doing: Doing,
    /// Its slowest calls, slowest first.
    pub slowest: Vec<StoredRow>,
}

/// What is asked of the reading thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// To look, or not to look for the time being.
    Pause(bool),
    /// Whether [`News::All`] is wanted, now and after each look that finds something new.
    All(bool),
    /// Whose [`News::One`] is wanted.
    One(Option<Arc<str>>),
    /// To tell the last minutes once more, after [`News::Again`].
    Again,
}
