//! Looks for good frames behind bad bytes, in a time that no content of these bytes can stretch.
//!
//! Each mark claims a length of up to a megabyte, so to check one candidate after the other would
//! read the same bytes over and over: a log full of false marks would take hours. A CRC is linear
//! over GF(2): the register after bytes `a..b`, begun with `r`, is that after `0..b`, begun with 0,
//! xor the difference of `r` and the register after `0..a` moved on by `b - a` zero bytes, which
//! is one multiplication (the arithmetic of zlib's `crc32_combine`). With registers kept for each
//! block, a candidate costs less than two blocks of reading, whatever length it claims.

use crate::FrameSeed;
use crate::frame::{FRAME_HEADER_SIZE_BYTES, next_mark, payload_size};

/// Bytes between two registers that are kept: about as long to read as one multiplication takes.
const BLOCK_SIZE_BYTES: usize = 512;
/// CRC-32C, reflected.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// The reflected polynomial x^8: moves a register on by one zero byte.
const ONE_BYTE: u32 = 1 << 23;

/// Good frames in `bytes`, which stand at `offset` of the file.
#[derive(Debug)]
pub struct FrameSearch<'a> {
    bytes: &'a [u8],
    seed: FrameSeed,
    offset: u64,
    /// The register before each block, begun with 0.
    registers: Vec<u32>,
    /// What moves a register on by so many blocks of zeros.
    shifts: Vec<u32>,
}

impl<'a> FrameSearch<'a> {
    /// Reads all bytes once.
    #[must_use]
    pub fn new(bytes: &'a [u8], seed: FrameSeed, offset: u64) -> Self {
        let block_shift = (0..BLOCK_SIZE_BYTES.ilog2()).fold(ONE_BYTE, |x, _| multiply(x, x));
        let (mut register, mut shift) = (0, 1 << 31);
        let (mut registers, mut shifts) = (vec![register], vec![shift]);
        for block in bytes.chunks_exact(BLOCK_SIZE_BYTES) {
            register = !crc32c::crc32c_append(!register, block);
            shift = multiply(shift, block_shift);
            registers.push(register);
            shifts.push(shift);
        }
        Self { bytes, seed, offset, registers, shifts }
    }

    /// Where the next good frame behind the byte `at` begins.
    #[must_use]
    pub fn next_behind(&self, mut at: usize) -> Option<usize> {
        while let Some(step) = next_mark(self.bytes.get(at..)?) {
            at += step;
            if self.is_frame(at) {
                return Some(at);
            }
        }
        None
    }

    /// Whether a whole frame with a right checksum begins at the byte `at`.
    #[must_use]
    pub fn is_frame(&self, at: usize) -> bool {
        let candidate = self.bytes.get(at..).unwrap_or_default();
        let Ok(size) = payload_size(candidate) else { return false };
        let (start, end) = (at + FRAME_HEADER_SIZE_BYTES, at + FRAME_HEADER_SIZE_BYTES + size);
        if end > self.bytes.len() {
            return false;
        }
        let crc = self.seed.begin(self.offset + at as u64, &candidate[..8]);
        candidate[8..FRAME_HEADER_SIZE_BYTES] == self.append(crc, start, end).to_le_bytes()
    }

    /// The checksum `crc` continued over the bytes from `start` to `end`.
    fn append(&self, crc: u32, start: usize, end: usize) -> u32 {
        let (first, last) = (start.div_ceil(BLOCK_SIZE_BYTES), end / BLOCK_SIZE_BYTES);
        if first >= last {
            return crc32c::crc32c_append(crc, &self.bytes[start..end]);
        }
        let (first_at, last_at) = (first * BLOCK_SIZE_BYTES, last * BLOCK_SIZE_BYTES);
        let register = !crc32c::crc32c_append(crc, &self.bytes[start..first_at]);
        let moved = multiply(register ^ self.registers[first], self.shifts[last - first]);
        let register = moved ^ self.registers[last];
        crc32c::crc32c_append(!register, &self.bytes[last_at..end])
    }
}

/// The product of two reflected polynomials modulo the polynomial of CRC-32C.
fn multiply(left: u32, mut right: u32) -> u32 {
    let mut product = 0;
    for bit in (0..u32::BITS).rev() {
        product ^= right & ((left >> bit) & 1).wrapping_neg();
        right = (right >> 1) ^ (POLYNOMIAL & (right & 1).wrapping_neg());
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrameKind, decode_frame, encode_frame, header_check};

    const SEED_UUID: [u8; 16] = [5; 16];

    #[test]
    fn a_search_finds_exactly_what_decoding_accepts() {
        // Promise: a frame behind damage is found, however long it is, and nothing else is.
        let seed = FrameSeed::new(&SEED_UUID);
        let mut bytes = b"KR garbage KRKR".to_vec();
        for size in [0, 1, 500, 511, 512, 513, 1_024, 5_000, 70_001] {
            let offset = 77 + bytes.len() as u64;
            let payload = (0..size).map(|index| (index * 7 % 251) as u8);
            encode_frame(&mut bytes, seed, offset, FrameKind::Rows, |out| out.extend(payload))
                .unwrap();
            bytes.extend([b'K', b'R', 4, header_check(4, 16), 16, 0, 0, 0]);
            bytes.extend(b"false frame");
        }
        for flipped in [None, Some(50), Some(60_000)] {
            let mut bytes = bytes.clone();
            if let Some(at) = flipped {
                bytes[at] ^= 4;
            }
            let search = FrameSearch::new(&bytes, seed, 77);
            let mut found = Vec::new();
            let mut at = 0;
            while let Some(next) = search.next_behind(at) {
                found.push(next);
                at = next;
            }
            let good = |&at: &usize| decode_frame(&bytes[at..], seed, 77 + at as u64).is_ok();
            let expected: Vec<usize> = (1..bytes.len()).filter(good).collect();
            assert_eq!(found, expected);
            assert_eq!(found.len(), 9 - usize::from(flipped.is_some()));
        }
    }
}
