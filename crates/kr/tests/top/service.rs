//! A service that writes known calls: the same in each second, from a minute ago on and a little
//! ahead of time, so that what is seen does not depend on when somebody looks.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use kronicler_format::{Counters, Flags, Kind, Outcome, Row, Run, SeriesEntry};
use kronicler_store::{Batch, Dictionary, Disk, LaneState, LaneWriter, Storage};

/// Seconds of calls before the service began, and ahead of the present.
const BEFORE_SECONDS: i64 = 320;
const AHEAD_SECONDS: i64 = 8;
const PAUSE: Duration = Duration::from_millis(100);
/// More functions than are watched.
const CROWD_COUNT: i64 = 1_500;

/// Name, calls a second, usual duration, whether one of them takes 40 times as long, whether one of
/// them fails.
type Function = (&'static str, u64, u64, bool, bool);

pub const FUNCTIONS: [Function; 7] = [
    ("Cart.total", 40, 12_000, false, false),
    ("getQuote", 20, 10_000_000, true, false),
    ("db.query", 5, 2_000_000, false, true),
    ("GET /orders/:id", 4, 31_000_000, true, false),
    ("Shop.closeEverythingForTheNight", 2, 5_000, false, false),
    ("\x1b[31mred\u{202e}日本", 1, 700, false, false),
    ("verifyPassword", 1, 92_000_000, false, false),
];

/// A service that runs until it is dropped.
pub struct Service {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<(LaneWriter, LaneState)>>,
}

/// The lane of a service.
struct Lane {
    writer: LaneWriter,
    state: LaneState,
    names: Dictionary,
}

impl Service {
    /// Starts a service.
    pub fn start(dir: &Path) -> Self {
        Self::play(dir, |second| {
            FUNCTIONS.iter().flat_map(|function| calls(function, second)).collect()
        })
    }

    /// Starts a service of 1,500 functions, each called once a minute, the later ones for longer.
    pub fn crowd(dir: &Path) -> Self {
        Self::play(dir, |second| {
            let minute = (0..CROWD_COUNT).filter(|number| number % 60 == second.rem_euclid(60));
            let call = |number: i64| {
                let duration_ns = 1_000 * number.unsigned_abs();
                (format!("f{number:04}"), second * 1_000_000_000, duration_ns, Outcome::Ok)
            };
            minute.map(call).collect()
        })
    }

    fn play(dir: &Path, calls: fn(i64) -> Vec<Call>) -> Self {
        let mut lane = Lane::open(dir);
        let now = now_s();
        lane.write(now - BEFORE_SECONDS, now + AHEAD_SECONDS, calls);
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut next = now + AHEAD_SECONDS;
            while !told.load(Ordering::Relaxed) {
                let end = now_s() + AHEAD_SECONDS;
                lane.write(next, end, calls);
                next = next.max(end);
                thread::sleep(PAUSE);
            }
            (lane.writer, lane.state)
        });
        Self { is_over, thread: Some(thread) }
    }

    fn stop(&mut self) -> Option<(LaneWriter, LaneState)> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take().map(|thread| thread.join().expect("the service runs well"))
    }

    /// Lets the service end in order.
    pub fn close(mut self) {
        let (writer, state) = self.stop().expect("it runs");
        writer.close(&state).expect("a closed lane");
    }

    /// Lets the service forget all, and goes on with other calls: one a second for a minute.
    pub fn clear(mut self) -> impl Sized {
        let (mut writer, _) = self.stop().expect("it runs");
        let state = writer.clear(Run::default()).expect("a cleared lane");
        let names = Dictionary::clone(&state.names);
        let mut lane = Lane { writer, state, names };
        let now = now_s();
        for second in now - 10..now + 10 {
            lane.log(&[call("afterClear", second, 0, 5_000, Outcome::Ok)], Counters::default());
        }
        lane.writer
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a call is: name, end, duration, outcome.
type Call = (String, i64, u64, Outcome);

fn call(name: &'static str, second: i64, part: u64, duration_ns: u64, outcome: Outcome) -> Call {
    let part_ns = i64::try_from(part).expect("a part of a second");
    (name.to_owned(), second * 1_000_000_000 + part_ns, duration_ns, outcome)
}

impl Lane {
    fn open(dir: &Path) -> Self {
        let storage: Arc<dyn Storage> = Arc::new(Disk);
        let run = Run {
            service: "shop".to_owned(),
            version: "1.4.0".to_owned(),
            host: "web-1".to_owned(),
            pid: 4_711,
            start_ns: now_s() * 1_000_000_000,
            ..Run::default()
        };
        let (writer, state) = LaneWriter::open(&storage, dir, run, 0).expect("a lane");
        let names = Dictionary::clone(&state.names);
        Self { writer, state, names }
    }

    /// Writes the calls that end from the first second on, before the second.
    fn write(&mut self, first: i64, end: i64, calls: fn(i64) -> Vec<Call>) {
        for second in first..end {
            self.log(&calls(second), Counters { dropped_ring: 3, ..Counters::default() });
        }
    }

    fn log(&mut self, calls: &[Call], counters: Counters) {
        let rows = calls.iter().map(|(name, end_ns, duration_ns, outcome)| {
            let flags = Flags::new(*outcome, Kind::Async);
            let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
            let series = self.names.intern(name, "src/shop.js:41", entry);
            Row { series, thread: 0, end_ns: *end_ns, duration_ns: *duration_ns }
        });
        let rows: Vec<Row> = rows.collect();
        let (names, first_seq) = (&self.names, self.state.next_seq);
        let now_ns = now_s() * 1_000_000_000;
        let batch = Batch { names, rows: &rows, first_seq, now_ns, counters: Some(counters) };
        self.writer.append(&batch).expect("rows in the log");
        self.writer.absorb_into(&mut self.state, &rows);
    }
}

/// The calls of a function in a second.
fn calls(function: &Function, second: i64) -> impl Iterator<Item = Call> {
    let &(name, count, usual_ns, has_slow, has_failed) = function;
    (0..count).map(move |index| {
        let factor = if has_slow && index == 3 { 40_000 } else { 1_000 + index * 200 / count };
        let outcome = if has_failed && index == 1 { Outcome::Error } else { Outcome::Ok };
        let part = index * 1_000_000_000 / count;
        call(name, second, part, usual_ns * factor / 1_000, outcome)
    })
}

fn now_s() -> i64 {
    let passed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
    i64::try_from(passed.as_secs()).expect("a clock")
}
