//! What the fuzz targets share: how a fuzzer's bytes become files, and what reading them must keep.
//!
//! Each target takes its bytes in two forms. As they are, they meet the checksums first. Repaired,
//! they are lengths, counts and payloads inside parts whose checksums are right, so that the
//! checksum does not hide the decoder behind it.

mod input;
mod changes;
mod checksum;
mod chunk_parts;
mod database;
mod reading;
mod writing;

pub use changes::Changes;
pub use checksum::{part_checksum, repair_header, seeded_checksum};
pub use chunk_parts::{
    PcoParts, change_chunk, chunk_of_parts, encoded_chunk, parts_of_column, rows_of_input,
};
pub use database::{
    ROOT, UUID, damaged_database, disk_of, head_of_payloads, hooks, plain_database, put_footer,
};
pub use input::Input;
pub use reading::{check_chunk, read_database};
pub use writing::write_database;
