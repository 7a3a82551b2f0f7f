//! Promises of the engine about pauses and clears that come from outside of the process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kronicler::format::{Flags, Kind, Outcome, Record};
use kronicler::query::{Filter, stats};
use kronicler::{Database, Health, Memory, Options, Reader, RowId, SiteForm, Storage};
use kronicler_store::{Clearing, change_control, read_controls};

/// A database on a disk in memory, and that disk.
fn in_memory(dir: &str) -> (Database, Arc<dyn Storage>) {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let options = Options { storage: Arc::clone(&storage), ..Options::new(dir) };
    (Database::open(options).expect("opens"), storage)
}

/// Every call seen is somewhere, and nowhere twice.
fn check_identity(db: &Database) -> Health {
    let health = db.health();
    let counters = &health.counters;
    let sum = health.stored
        + health.pending
        + counters.skipped_every
        + counters.dropped()
        + counters.lost_clock;
    assert_eq!(health.seen, sum, "{health:?}");
    assert_eq!(health.stored, health.live + health.expired + health.quarantined, "{health:?}");
    health
}

fn pause(storage: &dyn Storage, dir: &str, is_paused: bool) {
    let changed = change_control(storage, Path::new(dir), 1, |control| {
        control.paused_ns = is_paused.then_some(1);
        Ok(())
    });
    changed.expect("it can be written");
}

fn now_ns() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("it is later");
    i64::try_from(since.as_nanos()).expect("it is not that late")
}

/// Names and counts of what a reader in another process finds.
fn found(storage: &Arc<dyn Storage>, dir: &str) -> Vec<(String, u64)> {
    let Ok(reader) = Reader::open_in(Arc::clone(storage), Path::new(dir)) else {
        return Vec::new();
    };
    let answer = reader.ask(|snapshot| stats(snapshot, &Filter::default())).expect("it answers");
    let pairs = answer.value.iter();
    pairs.map(|stats| (stats.name.name.to_string(), stats.moments.count())).collect()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_pause_from_outside_is_heeded() {
    // Promise: what begins in a pause is neither stored nor seen, rows by hand are stored, health
    // says so, and all goes on afterwards.
    let (db, storage) = in_memory("/paused");
    drop(db.start("before"));
    db.flush().unwrap();
    let begun = db.start("begun before");
    assert!(!db.health().is_paused);
    pause(&*storage, "/paused", true);
    assert!(db.health().is_paused);
    let missed = db.start("missed");
    drop(db.start("missed"));
    drop(begun);
    db.capture("by hand", 1, 2).unwrap();
    pause(&*storage, "/paused", false);
    assert!(!db.health().is_paused);
    drop(missed);
    drop(db.start("after"));
    db.flush().unwrap();
    let names = ["after", "before", "begun before", "by hand"].map(|name| (name.to_owned(), 1));
    assert_eq!(found(&storage, "/paused"), names);
    assert_eq!(check_identity(&db).seen, 4);
    db.close().unwrap();
}

/// Pauses that the listener was told of, less ends of pauses.
static PAUSED: AtomicU32 = AtomicU32::new(0);

#[test]
fn who_captures_is_told_without_asking() {
    // Promise: a process that captures, and one that is paused, see what is wanted by themselves.
    kronicler::on_pause(|_, is_paused| {
        if is_paused {
            PAUSED.fetch_add(1, Ordering::Relaxed);
        } else {
            PAUSED.fetch_sub(1, Ordering::Relaxed);
        }
    });
    let (db, storage) = in_memory("/told");
    drop(db.start("first"));
    db.flush().unwrap();
    for is_paused in [true, false] {
        let before = PAUSED.load(Ordering::Relaxed);
        pause(&*storage, "/told", is_paused);
        wait_for("the pause, or its end", || {
            if is_paused {
                drop(db.start("busy"));
            }
            PAUSED.load(Ordering::Relaxed) != before
        });
    }
    pause(&*storage, "/told", true);
    assert!(db.health().is_paused);
    let before = PAUSED.load(Ordering::Relaxed);
    db.close().unwrap();
    wait_for("the end of what is closed", || PAUSED.load(Ordering::Relaxed) < before);
}

#[test]
fn a_process_that_begins_in_a_pause_is_paused() {
    // Promise: not even the first calls of a process are seen while captures are paused; those that
    // it inserts by hand are stored.
    let (first, storage) = in_memory("/begun");
    first.capture("first", 1, 2).unwrap();
    first.close().unwrap();
    pause(&*storage, "/begun", true);
    let options = Options { storage: Arc::clone(&storage), ..Options::new("/begun") };
    let db = Database::open(options).unwrap();
    assert!(db.health().is_paused, "also before the first call");
    let long = db.start("long");
    db.capture("by hand", 1, 2).unwrap();
    for _ in 0..10_000 {
        drop(db.start("missed"));
    }
    wait_for("the lane", || db.health().state == "open");
    drop(long);
    db.flush().unwrap();
    let health = check_identity(&db);
    assert_eq!((health.is_paused, health.seen), (true, 2), "{health:?}");
    pause(&*storage, "/begun", false);
    assert!(!db.health().is_paused);
    drop(db.start("after"));
    assert_eq!(check_identity(&db).seen, 3);
    db.close().unwrap();
}

#[test]
fn a_clear_from_outside_is_heeded() {
    // Promise: answers know of no row that was cleared, from the moment on when it was; the calls
    // of a process that had nothing to do meanwhile are kept, with ids from 0, and all counts
    // agree.
    let (db, storage) = in_memory("/cleared");
    for index in 0..10 {
        db.capture("old", index, index + 1).unwrap();
    }
    db.flush().unwrap();
    // It looks once more behind its last rows, then it is not woken up.
    thread::sleep(Duration::from_millis(1_200));
    let mut clearing = Clearing::begin(&storage, Path::new("/cleared"), now_ns()).unwrap();
    assert_eq!(found(&storage, "/cleared"), []);
    let site =
        db.site_of_form("many", "a.js:1", true, SiteForm { weight: 10, ..SiteForm::default() });
    let mut ring = db.attach(9).unwrap();
    let flags = Flags::new(Outcome::Ok, Kind::Sync).bits();
    let now = kronicler::process_clock().now();
    for _ in 0..3 {
        assert!(ring.push(Record::new(now, now + 1, site, flags)));
    }
    drop(db.start("new"));
    wait_for("the owner", || clearing.step(now_ns()).unwrap());
    clearing.end(now_ns()).unwrap();
    assert!(read_controls(&*storage, Path::new("/cleared")).unwrap().control.is_empty());
    db.flush().unwrap();
    assert_eq!(found(&storage, "/cleared"), [("many".to_owned(), 30), ("new".to_owned(), 1)]);
    let health = check_identity(&db);
    assert_eq!((health.seen, health.counters.skipped_every), (31, 27));
    assert!(db.fetch(RowId::new(0, 0)).unwrap().is_some(), "ids begin at 0 again");
    assert!(db.fetch(RowId::new(0, 4)).unwrap().is_none());

    let clearing = Clearing::begin(&storage, Path::new("/cleared"), now_ns()).unwrap();
    assert_eq!(db.stats(&Filter::default()).unwrap().len(), 0, "who is asked looks first");
    assert_eq!((db.moments("many").unwrap().count(), check_identity(&db).seen), (0, 0));
    clearing.end(now_ns()).unwrap();
    db.close().unwrap();
}

#[test]
fn a_process_that_writes_heeds_a_clear_in_between() {
    // Promise: however much is captured, the owner sees a clear, begins anew and loses no count.
    let (db, storage) = in_memory("/busy");
    let is_over = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while is_over.load(Ordering::Relaxed) == 0 {
                (0..100).for_each(|_| drop(db.start("busy")));
                thread::sleep(Duration::from_millis(1));
            }
        });
        for _ in 0..2 {
            wait_for("rows", || !found(&storage, "/busy").is_empty());
            let mut clearing = Clearing::begin(&storage, Path::new("/busy"), now_ns()).unwrap();
            assert_eq!(found(&storage, "/busy"), []);
            wait_for("the owner", || clearing.step(now_ns()).unwrap());
            clearing.end(now_ns()).unwrap();
        }
        is_over.store(1, Ordering::Relaxed);
    });
    db.flush().unwrap();
    let health = check_identity(&db);
    assert_eq!(found(&storage, "/busy").iter().map(|(_, count)| count).sum::<u64>(), health.stored);
    db.close().unwrap();
}

