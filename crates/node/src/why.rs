//! Why a call was slow, on its way to JavaScript.

use kronicler::query::words::is_unsafe;
use kronicler::query::{Among, CallerRow, Part, PathStep, Why, verdict};
use napi_derive::napi;

use crate::rows::NativeRows;

/// Why a call took as long as it did; times in nanoseconds.
#[napi(object, object_from_js = false)]
pub struct NativeWhy {
    /// The call, as one row.
    pub call: NativeRows,
    /// What most of it went into, as a sentence.
    pub verdict: String,
    /// Index of the part that the sentence names.
    pub reason: u32,
    /// Where its time went.
    pub parts: Vec<NativePart>,
    /// All calls of its function.
    pub of_all: NativeAmong,
    /// Those that ended in the minute around it.
    pub of_minute: NativeAmong,
    /// Other functions that have calls enough in that minute.
    pub other_functions: f64,
    /// Those of them that took twice as long as usual or longer.
    pub other_functions_slowed: f64,
    /// Median of the ratios of their medians.
    pub other_functions_ratio: Option<f64>,
    /// Calls of its function at once when it began.
    pub in_flight: f64,
    /// On average while it ran.
    pub in_flight_mean: f64,
    /// Usually.
    pub in_flight_usual: f64,
    /// Who made it, the last first.
    pub callers: Vec<NativeCaller>,
    /// Whether calls of that time have expired.
    pub is_cut: bool,
    /// Calls of its lane that were dropped or lost.
    pub uncounted: f64,
}

/// A part of a call's time.
#[napi(object, object_from_js = false)]
pub struct NativePart {
    /// What it has to do with the call.
    pub kind: String,
    /// Function.
    pub name: Option<String>,
    /// Where that was wrapped.
    pub source: Option<String>,
    /// The function that the calls of others began with.
    pub of: Option<String>,
    /// Calls that have a row.
    pub rows: f64,
    /// How much of the time.
    pub duration: f64,
    /// How much of it is usual.
    pub usual: f64,
    /// How many calls a row of these stands for at most.
    pub one_in: u32,
    /// Where in these calls the time went.
    pub path: Vec<NativeStep>,
}

/// A function on the way to where a part's time went.
#[napi(object, object_from_js = false)]
pub struct NativeStep {
    /// Name.
    pub name: String,
    /// Where it was wrapped.
    pub source: String,
    /// Kind of the calls.
    pub kind: String,
    /// Calls that have a row.
    pub rows: f64,
    /// How much of the time.
    pub duration: f64,
}

/// Calls of a function, and where the call stands among them.
#[napi(object, object_from_js = false)]
pub struct NativeAmong {
    /// Calls.
    pub count: f64,
    /// Their median.
    pub median: f64,
    /// Those that were faster.
    pub faster_count: f64,
    /// Whether none was slower.
    pub is_slowest: bool,
}

/// A call that made another.
#[napi(object, object_from_js = false)]
pub struct NativeCaller {
    /// Id.
    pub id: f64,
    /// Function.
    pub name: String,
    /// Where that was wrapped.
    pub source: String,
    /// Kind of the call.
    pub kind: String,
    /// How long it took.
    pub duration: f64,
    /// Whether it is certain.
    pub is_certain: bool,
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativeWhy {
    pub(crate) fn new(why: &Why, call: NativeRows) -> Self {
        let others = &why.standing.others;
        Self {
            call,
            verdict: verdict(why, is_unsafe),
            reason: u32::try_from(why.reason).unwrap_or(0),
            parts: why.parts.iter().map(NativePart::new).collect(),
            of_all: NativeAmong::new(why.standing.of_all),
            of_minute: NativeAmong::new(why.standing.of_minute),
            other_functions: others.function_count as f64,
            other_functions_slowed: others.slowed_count as f64,
            other_functions_ratio: others.ratio,
            in_flight: why.in_flight.at_start as f64,
            in_flight_mean: why.in_flight.mean,
            in_flight_usual: why.in_flight.usual as f64,
            callers: why.callers.iter().map(NativeCaller::new).collect(),
            is_cut: why.is_cut,
            uncounted: why.uncounted as f64,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativePart {
    fn new(part: &Part) -> Self {
        let name = part.name.as_ref();
        Self {
            kind: part.kind.name().to_owned(),
            name: name.map(|name| name.name.to_string()),
            source: name.map(|name| name.source.to_string()),
            of: part.of.as_ref().map(|name| name.name.to_string()),
            rows: part.rows as f64,
            duration: part.duration_ns as f64,
            usual: part.usual_ns as f64,
            one_in: part.weight_max,
            path: part.path.iter().map(NativeStep::new).collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativeStep {
    fn new(step: &PathStep) -> Self {
        Self {
            name: step.name.name.to_string(),
            source: step.name.source.to_string(),
            kind: step.kind.name().to_owned(),
            rows: step.rows as f64,
            duration: step.duration_ns as f64,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativeAmong {
    const fn new(among: Among) -> Self {
        Self {
            count: among.count as f64,
            median: among.median_ns as f64,
            faster_count: among.faster_count as f64,
            is_slowest: among.is_slowest,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativeCaller {
    fn new(caller: &CallerRow) -> Self {
        Self {
            id: caller.id.number() as f64,
            name: caller.name.name.to_string(),
            source: caller.name.source.to_string(),
            kind: caller.kind.name().to_owned(),
            duration: caller.duration_ns as f64,
            is_certain: caller.is_certain,
        }
    }
}
