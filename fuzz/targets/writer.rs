//! A writer that takes over a good database changed behind right checksums.
#![no_main]

use kronicler_fuzz::{Input, damaged_database, disk_of, write_database};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let disk = disk_of(&damaged_database(&mut Input::new(bytes)));
    // What it refuses it refuses by an error.
    let _ = write_database(&disk);
});
