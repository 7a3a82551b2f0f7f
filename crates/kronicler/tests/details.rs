//! Details of slow and failed calls, through the public API.

use std::time::Duration;

use kronicler::format::{CallContext, Detail, Flags, Kind, Outcome};
use kronicler::{CallRing, Database, Options, Reader, RowId, SiteForm, process_clock};

fn detail_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    Detail { error: Some(text.to_owned()), ..Detail::default() }.encode(&mut bytes);
    bytes
}

/// Makes a call that takes no time; its ticket.
fn call(ring: &mut CallRing, site: u32, outcome: Outcome) -> u32 {
    let now = process_clock().now();
    ring.push(now, now + 1, site, Flags::new(outcome, Kind::Sync).bits())
}

fn error_of(db: &Database, seq: u64) -> Option<String> {
    let row = db.fetch(RowId::new(0, seq)).expect("it can be read").expect("the row is there");
    row.detail.and_then(|detail| detail.error.clone())
}

#[test]
fn a_detail_goes_where_its_row_goes() {
    // Promise: who failed tells why, at once, from another process, and after reopening; calls that
    // neither failed nor were slow have nothing to tell.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    let site = db.site("f", "", true);
    let mut ring = db.attach_with_details(0).unwrap();
    for seq in 0..100 {
        assert_eq!(call(&mut ring, site, Outcome::Ok), 0);
        let ticket = call(&mut ring, site, Outcome::Error);
        assert_ne!(ticket, 0);
        ring.hand_over(ticket, &detail_of(&format!("Error{seq}")));
    }
    let check = |error_of: &dyn Fn(u64) -> Option<String>| {
        for seq in 0..100 {
            assert_eq!(error_of(2 * seq), None);
            assert_eq!(error_of(2 * seq + 1), Some(format!("Error{seq}")));
        }
    };
    check(&|seq| error_of(&db, seq));
    db.flush().unwrap();
    check(&|seq| error_of(&db, seq));
    let late = call(&mut ring, site, Outcome::Error);
    db.flush().unwrap();
    ring.hand_over(late, &detail_of("Late"));
    db.flush().unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let read = |seq| {
        let id = RowId::new(0, seq);
        let answer = reader.ask(|snapshot| kronicler::query::fetch(snapshot, id)).unwrap();
        let row = answer.value.found().expect("the row is there");
        row.detail.and_then(|detail| detail.error.clone())
    };
    check(&read);
    assert_eq!(read(200).as_deref(), Some("Late"), "flushed although its row was, long before");
    assert_eq!(db.health().counters.details_dropped, 0);
    db.close().unwrap();
    check(&read);
    let again = Database::open(Options::new(dir.path())).unwrap();
    check(&|seq| error_of(&again, seq));
    again.clear().unwrap();
    again.close().unwrap();
}

#[test]
fn a_clear_forgets_details_that_wait() {
    // Promise: a row behind a clear never has the detail of one before.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    let site = db.site("f", "", true);
    let mut ring = db.attach_with_details(0).unwrap();
    for round in 0..5 {
        let tickets: Vec<u32> = (0..10).map(|_| call(&mut ring, site, Outcome::Error)).collect();
        let (before, after) = tickets.split_at(5);
        for &ticket in before {
            ring.hand_over(ticket, &detail_of("before"));
        }
        if round % 2 == 0 {
            db.flush().unwrap();
        }
        db.clear().unwrap();
        for &ticket in after {
            ring.hand_over(ticket, &detail_of("before"));
        }
        assert_eq!(call(&mut ring, site, Outcome::Ok), 0);
        assert_eq!(error_of(&db, 0), None);
        db.clear().unwrap();
    }
    db.close().unwrap();
}

