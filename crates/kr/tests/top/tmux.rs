//! A terminal of a test: a tmux server of its own, which ends with it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use tempfile::TempDir;

/// So long is waited for a screen at most. Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(40);

/// A terminal.
pub struct Tmux {
    dir: TempDir,
}

/// Whether there is a tmux; without it a test is skipped, but never where all must be tried.
pub fn is_here() -> bool {
    let is_here = Command::new("tmux").arg("-V").output().is_ok_and(|out| out.status.success());
    assert!(is_here || env::var_os("CI").is_none(), "tmux is missing: install the package tmux");
    if !is_here {
        // Not captured: who runs the tests sees it.
        let _ = writeln!(io::stderr(), "skipped, for want of tmux");
    }
    is_here
}

impl Tmux {
    /// A terminal of this size in which a shell runs, with these variables and no others of ours.
    pub fn start(size: (u16, u16), variables: &[(&str, &str)]) -> Self {
        let tmux = Self { dir: TempDir::new().expect("a directory for the test") };
        let (width, height) = (size.0.to_string(), size.1.to_string());
        let mut shell = vec!["env".to_owned(), "-i".to_owned()];
        // Tests within the program have none, and need none.
        let kr = Path::new(option_env!("CARGO_BIN_EXE_kr").unwrap_or("/bin/kr")).parent();
        let path = format!("{}:/usr/bin:/bin", kr.expect("a directory").display());
        let database = tmux.database();
        let database = database.to_str().expect("text");
        for (name, value) in [
            ("PATH", &*path),
            ("KRONICLER_DIR", database),
            ("PS1", "$ "),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
        ]
        .into_iter()
        .chain([("TERM", "screen-256color"), ("HOME", tmux.dir().to_str().expect("text"))])
        .chain(variables.iter().copied())
        {
            shell.push(format!("{name}={value}"));
        }
        shell.extend(["sh".to_owned(), "-i".to_owned()]);
        let mut args = vec!["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height];
        args.extend(shell.iter().map(String::as_str));
        tmux.ask(&args);
        tmux.wait_for(|screen| screen.starts_with("$"));
        tmux
    }

    /// A directory that goes with the terminal.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The database that `kr` is asked about.
    pub fn database(&self) -> PathBuf {
        self.dir().join(".kronicler_data")
    }

    fn command(&self, args: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command
            .args(["-L", "top"])
            .args(args)
            .env("TMUX_TMPDIR", self.dir())
            .env("LC_ALL", "C.UTF-8");
        command.env_remove("TMUX").output().expect("tmux runs")
    }

    fn ask(&self, args: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(args);
        assert!(status.success(), "{args:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("text")
    }

    /// Presses keys, by tmux's names.
    pub fn press(&self, keys: &[&str]) {
        self.ask(&[&["send-keys"], keys].concat());
    }

    /// Types a line.
    pub fn enter(&self, line: &str) {
        self.ask(&["send-keys", "-l", line]);
        self.press(&["Enter"]);
    }

    /// Starts `kr top`; its process id is in the file that [`Tmux::signal`] reads.
    pub fn top(&self, args: &str) {
        self.enter(&format!("clear; sh -c 'echo $$ >$HOME/pid; exec kr top {args}'"));
    }

    /// Sends a signal to the program that was started last.
    pub fn signal(&self, signal: &str) {
        let pid = fs::read_to_string(self.dir().join("pid")).expect("a process id");
        let status = Command::new("kill").args([signal, pid.trim()]).status().expect("kill runs");
        assert!(status.success());
    }

    /// What is on the screen, without spaces at the ends of lines.
    pub fn screen(&self) -> String {
        let text = self.ask(&["capture-pane", "-p"]);
        text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    /// The same with its colours.
    pub fn colours(&self) -> String {
        self.ask(&["capture-pane", "-p", "-e"])
    }

    /// Makes it as large.
    pub fn resize(&self, (width, height): (u16, u16)) {
        self.ask(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    /// What tmux knows of it: `alternate_on`, `cursor_flag`.
    pub fn state(&self, name: &str) -> String {
        self.ask(&["display-message", "-p", &format!("#{{{name}}}")]).trim().to_owned()
    }

    /// Waits until the screen is as it should be.
    pub fn wait_for(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is_wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "the screen stays\n{screen}");
            thread::sleep(PAUSE);
        }
    }

    /// Waits until the screen holds a text.
    pub fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(|screen| screen.contains(text))
    }

    /// Waits until the screen, with what differs from run to run masked, is as the file shows it.
    pub fn wait_for_screen(&self, file: &str) {
        let path = screens().join(file);
        if env::var("KRONICLER_GOLDEN").is_ok_and(|value| value == "write") {
            // A moment for what is on its way.
            thread::sleep(Duration::from_secs(4));
            fs::write(&path, masked(&self.screen())).expect("a file of the screen");
            return;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = masked(&self.screen());
            if screen == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{file} should be\n{expected}but is\n{screen}");
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.command(&["kill-server"]);
    }
}

fn screens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/top/screens")
}

/// The screen without times of day and sequences of rows.
fn masked(screen: &str) -> String {
    let mut out = String::new();
    let mut rest = screen;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = time_of_day(rest) {
            out.extend(rest[..length].chars().map(|c| if c.is_ascii_digit() { '0' } else { c }));
            rest = &rest[length..];
        } else if let Some(after) = rest.strip_prefix(" 0:") {
            out.push_str(" 0:N");
            rest = after.trim_start_matches(|char: char| char.is_ascii_digit());
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// The length of `12:34:56` or `12:34:56.789` at the front of a text.
fn time_of_day(text: &str) -> Option<usize> {
    let matches = |pattern: &str| {
        let bytes = text.as_bytes().get(..pattern.len())?;
        let fits = |(byte, like): (&u8, u8)| {
            if like == b'0' { byte.is_ascii_digit() } else { *byte == like }
        };
        bytes.iter().zip(pattern.bytes()).all(fits).then_some(pattern.len())
    };
    matches("00:00:00.000").or_else(|| matches("00:00:00"))
}
