//! Moments and sketch of the same durations, what the history keeps of rows that are gone.
//!
//! As bytes: moments, and if their count is not 0 the sketch. Invariant: the counts agree, and
//! shortest and longest lie in the sketch's first and last bucket.

use kronicler_format::FormatError;
use kronicler_format::varint::Cursor;

use crate::moments::Moments;
use crate::sketch::Sketch;

const WHAT: &str = "distribution of durations";

/// Moments and sketch of the same durations.
///
/// ```
/// use kronicler_stats::Distribution;
///
/// let mut durations = Distribution::new();
/// (1..=100).for_each(|duration_ns| durations.add(duration_ns));
/// assert_eq!((durations.moments.mean(), durations.quantile(0.99)), (Some(50.5), Some(99)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Exact moments of the durations.
    pub moments: Moments,
    /// Quantiles of the durations within 1 %.
    pub sketch: Sketch,
}

impl Distribution {
    /// A distribution of no durations.
    #[must_use]
    pub const fn new() -> Self {
        Self { moments: Moments::new(), sketch: Sketch::new() }
    }

    /// Adds one duration in nanoseconds.
    #[inline]
    pub fn add(&mut self, duration_ns: u64) {
        self.moments.add(duration_ns);
        self.sketch.add(duration_ns);
    }

    /// Adds everything that `other` has seen: in any order and grouping the same.
    pub fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        self.sketch.merge(&other.sketch);
    }

    /// The nearest-rank quantile in nanoseconds, within 1 %, never outside of what was measured;
    /// `None` as from [`Sketch::quantile`].
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let (min, max) = (self.moments.min()?, self.moments.max()?);
        self.sketch.quantile(q).map(|value| value.clamp(min, max))
    }

    /// Appends the bytes from which [`decode`](Self::decode) makes the same distribution.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.moments.encode(out);
        if !self.moments.is_empty() {
            self.sketch.encode(out);
        }
    }

    /// Reads a distribution off the front of `cursor`.
    ///
    /// # Errors
    /// When the bytes end too early, a number is outside of its limits, or moments and sketch are
    /// not of the same durations.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let moments = Moments::decode(cursor)?;
        if moments.is_empty() {
            return Ok(Self::new());
        }
        let sketch = Sketch::decode(cursor)?;
        let is_consistent = sketch.is_of(&moments);
        let inconsistent = FormatError::Inconsistent { what: WHAT };
        if is_consistent { Ok(Self { moments, sketch }) } else { Err(inconsistent) }
    }

    /// Adds everything that the distribution at the front of `cursor` has seen, faster
    /// than decoding it first. For bytes that were decoded once and are asked for again.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), of which it checks the counts alone; a part of what was read
    /// has then been added.
    pub fn merge_encoded(&mut self, cursor: &mut Cursor<'_>) -> Result<(), FormatError> {
        merge_encoded(&mut self.moments, &mut self.sketch, cursor)
    }
}

/// Adds everything that the distribution at the front of `cursor` has seen.
pub(crate) fn merge_encoded(
    moments: &mut Moments,
    sketch: &mut Sketch,
    cursor: &mut Cursor<'_>,
) -> Result<(), FormatError> {
    let stored = Moments::decode(cursor)?;
    if stored.is_empty() {
        return Ok(());
    }
    let before = sketch.count();
    sketch.merge_encoded(cursor)?;
    moments.merge(&stored);
    let is_consistent = sketch.count().wrapping_sub(before) == stored.count();
    if is_consistent { Ok(()) } else { Err(FormatError::Inconsistent { what: WHAT }) }
}
