//! Functions whose capture costs more than it tells, and names that tell nothing.

use kronicler_query::{Filter, FunctionStats, stats};

use super::{Check, Patient};
use crate::escape;
use crate::failure::Failure;
use crate::units::{count, counted, duration, percent};

/// A captured call of Node costs about so many times its native part (docs/benchmarks.md: 60 to
/// 70 ns, of which some 20 are what is measured here).
const WHOLE_COST: f64 = 3.0;
/// A function is hot and tiny when capturing takes this share of the time spent in it, and it was
/// called often enough for anybody to notice.
const SHARE_MIN: f64 = 0.1;
const CALLS_MIN: u64 = 100_000;
/// With `every` capturing is to take about this share.
const SHARE_WANTED: f64 = 0.01;
/// Functions that are named one by one.
const SHOWN_MAX: usize = 5;
/// Minified names are told about from this count and this share of all names on.
const MINIFIED_MIN: usize = 5;
const MINIFIED_PART: usize = 5;

pub fn look(patient: &Patient<'_>, cost_ns: Option<f64>) -> Result<Vec<Check>, Failure> {
    let ask = |snapshot: &kronicler_store::Snapshot| stats(snapshot, &Filter::default());
    let functions = patient.context.database.ask(ask)?.value;
    let mut checks = hot(&functions, cost_ns.unwrap_or(0.0) * WHOLE_COST);
    checks.push(minified(&functions));
    Ok(checks)
}

/// The share of the time in a function that goes into capturing it.
#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(function: &FunctionStats, cost_ns: f64) -> f64 {
    let sum = function.moments.sum() as f64;
    // A row that stands for many calls was captured once.
    function.rows as f64 * cost_ns / sum.max(1.0)
}

fn hot(functions: &[FunctionStats], cost_ns: f64) -> Vec<Check> {
    const WHAT: &str = "hot functions";
    let mut hot: Vec<(&FunctionStats, f64)> = functions
        .iter()
        .map(|function| (function, share(function, cost_ns)))
        .filter(|(function, share)| function.rows >= CALLS_MIN && *share >= SHARE_MIN)
        .collect();
    hot.sort_by_key(|(function, _)| std::cmp::Reverse(function.rows));
    if hot.is_empty() {
        let fact = format!(
            "no function that was captured {} times or more is so short that capturing it, at \
             about {} a call, takes a tenth of its time",
            count(CALLS_MIN),
            duration(cost_ns)
        );
        return vec![Check::fine(WHAT, fact)];
    }
    let shown = hot.iter().take(SHOWN_MAX).map(|(function, share)| {
        let mean = function.moments.mean().unwrap_or(0.0);
        let fact = format!(
            "{} takes {} a call, {} times: capturing it, at about {} a call, comes to {} of that",
            escape::name(&function.name.name),
            duration(mean),
            count(function.rows),
            duration(cost_ns),
            percent(*share)
        );
        let remedy = format!(
            "capture it with {{ every: {} }}: statistics still count every call",
            every(*share)
        );
        Check::warning(WHAT, fact, remedy)
    });
    let mut checks: Vec<Check> = shown.collect();
    if hot.len() > SHOWN_MAX {
        let fact = format!("{} more like these", count((hot.len() - SHOWN_MAX) as u64));
        checks.push(Check::warning(WHAT, fact, "kr stats --sort mean shows them last"));
    }
    checks
}

/// A round number of calls of which one is to be recorded.
fn every(share: f64) -> u32 {
    let steps = [10, 20, 50, 100, 200, 500, 1_000];
    steps.into_iter().find(|&step| share / f64::from(step) <= SHARE_WANTED).unwrap_or(1_000)
}

fn minified(functions: &[FunctionStats]) -> Check {
    const WHAT: &str = "function names";
    let short = functions.iter().filter(|function| is_short(&function.name.name)).count();
    let bundled = functions.iter().filter(|function| is_bundled(&function.name.source)).count();
    let is_many = |found: usize| found >= MINIFIED_MIN && found * MINIFIED_PART >= functions.len();
    if is_many(short) {
        let fact = format!(
            "{} of {} have one or two letters, as minifiers make them",
            count(short as u64),
            counted(functions.len() as u64, "name")
        );
        let remedy = "name them, capture('orders.find', fn), or keep names in the bundle: esbuild \
                      --keep-names, terser keep_fnames and keep_classnames";
        return Check::warning(WHAT, fact, remedy);
    }
    if is_many(bundled) {
        let fact = format!(
            "the places of {} lie in bundles, not in the sources",
            counted(bundled as u64, "function")
        );
        let remedy = "start Node with --enable-source-maps, and make maps";
        return Check::warning(WHAT, fact, remedy);
    }
    Check::fine(WHAT, format!("{}, of people's making", counted(functions.len() as u64, "name")))
}

/// Whether a minifier may have made it: what is called `id` or `GET` is not meant.
fn is_short(name: &str) -> bool {
    let last = name.rsplit(['.', ' ', '#']).next().unwrap_or(name);
    let is_word = last.chars().all(|char| char.is_ascii_alphanumeric() || "_$".contains(char));
    !last.is_empty() && last.len() <= 2 && is_word && !matches!(last, "id" | "db" | "io" | "go")
}

fn is_bundled(source: &str) -> bool {
    let (file, _) = source.rsplit_once(':').unwrap_or((source, ""));
    file.ends_with(".min.js")
        || file.split('/').any(|part| matches!(part, "dist" | "build" | ".next" | ".output"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minified_names_are_told_from_short_ones() {
        // Promise: names of one or two letters count, also of methods; words and routes do not.
        for name in ["a", "Xe", "$t", "t.n", "e.#r"] {
            assert!(is_short(name), "{name}");
        }
        for name in ["id", "get", "GET /a/b", "orders.find", "", "日本", "db"] {
            assert!(!is_short(name), "{name}");
        }
        assert!(is_bundled("dist/server.js:12") && is_bundled("app.min.js:1"));
        assert!(!is_bundled("src/distance.js:12") && !is_bundled(""));
    }

    #[test]
    fn the_number_is_round_and_enough() {
        // Promise: with the number that is recommended capturing takes about a hundredth.
        assert_eq!([0.1, 0.15, 0.9, 1.5, 9.0, 80.0].map(every), [10, 20, 100, 200, 1_000, 1_000]);
    }
}
