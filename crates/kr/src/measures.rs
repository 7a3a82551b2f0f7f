//! The statistics of a function: what each is called, how it is shown and found in JSON and CSV.

use clap::ValueEnum;
use kronicler_query::FunctionStats;
use kronicler_stats::Resolution;
use serde_json::Value;

use crate::escape;
use crate::record::{Record, sum_ns};
use crate::table::{Column, Content};
use crate::units::{count, duration, times};

/// A statistic of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Measure {
    Name,
    Count,
    Errors,
    Sum,
    Mean,
    Stddev,
    Stderr,
    Min,
    Median,
    P75,
    P90,
    P95,
    P99,
    P999,
    Max,
    Mad,
    Tail,
}

/// All of them as columns. The lower the importance, the sooner a column goes.
pub const MEASURES: [(Measure, Column); 17] = [
    (Measure::Name, Column::essential("name", Content::Name)),
    (Measure::Count, Column::new("count", Content::Number, 50)),
    (Measure::Errors, Column::new("errors", Content::Number, 35)),
    (Measure::Sum, Column::new("sum", Content::Number, 45)),
    (Measure::Mean, Column::new("mean", Content::Number, 30)),
    (Measure::Stddev, Column::new("stddev", Content::Number, 8)),
    (Measure::Stderr, Column::new("stderr", Content::Number, 6)),
    (Measure::Min, Column::new("min", Content::Number, 10)),
    (Measure::Median, Column::new("median", Content::Number, 60)),
    (Measure::P75, Column::new("p75", Content::Number, 9)),
    (Measure::P90, Column::new("p90", Content::Number, 20)),
    (Measure::P95, Column::new("p95", Content::Number, 28)),
    (Measure::P99, Column::new("p99", Content::Number, 55)),
    (Measure::P999, Column::new("p999", Content::Number, 15)),
    (Measure::Max, Column::new("max", Content::Number, 40)),
    (Measure::Mad, Column::new("mad", Content::Number, 5)),
    (Measure::Tail, Column::new("tail", Content::Number, 7)),
];

/// Where a function was wrapped.
pub const SOURCE: Column = Column::new("source", Content::Source, 25);

/// Percentiles, in the order in which [`Measured::exact`] has them.
pub const QUANTILES: [f64; 6] = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

/// Keys of [`Measured::fields`].
pub const KEYS: [&str; 22] = [
    "name",
    "source",
    "count",
    "errors",
    "sum_ns",
    "mean_ns",
    "stddev_ns",
    "stderr_ns",
    "min_ns",
    "median_ns",
    "p90_ns",
    "p95_ns",
    "p99_ns",
    "p999_ns",
    "max_ns",
    "slowest_id",
    "expired",
    "resolution",
    "rows",
    "p75_ns",
    "mad_ns",
    "tail_ratio",
];

/// Statistics of a function, with exact percentiles if they were asked for.
pub struct Measured {
    /// The statistics.
    pub stats: FunctionStats,
    /// Percentiles that are exact.
    pub exact: Option<Vec<u64>>,
}

impl Measured {
    /// The statistic as a number; those of whole nanoseconds are exact below 104 days.
    #[expect(clippy::cast_precision_loss, reason = "for showing three digits and for sorting")]
    pub fn number(&self, measure: Measure) -> Option<f64> {
        let moments = &self.stats.moments;
        match measure {
            Measure::Name => None,
            Measure::Count => Some(moments.count() as f64),
            Measure::Errors => Some(self.stats.errors as f64),
            Measure::Sum => Some(moments.sum() as f64),
            Measure::Mean => moments.mean(),
            Measure::Stddev => moments.std_dev(),
            Measure::Stderr => self.stats.std_err(),
            Measure::Min => moments.min().map(|ns| ns as f64),
            Measure::Max => moments.max().map(|ns| ns as f64),
            Measure::Mad => self.stats.sketch.median_deviation().map(|ns| ns as f64),
            Measure::Tail => {
                let (median, p99) = (self.quantile(0)?, self.quantile(4)?);
                Some(p99 as f64 / median.max(1) as f64)
            }
            Measure::Median => self.quantile(0).map(|ns| ns as f64),
            Measure::P75 => self.quantile(1).map(|ns| ns as f64),
            Measure::P90 => self.quantile(2).map(|ns| ns as f64),
            Measure::P95 => self.quantile(3).map(|ns| ns as f64),
            Measure::P99 => self.quantile(4).map(|ns| ns as f64),
            Measure::P999 => self.quantile(5).map(|ns| ns as f64),
        }
    }

