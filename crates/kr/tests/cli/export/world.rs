//! Databases with all that rows can be.

use kronicler_format::{
    Argument, CallContext, Counters, Detail, Flags, Kind, LoopUse, Outcome, Row, RowDetail, Run,
    SeriesEntry, TraceIds,
};
use kronicler_store::{LaneState, LaneWriter};

use crate::fixture::{Fixture, START_NS, append};

/// A row, whole.
pub struct Written<'a> {
    pub name: &'a str,
    pub source: &'a str,
    pub outcome: Outcome,
    pub kind: Kind,
    pub weight: u32,
    pub thread: u32,
    pub end_ns: i64,
    pub duration_ns: u64,
}

/// A row as most are.
pub const PLAIN: Written<'_> = Written {
    name: "getQuote",
    source: "src/quote.js:41",
    outcome: Outcome::Ok,
    kind: Kind::Sync,
    weight: 1,
    thread: 0,
    end_ns: START_NS,
    duration_ns: 1_000,
};

/// Names that a reader might stumble over.
pub fn hostile_names() -> Vec<String> {
    let names = ["", ",", "\"", "a\"b,c", "line\nline", "\r\n", "\0", "\u{1b}[31mred", "🙂", "\\"];
    let others = ["\u{fffd}", "\u{202e}x", "{\"ph\":\"X\"}", "NaN", "null", "'; DROP TABLE x", "é"];
    let mut names: Vec<String> = names.iter().chain(&others).map(|&name| name.into()).collect();
    names.push("n".repeat(1_024));
    names
}

/// A process of version 1, one of version 2 in the same lane, and one beside it.
pub fn three_processes() -> Fixture {
    let fixture = Fixture::bare();
    let names = hostile_names();
    let rows: Vec<Written<'_>> = (0..500).map(|index| row(&names, index)).collect();
    let mut beside = fixture.open(run("beside", "1", "", 3));
    drop_rows(&mut beside, &rows[..100]);
    let mut first = fixture.open(run("shop", "1.4.0", "", 1));
    drop_rows(&mut first, &rows[100..300]);
    first.0.close(&first.1).expect("a closed lane");
    let mut second = fixture.open(run("shop", "2.0.0", "blue", 2));
    drop_rows(&mut second, &rows[300..]);
    fixture
}

/// Lets a process of the fixture write rows to a lane that goes on being owned.
pub fn write(fixture: &Fixture, rows: &[Written<'_>]) -> (LaneWriter, LaneState) {
    let mut lane = fixture.open(run("shop", "1.4.0", "", 1));
    drop_rows(&mut lane, rows);
    lane
}

fn run(service: &str, version: &str, instance: &str, pid: u32) -> Run {
    Run {
        service: service.to_owned(),
        version: version.to_owned(),
        instance: instance.to_owned(),
        host: "web-1".to_owned(),
        pid,
        start_ns: START_NS,
        ..Run::default()
    }
}

fn drop_rows((writer, state): &mut (LaneWriter, LaneState), rows: &[Written<'_>]) {
    let first_seq = state.next_seq;
    append(writer, state, Counters::default(), |names| {
        let rows = rows.iter().map(|row| {
            let flags = Flags::new(row.outcome, row.kind);
            let entry = SeriesEntry { name: 0, flags, weight: row.weight, status_class: 0 };
            let series = names.intern(row.name, row.source, entry);
            let &Written { thread, end_ns, duration_ns, .. } = row;
            Row { series, thread, end_ns, duration_ns }
        });
        rows.collect()
    });
    let seqs = (first_seq..state.next_seq).filter(|seq| seq % 10 == 3);
    let details: Vec<RowDetail> = seqs.map(detail).collect();
    writer.append_details(&details).expect("details in the log");
    writer.absorb_into(state, &[]);
}

/// What a reader might stumble over, too.
fn detail(seq: u64) -> RowDetail {
    let argument = Argument { path: "0.id".to_owned(), value: "{\"a\":[1,\"b\"]}".to_owned() };
    let detail = Detail {
        error: Some("TypeError".to_owned()),
        message: Some(format!("{seq}, \"quoted\"\n\u{1b}[31m🙂")),
        event_loop: Some(LoopUse { busy_thousandths: 7, window_ns: u64::MAX }),
        in_flight: Some(seq),
        arguments: vec![argument],
        trace: Some(TraceIds { trace: [0xab; 16], span: [1; 8] }),
        context: Some(CallContext { call: seq + 1, parent: seq, request: 1 }),
    };
    let mut bytes = Vec::new();
    detail.encode(&mut bytes);
    RowDetail { seq, bytes: bytes.into() }
}

/// Every kind, outcome, name; several weights and threads; times before 1970 as well.
fn row(names: &[String], index: usize) -> Written<'_> {
    let number = index as u64;
    let end_ns = START_NS + i64::try_from(index).expect("small") * 1_234_567;
    Written {
        name: &names[index % names.len()],
        source: if index.is_multiple_of(5) { "" } else { "src/a,b \"c\".js:1" },
        outcome: Outcome::ALL[index % 3],
        kind: Kind::ALL[index % 7],
        weight: if index.is_multiple_of(11) { 100 } else { 1 },
        thread: u32::try_from(index % 4).expect("small"),
        end_ns: if index % 100 == 99 { -end_ns } else { end_ns },
        duration_ns: number * number * 1_001,
    }
}
