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
mod ghosts;
mod s3_fifo;
mod cache;
mod pool;
mod slots;
mod layout;
mod control;
mod dictionary;
mod block;
mod detail_block;
mod totals;
mod window;
mod lane_state;
mod sealed_moments;
mod lane_reader;
mod catalog;
mod segment_reader;
mod segment_writer;
mod recent;
mod lane_files;
mod head_log;
mod lane_writer;
mod clearing;
mod sealing;
mod merging;
mod expiry;
mod compaction;
mod snapshot;
mod directory;
mod verify;

pub use backend::{FileStat, Space, Storage, StorageFile, StorageLock};
pub use block::Block;
pub use cache::{Cache, CacheUsage, Inserted};
pub use catalog::{Catalog, POOL_SIZE_BYTES};
pub use clearing::{Clearing, LaneClearing, clear_ownerless};
pub use compaction::{Compaction, compact_lane};
pub use control::{ControlReader, Controls, change_control, read_controls};
pub use detail_block::DetailBlock;
pub use dictionary::{Dictionary, Name};
pub use directory::Directory;
pub use disk::Disk;
pub use error::StoreError;
pub use expiry::HistoryLimits;
pub use lane_reader::LaneReader;
pub use lane_state::{Damage, LaneState};
pub use lane_writer::{Batch, LaneWriter};
pub use layout::{FileKind, control_path, file_path, head_path, lane_dir, list_files, list_lanes};
pub use memory::Memory;
pub use merging::MergePolicy;
pub use pool::{Access, PageKey, PinnedPage, Pool, PoolUsage};
pub use sealed_moments::SealedMoments;
pub use sealing::Seal;
pub use segment_reader::{ChunkReader, Opened, Page, SegmentReader};
pub use slots::{DESCRIPTOR_COUNT_MAX, Slot, Slots};
pub use snapshot::{BlockReader, LaneView, RowId, Snapshot};
pub use totals::Totals;
pub use verify::{Finding, LaneReport, Report, verify};
pub use window::Window;
