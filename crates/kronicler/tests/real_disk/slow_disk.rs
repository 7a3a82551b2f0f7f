//! A disk whose syncs hang.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use kronicler::format::{Flags, Kind, Outcome, Record};
use kronicler::{Database, Options};

use crate::check::{check_dir, check_identity, wait_for};
use crate::content::Content;
use crate::place::say;
use crate::watched::Watched;

/// Captures in a second, and how long the disk hangs.
const RATE: u64 = 50_000;
const HANG: Duration = Duration::from_secs(5);
const SECONDS: u64 = 8;

fn open(disk: &Watched) -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().expect("there is room");
    let storage = Arc::new(disk.clone());
    let options = Options { storage, ..Options::new(dir.path().join("data")) };
    (dir, Database::open(options).expect("opens"))
}

#[test]
fn a_sync_that_hangs_costs_no_row_and_no_time() {
    // Promise: while the disk does not answer for five seconds, 50,000 captures a second go on
    // without waiting for it, none is dropped, and all are stored when it answers again.
    let disk = Watched::default();
    let (_dir, db) = open(&disk);
    let content = Content::now(20);
    let sites = ["parse", "query", "render"].map(|name| (name, db.site(name, "", true)));
    let site = |number| sites.iter().find(|(name, _)| *name == Content::name(number)).unwrap().1;
    let flags = Flags::new(Outcome::Ok, Kind::Manual).bits();
    let mut ring = db.attach(0).unwrap();
    wait_for("the lane", || (db.health().state == "open").then_some(()));
    let begin = Instant::now();
    let (mut shut_at, mut hung, mut number) = (None, Duration::ZERO, 0);
    while number < RATE * SECONDS {
        let due = RATE * u64::try_from(begin.elapsed().as_millis()).unwrap() / 1_000;
        while number < due.min(RATE * SECONDS) {
            let start = content.start_ns(number);
            let end = start + content.duration_ns(number);
            assert!(ring.push(Record::new(start, end, site(number), flags)), "row {number}");
            number += 1;
        }
        match shut_at {
            None if begin.elapsed() > Duration::from_secs(1) => {
                disk.shut();
                shut_at = Some(Instant::now());
            }
            Some(shut) if hung.is_zero() && shut.elapsed() >= HANG => {
                assert!(disk.is_awaited(), "a sync hangs");
                hung = shut.elapsed();
                disk.open();
            }
            _ => {}
        }
        thread::sleep(Duration::from_millis(1));
    }
    assert!(hung >= HANG);
    ring.close();
    db.flush().unwrap();
    let health = db.health();
    check_identity(&health);
    assert_eq!((health.stored, health.counters.dropped()), (number, 0));
    check_calls(&disk);
    db.close().unwrap();
    assert_eq!(check_dir(db.dir(), &content, true).stored, number);
}

/// Only the disk thread, and those that ask, call the disk.
fn check_calls(disk: &Watched) {
    let counts = disk.call_counts();
    let own = thread::current().name().unwrap_or_default().to_owned();
    let others: Vec<_> =
        counts.keys().filter(|name| **name != own && *name != "kronicler-disk").collect();
    assert!(others.is_empty(), "{counts:?}");
    assert!(counts.contains_key("kronicler-disk"), "{counts:?}");
}

#[test]
fn the_drain_touches_no_file() {
    // Promise: filling an empty memtable from full rings, in two of the largest steps that there
    // are, makes no file call and loses nothing; what they cost is told.
    let disk = Watched::default();
    let (_dir, db) = open(&disk);
    let site = db.site("step", "", true);
    let flags = Flags::new(Outcome::Ok, Kind::Manual).bits();
    disk.shut();
    let others = drain_times();
    let mut rings: Vec<_> = (0..4).map(|_| db.attach(0).unwrap()).collect();
    let mut pushed = 0;
    for ring in &mut rings {
        while !ring.is_full() {
            ring.push(Record::new(pushed, pushed + 1, site, flags));
            pushed += 1;
        }
    }
    wait_for("the disk thread", || disk.is_awaited().then_some(()));
    disk.open();
    wait_for("the step", || rings.iter_mut().all(|ring| !ring.is_full()).then_some(()));
    let mut times = drain_times();
    times.retain(|task, _| !others.contains_key(task));
    say(&format!("CPU time of drains for two steps, {pushed} records: {:?}", times.values()));
    db.flush().unwrap();
    let health = db.health();
    check_identity(&health);
    assert_eq!((health.stored, health.counters.dropped()), (pushed, 0));
    drop(rings);
    check_calls(&disk);
    db.close().unwrap();
}

/// CPU time of the drains of this process, by thread.
fn drain_times() -> BTreeMap<OsString, Duration> {
    let of_task = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let spent = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanoseconds = spent.split(' ').next()?.parse().ok()?;
        let is_drain = name.trim() == "kronicler-drain";
        is_drain.then(|| (task.file_name(), Duration::from_nanos(nanoseconds)))
    };
    let tasks = fs::read_dir("/proc/self/task").expect("is Linux");
    tasks.filter_map(Result::ok).filter_map(of_task).collect()
}
