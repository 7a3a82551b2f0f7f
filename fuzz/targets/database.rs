//! Whole databases: files of any bytes, and a good one changed behind right checksums.
#![no_main]

use std::path::Path;

use kronicler_fuzz::{Input, ROOT, damaged_database, disk_of, plain_database, read_database};
use kronicler_store::{FileKind, file_path, head_path, lane_dir};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let kind = input.byte();
    let files = match kind % 4 {
        0 => {
            let dir = lane_dir(Path::new(ROOT), 0);
            let head = input.sized().to_vec();
            let segment = (file_path(&dir, FileKind::Segment, 1), input.rest().to_vec());
            vec![(head_path(&dir, 1), head), segment]
        }
        1 => {
            // A good database whose bytes change behind its checksums.
            let mut files = plain_database();
            let good = read_database(&disk_of(&files));
            for (_, file) in &mut files {
                while input.byte() > 128 {
                    let at = usize::from(input.u16()) % file.len();
                    file[at] ^= input.byte();
                }
            }
            assert!(read_database(&disk_of(&files)) <= good);
            files
        }
        _ => damaged_database(&mut input),
    };
    read_database(&disk_of(&files));
});
