//! `kr` on a terminal: a pseudo-terminal with a size, whose other end a test reads.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::fixture::{Fixture, send_signal, spawn};

/// Far longer than anything takes: only a program that hangs comes to it.
const PATIENCE: Duration = Duration::from_secs(60);

struct Terminal {
    child: Child,
    shown: Receiver<String>,
}

impl Terminal {
    /// Runs `kr` on a terminal of that size.
    fn run(fixture: &Fixture, args: &[&str], size: (u16, u16), set: &[(&str, &str)]) -> Self {
        let own = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&own).expect("a pseudo-terminal");
        unlockpt(&own).expect("a pseudo-terminal");
        let (ws_row, ws_col) = size;
        tcsetwinsize(&own, Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
        let path = ptsname(&own, Vec::new()).expect("a name").into_string().expect("text");
        let open = || OpenOptions::new().read(true).write(true).open(&path).expect("a terminal");
        let mut command = fixture.command(args);
        command.env("TERM", "xterm").env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(set.iter().copied());
        command.stdin(open()).stdout(open()).stderr(open());
        let child = spawn(&mut command);
        // They hold the other end.
        drop(command);
        let (send, shown) = channel();
        std::thread::spawn(move || {
            let mut all = Vec::new();
            // When nobody has the other end any more, reading is an error on Linux.
            let _ = File::from(own).read_to_end(&mut all);
            let _ = send.send(String::from_utf8_lossy(&all).replace("\r\n", "\n"));
        });
        Self { child, shown }
    }

    /// What was shown, and how it ended.
    fn end(mut self) -> (String, std::process::ExitStatus) {
        let text = self.shown.recv_timeout(PATIENCE).expect("it ends");
        (text, self.child.wait().expect("it ends"))
    }
}

/// A pager that shows that it was there.
const PAGER: (&str, &str) = ("KR_PAGER", "sed s/^/P:/");

fn shown(fixture: &Fixture, args: &[&str], size: (u16, u16), set: &[(&str, &str)]) -> String {
    let (text, status) = Terminal::run(fixture, args, size, set).end();
    assert_eq!(status.code(), Some(0), "{text}");
    text
}

#[test]
fn only_long_text_on_a_terminal_is_paged() {
    // Promise: a pager has what does not fit, and nothing else: not what fits, not JSON, not CSV,
    // and nothing with --no-pager.
    let fixture = Fixture::shop();
    let is_paged = |args: &[&str], size, set: &[(&str, &str)]| {
        let text = shown(&fixture, args, size, set);
        let paged = text.lines().filter(|line| line.starts_with("P:")).count();
        assert!(paged == 0 || paged == text.lines().count(), "all or nothing: {text}");
        paged > 0
    };
    assert!(is_paged(&["stats"], (24, 80), &[PAGER]));
    assert!(!is_paged(&["stats"], (60, 80), &[PAGER]), "it fits");
    assert!(!is_paged(&["stats", "-n", "2"], (24, 80), &[PAGER]));
    assert!(!is_paged(&["stats", "--no-pager"], (24, 80), &[PAGER]));
    assert!(!is_paged(&["stats", "--json"], (24, 80), &[PAGER]));
    assert!(!is_paged(&["fetch", "all", "--csv"], (24, 80), &[PAGER]));
    assert!(is_paged(&["stats"], (24, 80), &[("PAGER", PAGER.1)]));
    assert!(!is_paged(&["stats"], (24, 80), &[("PAGER", PAGER.1), ("KR_PAGER", "")]));
    assert!(!is_paged(&["stats"], (24, 80), &[("KR_PAGER", "cat")]));
    assert!(!fixture.ask(&["stats"]).text().contains("P:"), "a pipe has none");
}

#[test]
fn a_pager_that_cannot_start_is_told() {
    // Promise: the answer is shown all the same, after a word on why there is no pager.
    let fixture = Fixture::shop();
    let text = shown(&fixture, &["stats"], (24, 80), &[("PAGER", "no-such-pager -x")]);
    assert!(text.contains("kr: cannot start the pager no-such-pager -x: "), "{text}");
    assert!(text.contains("Shop.step29"), "{text}");
    // Nobody asked for the one that is taken by default.
    let text = shown(&fixture, &["stats"], (24, 80), &[("PATH", "/nowhere")]);
    assert!(!text.contains("kr: ") && text.contains("Shop.step29"), "{text}");
}

#[test]
fn whoever_leaves_the_pager_has_seen_enough() {
    // Promise: a pager that ends early ends `kr` quietly with 0.
    let fixture = Fixture::shop();
    let text = shown(&fixture, &["fetch", "all"], (24, 80), &[("KR_PAGER", "head -n 2")]);
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn the_keyboard_is_the_pagers() {
    // Promise: Ctrl-C while a pager runs does not end `kr`, SIGTERM ends both, `kr` by the signal.
    use std::os::unix::process::ExitStatusExt;

    let fixture = Fixture::shop();
    // The pager shows a line once it has read all, and waits for its user.
    let waits = ("KR_PAGER", "cat >/dev/null; echo read all; sleep 2; echo left");
    let terminal = Terminal::run(&fixture, &["stats"], (24, 80), &[waits]);
    std::thread::sleep(Duration::from_millis(700));
    send_signal(&terminal.child, "INT");
    let (text, status) = terminal.end();
    assert_eq!((text.as_str(), status.code()), ("read all\nleft\n", Some(0)));
    let terminal = Terminal::run(&fixture, &["stats"], (24, 80), &[("KR_PAGER", "sleep 50")]);
    std::thread::sleep(Duration::from_millis(700));
    send_signal(&terminal.child, "TERM");
    let (text, status) = terminal.end();
    assert_eq!((text.as_str(), status.signal()), ("", Some(15)));
}

#[test]
fn a_terminal_without_a_size_is_a_usual_one() {
    // Promise: a terminal that says it has 0 columns gets lines of 80, and no line is lost.
    let fixture = Fixture::shop();
    let text = shown(&fixture, &["stats", "--color", "never"], (0, 0), &[("KR_PAGER", "cat")]);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|widest| (60..=80).contains(&widest)), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("Shop.")).count(), 29);
}

#[test]
fn what_is_quick_shows_no_progress() {
    // Promise: progress is for more than a second, and only on a terminal.
    let fixture = Fixture::shop();
    let text = shown(&fixture, &["verify", "--color", "never"], (24, 100), &[]);
    assert!(!text.contains("verifying") && text.contains("Nothing is wrong"), "{text}");
    let mut command = fixture.command(&["verify"]);
    let child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    assert_eq!(child.wait_with_output().expect("it ends").stderr, b"");
}
