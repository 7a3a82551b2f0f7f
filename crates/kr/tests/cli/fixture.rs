//! Databases as a service would leave them, and the built program to ask them with.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kronicler_format::{Counters, Flags, Kind, Outcome, Row, Run, SeriesEntry};
use kronicler_store::{Batch, Dictionary, Disk, LaneState, LaneWriter, Storage};
use tempfile::TempDir;

/// 2026-01-31T12:00:00Z, when the service of the fixture began.
pub const START_NS: i64 = 1_769_860_800_000_000_000;
/// Functions of the fixture.
pub const FUNCTION_COUNT: u64 = 30;
/// Calls of each.
pub const CALL_COUNT: u64 = 250;
/// Time between two calls.
pub const STEP_NS: i64 = 100_000_000;

/// A database in a directory that goes when this does.
pub struct Fixture {
    root: TempDir,
}

/// What a call of the fixture is.
pub struct Call<'a> {
    pub name: &'a str,
    pub source: &'a str,
    pub outcome: Outcome,
    pub end_ns: i64,
    pub duration_ns: u64,
}

impl Fixture {
    /// A directory without a database.
    pub fn bare() -> Self {
        Self { root: TempDir::new().expect("a directory for the test") }
    }

    /// A shop: 30 functions called in turns for 750 s, of which `getQuote` is now and then far
    /// slower than usual.
    pub fn shop() -> Self {
        Self::shop_that_ended(true)
    }

    /// The shop, as a process that was killed would leave it.
    pub fn open_shop() -> Self {
        Self::shop_that_ended(false)
    }

    fn shop_that_ended(is_closed: bool) -> Self {
        let fixture = Self::bare();
        let names: Vec<String> = (0..FUNCTION_COUNT).map(function_name).collect();
        let sources: Vec<String> = (0..FUNCTION_COUNT).map(function_source).collect();
        let calls: Vec<Call<'_>> = (0..FUNCTION_COUNT * CALL_COUNT)
            .map(|index| {
                let function = usize::try_from(index % FUNCTION_COUNT).expect("small");
                Call {
                    name: &names[function],
                    source: &sources[function],
                    outcome: if index % 1_000 == 7 { Outcome::Error } else { Outcome::Ok },
                    end_ns: START_NS + i64::try_from(index).expect("small") * STEP_NS,
                    duration_ns: duration_ns(index),
                }
            })
            .collect();
        fixture.write(&calls, Counters::default(), is_closed);
        fixture
    }

    /// The database's directory.
    pub fn dir(&self) -> PathBuf {
        self.root.path().join(".kronicler_data")
    }

