//! How a measurement leaves: one line of JSON with a name, a unit, and the values of its runs.

use std::time::{Duration, Instant};

/// What takes less is run more often than asked, up to this time: short runs vary most.
const SPENT_MIN: Duration = Duration::from_millis(100);
const RUN_COUNT_MAX: usize = 200;

/// Prints a measurement. Names and units are those of `rows.mjs`.
#[expect(clippy::print_stdout, reason = "a measurement prints its result")]
pub fn print(name: &str, unit: &str, values: &[f64]) {
    println!("{}", serde_json::json!({ "name": name, "unit": unit, "values": values }));
}

/// Runs once to warm up, then as often as asked, prints milliseconds and returns the last answer.
pub fn time<T, E>(
    name: &str,
    repeat: usize,
    mut run: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut answer = run()?;
    let mut values = Vec::with_capacity(repeat);
    let began = Instant::now();
    while values.len() < repeat || began.elapsed() < SPENT_MIN && values.len() < RUN_COUNT_MAX {
        let begin = Instant::now();
        answer = std::hint::black_box(run()?);
        values.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    print(name, "ms", &values);
    Ok(answer)
}
