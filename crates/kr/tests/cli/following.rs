//! `kr tail`, which goes on while others write.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use kronicler_format::{Counters, Row};
use kronicler_store::{Batch, Dictionary, LaneState, LaneWriter};

use crate::answers::call;
use crate::fixture::{Answer, Fixture, START_NS, send_signal, spawn};

struct Following {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Following {
    fn begin(fixture: &Fixture, args: &[&str]) -> Self {
        Self::run(&mut fixture.command(args))
    }

    fn run(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command);
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, out }
    }

    /// The next line; waits for it.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    /// How it ends, and what it has to say.
    fn end(self) -> (std::process::ExitStatus, String) {
        drop(self.out);
        let end = self.child.wait_with_output().expect("it ends");
        (end.status, String::from_utf8_lossy(&end.stderr).into_owned())
    }
}

/// One more row of the lane's first series.
fn append(writer: &mut LaneWriter, state: &mut LaneState, duration_ns: u64) {
    let row = Row { series: 0, thread: 0, end_ns: START_NS, duration_ns };
    let names = Dictionary::clone(&state.names);
    let first_seq = state.next_seq;
    let batch = Batch { names: &names, rows: &[row], first_seq, counters: None, now_ns: 0 };
    writer.append(&batch).expect("a row in the log");
    writer.absorb_into(state, &[row]);
}

#[test]
fn new_calls_are_shown_as_they_end() {
    // Promise: the last calls come first, then each wanted call of every lane once, as it is
    // written, also of a lane that begins later; names of functions seen later are whole.
    let fixture = Fixture::bare();
    let first = [call("a", START_NS, 1), call("a", START_NS + 1, 2), call("a", START_NS + 2, 3)];
    let (mut writer, mut state) = fixture.begin(&first, Counters::default());
    let args = ["tail", "-f", "-n", "2", "--min-duration", "2ns", "--name", "a*"];
    let mut tail = Following::begin(&fixture, &args);
    assert!(tail.line().contains("lane:seq"));
    assert!(tail.line().contains(" 0:1 ") && tail.line().contains(" 0:2 "));
    append(&mut writer, &mut state, 1);
    append(&mut writer, &mut state, 40);
    assert!(tail.line().contains(" 0:4 "), "the one before is too short");
    let long = "a".repeat(60);
    fixture.write(&[call("b", START_NS, 9), call(&long, START_NS, 9)], Counters::default(), true);
    assert!(tail.line().contains(&format!("  {long}  a.js:1")));
    append(&mut writer, &mut state, 50);
    assert!(tail.line().contains("0:5 "));
    // Nobody reads any more, and nothing new comes: it notices all the same.
    let (status, told) = tail.end();
    assert_eq!((status.code(), told.as_str()), (Some(0), ""));
}

#[test]
fn following_survives_a_cleared_database() {
    // Promise: when a lane vanishes that is told, and rows of the next one follow.
    let fixture = Fixture::bare();
    fixture.write(&[call("a", START_NS, 1)], Counters::default(), true);
    let mut tail = Following::begin(&fixture, &["tail", "--follow", "-n", "0", "--csv"]);
    assert!(tail.line().starts_with("id,lane,"));
    std::fs::remove_dir_all(fixture.dir().join("lane-0000")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(400));
    fixture.write(&[call("b", START_NS, 1)], Counters::default(), true);
    assert!(tail.line().starts_with("0,0,0,b,"));
    let (status, told) = tail.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(told, "kr: the database was cleared; what comes now is shown\n");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_following_quietly() {
    // Promise: Ctrl-C ends `kr tail -f` by the signal, and nothing is said.
    use std::os::unix::process::ExitStatusExt;

    let fixture = Fixture::shop();
    let mut tail = Following::begin(&fixture, &["tail", "-f", "--json"]);
    assert!((0..10).map(|_| tail.line()).all(|line| line.starts_with("{\"schema\":1,")));
    send_signal(&tail.child, "INT");
    let (status, told) = tail.end();
    assert_eq!((status.signal(), told.as_str()), (Some(2), ""));
}

#[test]
fn a_database_that_is_not_there_yet_is_awaited() {
    // Promise: `kr tail -f` may be started before the service; it says once that it waits, and
    // shows the first calls. What cannot become a database is told at once.
    let fixture = Fixture::bare();
    let mut tail = Following::begin(&fixture, &["tail", "-f", "--csv"]);
    std::thread::sleep(std::time::Duration::from_millis(400));
    std::fs::create_dir(fixture.dir()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    fixture.write(&[call("a", START_NS, 1)], Counters::default(), true);
    assert!(tail.line().starts_with("id,lane,"));
    assert!(tail.line().starts_with("0,0,0,a,"));
    let (status, told) = tail.end();
    let dir = fixture.dir();
    let waiting = format!("kr: there is no database in {} yet; waiting for one\n", dir.display());
    assert_eq!((status.code(), told), (Some(0), waiting));
    // Found from a directory within, as always.
    let within = Fixture::bare();
    let mut command = within.command(&["tail", "-f", "--csv"]);
    command.env_remove("KRONICLER_DIR");
    let mut tail = Following::run(&mut command);
    std::thread::sleep(std::time::Duration::from_millis(200));
    within.write(&[call("b", START_NS, 1)], Counters::default(), true);
    assert!(tail.line().starts_with("id,lane,") && tail.line().starts_with("0,0,0,b,"));
    assert!(tail.end().1.contains("in .kronicler_data yet"));
    std::fs::write(within.root().join("file"), "").unwrap();
    for (dir, code) in [("file", 4), ("no/such/place", 4)] {
        let answer = within.ask(&["tail", "-f", "--dir", dir]);
        assert_eq!((answer.code, answer.err.lines().count()), (code, 1), "{answer:?}");
    }
    assert_eq!(within.ask(&["tail", "--dir", "elsewhere"]).code, 4, "nobody waits without -f");
    assert_eq!(Fixture::bare().ask(&["tail", "-f", "--since", "later"]).code, 2);
}

#[test]
fn without_following_the_last_calls_are_shown() {
    // Promise: `kr tail` shows as many of the last wanted calls as asked for, the newest last.
    let fixture = Fixture::shop();
    let ids = |args: &[&str]| -> Vec<String> {
        let text = fixture.ask(args).text();
        let rows = text.lines().skip(1).filter_map(|line| line.split(',').next());
        rows.map(str::to_owned).collect()
    };
    assert_eq!(ids(&["tail", "--csv", "-n", "3"]), ["7497", "7498", "7499"]);
    assert_eq!(ids(&["tail", "--csv"]).len(), 10);
    assert_eq!(ids(&["tail", "--csv", "-n", "1", "--outcome", "error"]), ["7007"]);
    assert_eq!(fixture.ask(&["tail", "--name", "no"]).text().lines().count(), 1);
    let many = ["-n", "100001"];
    for command in ["tail", "slow"] {
        let Answer { code, err, .. } = fixture.ask(&[command, many[0], many[1]]);
        assert_eq!(code, 2);
        assert!(err.contains("100000 at most; ask for fewer, or let kr fetch"), "{err}");
    }
}
