//! What `kr export` writes, read back by other programs' readers.

mod files;
mod formats;
mod many;
mod readers;
mod trace;
pub mod world;