#[test]
fn calls_above_the_threshold_of_their_site_are_slow() {
    // Promise: what is slow is said for a function, from its first call on, or learned from 200.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    let form = SiteForm { slow_ns: Some(2_000_000), ..SiteForm::default() };
    let given = db.site_of_form("given", "", true, form);
    let learned = db.site("learned", "", true);
    let mut ring = db.attach_with_details(0).unwrap();
    let mut took = |site: u32, duration: Duration| {
        let start = process_clock().now();
        std::thread::sleep(duration);
        let end = process_clock().now();
        ring.push(start, end, site, Flags::new(Outcome::Ok, Kind::Sync).bits())
    };
    assert_eq!(took(given, Duration::ZERO), 0);
    assert_ne!(took(given, Duration::from_millis(4)), 0);
    assert_eq!(took(learned, Duration::from_millis(4)), 0);
    for _ in 0..3_000 {
        took(learned, Duration::ZERO);
    }
    db.flush().unwrap();
    assert_ne!(took(learned, Duration::from_millis(30)), 0);
    db.close().unwrap();
}

#[test]
fn who_made_a_call_is_stored_with_each() {
    // Promise: what calls belong to is that of each, slow or not, and survives all that rows
    // survive; it counts as no call.
    const COUNT: u64 = 70_000;
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    let site = db.site("f", "", true);
    let mut ring = db.attach_with_details(0).unwrap();
    let of = |call: u64| CallContext { call, parent: call / 3, request: call / 10 + 1 };
    for call in 1..=COUNT {
        let now = process_clock().now();
        let is_failed = call % 1_000 == 0;
        let outcome = if is_failed { Outcome::Error } else { Outcome::Ok };
        let flags = Flags::new(outcome, Kind::Sync).bits();
        let ticket = ring.push_in_context(of(call), (now, now + 1), site, flags);
        if is_failed {
            ring.hand_over(ticket, &detail_of("Failed"));
        }
        if call % 5_000 == 0 {
            // The ring holds two records a call, and is not to overflow.
            db.flush().unwrap();
        }
    }
    db.flush().unwrap();
    let check = |db: &Database| {
        for call in (1..=COUNT).step_by(499).chain([1_000, COUNT]) {
            let row = db.fetch(RowId::new(0, call - 1)).unwrap().expect("the row is there");
            let detail = row.detail.expect("a detail");
            assert_eq!(detail.context, Some(of(call)));
            assert_eq!(detail.error.is_some(), call % 1_000 == 0);
        }
        assert_eq!(db.health().stored, COUNT);
        assert_eq!(db.health().counters.details_dropped, 0);
    };
    check(&db);
    db.close().unwrap();
    let again = Database::open(Options::new(dir.path())).unwrap();
    check(&again);
    again.close().unwrap();
}

#[test]
fn a_call_that_finds_no_room_for_more_is_stored_alone() {
    // Promise: where a ring is full a call is dropped and counted, and what it belongs to is never
    // told of another one.
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(Options::new(dir.path())).unwrap();
    let site = db.site("f", "", true);
    let mut ring = db.attach_with_details(0).unwrap();
    let flags = Flags::new(Outcome::Ok, Kind::Sync).bits();
    let count = 2 * u64::from(ring.producer().capacity());
    for call in 1..=count {
        let context = CallContext { call, parent: 0, request: call };
        // The duration tells the number again.
        let now = process_clock().now();
        ring.push_in_context(context, (now - 1_000 * call, now), site, flags);
    }
    db.flush().unwrap();
    let health = db.health();
    assert_eq!(health.stored + health.counters.dropped_ring, count);
    let (mut last, mut each) = (0, None);
    for seq in (0..health.stored).step_by(997) {
        let row = db.fetch(RowId::new(0, seq)).unwrap().expect("the row is there");
        let Some(context) = row.detail.and_then(|detail| detail.context) else { continue };
        assert!(context.call > last, "in order");
        last = context.call;
        let nanoseconds_each = row.duration_ns as f64 / context.call as f64;
        let expected = *each.get_or_insert(nanoseconds_each);
        assert!((nanoseconds_each / expected - 1.0).abs() < 0.01, "that of another call");
    }
    db.close().unwrap();
}
