//! Plays a service: calls of some functions, so many a second, until it is ended. For looking at
//! `kr top`, and for measuring it.
//!
//! ```sh
//! cargo run --release -p kr --example play_service -- DIR [CALLS_PER_SECOND [FUNCTIONS]]
//! ```

use std::error::Error;
use std::time::{Duration, SystemTime};

use kronicler::{Database, Options, Producer};
use kronicler_format::{Flags, Kind, Outcome, Record};

/// Calls are made in ticks of this length.
const TICK: Duration = Duration::from_millis(20);

/// Name, source, share of the calls, usual duration, its spread (a factor), one in so many is slow
/// and how much longer it takes, one in so many fails.
type Function = (&'static str, &'static str, f64, f64, f64, u64, f64, u64);

const FUNCTIONS: [Function; 14] = [
    ("getQuote", "src/quote.js:41", 6.0, 10.5e6, 1.1, 125, 38.0, 0),
    ("GET /quote/:sku", "src/http.js:12", 6.0, 12.4e6, 1.2, 110, 33.0, 400),
    ("POST /orders", "src/http.js:31", 2.5, 31e6, 1.5, 60, 5.0, 150),
    ("Cart.add", "src/cart.js:18", 9.0, 84e3, 1.3, 0, 1.0, 0),
    ("Cart.total", "src/cart.js:44", 20.0, 11e3, 1.2, 3_000, 20.0, 0),
    ("priceOf", "src/price.js:7", 60.0, 1.9e3, 1.15, 0, 1.0, 0),
    ("db.query", "src/db.js:22", 18.0, 2.2e6, 1.9, 220, 25.0, 900),
    ("db.connect", "src/db.js:9", 0.05, 18e6, 1.4, 0, 1.0, 0),
    ("Session.load", "src/session.js:15", 8.0, 640e3, 1.5, 500, 12.0, 0),
    ("verifyPassword", "src/login.js:27", 0.4, 92e6, 1.05, 0, 1.0, 9),
    ("render", "src/render.js:3", 8.0, 1.1e6, 1.4, 0, 1.0, 0),
    ("sendMail", "src/mail.js:50", 0.2, 240e6, 2.2, 0, 1.0, 12),
    ("Inventory.reserveAllOrNothing", "src/inventory.js:61", 2.5, 4.1e6, 1.6, 90, 9.0, 40),
    ("sitemap", "src/sitemap.js:5", 0.02, 1.4e9, 1.1, 0, 1.0, 0),
];

/// The next number of a sequence that looks random (xorshift64*,
/// <https://www.jstatsoft.org/article/view/v008i14>).
fn next(state: &mut u64) -> f64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    let bits = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

fn now() -> Result<Duration, Box<dyn Error>> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?)
}

#[expect(clippy::cast_possible_truncation, reason = "nanoseconds of the present")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("which directory?")?;
    let rate: f64 = args.next().map_or(Ok(200.0), |text| text.parse())?;
    let count: usize = args.next().map_or(Ok(FUNCTIONS.len()), |text| text.parse())?;
    let mut options = Options::new(&dir);
    (options.service, options.version) = ("shop".to_owned(), "1.4.0".to_owned());
    let db = Database::open(options)?;
    let mut ring = db.attach(0);
    let sites: Vec<u32> = (0..count)
        .map(|index| match FUNCTIONS.get(index) {
            Some((name, source, ..)) => db.site(name, source, true),
            None => db.site(&format!("generated.step{index:05}"), "src/steps.js:1", true),
        })
        .collect();
    let shares: f64 = FUNCTIONS.iter().map(|function| function.2).sum();
    let mut random = 0x9e37_79b9_7f4a_7c15;
    let mut due = 0.0;
    loop {
        let begin = now()?;
        // A wave of a minute and a half.
        let wave = 1.0 + 0.4 * (begin.as_secs_f64() / 14.0).sin();
        due += rate * wave * TICK.as_secs_f64();
        while due >= 1.0 {
            due -= 1.0;
            call(&db, ring.as_mut(), &sites, shares, begin.as_nanos() as u64, &mut random)?;
        }
        std::thread::sleep(TICK.saturating_sub(now()?.saturating_sub(begin)));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made-up durations")]
fn call(
    db: &Database,
    ring: Option<&mut Producer>,
    sites: &[u32],
    shares: f64,
    begin_ns: u64,
    random: &mut u64,
) -> Result<(), Box<dyn Error>> {
    let mut index = if sites.len() > FUNCTIONS.len() {
        (next(random) * sites.len() as f64) as usize
    } else {
        let mut rest = next(random) * shares;
        FUNCTIONS
            .iter()
            .position(|function| {
                rest -= function.2;
                rest < 0.0
            })
            .unwrap_or(0)
    };
    index = index.min(sites.len() - 1);
    let (_, _, _, usual, spread, slow_in, slower, fails_in) =
        *FUNCTIONS.get(index).unwrap_or(&("", "", 1.0, 5e3, 1.5, 1_000, 10.0, 0));
    let one_in = |count: u64, random: &mut u64| count > 0 && next(random) * (count as f64) < 1.0;
    // Three together are near enough to a bell.
    let bell = next(random) + next(random) + next(random) - 1.5;
    let factor = if one_in(slow_in, random) { slower } else { 1.0 };
    let duration_ns = usual * factor * f64::powf(spread, bell * 2.0);
    let outcome = if one_in(fails_in, random) { Outcome::Error } else { Outcome::Ok };
    let end_ns = begin_ns + (next(random) * TICK.as_nanos() as f64) as u64;
    let start_ns = end_ns - duration_ns as u64;
    let flags = Flags::new(outcome, Kind::Manual).bits();
    Ok(db.insert(ring, Record::new(start_ns, end_ns, sites[index], flags))?)
}
