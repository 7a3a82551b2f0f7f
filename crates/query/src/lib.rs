//! Questions on a snapshot of a Kronicler database. Pure reading: nothing here writes or waits.
//!
//! A [`Filter`] says which rows a question is about. [`stats()`], [`percentiles`] and
//! [`outliers()`] answer by function, [`stats_by`] by function and period, version or the like.
//! [`slowest`] and [`newest`] find rows, [`RowStream`] hands out all of them as columns,
//! [`samples()`] the calls of functions over time, [`Follower`] each as it arrives, [`fetch`] a
//! single one. [`call_tree`] tells what was called by what, [`why()`] where the time of one call
//! went. Every [`Answer`] says whether it lacks something that was stored, and whether a new
//! snapshot has it: [`ask`] takes one then.

mod answer;
mod glob;
mod runs;
mod status;
mod filter;
mod periods;
mod name_table;
mod batch;
mod selection;
mod chunk_scan;
mod scan;
mod split;
mod durations;
mod work;
mod cells;
mod sketches;
mod function_stats;
mod history;
mod stats;
mod who;
mod ends;
mod groups;
mod counts;
mod axis;
mod histogram;
mod heatmap;
mod functions;
mod samples;
mod rank;
mod exact;
mod top;
mod details;
mod stream;
mod fetch;
mod follow;
mod outlier_score;
mod outliers;
mod span;
mod lane_rows;
mod contexts;
mod blocks;
mod nesting;
mod habits;
mod path_tree;
mod tree;
pub mod words;
mod why;

pub use answer::{Answer, ask};
pub use batch::{RowBatch, StoredRow};
pub use counts::{CallCounts, call_counts};
pub use details::{tell_details, with_details};
pub use ends::ends;
pub use exact::{FunctionPercentiles, exact_percentiles, exact_percentiles_by_function};
pub use fetch::{Fetched, fetch, fetch_batch};
pub use filter::Filter;
pub use follow::{Arrivals, Follower};
pub use function_stats::FunctionStats;
pub use functions::{function_names, moments};
pub use glob::matches;
pub use groups::{Group, GroupBy, GroupStats, Grouped, stats_by, visit_groups};
pub use heatmap::{Grid, Heatmap, heatmap};
pub use histogram::{Histogram, exact_histogram, histogram};
pub use name_table::NameTable;
pub use outlier_score::OutlierScore;
pub use outliers::{Outlier, OutlierLimits, outliers};
pub use periods::Periods;
pub use runs::instance_name;
pub use samples::{FunctionRows, FunctionSample, function_rows, samples};
pub use stats::{percentiles, stats};
pub use status::{parse_status, status_word};
pub use stream::RowStream;
pub use top::{newest, slowest};
pub use tree::{CallNode, CallTree, call_tree};
pub use who::{RunRows, runs};
pub use why::{
    Among, CallerRow, InFlight, Others, Part, PartKind, PathStep, SLOW_RATIO, Standing, Why,
    verdict, why,
};

/// How far a percentile that is not exact may lie from the exact one, relative to it.
pub const RELATIVE_ERROR: f64 = kronicler_stats::Sketch::RELATIVE_ERROR;
