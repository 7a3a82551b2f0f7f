//! A service whose requests wait for each other: the database of the examples of `kr why`.

use kronicler_format::{Counters, Flags, Kind, Outcome, Row, SeriesEntry};

use crate::fixture::{Fixture, START_NS};

const MS: i64 = 1_000_000;
/// From one log-in to the next.
const LOGIN_EVERY_NS: i64 = 5_000 * MS;
const LOGIN_COUNT: i64 = 24;
/// From one request for an order, or for a quote, to the next.
const REQUEST_EVERY_NS: i64 = 50 * MS;

/// A call of the service: its times count from the beginning.
struct Made {
    name: &'static str,
    source: &'static str,
    kind: Kind,
    start_ns: i64,
    end_ns: i64,
}

/// Two minutes of a service in which a password is hashed every five seconds, synchronously, so
/// that the requests of that moment wait, and in which a price list is made anew every ten seconds
/// within the request that happens to come then.
pub fn service() -> Fixture {
    let fixture = Fixture::bare();
    let mut calls = Vec::new();
    for login in 0..LOGIN_COUNT {
        let begin = login * LOGIN_EVERY_NS;
        add_login(&mut calls, begin + 1_000 * MS);
        // It begins before the password is hashed, and its answer is there long before it ends.
        add_order(&mut calls, begin + 994 * MS, 402 * MS + login * 10_000);
        let requests = LOGIN_EVERY_NS / REQUEST_EVERY_NS;
        for request in 0..requests {
            let is_list_old = login % 2 == 0 && request == 50;
            // Nothing else can begin while a password is hashed or the list is made.
            if (19..29).contains(&request) || login % 2 == 0 && (51..55).contains(&request) {
                continue;
            }
            let at = begin + request * REQUEST_EVERY_NS;
            add_order(&mut calls, at, 2 * MS + request * 7_919 % 1_000_000);
            add_quote(&mut calls, at + 20 * MS, is_list_old);
        }
    }
    calls.sort_by_key(|call| call.end_ns);
    let (writer, state) = fixture.begin_with(
        "1.4.0",
        START_NS,
        |names| {
            let rows = calls.iter().map(|call| {
                let flags = Flags::new(Outcome::Ok, call.kind);
                let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
                let series = names.intern(call.name, call.source, entry);
                let duration_ns = call.end_ns.abs_diff(call.start_ns);
                Row { series, thread: 0, end_ns: START_NS + call.end_ns, duration_ns }
            });
            rows.collect()
        },
        Counters::default(),
    );
    writer.close(&state).expect("a closed lane");
    fixture
}

fn add_login(calls: &mut Vec<Made>, at: i64) {
    let end = at + 388 * MS;
    let (name, source) = ("hashPassword", "src/auth.js:9");
    calls.push(Made { name, source, kind: Kind::Sync, start_ns: at + 4_000, end_ns: end });
    let (name, source) = ("login", "src/auth.js:21");
    let (start_ns, end_ns) = (at + 3_000, end + 5_000);
    calls.push(Made { name, source, kind: Kind::Async, start_ns, end_ns });
    let (name, source) = ("POST /login", "src/server.js:74");
    calls.push(Made { name, source, kind: Kind::Async, start_ns: at, end_ns: end + 9_000 });
}

fn add_order(calls: &mut Vec<Made>, at: i64, takes_ns: i64) {
    let (name, source) = ("findOrder", "src/orders.js:39");
    let (start_ns, end_ns) = (at + 4_000, at + takes_ns - 6_000);
    calls.push(Made { name, source, kind: Kind::Async, start_ns, end_ns });
    let (name, source) = ("GET /orders/:id", "src/server.js:52");
    calls.push(Made { name, source, kind: Kind::Async, start_ns: at, end_ns: at + takes_ns });
}

fn add_quote(calls: &mut Vec<Made>, at: i64, is_list_old: bool) {
    let mut now = at + 5_000;
    let list_from = now;
    if is_list_old {
        let rebuild_from = now + 500;
        now += 1_000;
        for article in 0..300 {
            let (name, source) = ("priceOf", "src/quotes.js:27");
            let start_ns = now + 30_000;
            let end_ns = start_ns + 20_000 + article * 100;
            calls.push(Made { name, source, kind: Kind::Sync, start_ns, end_ns });
            now = end_ns;
        }
        now += 150 * MS;
        let (name, source) = ("rebuildPriceList", "src/quotes.js:33");
        calls.push(Made { name, source, kind: Kind::Sync, start_ns: rebuild_from, end_ns: now });
    }
    now += 1_000;
    let (name, source) = ("priceList", "src/quotes.js:42");
    calls.push(Made { name, source, kind: Kind::Sync, start_ns: list_from, end_ns: now });
    let (name, source) = ("quote", "src/quotes.js:51");
    let end_ns = now + 2_000;
    calls.push(Made { name, source, kind: Kind::Sync, start_ns: at + 3_000, end_ns });
    let (name, source) = ("GET /quote/:sku", "src/server.js:68");
    calls.push(Made { name, source, kind: Kind::Async, start_ns: at, end_ns: end_ns + 4_000 });
}