    /// The directory around the database.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Lets a process write these calls to a lane of its own, or the lowest free one.
    pub fn write(&self, calls: &[Call<'_>], counters: Counters, is_closed: bool) {
        let writer = self.begin(calls, counters);
        if is_closed {
            let (writer, state) = writer;
            writer.close(&state).expect("a closed lane");
        }
    }

    /// As [`Fixture::write`], with the lane still owned.
    pub fn begin(&self, calls: &[Call<'_>], counters: Counters) -> (LaneWriter, LaneState) {
        self.begin_version("1.4.0", START_NS, calls, counters)
    }

    /// Lets a process of this version, started then, write these calls.
    pub fn write_version(&self, version: &str, start_ns: i64, calls: &[Call<'_>]) {
        let (writer, state) = self.begin_version(version, start_ns, calls, Counters::default());
        writer.close(&state).expect("a closed lane");
    }

    /// As [`Fixture::begin`], by a process of this version, started then.
    pub fn begin_version(
        &self,
        version: &str,
        start_ns: i64,
        calls: &[Call<'_>],
        counters: Counters,
    ) -> (LaneWriter, LaneState) {
        let rows = |names: &mut Dictionary| calls.iter().map(|call| row(names, call)).collect();
        self.begin_with(version, start_ns, rows, counters)
    }

    /// As [`Fixture::begin`], by a process of this version, started then, with rows of any kind.
    pub fn begin_with(
        &self,
        version: &str,
        start_ns: i64,
        rows: impl FnOnce(&mut Dictionary) -> Vec<Row>,
        counters: Counters,
    ) -> (LaneWriter, LaneState) {
        let run = Run {
            service: "shop".to_owned(),
            version: version.to_owned(),
            host: "web-1".to_owned(),
            pid: 4_711,
            start_ns,
            clock: "tsc".to_owned(),
            ..Run::default()
        };
        let (mut writer, mut state) = self.open(run);
        append(&mut writer, &mut state, counters, rows);
        (writer, state)
    }

    /// A lane that this process now owns.
    pub fn open(&self, run: Run) -> (LaneWriter, LaneState) {
        let storage: Arc<dyn Storage> = Arc::new(Disk);
        let _no_fork = lock(&FORKING);
        LaneWriter::open(&storage, &self.dir(), run, 0).expect("a lane")
    }

    /// The program, about to ask this database.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kr"));
        command.args(args).env_clear().env("TZ", "UTC").env("KRONICLER_DIR", self.dir());
        command.current_dir(self.root());
        command
    }

    /// What the program answers.
    pub fn ask(&self, args: &[&str]) -> Answer {
        Answer::of(&mut self.command(args))
    }
}

/// What the program answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A child shares the locks of its parent until it runs its own program: no lane is to be taken
/// meanwhile, it may look owned.
static FORKING: Mutex<()> = Mutex::new(());

fn lock(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a command while no lane is being taken.
pub fn spawn(command: &mut Command) -> Child {
    let _forking = lock(&FORKING);
    command.spawn().expect("the program runs")
}

/// Sends a signal to a child.
pub fn send_signal(child: &Child, name: &str) {
    let mut command = Command::new("kill");
    let mut kill = spawn(command.args([format!("-{name}"), child.id().to_string()]));
    assert!(kill.wait().expect("it ends").success());
}

impl Answer {
    /// The answer of a command.
    pub fn of(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = spawn(command);
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
        Self {
            code: status.code().expect("an exit code"),
            out: String::from_utf8(stdout).expect("text"),
            err: String::from_utf8(stderr).expect("text"),
        }
    }

    /// The output of a program that had nothing to complain about.
    pub fn text(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// The output as JSON.
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.text()).expect("JSON")
    }
}

/// The name of a function of the shop.
pub fn function_name(index: u64) -> String {
    if index == 3 { "getQuote".to_owned() } else { format!("Shop.step{index:02}") }
}

fn function_source(index: u64) -> String {
    if index == 3 { "src/quote.js:41".to_owned() } else { format!("src/shop.js:{}", 10 + index) }
}

/// Calls take one to two microseconds times the function's number, but for every 125th of
/// `getQuote`, which takes 400 ms instead of about 10.
fn duration_ns(index: u64) -> u64 {
    let (function, call) = (index % FUNCTION_COUNT, index / FUNCTION_COUNT);
    let wobble = call * 7_919 % 1_000;
    match function {
        3 if call % 125 == 60 => 400_000_000 + wobble,
        3 => 10_000_000 + wobble * 1_000,
        _ => (function + 1) * (1_000 + wobble),
    }
}

/// Appends rows, and the names that they bring, to a lane.
pub fn append(
    writer: &mut LaneWriter,
    state: &mut LaneState,
    counters: Counters,
    rows: impl FnOnce(&mut Dictionary) -> Vec<Row>,
) {
    let mut names = Dictionary::clone(&state.names);
    let rows = rows(&mut names);
    let batch = Batch {
        names: &names,
        rows: &rows,
        first_seq: state.next_seq,
        now_ns: 0,
        counters: Some(counters),
    };
    writer.append(&batch).expect("rows in the log");
    writer.absorb_into(state, &rows);
}

fn row(names: &mut Dictionary, call: &Call<'_>) -> Row {
    let flags = Flags::new(call.outcome, Kind::Async);
    let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
    let series = names.intern(call.name, call.source, entry);
    Row { series, thread: 0, end_ns: call.end_ns, duration_ns: call.duration_ns }
}
