//! Golden bytes: what past versions wrote is read, and written again byte for byte.
//!
//! After a wanted change of the format: `KRONICLER_GOLDEN=write cargo test -p kronicler-stats
//! --test golden`, and raise the version that the files carry.

use std::path::Path;

use kronicler_format::varint::Cursor;
use kronicler_format::{Flags, Kind, Outcome, Row};
use kronicler_stats::{
    History, HistoryFunction, HistoryHeader, HistorySeries, Summary, decode_history_file,
    encode_history_file,
};

const HEADER: HistoryHeader =
    HistoryHeader { lane: 5, uuid: *b"0123456789abcdef", id: 12, created_ns: 1_700_000_000_000 };

/// Compares with the stored bytes, or stores these when asked to.
fn assert_golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var("KRONICLER_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(&path, bytes).expect("the folder can be written");
    }
    let stored = std::fs::read(&path).expect("golden bytes are there");
    assert_eq!(stored, bytes, "{name} is written differently than before");
    stored
}

/// Durations of all magnitudes, from a rule anyone can follow: no random numbers.
fn rows() -> impl Iterator<Item = (u64, Row)> {
    (0..2_000_u64).map(|seq| {
        let duration_ns = 100_000 + (seq * 7_919 % 2_003) * (seq * 104_729 % 331);
        let duration_ns = if seq % 97 == 0 { duration_ns << (seq % 31) } else { duration_ns };
        let end_ns = 1_700_000_000_000_000_000 + (seq * 60_000_000_000).cast_signed();
        (seq, Row { series: 0, thread: u32::from(seq % 5 == 0), end_ns, duration_ns })
    })
}

#[test]
fn summaries_are_those_of_past_versions() {
    // Promise: statistics in files that exist keep their meaning.
    let mut summary = Summary::new();
    rows().for_each(|(seq, row)| summary.add(seq, &row));
    let mut bytes = Vec::new();
    summary.encode(&mut bytes);
    let stored = assert_golden("summary.bin", &bytes);
    assert_eq!(Summary::decode(&mut Cursor::new("golden", &stored)), Ok(summary));
}

#[test]
fn history_files_are_those_of_past_versions() {
    // Promise: a history that exists is read, by hour and by day.
    let mut history = History::new();
    let function =
        |version, name| HistoryFunction { service: "shop", version, name, source: "src/a.js:12" };
    for (seq, row) in rows() {
        let version = if seq < 1_200 { "1.2.3" } else { "1.3.0" };
        let name = if seq % 3 == 0 { "getOrders" } else { "GET /ü" };
        let outcome = if seq % 11 == 0 { Outcome::Error } else { Outcome::Ok };
        let flags = Flags::new(outcome, Kind::Http);
        let (weight, status_class) = (1 + u32::from(seq % 13 == 0), 2 + (outcome as u8) * 3);
        let function = function(version, name);
        let id = history.series(&HistorySeries { function, flags, weight, status_class });
        history.add_row(id, seq, &row);
    }
    history.roll_up(1_700_050_000_000_000_000 + History::HOURS_KEPT_NS);
    let bytes = encode_history_file(&HEADER, &history).unwrap();
    let stored = assert_golden("history.bin", &bytes);
    let (header, read) = decode_history_file(&stored).unwrap();
    assert_eq!(header, HEADER);
    let (mut body, mut again) = (Vec::new(), Vec::new());
    history.encode(&mut body);
    read.encode(&mut again);
    assert_eq!(again, body);
    let values = |history: &History| -> Vec<String> {
        let entries = history.entries(i64::MIN, i64::MAX);
        let entries = entries
            .map(|entry| format!("{:?} {:?} {:?}", entry.period, entry.series, entry.value()));
        let days = history.slowest(i64::MIN, i64::MAX).map(|day| format!("{day:?}"));
        entries.chain(days).collect()
    };
    let mut expected = values(&history);
    let mut found = values(&read);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}