    /// One of [`QUANTILES`].
    fn quantile(&self, index: usize) -> Option<u64> {
        match &self.exact {
            Some(values) => values.get(index).copied(),
            None => self.stats.quantile(QUANTILES[index]),
        }
    }

    /// The statistic as a person reads it.
    pub fn cell(&self, measure: Measure) -> String {
        match measure {
            Measure::Name => escape::name(&self.stats.name.name).into_owned(),
            Measure::Count => count(self.stats.moments.count()),
            Measure::Errors => count(self.stats.errors),
            Measure::Tail => self.number(measure).map_or_else(dash, times),
            // One call deviates from nothing.
            _ => self.number(measure).map_or_else(dash, duration),
        }
    }

    /// Where the function was wrapped, as a person reads it.
    pub fn source(&self) -> String {
        escape::escape(&self.stats.name.source).into_owned()
    }

    /// All of it for programs.
    pub fn fields(&self) -> Record {
        let (stats, moments) = (&self.stats, &self.stats.moments);
        let tail = self.number(Measure::Tail);
        vec![
            ("name", (*stats.name.name).into()),
            ("source", (*stats.name.source).into()),
            ("count", moments.count().into()),
            ("errors", stats.errors.into()),
            ("sum_ns", sum_ns(moments.sum())),
            ("mean_ns", moments.mean().into()),
            ("stddev_ns", moments.std_dev().into()),
            ("stderr_ns", stats.std_err().into()),
            ("min_ns", moments.min().into()),
            ("median_ns", self.quantile(0).into()),
            ("p90_ns", self.quantile(2).into()),
            ("p95_ns", self.quantile(3).into()),
            ("p99_ns", self.quantile(4).into()),
            ("p999_ns", self.quantile(5).into()),
            ("max_ns", moments.max().into()),
            ("slowest_id", stats.slowest.map(|id| id.number()).into()),
            ("expired", stats.expired.into()),
            ("resolution", stats.resolution.map(Resolution::name).into()),
            ("rows", stats.rows.into()),
            ("p75_ns", self.quantile(1).into()),
            ("mad_ns", stats.sketch.median_deviation().into()),
            ("tail_ratio", tail.map_or(Value::Null, Value::from)),
        ]
    }
}

impl From<FunctionStats> for Measured {
    fn from(stats: FunctionStats) -> Self {
        Self { stats, exact: None }
    }
}

fn dash() -> String {
    "-".to_owned()
}

/// The column and key of a measure.
pub fn title(measure: Measure) -> &'static str {
    let known = MEASURES.iter().find(|(key, _)| *key == measure);
    known.map_or("", |(_, column)| column.title)
}

/// Sorts by a measure: names upwards, numbers downwards, or the other way round. Equals stay in
/// their order, and what has no number is last.
pub fn sort<T>(rows: &mut [T], measure: Measure, is_reversed: bool, of: impl Fn(&T) -> &Measured) {
    if measure == Measure::Name {
        rows.sort_by(|left, right| of(left).stats.name.name.cmp(&of(right).stats.name.name));
        if is_reversed {
            rows.reverse();
        }
        return;
    }
    rows.sort_by_cached_key(|row| {
        let number = of(row).number(measure);
        let key = if is_reversed { number } else { number.map(|number| -number) };
        Sortable(key.unwrap_or(f64::INFINITY))
    });
}

/// A number in the order of numbers.
#[derive(PartialEq)]
struct Sortable(f64);

impl Eq for Sortable {}

impl PartialOrd for Sortable {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sortable {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
