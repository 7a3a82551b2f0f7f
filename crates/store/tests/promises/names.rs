//! Names as users choose them.

use std::sync::Arc;

use kronicler_format::limits::{NAME_COUNT_MAX, NAME_SIZE_BYTES_MAX, OTHER_NAME};
use kronicler_format::{Flags, Kind, Outcome, Row, SeriesEntry};
use kronicler_store::{Batch, LaneReader, Memory, Storage};

use crate::world::{Owner, bytes_of, disk_with, first_head, root};

fn intern(owner: &mut Owner, name: &str, source: &str) -> u32 {
    let flags = Flags::new(Outcome::Ok, Kind::Sync);
    let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
    owner.names.intern(name, source, entry)
}

fn row(series: u32) -> Row {
    Row { series, thread: 0, end_ns: 1, duration_ns: u64::from(series) }
}

fn append(owner: &mut Owner, rows: &[Row]) {
    let first_seq = owner.state.next_seq;
    let batch = Batch { names: &owner.names, rows, first_seq, counters: None, now_ns: 0 };
    owner.writer.append(&batch).expect("rows can be appended");
    owner.writer.absorb_into(&mut owner.state, rows);
}

#[test]
fn every_name_comes_back_as_it_was_given() {
    // Promise: empty, NUL, emoji, right-to-left, frame marks: a name is any text.
    let names = ["", "\0", "a\0b", "🦀 crème", "שלום", "KR\u{4}\0\0\0", "\n\t\"',", " "];
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    let rows: Vec<Row> = names.iter().map(|name| row(intern(&mut owner, name, name))).collect();
    append(&mut owner, &rows);
    owner.close();
    let reader = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
    let read = &reader.state().names;
    for (row, name) in rows.iter().zip(names) {
        let found = read.name_of(row.series).unwrap();
        assert_eq!((&*found.name, &*found.source), (name, name));
        assert_eq!(read.series_of(name), [row.series]);
    }
    assert_eq!(reader.state().stored(), names.len() as u64);
}

#[test]
fn a_megabyte_of_name_is_cut_and_marked() {
    // Promise: names above 1,024 bytes are cut, say so by a hash, and stay apart.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    let long = "é".repeat(1 << 19);
    let [one, other] = ["1", "2"].map(|end| intern(&mut owner, &format!("{long}{end}"), &long));
    assert_ne!(one, other);
    assert_eq!(intern(&mut owner, &format!("{long}1"), ""), one);
    append(&mut owner, &[row(one), row(other)]);
    let reader = LaneReader::open(&storage, &root(), 0).unwrap().unwrap();
    for series in [one, other] {
        let name = reader.state().names.name_of(series).unwrap();
        for text in [&name.name, &name.source] {
            assert!(text.len() <= NAME_SIZE_BYTES_MAX && text.starts_with('é'));
            let (_, hash) = text.rsplit_once('~').unwrap();
            assert!(hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()));
        }
    }
}

#[test]
fn further_names_count_under_other() {
    // Promise: 100,000 names a lane; the calls of the others are stored all the same.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    let series: Vec<u32> =
        (0..=NAME_COUNT_MAX).map(|n| intern(&mut owner, &format!("f{n}"), "a.js:1")).collect();
    assert_eq!(series[series.len() - 1], series[series.len() - 2], "both are others");
    let rows: Vec<Row> = series.iter().map(|&series| row(series)).collect();
    append(&mut owner, &rows);
    owner.close();

    let mut next = Owner::open(&storage, &root(), 0);
    assert_eq!(next.state.next_seq, u64::from(NAME_COUNT_MAX) + 1);
    assert_eq!(next.state.names.names().len(), NAME_COUNT_MAX as usize);
    assert_eq!(next.state.quarantined(), 0);
    let other = next.state.names.series_of(OTHER_NAME);
    assert_eq!(other, [series[series.len() - 1]]);
    assert_eq!(next.state.windows.last().unwrap().totals.get(other[0]).unwrap().moments.count(), 2);
    assert_eq!(intern(&mut next, "f99998", ""), series[99_998], "known names stay known");
    assert_eq!(intern(&mut next, "new", ""), series[series.len() - 1]);
}

#[test]
fn names_are_written_once() {
    // Promise: a name costs its bytes when it is new, not with every append or restart.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    let series = intern(&mut owner, "a name of some length", "src/file.js:12");
    append(&mut owner, &[row(series)]);
    let size = |storage| bytes_of(storage, &first_head()).len();
    let before = size(&storage);
    append(&mut owner, &[row(series)]);
    assert!(size(&storage) - before < 30);
    owner.close();
    let before = size(&storage);
    let mut owner = Owner::open(&storage, &root(), 0);
    append(&mut owner, &[row(series)]);
    assert!(size(&storage) - before < 200);
    let copy = disk_with(&bytes_of(&storage, &first_head()));
    let reader = LaneReader::open(&copy, &root(), 0).unwrap().unwrap();
    assert_eq!(reader.state().names.names().len(), 1);
    assert_eq!(reader.state().stored(), 3);
}
