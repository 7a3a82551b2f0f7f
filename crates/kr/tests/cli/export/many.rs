//! Many rows, and rows drawn at random.

use kronicler_format::{Kind, Outcome};

use super::readers::{LABELS, arrow_file, csv, fetched, parquet, without};
use super::world::{PLAIN, Written, hostile_names, write};
use crate::fixture::{Fixture, START_NS};

/// So many rows of few functions.
pub fn fixture(row_count: u32) -> Fixture {
    let fixture = Fixture::bare();
    let names: Vec<String> = (0..7).map(|index| format!("Service.function{index}")).collect();
    let rows: Vec<Written<'_>> = (0..row_count)
        .map(|index| Written {
            name: &names[index as usize * index as usize % names.len()],
            kind: if index % 2 == 0 { Kind::Sync } else { Kind::Async },
            end_ns: START_NS + i64::from(index) * 10_007,
            duration_ns: u64::from(index.wrapping_mul(2_654_435_761) >> 8),
            thread: index % 3,
            ..PLAIN
        })
        .collect();
    for batch in rows.chunks(100_000) {
        let (writer, state) = write(&fixture, batch);
        writer.close(&state).expect("a closed lane");
    }
    fixture
}

#[test]
fn rows_keep_their_order_over_many_units() {
    // Promise: however many row groups and workers there are, rows come in the order of their ids.
    let fixture = fixture(600_000);
    fixture.ask(&["export", "-q", "-o", "a.parquet"]).text();
    let path = fixture.root().join("a.parquet");
    let ids = parquet(&path).into_iter().map(|row| row["id"].as_u64().unwrap());
    assert!(ids.eq(0..600_000));
    let file = std::fs::File::open(&path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
    assert_eq!(reader.unwrap().metadata().num_row_groups(), 3);
    // The last unit of a limit is cut within a batch.
    fixture.ask(&["export", "-q", "-n", "300001", "-o", "a.csv"]).text();
    let text = std::fs::read_to_string(fixture.root().join("a.csv")).unwrap();
    let ids = csv(&text).into_iter().map(|row| row["id"].as_u64().unwrap());
    assert!(ids.eq(0..300_001));
}

/// A linear congruential generator (Knuth's MMIX constants): the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        self.0 >> 16
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("small")
    }
}

#[test]
fn any_rows_come_back_as_they_were() {
    // Promise: tables hold exactly the rows of the database, whatever these are.
    let names = hostile_names();
    for seed in 0..24 {
        let mut random = Random(seed * 7_919 + 1);
        let row_count = random.below(3) * random.below(400) + random.below(3);
        let magnitude = random.below(48);
        let rows: Vec<Written<'_>> = (0..row_count)
            .map(|_| Written {
                name: &names[random.below(names.len())],
                source: if random.below(2) == 0 { "" } else { "a.js:1" },
                outcome: Outcome::ALL[random.below(3)],
                kind: Kind::ALL[random.below(7)],
                weight: 1 + u32::try_from(random.below(3)).expect("small"),
                thread: u32::try_from(random.below(1 << 20)).expect("small"),
                end_ns: (random.next() >> magnitude).cast_signed()
                    * (1 - 2 * (magnitude % 2) as i64),
                duration_ns: (random.next() << 16) >> magnitude,
            })
            .collect();
        let fixture = Fixture::bare();
        let (writer, state) = write(&fixture, &rows);
        writer.close(&state).expect("a closed lane");
        if seed % 2 == 0 {
            fixture.ask(&["compact"]).text();
        }
        let expected = fetched(&fixture, &[]);
        assert_eq!(expected.len(), row_count);
        for file in ["a.parquet", "a.arrow"] {
            fixture.ask(&["export", "-q", "-o", file]).text();
            let path = fixture.root().join(file);
            let read = if file == "a.parquet" { parquet(&path) } else { arrow_file(&path) };
            let read: Vec<_> = read.into_iter().map(|row| without(row, &LABELS)).collect();
            assert_eq!(read, expected, "{file}, seed {seed}");
        }
    }
}
