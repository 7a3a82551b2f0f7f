//! A head log: any bytes, and frames of any payload whose checksums are right.
#![no_main]

use std::path::Path;

use kronicler_fuzz::{Input, ROOT, disk_of, head_of_payloads, read_database};
use kronicler_store::{LaneReader, head_path, lane_dir};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let log =
        if input.byte() % 4 == 0 { input.rest().to_vec() } else { head_of_payloads(&mut input) };
    let path = head_path(&lane_dir(Path::new(ROOT), 0), 1);
    let disk = disk_of(&[(path.clone(), log.clone())]);
    let count = read_database(&disk);
    // Who follows a log that grows sees what one sees who comes late.
    let begun = disk_of(&[(path.clone(), log[..log.len() / 2].to_vec())]);
    let Ok(Some(mut follower)) = LaneReader::open(&begun, Path::new(ROOT), 0) else { return };
    begun.open_append(&path).expect("it is there").append(&log[log.len() / 2..]).expect("room");
    if follower.refresh().expect("it is there") && follower.state().damage.bytes == 0 {
        let rows: u64 = follower.state().blocks().map(|block| u64::from(block.row_count)).sum();
        assert!(rows >= count || !follower.state().segments.is_empty());
    }
});
