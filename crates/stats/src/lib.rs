//! Mergeable answers about durations: exact moments and a quantile sketch.
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

pub use moments::Moments;
pub use quantile::{exact_quantiles, nearest_rank};
pub use sketch::{Bin, Sketch};
