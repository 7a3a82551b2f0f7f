//! How two samples of durations differ, and whether that may be chance.
//!
//! A [`Sample`] takes the calls of one function on one side, in memory that does not grow with
//! them. A [`Measurer`] compares two of them: median, 95th and 99th percentile and mean by a block
//! bootstrap over time, all calls by a rank sum test, failures by their shares. [`judge`] then
//! looks at all functions together and says what is a regression, what an improvement, and what
//! cannot be known.
//!
//! | module | subject |
//! |---|---|
//! | `random` | random numbers that are the same in every run |
//! | `tails` | tails of the normal and of Student's distribution |
//! | `call`, `cells`, `sample` | the calls of one side, kept or counted |
//! | `table` | a sample cut into blocks of time |
//! | `metric` | quantiles and mean of blocks taken again |
//! | `resample` | the block bootstrap, and how long blocks must be |
//! | `difference` | p values and intervals |
//! | `rank_sum`, `shares` | the test of Mann and Whitney; shares of calls that fail |
//! | `correction` | many comparisons at once |
//! | `measure`, `judge` | one function; all of them |
//!
//! ```
//! use kronicler_compare::{Limits, Measurer, Sample, Verdict, judge};
//!
//! // A thousand calls a side, one a tick; B takes half as long again.
//! let (mut a, mut b) = (Sample::new(), Sample::new());
//! for tick in 0..1_000 {
//!     let noise = u64::from(tick) * 7_919 % 1_000 * 1_000;
//!     a.add(tick, 2_000_000 + noise, 1, false);
//!     b.add(tick, 3_000_000 + noise, 1, false);
//! }
//! let measured = Measurer::new().measure([&a, &b], 100);
//! let judged = judge(&[measured], &Limits::default());
//! assert_eq!(judged[0].verdict, Verdict::Regression);
//! let [low, high] = judged[0].metrics[0].change_interval.unwrap_or_default();
//! assert!(low < 0.4 && 0.4 < high, "the median is 40 % higher: 2.5 ms, then 3.5 ms");
//! ```

mod random;
mod tails;
mod call;
mod cells;
mod sample;
mod table;
mod metric;
mod resample;
mod difference;
mod rank_sum;
mod shares;
mod correction;
mod measure;
mod judge;

pub use cells::RELATIVE_ERROR;
pub use correction::level;
pub use judge::{Judged, JudgedErrors, JudgedFunction, Limits, Verdict, judge};
pub use measure::{
    EFFECTIVE_BLOCKS_MIN, Lack, Measured, MeasuredFunction, Measurer, ROWS_BEYOND_MIN,
};
pub use metric::Metric;
pub use random::Random;
pub use rank_sum::RankSum;
pub use sample::{SAMPLE_SIZE_BYTES, Sample};
pub use tails::{normal_quantile, normal_tail, student_quantile, student_tail};
