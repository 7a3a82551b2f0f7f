//! Chunks: any bytes, rows of any shape, and chunks changed behind right checksums.
#![no_main]

use kronicler_fuzz::{
    Changes, Input, UUID, change_chunk, check_chunk, encoded_chunk, rows_of_input,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let kind = input.byte();
    if kind % 8 == 0 {
        check_chunk(&UUID, 0, input.rest());
        return;
    }
    let rows = rows_of_input(&mut input);
    let first_seq = u64::from(kind) << 32;
    let good = encoded_chunk(&UUID, first_seq, &rows);
    let mut changes = Changes::of(&mut input);
    if kind % 8 == 1 {
        assert_eq!(check_chunk(&UUID, first_seq, &good), Some(rows), "rows come back");
        return;
    }
    let chunk = change_chunk(&UUID, first_seq, good, &mut changes);
    if let Some(found) = check_chunk(&UUID, first_seq, &chunk) {
        let again = encoded_chunk(&UUID, first_seq, &found);
        assert_eq!(check_chunk(&UUID, first_seq, &again), Some(found));
    }
});
