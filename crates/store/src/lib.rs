//! Files of a Kronicler database: what is written, what is found again, and who may write.
//!
//! A database is a directory of lanes. A lane belongs to one writing process at a time and is
//! one append-only head log. Readers in any process follow the logs without a lock.
//! [`LaneWriter`] writes, [`LaneReader`] reads, both keep a [`LaneState`]; [`Snapshot`] is what
//! a query sees. All calls on files go through [`Storage`].

mod backend;
mod error;
mod disk;
mod memory;
mod layout;
mod dictionary;
mod lane_state;
mod lane_reader;
mod lane_writer;
mod snapshot;
mod directory;

pub use backend::{FileStat, Storage, StorageFile, StorageLock};
pub use dictionary::{Dictionary, Name};
pub use directory::Directory;
pub use disk::Disk;
pub use error::StoreError;
pub use lane_reader::LaneReader;
pub use lane_state::{Block, Damage, LaneState, SeriesTotals};
pub use lane_writer::{Batch, LaneWriter, clear_ownerless};
pub use layout::{head_path, lane_dir, list_lanes};
pub use memory::Memory;
pub use snapshot::{BlockReader, LaneView, RowId, Snapshot};
