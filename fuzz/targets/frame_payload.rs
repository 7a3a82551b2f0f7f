//! Payloads of frames: what decodes is encoded to something that decodes to the same.
#![no_main]

use kronicler_format::varint::Cursor;
use kronicler_format::{
    Checkpoint, Counters, Detail, Edit, Hooks, NamesFrame, Row, Run, decode_details, decode_rows,
    encode_details, encode_rows,
};
use kronicler_fuzz::Input;
use libfuzzer_sys::fuzz_target;

/// What decodes must come back from its own bytes.
macro_rules! comes_back {
    ($type:ident, $payload:expr) => {
        if let Ok(value) = $type::decode($payload) {
            let mut out = Vec::new();
            value.encode(&mut out);
            assert_eq!($type::decode(&out).as_ref(), Ok(&value));
        }
    };
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let kind = input.byte();
    let payload = input.rest();
    match kind % 9 {
        0 => rows(payload),
        1 => comes_back!(NamesFrame, payload),
        2 => comes_back!(Run, payload),
        3 => counters(payload),
        4 => comes_back!(Edit, payload),
        5 => comes_back!(Checkpoint, payload),
        6 => details(payload),
        7 => comes_back!(Detail, payload),
        _ => comes_back!(Hooks, payload),
    }
});

fn counters(payload: &[u8]) {
    let decode = |bytes: &[u8]| Counters::decode(&mut Cursor::new("fuzz", bytes));
    if let Ok(value) = decode(payload) {
        let mut out = Vec::new();
        value.encode(&mut out);
        assert_eq!(decode(&out), Ok(value));
    }
}

fn details(payload: &[u8]) {
    let Ok(details) = decode_details(payload, 7) else { return };
    assert!(details.iter().map(|detail| detail.bytes.len()).sum::<usize>() <= payload.len());
    let mut out = Vec::new();
    encode_details(&mut out, 7, &details);
    assert_eq!(decode_details(&out, 7), Ok(details));
}

fn rows(payload: &[u8]) {
    let mut rows: Vec<Row> = Vec::new();
    let Ok(first_seq) = decode_rows(payload, &mut rows) else {
        assert!(rows.is_empty());
        return;
    };
    assert!(rows.len() <= 8_192);
    let (mut out, mut again) = (Vec::new(), Vec::new());
    encode_rows(&mut out, first_seq, &rows);
    assert_eq!(decode_rows(&out, &mut again), Ok(first_seq));
    assert_eq!(again, rows);
}
