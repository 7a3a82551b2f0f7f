//! Mergeable answers about durations: exact moments, a quantile sketch, the slowest rows.
//!
//! A database that keeps every call answers most questions from summaries made when the rows
//! were written. For that the summaries must be mergeable: two of them, put together, equal the
//! one that would have been made of all rows at once, bit for bit, in whatever order and grouping
//! the merging happens. Everything here is therefore counted in integers, and becomes an `f64`
//! only when it is asked for.
//!
//! | module | subject |
//! |---|---|
//! | `quantile` | which row is a quantile: nearest rank, and exact quantiles of values in memory |
//! | `wide` | the few operations on 256-bit integers that an exact variance needs |
//! | `moments` | [`Moments`]: count, sum, sum of squares, min and max; mean, deviation, error |
//! | `bucket` | which bucket of the sketch a duration falls into, and where buckets begin and end |
//! | `sketch` | [`Sketch`]: quantiles within 1 % of the exact nearest-rank value |
//! | `spread` | what a sketch tells of spread: median deviation, mean of the slowest |
//! | `moments_bytes` | moments as they are stored |
//! | `sketch_bytes` | sketches as they are stored: about a byte for each bucket that is not empty |
//! | `slowest` | [`SlowestList`]: the slowest rows, and their bytes |
//! | `distribution` | [`Distribution`]: moments and sketch of the same durations |
//! | `summary` | [`Summary`]: all of these for the rows of one series |
//! | `history_key` | [`Period`], [`HistorySeries`]: what the history keeps statistics by |
//! | `history_cells` | values by key, packed as bytes unless they are being added to |
//! | `history` | [`History`]: statistics of rows that are gone, by hour and by day |
//! | `history_bytes` | a history as it is stored |
//! | `history_file` | [`HistoryHeader`] and the file around it |
//!
//! All durations are nanoseconds. Nothing here panics, allocates per value, or reads a clock.
//!
//! ```
//! use kronicler_stats::{Moments, Sketch, exact_quantiles};
//!
//! let mut monday: Vec<u64> = vec![1_200, 1_250, 1_300, 90_000];
//! let tuesday = [1_220, 1_280];
//!
//! // One summary a day, made when the rows were written; merged when somebody asks.
//! let mut moments: Moments = monday.iter().copied().collect();
//! moments.merge(&tuesday.into_iter().collect());
//! assert_eq!(moments.count(), 6);
//! assert_eq!(moments.max(), Some(90_000));
//! assert_eq!(moments.mean(), Some(16_041.666666666666));
//!
//! let mut sketch: Sketch = monday.iter().copied().collect();
//! sketch.merge(&tuesday.into_iter().collect());
//! let median = sketch.quantile(0.5).unwrap_or_default();
//!
//! monday.extend(tuesday);
//! let exact = exact_quantiles(&mut monday, &[0.5]).unwrap_or_default();
//! assert_eq!(exact, [1_250]);
//! assert!(median.abs_diff(exact[0]) <= 12, "within 1 %");
//! ```

mod quantile;

mod wide;

mod moments;

mod bucket;

mod sketch;

mod spread;

mod moments_bytes;

mod sketch_bytes;

mod slowest;

mod distribution;

mod summary;

mod history_key;

mod history_cells;

mod history;

mod history_bytes;

mod history_file;

pub use distribution::Distribution;
pub use history::{DaySlowest, History, HistoryEntry, SeriesId};
pub use history_bytes::{HISTORY_ENTRY_COUNT_MAX, HISTORY_SIZE_BYTES_MAX};
pub use history_file::{
    HISTORY_HEADER_SIZE_BYTES, HistoryHeader, decode_history_file, encode_history_file,
};
pub use history_key::{HistoryFunction, HistorySeries, Period, Resolution};
pub use moments::Moments;
pub use quantile::{exact_quantiles, nearest_rank};
pub use sketch::{Bin, Sketch};
pub use slowest::{SLOWEST_COUNT, SlowRow, Slowest, SlowestList};
pub use summary::Summary;
