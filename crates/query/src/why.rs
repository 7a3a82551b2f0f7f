//! Why one call took as long as it did, in amounts of its time.
//!
//! The amounts add up to the call. Of a call that was on the stack they are the calls it made and
//! the rest, its own time. Of another they are: sync calls that kept its thread meanwhile, its own,
//! those of others, and those of which intervals do not tell whose they are; signals of the
//! runtime; calls that it waited for; and what remains is unknown.

mod ledger;
mod pass;
mod in_flight;
mod standing;
mod verdict;
mod question;

use kronicler_format::Kind;
use kronicler_store::{Name, RowId};

use crate::batch::StoredRow;
use crate::tree::CallNode;
pub use question::why;
pub use standing::{Among, Others, Standing};
pub use verdict::{SLOW_RATIO, verdict};

/// Why a call took as long as it did.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// The call.
    pub row: StoredRow,
    /// Whether it was on the stack: nothing else could run on its thread but what it called.
    pub is_on_stack: bool,
    /// Where its time went, the largest part first: the amounts add up to its duration.
    pub parts: Vec<Part>,
    /// Index of the part that explains most of what it took beyond its usual time; of a call that
    /// took its usual time, of the largest.
    pub reason: usize,
    /// How it compares with others.
    pub standing: Standing,
    /// Calls of its function at once.
    pub in_flight: InFlight,
    /// Who made it, the last caller first.
    pub callers: Vec<CallerRow>,
    /// What it called, by path: itself first.
    pub tree: Vec<CallNode>,
    /// Whether calls that it made may have expired.
    pub is_cut: bool,
    /// Calls of its lane that were dropped or lost: some of them may be missing here.
    pub uncounted: u64,
}

/// A part of a call's time.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it has to do with the call.
    pub kind: PartKind,
    /// The function whose calls they are; `None` for the rest.
    pub name: Option<Name>,
    /// For calls of others, the function that all began with, as far as is known.
    pub of: Option<Name>,
    /// Such calls that have a row.
    pub rows: u64,
    /// How much of the time.
    pub duration_ns: u64,
    /// How much of it is usual for as many calls; nothing for what others did.
    pub usual_ns: u64,
    /// Where in these calls the time went: the function of the part, that of its callees which took
    /// at least half of the part, and so on.
    pub path: Vec<PathStep>,
    /// How many calls a row of these, or of those they made, stands for at most.
    pub weight_max: u32,
}

/// A function on the way to where a part's time went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathStep {
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// What kind of calls.
    pub kind: Kind,
    /// Such calls that have a row.
    pub rows: u64,
    /// How much of the part went into them.
    pub duration_ns: u64,
}

/// What a part has to do with the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// Calls that it made and that kept its thread.
    Called,
    /// Calls that it made and waited for; of one on the stack, generators that it ran.
    Awaited,
    /// Sync calls of others that kept its thread.
    Blocked,
    /// Sync calls that kept its thread, its own or of others.
    Busy,
    /// The sync call that made it, and went on.
    Began,
    /// A signal of the runtime, where nothing else explains the time.
    Signal,
    /// Its own code, and what that calls without being captured.
    Own,
    /// Nothing that is captured explains it.
    Unknown,
}

impl PartKind {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::Awaited => "awaited",
            Self::Blocked => "blocked",
            Self::Busy => "busy",
            Self::Began => "began",
            Self::Signal => "signal",
            Self::Own => "own",
            Self::Unknown => "unknown",
        }
    }
}

/// Calls of the same function at once, in the same process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InFlight {
    /// When the call began, itself included.
    pub at_start: u64,
    /// On average while it was under way, itself included.
    pub mean: f64,
    /// Usually, when one begins.
    pub usual: u64,
}

/// A call that made another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerRow {
    /// Its id.
    pub id: RowId,
    /// Its function.
    pub name: Name,
    /// What kind of call it was.
    pub kind: Kind,
    /// How long it took in nanoseconds.
    pub duration_ns: u64,
    /// Whether it certainly made the one before; else it contains that one, and its function is
    /// seen to make such calls.
    pub is_certain: bool,
}
