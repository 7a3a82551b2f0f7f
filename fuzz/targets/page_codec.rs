//! Metadata and pages of the numeric codec, any bytes of it, behind right checksums.
#![no_main]

use kronicler_fuzz::{Input, PcoParts, UUID, check_chunk, chunk_of_parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let width = 1 << (input.byte() % 4);
    // Mostly few, so that many are tried; at most what a chunk holds.
    let count = u32::from(input.u16());
    let value_count = 1 + if count & 0x1f == 0x1f { count } else { count >> 5 };
    let meta = input.sized();
    let parts = PcoParts { value_count, width, meta, pages: input.rest() };
    check_chunk(&UUID, 5, &chunk_of_parts(&UUID, 5, &parts));
});
