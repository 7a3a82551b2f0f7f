//! The embedded database that keeps every call.
//!
//! A thread that captures pushes records into a ring of its own. The drain turns them into rows
//! and puts them into the memtable, the disk thread appends them to the head log of the lane that
//! this process owns. [`Database`] is the handle; [`Reader`] reads what others write; questions
//! are asked of a [`Snapshot`] with [`query`].

mod error;
mod clock;
mod host;
mod options;
mod sites;
mod tally;
mod memtable;
mod control;
mod thresholds;
mod rings;
mod details;
mod hooks;
mod engine;
mod call_ring;
mod pause;
mod heed;
mod drain;
mod anew;
mod upkeep;
mod disk_thread;
mod threads;
mod thread_rings;
mod health;
mod registry;
mod database;
mod clear;
mod guard;
mod reader;

pub use call_ring::CallRing;
pub use clock::{choose_clock, process_clock};
pub use database::Database;
pub use error::Error;
pub use guard::Capture;
pub use health::Health;
pub use kronicler_format as format;
pub use kronicler_query as query;
pub use kronicler_queue::{ClockSource, Producer};
pub use kronicler_stats::Moments;
pub use kronicler_store::{
    Directory, Disk, Memory, PoolUsage, RowId, Snapshot, Storage, StoreError,
};
pub use options::{DIR_NAME, Durability, Options};
pub use pause::on_pause;
pub use reader::{Reader, find_dir};
pub use registry::close_all;
pub use sites::SiteForm;
