//! Known calls for the tests of model, state and view.

use kronicler_format::Outcome;
use kronicler_store::{Name, RowId};

use super::model::Model;
use super::news::{Look, Losses, News, Writer};
use super::ring::Call;
use super::window::Window;

/// 2026-01-31T12:00:00Z, a little after which the sample is looked at.
pub const NOW_S: i64 = 1_769_860_800;

/// What a function of the sample does: name, calls a second, usual duration, which seconds have a
/// slow call, and of how many calls one fails.
type Function = (&'static str, u64, u64, &'static [i64], u64);

const FUNCTIONS: [Function; 5] = [
    ("getQuote", 10, 10_000_000, &[3, 4, 30], 0),
    ("Cart.total", 40, 12_000, &[], 0),
    ("db.query", 5, 2_000_000, &[7], 25),
    ("GET /orders/:id, with a name that is longer than others", 1, 31_000_000, &[], 0),
    ("\x1b[31mred\u{202e}日本", 2, 700, &[], 2),
];

/// A name as the database has it.
pub fn name(text: &str) -> Name {
    Name { name: text.into(), source: "src/shop.js:41".into() }
}

/// A look at a database with one lane that is written.
pub fn look(second: i64) -> Look {
    Look {
        at_ns: second * 1_000_000_000 + 250_000_000,
        is_first: false,
        lanes: 1,
        open_lanes: 1,
        writers: vec![Writer {
            service: "shop".to_owned(),
            version: "1.4.0".to_owned(),
            host: "web-1".to_owned(),
            pid: 4_711,
        }],
        losses: Losses::default(),
        first_end_ns: Some((NOW_S - 100_000) * 1_000_000_000),
        last_end_ns: Some(second * 1_000_000_000),
        is_partial: false,
        missed: 0,
        paused_ns: None,
    }
}

/// Calls of all functions of the sample in the minute before [`NOW_S`].
pub fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for second in NOW_S - 60..NOW_S {
        for (function, &(_, count, usual_ns, slow, fails_in)) in (0..).zip(&FUNCTIONS) {
            for index in 0..count {
                let seq = calls.len() as u64;
                let is_slow = index == 0 && slow.contains(&(NOW_S - second));
                let wobble = 1_000 + index * 100 / count;
                let is_failed = fails_in > 0 && seq.is_multiple_of(fails_in);
                calls.push(Call {
                    function,
                    id: RowId::new(0, seq),
                    end_ns: second * 1_000_000_000 + i64::try_from(index).unwrap() * 10_000_000,
                    duration_ns: usual_ns * wobble / 1_000 * if is_slow { 40 } else { 1 },
                    weight: 1,
                    outcome: if is_failed { Outcome::Error } else { Outcome::Ok },
                });
            }
        }
    }
    calls
}

/// What is known of the sample at [`NOW_S`].
pub fn model(window: Window) -> Model {
    let mut model = Model::default();
    model.take(News::Begin(look(NOW_S).at_ns));
    model.take(News::Calls(FUNCTIONS.map(|(text, ..)| name(text)).to_vec(), calls()));
    model.take(News::Look(Box::new(look(NOW_S))));
    model.count(window);
    model
}
