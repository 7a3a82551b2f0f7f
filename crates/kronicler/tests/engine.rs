//! Promises of the engine to its users, kept through the public API.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use kronicler::format::{Flags, Kind, Outcome, Record};
use kronicler::query::{Filter, FunctionStats, RowStream, stats};
use kronicler::{Database, Health, Memory, Options, Reader, RowId, SiteForm};

/// A database on a disk in memory, and that disk.
fn in_memory(dir: &str) -> (Database, Memory) {
    let memory = Memory::default();
    let options = Options { storage: Arc::new(memory.clone()), ..Options::new(dir) };
    (Database::open(options).expect("opens"), memory)
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

fn all_rows(db: &Database) -> Vec<(u64, String, i64, u64)> {
    let mut stream = RowStream::new(db.snapshot().expect("answers"), Filter::default());
    let mut rows = Vec::new();
    while let Some(batch) = stream.next_batch(1_000).expect("answers") {
        let row = |row: kronicler::query::StoredRow| {
            (row.id.number(), row.name.name.to_string(), row.start_ns(), row.duration_ns)
        };
        rows.extend(batch.iter().map(row));
    }
    rows
}

#[test]
fn a_row_is_there_at_once_and_after_reopening() {
    // Promise: db.capture stores exactly what it was given, under ids that go on after reopening.
    let dir = tempfile::tempdir().unwrap();
    let expected = [(0, "foo".to_owned(), 169, 198), (1, "bar".to_owned(), 0, 0)];
    {
        let db = Database::open(Options::new(dir.path())).unwrap();
        db.capture("foo", 169, 367).unwrap();
        db.capture("bar", 0, 0).unwrap();
        assert_eq!(all_rows(&db), expected);
        check_identity(&db);
        db.close().unwrap();
    }
    let db = Database::open(Options::new(dir.path())).unwrap();
    assert_eq!(all_rows(&db), expected);
    db.capture("foo", 1, 2).unwrap();
    assert_eq!(all_rows(&db).len(), 3);
    assert_eq!(db.fetch(RowId::from_number(2)).unwrap().unwrap().start_ns(), 1);
    let health = check_identity(&db);
    assert_eq!((health.stored + health.pending, health.counters.lost_at_most), (3, 0));
    db.close().unwrap();
}

#[test]
fn nothing_is_made_before_the_first_row() {
    // Promise: opening, naming and asking leave the disk alone.
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let db = Database::open(Options::new(&dir)).unwrap();
    let _site = db.site("foo", "", true);
    assert_eq!(db.average("foo").unwrap(), None);
    db.flush().unwrap();
    check_identity(&db);
    assert!(!dir.exists());
    assert!(!Database::exists(&dir));
    assert_eq!(Reader::open(&dir).unwrap_err().code(), "KRONICLER_NOT_FOUND");
    db.capture("foo", 1, 2).unwrap();
    db.flush().unwrap();
    assert!(Database::exists(&dir));
    db.close().unwrap();
}

#[test]
fn many_threads_lose_nothing() {
    // Promise: rows of threads that end are all there, exact within a thread, and counted.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    let threads: Vec<_> = (0..8_u64)
        .map(|number| {
            let db = db.clone();
            thread::spawn(move || {
                for index in 0..5_000 {
                    db.capture(&format!("t{number}"), index, index * 2).expect("is taken");
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    db.flush().unwrap();
    for number in 0..8 {
        let name = format!("t{number}");
        let of_thread: Vec<u64> =
            all_rows(&db).into_iter().filter(|row| row.1 == name).map(|row| row.3).collect();
        assert!(of_thread.iter().copied().eq(0..5_000), "in the order in which they were made");
    }
    let health = check_identity(&db);
    assert_eq!((health.stored, health.counters.dropped()), (40_000, 0));
    db.close().unwrap();
}

#[test]
fn rows_that_stand_for_many_calls_count_so_often() {
    // Promise: where one call in n is recorded every statistic counts n, health tells rows and
    // skipped calls apart, and a reader of the closed database says the same.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    let mut ring = db.attach(0).expect("there is memory for a ring");
    let flags = |outcome| Flags::new(outcome, Kind::Manual).bits();
    for (weight, count, outcome) in
        [(1, 40, Outcome::Ok), (10, 30, Outcome::Ok), (1_000, 2, Outcome::Error)]
    {
        let site =
            db.site_of_form("foo", "a.js:1", true, SiteForm { weight, ..SiteForm::default() });
        let record = Record::new(0, u64::from(weight), site, flags(outcome));
        (0..count).for_each(|_| assert!(ring.push(record)));
    }
    let check = |stats: Vec<FunctionStats>| {
        let [stats] = &stats[..] else { panic!("one function: {stats:?}") };
        assert_eq!((stats.rows, stats.moments.count(), stats.errors), (72, 2_340, 2_000));
        assert_eq!(stats.moments.sum(), 40 + 30 * 10 * 10 + 2 * 1_000 * 1_000);
        assert_eq!((stats.quantile(0.0), stats.quantile(0.14)), (Some(1), Some(10)));
        assert_eq!(stats.std_err(), stats.moments.std_dev().map(|it| it / 72_f64.sqrt()));
    };
    for is_flushed in [false, true] {
        if is_flushed {
            db.flush().unwrap();
        }
        check(db.stats(&Filter::default()).unwrap());
        assert_eq!(db.moments("foo").unwrap().count(), 2_340);
        let health = check_identity(&db);
        assert_eq!((health.seen, health.counters.skipped_every), (2_340, 2_340 - 72));
    }
    db.close().unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    check(reader.ask(|snapshot| stats(snapshot, &Filter::default())).unwrap().value);
    let health = Health::of_snapshot(dir.path().to_owned(), &reader.snapshot().unwrap());
    assert_eq!((health.seen, health.stored, health.counters.skipped_every), (2_340, 72, 2_268));
}

#[test]
fn guards_time_blocks_and_note_failures() {
    // Promise: a guard records its life, by the clock, with its outcome; a panic is an error.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    {
        let mut timed = db.start("block");
        thread::sleep(Duration::from_millis(5));
        timed.fail();
    }
    let other = db.clone();
    let panicked = thread::spawn(move || {
        let _timed = other.start("block");
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    drop(db.start("block"));
    let failed = Filter { outcome: Some(Outcome::Error), ..Filter::default() };
    assert_eq!(db.stats(&failed).unwrap()[0].moments.count(), 2);
    let stats = &db.stats(&Filter::default()).unwrap()[0];
    assert_eq!((stats.moments.count(), stats.errors), (3, 2));
    assert!(stats.moments.max() >= Some(5_000_000));
    check_identity(&db);
    db.close().unwrap();
}

#[test]
fn clear_begins_anew() {
    // Promise: after clear() ids start at 0, nothing of before is seen, and counts agree.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    for index in 0..10 {
        db.capture("old", index, index + 1).unwrap();
    }
    let reader = Reader::open(dir.path());
    db.clear().unwrap();
    assert_eq!(all_rows(&db), []);
    db.capture("new", 5, 6).unwrap();
    db.flush().unwrap();
    assert_eq!(all_rows(&db), [(0, "new".to_owned(), 5, 1)]);
    assert_eq!(check_identity(&db).seen, 1);
    if let Ok(reader) = reader {
        let snapshot = reader.snapshot().unwrap();
        assert_eq!(kronicler::query::moments(&snapshot, "new").unwrap().value.count(), 1);
    }
    db.close().unwrap();
}

#[test]
fn a_full_disk_loses_nothing_that_was_taken() {
    // Promise: while the disk is full rows wait, and are stored once there is room.
    let (db, memory) = in_memory("/full");
    db.capture("foo", 0, 1).unwrap();
    db.flush().unwrap();
    memory.limit_space(Some(40));
    for index in 0..1_000 {
        db.capture("foo", index, index + 1).unwrap();
    }
    assert_eq!(db.flush().unwrap_err().code(), "KRONICLER_STORE_FAILED");
    assert_eq!(check_identity(&db).state, "stalled");
    memory.limit_space(None);
    while db.flush().is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    let health = check_identity(&db);
    assert_eq!((health.stored, health.state), (1_001, "open"));
    assert_eq!(all_rows(&db).len(), 1_001);
    db.close().unwrap();
}

#[test]
fn a_full_disk_does_not_keep_logged_rows_from_being_synced() {
    // Promise: a power cut costs no more than the sync interval, also while the disk is full.
    let (db, memory) = in_memory("/full-and-cut");
    db.capture("foo", 0, 1).unwrap();
    while check_identity(&db).stored == 0 {
        thread::yield_now();
    }
    memory.limit_space(Some(0));
    db.capture("foo", 1, 2).unwrap();
    while db.health().error.is_none() {
        thread::yield_now();
    }
    let durable = || {
        let after = Arc::new(memory.after_power_cut());
        let reader = Reader::open_in(after, "/full-and-cut".as_ref()).ok();
        reader.map_or(0, |reader| reader.snapshot().unwrap().lanes[0].state.live())
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while durable() == 0 {
        assert!(std::time::Instant::now() < deadline, "{:?}", db.health());
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(check_identity(&db).state, "stalled");
    memory.limit_space(None);
    while db.flush().is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(check_identity(&db).stored, 2);
    db.close().unwrap();
}

#[test]
fn calls_that_found_no_room_in_memory_are_seen_as_soon_as_the_disk_answers() {
    // Promise: who asks sees all calls that were captured before, also those that still wait in
    // rings because more came than the disk could take.
    let memory = Memory::default();
    let options = Options {
        storage: Arc::new(memory.clone()),
        ring_capacity_main: 65_536,
        ring_capacity_worker: 65_536,
        ..Options::new("/crowded")
    };
    let db = Database::open(options).unwrap();
    db.capture("foo", 0, 1).unwrap();
    db.flush().unwrap();
    memory.limit_space(Some(0));
    // Memory takes 262,144 rows, the ring of each thread 65,536.
    let capture = |count: u64| (0..count).for_each(|end| db.capture("foo", 0, end).unwrap());
    thread::scope(|scope| {
        scope.spawn(|| capture(262_144 + 65_000));
    });
    thread::scope(|scope| {
        scope.spawn(|| capture(65_000));
    });
    memory.limit_space(None);
    while db.health().error.is_some() {
        thread::yield_now();
    }
    let count = 1 + 262_144 + 2 * 65_000;
    assert_eq!(db.moments("foo").unwrap().count(), count);
    assert_eq!(db.stats(&Filter::default()).unwrap()[0].moments.count(), count);
    check_identity(&db);
    db.close().unwrap();
}

#[test]
fn a_disk_that_is_full_at_the_start_is_tried_again() {
    // Promise: a full disk at the first row stops nothing for good.
    let (db, memory) = in_memory("/full-at-start");
    memory.limit_space(Some(0));
    drop(db.start("block"));
    while db.health().error.is_none() {
        thread::yield_now();
    }
    memory.limit_space(None);
    while check_identity(&db).state != "open" {
        thread::sleep(Duration::from_millis(20));
    }
    db.flush().unwrap();
    assert_eq!(check_identity(&db).stored, 1);
    db.close().unwrap();
}

#[test]
fn after_a_failed_sync_a_new_log_is_made() {
    // Promise: a failed sync is never retried on its file; nothing that was told to be durable
    // before or afterwards is lost, and the calls in between neither.
    let storage = Memory::default();
    let options = Options {
        storage: Arc::new(storage.clone()),
        exit_budget: Duration::from_millis(300),
        ..Options::new("/refuses")
    };
    let db = Database::open(options).unwrap();
    db.capture("foo", 0, 1).unwrap();
    db.flush().unwrap();
    storage.refuse_sync(true);
    db.capture("foo", 1, 2).unwrap();
    assert_eq!(db.flush().unwrap_err().code(), "KRONICLER_STORE_FAILED");
    db.capture("foo", 2, 3).unwrap();
    assert!(check_identity(&db).error.is_some());
    storage.refuse_sync(false);
    while db.flush().is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    db.capture("foo", 3, 4).unwrap();
    db.flush().unwrap();
    let after = Reader::open_in(Arc::new(storage.after_power_cut()), "/refuses".as_ref()).unwrap();
    let snapshot = after.snapshot().unwrap();
    assert!(snapshot.lanes[0].state.head.generation > 1, "the log that failed was given up");
    assert_eq!(snapshot.lanes[0].state.live(), 4);
    assert_eq!(check_identity(&db).stored, 4);
    db.close().unwrap();
}

#[test]
fn many_rows_become_segments_and_answer_the_same() {
    // Promise: rows are sealed and joined behind the back of who asks; counts, means, rows and ids
    // stay what they are, also after reopening, and the log stays short.
    let dir = tempfile::tempdir().unwrap();
    let count = 300_000_u64;
    {
        let db = Database::open(Options::new(dir.path())).unwrap();
        for index in 0..count {
            db.capture(["foo", "bar"][usize::from(index % 3 == 0)], index, index + 10).unwrap();
        }
        assert_eq!(db.average("foo").unwrap(), Some(10.0));
        assert_eq!(db.moments("bar").unwrap().count(), count / 3);
        db.flush().unwrap();
        while check_identity(&db).segment_count == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        let health = check_identity(&db);
        assert_eq!((health.stored, health.live), (count, count));
        assert_eq!(db.moments("foo").unwrap().count(), count - count / 3);
        let row = db.fetch(RowId::new(0, 7)).unwrap().unwrap();
        assert_eq!((&*row.name.name, row.start_ns()), ("foo", 7));
        db.close().unwrap();
    }
    let db = Database::open(Options::new(dir.path())).unwrap();
    let stats = db.stats(&Filter::default()).unwrap();
    assert_eq!(stats.iter().map(|stats| stats.moments.count()).sum::<u64>(), count);
    assert_eq!(all_rows(&db).len() as u64, count);
    assert_eq!(db.moments("foo").unwrap().count(), count - count / 3);
    assert!(check_identity(&db).pool.miss_count > 0, "all pages come through the bufferpool");
    db.capture("foo", 5, 6).unwrap();
    assert!(db.fetch(RowId::new(0, count)).unwrap().is_some());
    db.close().unwrap();
}

/// The present time, nanoseconds since the Unix epoch: history is kept of rows of our days.
fn now_ns() -> u64 {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_nanos()).expect("before 2554")
}

#[test]
fn rows_beyond_the_cap_expire_and_are_counted() {
    // Promise: the directory stays below its cap, oldest rows first; every row is accounted for.
    let dir = tempfile::tempdir().unwrap();
    let options = Options { max_bytes: 1 << 20, ..Options::new(dir.path()) };
    let db = Database::open(options).unwrap();
    let begin = now_ns();
    let mut mixed = 1_u64;
    for index in 0..500_000_u64 {
        mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        db.capture("foo", begin + index, begin + index + (mixed >> 44)).unwrap();
    }
    db.flush().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let health = check_identity(&db);
        let size_bytes = health.segment_size_bytes + health.log_size_bytes;
        if health.expired > 0 && size_bytes <= 1 << 20 {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{health:?}");
        thread::sleep(Duration::from_millis(10));
    }
    let health = check_identity(&db);
    assert_eq!(health.stored, 500_000);
    assert!(health.history_size_bytes > 0);
    assert_eq!(db.moments("foo").unwrap().count(), health.live);
    assert!(db.fetch(RowId::new(0, 0)).unwrap().is_none());
    db.close().unwrap();
}

#[test]
fn old_rows_expire_also_those_of_lanes_that_nobody_owns() {
    // Promise: rows go soon after they are as old as rows may be, whoever wrote them, and without
    // any further call; every row is accounted for.
    let dir = tempfile::tempdir().unwrap();
    let options = Options { max_age: Duration::from_secs(2), ..Options::new(dir.path()) };
    let begin = now_ns();
    {
        // Somebody else owns the first lane for a while.
        std::fs::create_dir(dir.path().join("lane-0000")).unwrap();
        let lock = std::fs::File::create(dir.path().join("lane-0000/lock")).unwrap();
        lock.try_lock().unwrap();
        let db = Database::open(options.clone()).unwrap();
        (0..1_000).for_each(|index| db.capture("left", begin, begin + index).unwrap());
        db.flush().unwrap();
        assert_eq!(db.health().lane, Some(1));
        db.close().unwrap();
    }
    let db = Database::open(options).unwrap();
    (0..500).for_each(|index| db.capture("own", begin, begin + index).unwrap());
    db.flush().unwrap();
    assert_eq!((db.health().lane, db.health().stored), (Some(0), 1_500));
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while check_identity(&db).expired < 1_500 {
        assert!(std::time::Instant::now() < deadline, "{:?}", db.health());
        thread::sleep(Duration::from_millis(50));
    }
    let health = check_identity(&db);
    assert_eq!((health.live, health.segment_count), (0, 0));
    assert!(db.snapshot().unwrap().lanes.iter().all(|view| !view.state.histories.is_empty()));
    db.close().unwrap();
}

#[test]
fn what_was_flushed_survives_a_power_cut() {
    // Promise: when flush() has returned nothing before it is lost.
    let (db, memory) = in_memory("/cut");
    for index in 0..500 {
        db.capture("foo", index, index + 7).unwrap();
    }
    db.flush().unwrap();
    let after = memory.after_power_cut();
    let reader = Reader::open_in(Arc::new(after), "/cut".as_ref()).unwrap();
    let moments = kronicler::query::moments(&reader.snapshot().unwrap(), "foo").unwrap().value;
    assert_eq!((moments.count(), moments.sum()), (500, 3_500));
    db.close().unwrap();
}

#[test]
fn handles_of_one_directory_share_one_engine() {
    // Promise: all handles of a directory in a process see each other's rows at once.
    let dir = tempfile::tempdir().unwrap();
    let first = Database::open(Options::new(dir.path())).unwrap();
    let second = Database::open(Options::new(dir.path().join("."))).unwrap();
    first.capture("foo", 0, 10).unwrap();
    assert_eq!(second.average("foo").unwrap(), Some(10.0));
    assert_eq!(first.id(), second.id());
    let wanted = Options { service: "other".to_owned(), ..Options::new(dir.path()) };
    assert_eq!(Database::open(wanted).unwrap_err().code(), "KRONICLER_OPTIONS_CONFLICT");
    first.close().unwrap();
}

#[test]
fn use_after_close_is_refused_and_counted() {
    // Promise: a closed database says so; captures after it are counted as dropped.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    db.capture("foo", 0, 10).unwrap();
    db.close().unwrap();
    db.close().unwrap();
    assert_eq!(db.capture("foo", 0, 10).unwrap_err().code(), "KRONICLER_CLOSED");
    drop(db.start("block"));
    let health = check_identity(&db);
    assert_eq!((health.state, health.counters.dropped_closed), ("closed", 1));
    let again = Database::open(Options::new(dir.path())).unwrap();
    again.capture("foo", 0, 20).unwrap();
    assert_eq!(again.average("foo").unwrap(), Some(15.0));
    again.close().unwrap();
}

#[test]
fn a_path_that_cannot_be_a_directory_drops_and_says_why() {
    // Promise: captures never hurt the host: where nothing can be stored they are counted.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    let db = Database::open(Options::new(&file)).unwrap();
    drop(db.start("block"));
    while check_identity(&db).state == "opening" {
        thread::yield_now();
    }
    drop(db.start("block"));
    let health = check_identity(&db);
    assert_eq!((health.state, health.counters.dropped_store), ("failed", 2));
    let text = db.capture("foo", 0, 1).unwrap_err().to_string();
    assert!(text.contains("not a directory"), "{text}");
    assert_eq!(std::fs::read(&file).unwrap(), b"x");
}

#[test]
fn times_that_make_no_sense_are_refused() {
    // Promise: explicit rows with wrong times throw, and store nothing.
    let (db, _memory) = in_memory("/times");
    assert_eq!(db.capture("foo", 2, 1).unwrap_err().code(), "KRONICLER_INVALID_OPTION");
    assert_eq!(db.capture("foo", 0, u64::MAX).unwrap_err().code(), "KRONICLER_INVALID_OPTION");
    db.capture("foo", 0, u64::MAX >> 1).unwrap();
    assert_eq!(all_rows(&db)[0].3, u64::MAX >> 1);
    check_identity(&db);
    db.close().unwrap();
}
