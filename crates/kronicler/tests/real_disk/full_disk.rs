//! A disk that is full.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use kronicler::format::{Flags, Kind, Outcome, Record};
use kronicler::query::{Filter, stats};
use kronicler::{Database, Health, Options, Producer, Reader};

use crate::check::{check_dir, check_identity, check_statistics, wait_for};
use crate::content::Content;
use crate::place::{Mount, say};

const DISK_BYTES: u64 = 24 << 20;

/// Captures as wrapped functions do: what finds no room is dropped and counted.
struct Capturing {
    ring: Producer,
    sites: [u32; 3],
    next: u64,
    dropped: u64,
}

impl Capturing {
    fn new(db: &Database) -> Self {
        let sites = [0, 64, 128].map(|number| db.site(Content::name(number), "", true));
        let ring = db.attach(0).expect("there is memory");
        Self { ring, sites, next: 0, dropped: 0 }
    }

    fn push(&mut self, content: &Content) {
        let turn = usize::try_from(self.next / 64 % 3).expect("is small");
        let flags = Flags::new(Outcome::Ok, Kind::Manual).bits();
        let start = content.start_ns(self.next);
        let end = start + content.duration_ns(self.next);
        let is_taken = self.ring.push(Record::new(start, end, self.sites[turn], flags));
        self.dropped += u64::from(!is_taken);
        self.next += 1;
    }

    /// Captures so many, as fast as they are stored.
    fn run(&mut self, content: &Content, count: u64) {
        for _ in 0..count {
            if self.ring.is_full() {
                wait_for("room in the ring", || (!self.ring.is_full()).then_some(()));
            }
            self.push(content);
        }
    }
}

#[test]
fn in_a_full_memory_the_oldest_rows_make_room() {
    // Promise: see `oldest_rows_make_room`; on a tmpfs.
    let parent = tempfile::tempdir().expect("goes well");
    let disk = parent.path().join("disk");
    let Some(_mount) = Mount::tmpfs(&disk, DISK_BYTES) else { return };
    oldest_rows_make_room(&disk);
}

#[test]
fn on_a_full_disk_the_oldest_rows_make_room() {
    // Promise: see `oldest_rows_make_room`; on an ext4, which allocates late.
    let parent = tempfile::tempdir().expect("goes well");
    let disk = parent.path().join("disk");
    let Some(_mount) = Mount::ext4(&disk, DISK_BYTES) else { return };
    oldest_rows_make_room(&disk);
}

/// On a disk smaller than the cap the oldest rows go and new ones are stored. When others take all
/// that is left, captures go on and are counted, nothing stored is lost, it is read meanwhile, and
/// storing resumes by itself when there is room again.
fn oldest_rows_make_room(disk: &Path) {
    let dir = disk.join("data");
    let options = Options { max_bytes: 1 << 30, ..Options::new(&dir) };
    let db = Database::open(options).expect("goes well");
    let content = Content::now(40);
    let mut capturing = Capturing::new(&db);
    let grown = run_until(&db, &mut capturing, &content, |health| health.expired > 0);
    let later = run_until(&db, &mut capturing, &content, |health| health.expired > grown.expired);
    say(&format!("first {grown:?}\nlater {later:?}"));
    assert_eq!((later.counters.dropped(), &later.error), (0, &None));
    read(&db, &content);
    let filler = Filler::start(disk);
    let paused = capture_in_vain(&db, &mut capturing, &content);
    say(&format!("paused {paused:?}"));
    read(&db, &content);
    assert!(db.flush().is_err(), "what cannot be stored is not said to be");
    drop(filler);
    let resumed = wait_for("the rows", || {
        let health = check(&db, &capturing);
        (health.pending == 0 && health.state == "open").then_some(health)
    });
    assert!(resumed.stored > paused.stored, "{resumed:?}");
    capturing.run(&content, 100_000);
    db.flush().expect("goes well");
    assert!(check(&db, &capturing).stored >= resumed.stored);
    drop(capturing);
    db.close().expect("goes well");
    check_statistics(&dir);
    say(&format!("{:?}", check_dir(&dir, &content, false)));
}

/// Captures as fast as rows are stored until the health is as wanted.
fn run_until(
    db: &Database,
    capturing: &mut Capturing,
    content: &Content,
    is_wanted: impl Fn(&Health) -> bool,
) -> Health {
    for _ in 0..200 {
        capturing.run(content, 50_000);
        let health = check(db, capturing);
        if is_wanted(&health) {
            return health;
        }
    }
    unreachable!("after so many rows: {:?}", db.health());
}

/// The health, in which every capture must be found.
fn check(db: &Database, capturing: &Capturing) -> Health {
    let health = db.health();
    check_identity(&health);
    assert_eq!(health.seen, capturing.next);
    assert_eq!(health.counters.dropped_ring, capturing.dropped);
    health
}

/// What another process sees of a living database, as soon as that rests: it tries again each
/// second what it could not do.
fn read(db: &Database, content: &Content) {
    wait_for("rest", || {
        let before = db.health();
        std::thread::sleep(Duration::from_millis(1_200));
        (before == db.health()).then_some(())
    });
    let reader = Reader::open(db.dir()).expect("can be read");
    let answer = reader.ask(|snapshot| stats(snapshot, &Filter::default()));
    assert!(!answer.expect("can be read").is_partial);
    check_dir(db.dir(), content, false);
}

/// Another program, which takes all room that there is as soon as it is there.
struct Filler {
    path: PathBuf,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Filler {
    fn start(disk: &Path) -> Self {
        let path = disk.join("filler");
        let mut file = File::create(&path).expect("there is room");
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let fill = move || {
            while !seen.load(Ordering::Relaxed) {
                while file.write_all(&[b'x'; 4_096]).is_ok() {}
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        Self { path, is_over, thread: Some(std::thread::spawn(fill)) }
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()));
        std::fs::remove_file(&self.path).expect("is ours");
    }
}

/// Captures on while there is no room, until memory is full, too.
fn capture_in_vain(db: &Database, capturing: &mut Capturing, content: &Content) -> Health {
    let paused = wait_for("the pause", || {
        (0..20_000).for_each(|_| capturing.push(content));
        let health = check(db, capturing);
        (health.error.is_some() && health.counters.dropped_ring > 0).then_some(health)
    });
    assert_eq!(paused.state, "stalled", "{paused:?}");
    paused
}