#[test]
fn clear_forgets_what_others_have_written() {
    // Promise: db.clear() empties the lanes of processes that are gone, and lets no answer speak of
    // those of living ones; nothing is left to heed when all have done so.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let run = kronicler::format::Run::default();
    let root = Path::new("/shared");
    let (mut other, _) = kronicler_store::LaneWriter::open(&storage, root, run.clone(), 0).unwrap();
    let options = Options { storage: Arc::clone(&storage), ..Options::new("/shared") };
    let db = Database::open(options).unwrap();
    db.capture("own", 1, 2).unwrap();
    db.flush().unwrap();
    thread::scope(|scope| {
        let cleared = scope.spawn(|| db.clear());
        wait_for("the wish", || !read_controls(&*storage, root).unwrap().control.is_empty());
        other.clear(run.clone()).unwrap();
        cleared.join().unwrap().unwrap();
    });
    assert!(read_controls(&*storage, root).unwrap().control.is_empty());
    assert_eq!(db.snapshot().unwrap().lanes.len(), 2);
    // One that has nothing to do is not waited for longer than it could take to look.
    db.clear().unwrap();
    let snapshot = db.snapshot().unwrap();
    assert_eq!((snapshot.lanes.len(), &snapshot.cleared_lanes[..]), (1, &[0][..]));
    drop(other);
    db.clear().unwrap();
    let snapshot = db.snapshot().unwrap();
    assert_eq!((snapshot.lanes.len(), snapshot.cleared_lanes.len()), (2, 0));
    assert!(read_controls(&*storage, root).unwrap().control.is_empty());
    db.close().unwrap();
}
