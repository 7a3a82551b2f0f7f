//! The other processes: this executable, started again with a role in its environment. They tell
//! what they did line by line, so that a kill takes nothing along that was told.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use kronicler::{Database, Options, Reader};

use crate::content::{Content, Random};

const ROLE: &str = "KRONICLER_TEST_ROLE";
/// Begins each line that a child tells; the test harness writes others.
const MARK: &str = "told: ";
/// Nobody, on every Linux.
pub const NOBODY: u32 = 65_534;

/// Who a child is and what it works on.
#[derive(Debug, Clone)]
pub struct Role {
    pub name: &'static str,
    pub dir: PathBuf,
    pub content: Content,
    /// Bytes that the rows may take, of a writer; threads, of a reader.
    pub limit: u64,
    pub seed: u64,
}

impl Role {
    /// Starts a child in this role.
    pub fn start(&self) -> Running {
        let program = env::current_exe().expect("is known");
        Running::new(&mut self.command(&program))
    }

    /// Starts a child as another user, who must be able to execute the program at `copy`.
    pub fn start_as_nobody(&self, copy: &Path) -> Running {
        Running::new(self.command(copy).gid(NOBODY).uid(NOBODY).current_dir("/"))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let Content { base_ns, bits, .. } = self.content;
        command
            .args(["--exact", "child::a_child_plays_its_role", "--nocapture", "--test-threads=1"])
            .env(ROLE, format!("{} {base_ns} {bits} {} {}", self.name, self.limit, self.seed))
            .env("KRONICLER_TEST_DIR", &self.dir);
        command
    }

    fn of_environment() -> Option<Self> {
        let words = env::var(ROLE).ok()?;
        let mut words = words.split(' ');
        let name = words.next()?;
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (base_ns, bits, limit, seed) = (number()?, number()?, number()?, number()?);
        let name = ["writer", "reader", "asker"].into_iter().find(|known| *known == name)?;
        let content = Content::new(base_ns, u32::try_from(bits).ok()?);
        let dir = env::var_os("KRONICLER_TEST_DIR")?.into();
        Some(Self { name, dir, content, limit, seed })
    }
}

/// A child that runs; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    process: Child,
    told: Arc<Mutex<Vec<String>>>,
    listener: Option<JoinHandle<()>>,
}

impl Running {
    fn new(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("starts");
        let told = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(process.stdout.take().expect("is piped")).lines();
        let into = Arc::clone(&told);
        let listener = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, text)) = line.split_once(MARK) {
                    into.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
                }
            }
        });
        Self { process, told, listener: Some(listener) }
    }

    /// What it has told so far.
    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last number that it told.
    pub fn last_number(&self) -> Option<u64> {
        self.told().iter().rev().find_map(|line| line.parse().ok())
    }

    /// Lets go of its input, which ends a writer in order, and waits; what it told.
    pub fn end(mut self) -> Vec<String> {
        drop(self.process.stdin.take());
        let status = self.process.wait().expect("ends");
        self.listen_to_the_end();
        assert!(status.success(), "{status}: {:?}", self.told());
        self.told()
    }

    /// Kills it as the system does when memory is short.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.listen_to_the_end();
    }

    fn listen_to_the_end(&mut self) {
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tells the parent something, at once.
pub fn tell(text: &str) {
    let mut out = std::io::stdout();
    // The test harness may have begun a line.
    writeln!(out, "\n{MARK}{text}").and_then(|()| out.flush()).expect("somebody listens");
}

#[test]
fn a_child_plays_its_role() {
    // Promise: none of its own: here begin the processes that the other tests start.
    let Some(role) = Role::of_environment() else { return };
    match role.name {
        "writer" => write(&role),
        "reader" => crate::readers::read(&role),
        _ => ask(&role),
    }
}

/// Captures on behind the last row that is stored, and tells how many survive after each flush.
fn write(role: &Role) {
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = Arc::clone(&is_over);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        seen.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let reader = Reader::open(&role.dir);
    let snapshot = reader.map(|reader| reader.snapshot().expect("can be read"));
    let lane = snapshot.ok().and_then(|snapshot| snapshot.lanes.first().cloned());
    let mut next = lane.map_or(0, |lane| lane.end_seq());
    let mut random = Random::new(role.seed);
    let options = Options { max_bytes: role.limit, ..Options::new(&role.dir) };
    let db = Database::open(options).expect("opens");
    while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
        let count = 1 + random.below(40_000);
        role.content.capture(&db, next..next + count);
        next += count;
        db.flush().expect("is stored");
        tell(&next.to_string());
    }
    let health = db.health();
    crate::check::check_identity(&health);
    assert_eq!((health.counters.dropped(), &health.error), (0, &None), "{health:?}");
    db.close().expect("ends in order");
}

/// Asks once and tells the answer, or what was refused.
fn ask(role: &Role) {
    let answer = Reader::open(&role.dir).and_then(|reader| {
        reader.ask(|snapshot| kronicler::query::stats(snapshot, &Default::default()))
    });
    match answer {
        Ok(answer) => {
            assert!(!answer.is_partial);
            let count: u64 = answer.value.iter().map(|function| function.moments.count()).sum();
            let sum: u128 = answer.value.iter().map(|function| function.moments.sum()).sum();
            let expected = role.content.sum_before(count);
            assert_eq!(sum, expected);
            tell(&count.to_string());
        }
        Err(error) => tell(&format!("{} {error}", error.code())),
    }
}
