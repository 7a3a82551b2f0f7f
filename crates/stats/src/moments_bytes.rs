//! Moments as they are stored: nothing that follows from what stands before it.
//!
//! ```text
//! count                            and if it is not 0:
//! min_ns, max_ns - min_ns          and if neither that is 0 nor count below 3:
//! sum - count * min_ns (wide), sum of squares (wide)
//! ```
//!
//! All are varints; wide is the number of bytes, then as many, low ones first, without zeros at
//! the end.

use kronicler_format::FormatError;
use kronicler_format::varint::{Cursor, put_bytes, put_u64};

use crate::moments::Moments;

const WHAT: &str = "moments";

/// Bytes of a sum, below 2^128, at most.
const SUM_SIZE_BYTES_MAX: usize = 16;

/// Bytes of a sum of squares, below 2^192, at most.
const SQUARES_SIZE_BYTES_MAX: usize = 24;

impl Moments {
    /// Appends the bytes from which [`decode`](Self::decode) makes the same moments: one for no
    /// durations, about 25 for many.
    ///
    /// ```
    /// use kronicler_format::varint::Cursor;
    /// use kronicler_stats::Moments;
    ///
    /// let moments: Moments = [1_200, 1_250, 90_000].into_iter().collect();
    /// let mut bytes = Vec::new();
    /// moments.encode(&mut bytes);
    /// assert_eq!(Moments::decode(&mut Cursor::new("moments", &bytes)), Ok(moments));
    /// ```
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.count());
        let (Some(min), Some(max)) = (self.min(), self.max()) else {
            return;
        };
        put_u64(out, min);
        put_u64(out, max - min);
        if !is_told_by_its_ends(self.count(), min, max) {
            let excess = self.sum() - u128::from(self.count()) * u128::from(min);
            put_wide(out, &excess.to_le_bytes());
            let (high, low) = self.sum_of_squares();
            let mut squares = [0; SQUARES_SIZE_BYTES_MAX];
            squares[..16].copy_from_slice(&low.to_le_bytes());
            squares[16..].copy_from_slice(&high.to_le_bytes());
            put_wide(out, &squares);
        }
    }

    /// Reads moments off the front of `cursor`.
    ///
    /// # Errors
    /// When the bytes end too early, or no durations have such moments.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let inconsistent = FormatError::Inconsistent { what: WHAT };
        let count = cursor.u64()?;
        if count == 0 {
            return Ok(Self::new());
        }
        let min = cursor.u64()?;
        let max = min.checked_add(cursor.u64()?).ok_or_else(|| inconsistent.clone())?;
        if count == 1 && min < max {
            return Err(inconsistent);
        }
        if is_told_by_its_ends(count, min, max) {
            let mut moments = Self::new();
            moments.add_many(min, count - 1);
            moments.add(max);
            return Ok(moments);
        }
        let excess = u128::from_le_bytes(wide::<SUM_SIZE_BYTES_MAX>(cursor)?);
        let squares = wide::<SQUARES_SIZE_BYTES_MAX>(cursor)?;
        let sum = excess.checked_add(u128::from(count) * u128::from(min));
        let (mut low, mut high) = ([0; 16], [0; 8]);
        low.copy_from_slice(&squares[..16]);
        high.copy_from_slice(&squares[16..]);
        let squares = (u64::from_le_bytes(high), u128::from_le_bytes(low));
        let moments = sum.and_then(|sum| Self::from_parts(count, sum, squares, min, max));
        moments.ok_or(inconsistent)
    }
}

/// Whether count, shortest and longest tell the sum and the sum of squares.
const fn is_told_by_its_ends(count: u64, min: u64, max: u64) -> bool {
    min == max || count <= 2
}

fn put_wide(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    put_bytes(out, &bytes[..length]);
}

fn wide<const N: usize>(cursor: &mut Cursor<'_>) -> Result<[u8; N], FormatError> {
    let bytes = cursor.bytes(N)?;
    let mut out = [0; N];
    out[..bytes.len()].copy_from_slice(bytes);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(moments: &Moments) -> Vec<u8> {
        let mut out = Vec::new();
        moments.encode(&mut out);
        out
    }

    fn decoded(bytes: &[u8]) -> Result<Moments, FormatError> {
        Moments::decode(&mut Cursor::new("test", bytes))
    }

    #[test]
    fn the_greatest_moments_fit() {
        // Promise: 2^64 - 1 rows of 2^64 - 1 ns, or some of them of 0 ns, are stored exactly.
        let mut moments = Moments::new();
        moments.add_many(u64::MAX, u64::MAX - 2);
        moments.add(0);
        assert_eq!(decoded(&bytes(&moments)), Ok(moments));
        let mut alike = Moments::new();
        alike.add_many(u64::MAX, u64::MAX);
        assert_eq!(decoded(&bytes(&alike)), Ok(alike));
    }

    #[test]
    fn few_take_little() {
        // Promise: nothing takes a byte; what follows from the rest is not stored.
        assert_eq!(bytes(&Moments::new()), [0]);
        assert_eq!(bytes(&[5].into_iter().collect()), [1, 5, 0]);
        assert_eq!(bytes(&[5, 5, 5, 5].into_iter().collect()), [4, 5, 0]);
        assert_eq!(bytes(&[9, 5].into_iter().collect()), [2, 5, 4]);
        assert_eq!(bytes(&[9, 5, 6].into_iter().collect()), [3, 5, 4, 1, 5, 1, 142]);
    }

    #[test]
    fn moments_of_nothing_real_are_refused() {
        // Promise: a damaged file cannot make a mean outside of its ends, or a negative variance.
        assert!(decoded(&[1, 5, 1]).is_err(), "one row of two durations");
        assert!(decoded(&[3, 5, 4, 1, 13, 1, 142]).is_err(), "a sum above 3 * 9");
        assert!(decoded(&[3, 5, 4, 1, 5, 1, 100]).is_err(), "squares below those of the mean");
        assert!(decoded(&[3, 5, 4, 17]).is_err(), "a sum of more than 16 bytes");
        let above = [&[3, 5][..], &[0xff; 9], &[1]].concat();
        assert!(decoded(&above).is_err(), "a longest of more than 64 bits");
    }

    proptest! {
        #[test]
        fn moments_come_back(durations in prop::collection::vec((any::<u64>(), 0..64_u32), 0..9)) {
            // Promise: stored moments are the same, cut ones are refused.
            let durations = durations.into_iter().map(|(wide, shift)| wide >> shift);
            let moments: Moments = durations.collect();
            let stored = bytes(&moments);
            prop_assert_eq!(decoded(&stored), Ok(moments));
            for length in 0..stored.len() {
                prop_assert!(decoded(&stored[..length]).is_err());
            }
        }
    }
}
