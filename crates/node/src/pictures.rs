//! Histograms and heatmaps on their way to JavaScript.

use kronicler::query::{Heatmap, Histogram};
use napi_derive::napi;

use crate::rows::Columns;
use crate::stats::put_numbers;

/// A histogram: edges, of which there is one more than bins, then counts, as numbers (f64).
#[napi(object, object_from_js = false)]
pub struct NativeHistogram {
    /// How many edges there are.
    pub edge_count: u32,
    /// Edges in nanoseconds, then counts.
    #[napi(ts_type = "ArrayBuffer")]
    pub values: Columns,
    /// Calls shorter than all bins.
    pub below: f64,
    /// Calls longer than all bins.
    pub above: f64,
}

/// A heatmap: times (i64), of which there is one more than periods, then as numbers (f64) edges of
/// durations, of which there is one more than bins, counts by period and bin, quantiles by quantile
/// and period, NaN where there is no call.
#[napi(object, object_from_js = false)]
pub struct NativeHeatmap {
    /// How many times there are.
    pub time_count: u32,
    /// How many edges there are.
    pub edge_count: u32,
    /// The columns.
    #[napi(ts_type = "ArrayBuffer")]
    pub values: Columns,
    /// Expired calls in the picture.
    pub expired: f64,
    /// Expired calls that are not.
    pub unplaced: f64,
}

fn length(of: &[impl Sized]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativeHistogram {
    pub(crate) fn new(histogram: &Histogram) -> Self {
        let mut bytes = Vec::new();
        for &number in histogram.edges_ns.iter().chain(&histogram.counts) {
            put_numbers(&mut bytes, &[number as f64]);
        }
        Self {
            edge_count: length(&histogram.edges_ns),
            values: Columns::new(bytes),
            below: histogram.below as f64,
            above: histogram.above as f64,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
impl NativeHeatmap {
    pub(crate) fn new(heatmap: &Heatmap) -> Self {
        let starts = heatmap.periods.iter().map(|(start_ns, _)| start_ns);
        let times: Vec<i64> =
            starts.chain(heatmap.periods.range().map(|(_, end_ns)| end_ns)).collect();
        let mut bytes = Vec::new();
        times.iter().for_each(|time| bytes.extend_from_slice(&time.to_le_bytes()));
        for &number in heatmap.edges_ns.iter().chain(&heatmap.counts) {
            put_numbers(&mut bytes, &[number as f64]);
        }
        for quantile in &heatmap.quantiles_ns {
            put_numbers(&mut bytes, &[quantile.map_or(f64::NAN, |ns| ns as f64)]);
        }
        Self {
            time_count: length(&times),
            edge_count: length(&heatmap.edges_ns),
            values: Columns::new(bytes),
            expired: heatmap.expired as f64,
            unplaced: heatmap.unplaced as f64,
        }
    }
}
