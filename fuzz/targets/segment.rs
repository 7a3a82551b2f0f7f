//! Headers and footers of segments: any bytes, and any sections behind a right checksum.
#![no_main]

use kronicler_format::{Footer, FrameSeed, SegmentHeader, footer_size_bytes};
use kronicler_fuzz::{Changes, Input, UUID, plain_database, put_footer, repair_header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    match input.byte() % 4 {
        0 => header(input.rest()),
        1 => footer(input.rest()),
        2 => {
            let mut out = Vec::new();
            put_footer(&mut out, 1, input.rest());
            footer(&out);
        }
        _ => {
            let (_, segment) = plain_database().swap_remove(1);
            let size = footer_size_bytes(&segment).expect("ours has one");
            let mut sections = segment[segment.len() - size..segment.len() - 24].to_vec();
            let mut changes = Changes::of(&mut input);
            changes.make(&mut sections);
            let mut out = Vec::new();
            put_footer(&mut out, 1, &sections);
            footer(&out);
        }
    }
});

fn header(bytes: &[u8]) {
    let mut repaired = bytes.to_vec();
    repair_header(&mut repaired);
    for bytes in [bytes, &repaired] {
        if let Ok(header) = SegmentHeader::decode(bytes) {
            assert_eq!(SegmentHeader::decode(&header.encode()), Ok(header));
        }
        if let Ok(head) = kronicler_format::Head::decode(bytes) {
            assert_eq!(kronicler_format::Head::decode(&head.encode()), Ok(head));
        }
    }
}

fn footer(bytes: &[u8]) {
    let seed = FrameSeed::new(&UUID);
    let _ = footer_size_bytes(bytes);
    let Ok(footer) = Footer::decode(bytes, seed, 1) else { return };
    assert!(footer.memory_bytes() < 64 * bytes.len() + 4_096);
    let mut out = Vec::new();
    footer.encode(seed, 1, &mut out).expect("what was decoded can be encoded");
    assert_eq!(Footer::decode(&out, seed, 1), Ok(footer));
}
