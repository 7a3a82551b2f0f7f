//! The checksums of the format, told once more by docs/format.md alone.

use crc32c::{crc32c, crc32c_append};

/// The checksum of what belongs to a lane and to the thing numbered `id` in it.
#[must_use]
pub fn seeded_checksum(uuid: &[u8; 16], id: u64, bytes: &[u8]) -> u32 {
    crc32c_append(crc32c_append(crc32c(uuid), &id.to_le_bytes()), bytes)
}

/// The checksum of a part of a chunk that begins at `place` behind its directory.
#[must_use]
pub fn part_checksum(uuid: &[u8; 16], first_seq: u64, place: u32, bytes: &[u8]) -> u32 {
    crc32c_append(seeded_checksum(uuid, first_seq, &place.to_le_bytes()), bytes)
}

/// Gives the header of a file, whose last four bytes of 64 are its checksum, the right one.
pub fn repair_header(bytes: &mut [u8]) {
    if let Some(header) = bytes.first_chunk_mut::<64>() {
        let crc = crc32c(&header[..60]);
        header[60..].copy_from_slice(&crc.to_le_bytes());
    }
}
