//! Statistics of one function.

use kronicler_stats::{Moments, Resolution, Sketch, Summary};
use kronicler_store::{Name, RowId};

/// Statistics of a function.
#[derive(Debug, Clone)]
pub struct FunctionStats {
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// Rows that tell of the calls: fewer than calls where a row stands for several.
    pub rows: u64,
    /// Calls that did not end well.
    pub errors: u64,
    /// Exact moments of the durations, in nanoseconds.
    pub moments: Moments,
    /// Quantiles of the durations within 1 %.
    pub sketch: Sketch,
    /// The slowest call, unless it has expired and is not among those that are remembered.
    pub slowest: Option<RowId>,
    /// Its duration, as far as it is known.
    slowest_ns: u64,
    /// Calls among them whose rows have expired: of these only statistics are left.
    pub expired: u64,
    /// By what the times of expired calls are known: a period counts as a whole even if only a part
    /// of it lies in the range of the question. The coarser, when there are both.
    pub resolution: Option<Resolution>,
}

impl FunctionStats {
    pub(crate) const fn new(name: Name) -> Self {
        Self {
            name,
            rows: 0,
            errors: 0,
            moments: Moments::new(),
            sketch: Sketch::new(),
            slowest: None,
            slowest_ns: 0,
            expired: 0,
            resolution: None,
        }
    }

    /// The nearest-rank quantile in nanoseconds, within 1 %, never outside of what was measured.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let (min, max) = (self.moments.min()?, self.moments.max()?);
        self.sketch.quantile(q).map(|value| value.clamp(min, max))
    }

    /// The standard error of the mean in nanoseconds: the standard deviation over the square root
    /// of the rows, since calls that were not recorded tell nothing of the mean. `None` for fewer
    /// than two rows.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of rows, for a square root")]
    pub fn std_err(&self) -> Option<f64> {
        let deviation = self.moments.std_dev().filter(|_| self.rows >= 2)?;
        Some(deviation / (self.rows as f64).sqrt())
    }

    /// Adds what is known of rows in a lane that each stand for `weight` calls.
    pub(crate) fn add(&mut self, lane: u16, weight: u64, is_error: bool, summary: Summary) {
        if let Some(slowest) = summary.slowest.rows().first() {
            self.offer_slowest(slowest.duration_ns, RowId::new(lane, slowest.seq));
        }
        let rows = summary.moments.count();
        self.rows += rows;
        self.errors += if is_error { rows.wrapping_mul(weight) } else { 0 };
        self.moments.merge_many(&summary.moments, weight);
        if weight != 1 {
            self.sketch.merge_many(&summary.sketch, weight);
        } else if self.sketch.is_empty() {
            self.sketch = summary.sketch;
        } else {
            self.sketch.merge(&summary.sketch);
        }
    }

    /// Offers a row as the slowest: among equals the earlier wins, in whatever order they are
    /// looked at.
    pub(crate) fn offer_slowest(&mut self, duration_ns: u64, id: RowId) {
        let is_slower = |known: RowId| {
            duration_ns > self.slowest_ns || duration_ns == self.slowest_ns && id < known
        };
        if self.slowest.is_none_or(is_slower) {
            (self.slowest, self.slowest_ns) = (Some(id), duration_ns);
        }
    }

    /// Says that all rows were offered that can be: none is told that is not the slowest.
    pub(crate) fn end_search(&mut self) {
        self.slowest = self.slowest.filter(|_| self.moments.max() == Some(self.slowest_ns));
    }
}
