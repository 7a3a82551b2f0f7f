//! Moments, sketches, slowest rows and summaries: what decodes comes back and merges.
#![no_main]

use kronicler_format::Row;
use kronicler_format::varint::Cursor;
use kronicler_fuzz::Input;
use kronicler_stats::{Moments, Sketch, Slowest, Summary};
use libfuzzer_sys::fuzz_target;

/// What decodes must come back from its own bytes.
macro_rules! comes_back {
    ($type:ident, $bytes:expr) => {
        $type::decode(&mut Cursor::new("fuzz", $bytes)).ok().inspect(|value| {
            let mut out = Vec::new();
            value.encode(&mut out);
            assert_eq!($type::decode(&mut Cursor::new("fuzz", &out)).as_ref(), Ok(value));
        })
    };
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let kind = input.byte();
    let bytes = input.rest();
    match kind % 5 {
        0 => {
            if let Some(moments) = comes_back!(Moments, bytes) {
                assert!(moments.mean().is_none_or(f64::is_finite));
                assert!(moments.variance().is_none_or(|variance| variance >= 0.0));
                let mut double = moments.clone();
                double.merge(&moments);
            }
        }
        1 => {
            if let Some(sketch) = comes_back!(Sketch, bytes) {
                assert_eq!(sketch.quantile(0.5).is_some(), sketch.count() > 0);
                let mut double = sketch.clone();
                double.merge(&sketch);
            }
        }
        2 => drop(comes_back!(Slowest, bytes)),
        3 => summary(bytes),
        _ => added(bytes),
    }
});

fn summary(bytes: &[u8]) {
    let mut merged = Summary::new();
    let is_merged = merged.merge_encoded(bytes).is_ok();
    let Some(summary) = comes_back!(Summary, bytes) else { return };
    assert!(is_merged);
    assert_eq!(merged, summary);
    assert_eq!(summary.sketch.count(), summary.moments.count());
}

/// Rows of these bytes, added one by one and merged.
fn added(bytes: &[u8]) {
    let (mut whole, mut halves) = (Summary::new(), [Summary::new(), Summary::new()]);
    let mut input = Input::new(bytes);
    for seq in 0..200_u64 {
        if input.is_empty() {
            break;
        }
        let (shift, duration_ns) = (input.byte(), input.u64());
        let end_ns = duration_ns.cast_signed();
        let row = Row { series: 0, thread: 0, end_ns, duration_ns: duration_ns >> (shift % 64) };
        whole.add(seq, &row);
        halves[usize::from(shift >> 7)].add(seq, &row);
    }
    let [mut left, right] = halves;
    let mut out = Vec::new();
    right.encode(&mut out);
    left.merge_encoded(&out).expect("ours can be decoded");
    assert_eq!(left, whole);
    out.clear();
    whole.encode(&mut out);
    assert_eq!(Summary::decode(&mut Cursor::new("fuzz", &out)), Ok(whole));
}
