//! Statistics on their way to JavaScript.

use kronicler::query::{self, FunctionStats};
use napi_derive::napi;

/// Statistics of a function; times in nanoseconds.
#[napi(object, object_from_js = false)]
pub struct NativeStats {
    /// What was called.
    pub name: String,
    /// Where it was wrapped.
    pub source: String,
    /// Calls.
    pub count: f64,
    /// Calls that did not end well.
    pub errors: f64,
    /// Time spent in it.
    pub sum: f64,
    /// Mean.
    pub mean: f64,
    /// Shortest.
    pub min: f64,
    /// Longest.
    pub max: f64,
    /// Sample standard deviation; 0 for a single call.
    pub std_dev: f64,
    /// Standard error of the mean; 0 for a single call.
    pub std_err: f64,
    /// Median, within 1 %.
    pub median: f64,
    /// 75th percentile, within 1 %.
    pub p75: f64,
    /// 90th percentile, within 1 %.
    pub p90: f64,
    /// 95th percentile, within 1 %.
    pub p95: f64,
    /// 99th percentile, within 1 %.
    pub p99: f64,
    /// 99.9th percentile, within 1 %.
    pub p999: f64,
    /// How far a percentile may lie from the exact one, relative to it.
    pub relative_error: f64,
    /// Id of the slowest call, unless that has expired and is not remembered.
    pub slowest_id: Option<f64>,
    /// Calls among them whose rows have expired.
    pub expired: f64,
    /// By what the times of expired calls are known: `hour` or `day`.
    pub resolution: Option<String>,
    /// Rows among them: fewer than calls where a row stands for several.
    pub rows: f64,
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativeStats {
    pub(crate) fn new(stats: &FunctionStats) -> Self {
        let moments = &stats.moments;
        let quantile = |q| stats.quantile(q).unwrap_or(0) as f64;
        Self {
            name: stats.name.name.to_string(),
            source: stats.name.source.to_string(),
            count: moments.count() as f64,
            errors: stats.errors as f64,
            sum: moments.sum() as f64,
            mean: moments.mean().unwrap_or(0.0),
            min: moments.min().unwrap_or(0) as f64,
            max: moments.max().unwrap_or(0) as f64,
            std_dev: moments.std_dev().unwrap_or(0.0),
            std_err: stats.std_err().unwrap_or(0.0),
            median: quantile(0.5),
            p75: quantile(0.75),
            p90: quantile(0.9),
            p95: quantile(0.95),
            p99: quantile(0.99),
            p999: quantile(0.999),
            relative_error: query::RELATIVE_ERROR,
            slowest_id: stats.slowest.map(|id| id.number() as f64),
            expired: stats.expired as f64,
            resolution: stats.resolution.map(|resolution| resolution.name().to_owned()),
            rows: stats.rows as f64,
        }
    }
}
