//! Questions on a snapshot of a Kronicler database. Pure reading: nothing here writes or waits.
//!
//! A [`Filter`] says which rows a question is about. [`stats()`], [`percentiles`] and
//! [`outliers()`] answer by function, [`slowest`] and [`newest`] find rows, [`RowStream`] hands
//! out all of them as columns, [`fetch`] a single one. Every [`Answer`] says whether it lacks
//! something that was stored.

mod answer;
mod glob;
mod filter;
mod name_table;
mod batch;
mod scan;
mod stats;
mod top;
mod stream;
mod outliers;

pub use answer::Answer;

pub use batch::{RowBatch, StoredRow};
pub use filter::Filter;
pub use name_table::NameTable;
pub use outliers::{Outlier, OutlierLimits, outliers};
pub use stats::{FunctionStats, exact_percentiles, function_names, moments, percentiles, stats};
pub use stream::{RowStream, fetch, fetch_batch};
pub use top::{newest, slowest};

/// How far a percentile that is not exact may lie from the exact one, relative to it.
pub const RELATIVE_ERROR: f64 = kronicler_stats::Sketch::RELATIVE_ERROR;
