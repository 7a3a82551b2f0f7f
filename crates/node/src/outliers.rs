//! Outliers on their way to JavaScript.

use kronicler::query::Outlier;
use napi_derive::napi;

use crate::rows::Columns;
use crate::stats::{NativeStats, put_numbers};

/// Functions that are now and then far slower than usual.
#[napi(object, object_from_js = false)]
pub struct NativeOutliers {
    /// Their statistics.
    pub stats: NativeStats,
    /// For one after the other as numbers (f64): median, limit, slow calls, their mean, the time
    /// they took beyond the median, that as a share of all time, score, median deviation, mean of
    /// the slowest hundredth.
    #[napi(ts_type = "ArrayBuffer")]
    pub values: Columns,
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativeOutliers {
    pub(crate) fn new(outliers: &[Outlier]) -> Self {
        let mut bytes = Vec::new();
        for outlier in outliers {
            let numbers = [
                outlier.median_ns as f64,
                outlier.limit_ns as f64,
                outlier.slow_count as f64,
                outlier.slow_mean_ns as f64,
                outlier.excess_ns as f64,
                outlier.excess_share,
                outlier.score.score,
                outlier.score.mad_ns as f64,
                outlier.score.tail_mean_ns,
            ];
            put_numbers(&mut bytes, &numbers);
        }
        let stats = NativeStats::new(outliers.iter().map(|outlier| &outlier.stats));
        Self { stats, values: Columns::new(bytes) }
    }
}
