//! The calls of one function on one side of a comparison, as they come.
//!
//! Few are kept as they are; from [`KEPT_COUNT_MAX`] on they are counted in cells, whose memory
//! does not grow.

use crate::call::Call;
use crate::cells::Cells;

/// Calls that are kept as they are, 16 bytes each.
const KEPT_COUNT_MAX: usize = 1 << 14;

/// Bytes that a sample may take, whatever the number of its calls, unless its durations spread over
/// more than a million times the shortest.
pub const SAMPLE_SIZE_BYTES: usize = 1 << 19;

/// The calls of one function on one side of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    rows: u64,
    count: u64,
    square_sum: u128,
    errors: u64,
    calls: Vec<Call>,
    cells: Option<Box<Cells>>,
}

/// What a sample holds.
pub(crate) enum Content<'a> {
    /// Calls in the order in which they came.
    Calls(&'a [Call]),
    /// Their counts.
    Cells(&'a Cells),
}

impl Sample {
    /// A sample without calls.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row: when it ended, in ticks of any length since any time; how long it took; how many
    /// calls it stands for; whether it did not end well.
    #[inline]
    pub fn add(&mut self, time: u32, duration_ns: u64, weight: u32, is_error: bool) {
        self.rows += 1;
        self.count += u64::from(weight);
        self.square_sum += u128::from(weight) * u128::from(weight);
        self.errors += if is_error { u64::from(weight) } else { 0 };
        let call = Call::new(time, duration_ns, weight, is_error);
        match &mut self.cells {
            Some(cells) => cells.add(&call),
            None if self.calls.len() < KEPT_COUNT_MAX => self.calls.push(call),
            None => self.count_in_cells(&call),
        }
    }

    /// Rows: what was observed.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Calls that the rows stand for.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Calls that did not end well.
    #[must_use]
    pub const fn errors(&self) -> u64 {
        self.errors
    }

    /// How many rows of equal weight would tell as much as these (Kish, Survey Sampling, 1965).
    #[must_use]
    pub fn effective_rows(&self) -> f64 {
        let count = self.count as f64;
        if self.square_sum == 0 { 0.0 } else { count * count / self.square_sum as f64 }
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let of_cells = self.cells.as_ref().map_or(0, |cells| cells.memory_bytes());
        self.calls.capacity() * size_of::<Call>() + of_cells
    }

    pub(crate) fn content(&self) -> Content<'_> {
        self.cells.as_ref().map_or(Content::Calls(&self.calls), |cells| Content::Cells(cells))
    }

    #[cold]
    fn count_in_cells(&mut self, call: &Call) {
        let mut cells = Box::new(Cells::new());
        for kept in std::mem::take(&mut self.calls).iter().chain([call]) {
            cells.add(kept);
        }
        self.cells = Some(cells);
    }
}
