//! Which bucket of the sketch a duration falls into, and where each bucket begins and ends.
//!
//! The mapping is part of the file format: stored sketches name buckets by index, so neither
//! [`EXACT_COUNT`] nor [`BOUNDARIES`] may ever change without a new version of the format.
//!
//! ```text
//! index            0    1   ...  127 | 128 ... 169 | 170 ... 211 | ... | 2480 ... 2521
//! duration in ns   0    1   ...  127 | 128 ... 255 | 256 ... 511 | ... | 2^63 ... 2^64 - 1
//!                  one bucket each   | 42 buckets for each octave
//! ```
//!
//! Within an octave the buckets grow geometrically, as in DDSketch (Masson, Rim and Lee, "DDSketch:
//! A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", PVLDB 12(12), 2019):
//! by 2^(1/42), so that the middle of a bucket is at most (2^(1/42) - 1) / (2^(1/42) + 1) = 0.83 %
//! away from anything in it. What is left to 1 % is for rounding to whole nanoseconds, which costs
//! most just above 128: after 128 exact durations, 42 is the smallest number of buckets with which
//! each stays within 1 % (a test looks at every one).
//!
//! No logarithm is taken: as an `f64` a duration shows its octave in the exponent and its place in
//! the octave in the fraction, whose first six bits choose a cell of a table; since cells are
//! narrower than buckets, one comparison decides between the two buckets a cell can meet. (Leading
//! zeros and a shift do the same and took 6 ns instead of 4 on x86-64, where `bsr` waits for the
//! old value of its target register, that is, for the previous duration.)

/// The durations below this have a bucket each: 0 to 127 ns.
const EXACT_COUNT: usize = 128;

/// The octave of the first duration that shares a bucket: 128 = 2^7.
const FIRST_OCTAVE: usize = 7;

/// The number of buckets for each octave.
const PER_OCTAVE: usize = 42;

/// The number of all buckets there are.
pub(crate) const BUCKET_COUNT: usize = EXACT_COUNT + (64 - FIRST_OCTAVE) * PER_OCTAVE;

/// Where the buckets of an octave begin, as its 65,536ths: `round(65536 * (2^(i / 42) - 1))`.
const BOUNDARIES: [u64; PER_OCTAVE] = [
    0, 1091, 2199, 3326, 4472, 5637, 6822, 8026, 9250, 10494, 11759, 13046, 14353, 15683, 17034,
    18408, 19805, 21225, 22669, 24137, 25629, 27146, 28688, 30256, 31850, 33471, 35118, 36793,
    38496, 40227, 41987, 43776, 45595, 47445, 49325, 51236, 53179, 55154, 57163, 59205, 61280,
    63391,
];

/// The number of bits that [`BOUNDARIES`] are fractions of.
const FRACTION_BITS: u32 = 16;

/// The number of bits of a fraction that choose a cell.
const CELL_BITS: u32 = 6;

/// What is added to the exponent of an `f64` in its bits (IEEE 754, binary64).
const F64_EXPONENT_BIAS: usize = 1_023;

/// One 64th of an octave: it lies in the bucket `first`, from the fraction `boundary` on in the
/// next.
#[derive(Clone, Copy)]
struct Cell {
    boundary: u64,
    first: usize,
}

/// A cell for each value of the first [`CELL_BITS`] bits of a fraction.
const CELLS: [Cell; 1 << CELL_BITS] = cells();

const fn cells() -> [Cell; 1 << CELL_BITS] {
    let width = 1 << (FRACTION_BITS - CELL_BITS);
    let mut cells = [Cell { boundary: 0, first: 0 }; 1 << CELL_BITS];
    let mut start = 0;
    let mut first = 0;
    let mut index = 0;
    while index < cells.len() {
        while first + 1 < PER_OCTAVE && BOUNDARIES[first + 1] <= start {
            first += 1;
        }
        let is_last = first + 1 == PER_OCTAVE;
        let boundary = if is_last { 1 << FRACTION_BITS } else { BOUNDARIES[first + 1] };
        assert!(
            first + 2 >= PER_OCTAVE || BOUNDARIES[first + 2] >= start + width,
            "a cell meets at most two buckets"
        );
        cells[index] = Cell { boundary, first };
        start += width;
        index += 1;
    }
    cells
}

/// The bucket of a duration, below [`BUCKET_COUNT`].
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "below 128, or of 6 or 11 bits")]
pub(crate) const fn index_of(duration_ns: u64) -> usize {
    if duration_ns < EXACT_COUNT as u64 {
        return duration_ns as usize;
    }
    // The bits behind the 53rd do not matter to 16 bits of fraction: without them the conversion
    // is exact, and a duration is never rounded up into the next bucket.
    let (top, cut) = if duration_ns < 1 << 53 { (duration_ns, 0) } else { (duration_ns >> 11, 11) };
    let bits = (top.cast_signed() as f64).to_bits();
    let octave = (bits >> 52) as usize + cut - F64_EXPONENT_BIAS;
    let fraction = (bits >> (52 - FRACTION_BITS)) & ((1 << FRACTION_BITS) - 1);
    let cell = CELLS[(fraction >> (FRACTION_BITS - CELL_BITS)) as usize];
    let within = cell.first + (fraction >= cell.boundary) as usize;
    EXACT_COUNT + (octave - FIRST_OCTAVE) * PER_OCTAVE + within
}

/// The shortest and the longest duration of a bucket, both within it.
///
/// Indices from [`BUCKET_COUNT`] on are our own mistake; they give the last bucket's end.
pub(crate) const fn bounds_of(index: usize) -> (u64, u64) {
    let upper = if index + 1 < BUCKET_COUNT { lower_of(index + 1) - 1 } else { u64::MAX };
    (lower_of(index), upper)
}

/// The duration that stands for a bucket: the one with the least relative error to both ends.
#[expect(clippy::cast_possible_truncation, reason = "an offset within the bucket")]
pub(crate) const fn representative_of(index: usize) -> u64 {
    let (lower, upper) = bounds_of(index);
    if lower == upper {
        return lower;
    }
    // The harmonic mean, 2 * lower * upper / (lower + upper), has the same relative error to both
    // ends. Written as an offset it stays below 2^128; it is rounded to the nearest.
    let sum = lower as u128 + upper as u128;
    let offset = (lower as u128 * (upper - lower) as u128 + sum / 2) / sum;
    lower + offset as u64
}

#[expect(clippy::cast_possible_truncation, reason = "below 2^64 for an index below BUCKET_COUNT")]
const fn lower_of(index: usize) -> u64 {
    if index < EXACT_COUNT {
        return index as u64;
    }
    if index >= BUCKET_COUNT {
        return u64::MAX;
    }
    let octave = (index - EXACT_COUNT) / PER_OCTAVE + FIRST_OCTAVE;
    let boundary = BOUNDARIES[(index - EXACT_COUNT) % PER_OCTAVE];
    let offset = ((boundary as u128) << octave).div_ceil(1 << FRACTION_BITS);
    (1 << octave) + offset as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn boundaries_are_their_formula() {
        // Promise: the table is the one docs/format.md can state in one line.
        for (place, boundary) in BOUNDARIES.into_iter().enumerate() {
            let formula = 65_536.0 * ((place as f64 / PER_OCTAVE as f64).exp2() - 1.0);
            assert_eq!(boundary as f64, formula.round(), "boundary {place}");
        }
    }

    #[test]
    fn every_bucket_begins_and_ends_where_its_index_changes() {
        // Promise: buckets cover all durations without gap or overlap, in order.
        let mut next = 0_u64;
        for index in 0..BUCKET_COUNT {
            let (lower, upper) = bounds_of(index);
            assert_eq!(lower, next, "bucket {index}");
            assert!(lower <= upper, "bucket {index}");
            assert_eq!((index_of(lower), index_of(upper)), (index, index));
            next = upper.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends with the greatest duration");
    }

    #[test]
    fn every_duration_below_two_milliseconds_lies_in_its_bucket() {
        // Promise: the index of a duration is the bucket whose bounds enclose it.
        for duration_ns in 0..2_000_000 {
            let (lower, upper) = bounds_of(index_of(duration_ns));
            assert!((lower..=upper).contains(&duration_ns), "{duration_ns} ns");
        }
    }

    #[test]
    fn every_bucket_is_within_one_percent_of_its_representative() {
        // Promise: 1 % is kept by each end of each bucket, in integers, so by all between.
        for index in 0..BUCKET_COUNT {
            let (lower, upper) = bounds_of(index);
            let middle = representative_of(index);
            assert!((lower..=upper).contains(&middle), "bucket {index}");
            for end in [lower, upper] {
                let error = u128::from(middle.abs_diff(end));
                assert!(error * 100 <= u128::from(end), "bucket {index}: {lower}..={upper}");
            }
        }
    }

    #[test]
    fn short_durations_are_exact() {
        // Promise: durations up to 127 ns are told apart to the nanosecond.
        for duration_ns in 0..128 {
            assert_eq!(representative_of(index_of(duration_ns)), duration_ns);
        }
    }

    #[test]
    fn indices_are_those_of_stored_sketches() {
        // Promise: sketches written by past versions keep their meaning.
        let golden = [
            (0, 0),
            (127, 127),
            (128, 128),
            (255, 169),
            (256, 170),
            (1_000, 252),
            (2_000, 294),
            (1_000_000, 671),
            (50_000_000, 908),
            (1_000_000_000, 1_089),
            (3_600_000_000_000, 1_585),
            (u64::MAX, 2_521),
        ];
        for (duration_ns, index) in golden {
            assert_eq!(index_of(duration_ns), index, "{duration_ns} ns");
        }
        assert_eq!(BUCKET_COUNT, 2_522);
    }

    proptest! {
        #[test]
        fn every_duration_lies_in_its_bucket(wide: u64, shift in 0..64_u32) {
            // Promise: the same for durations of every magnitude, beyond the precision of f64, too.
            let duration_ns = wide >> shift;
            let (lower, upper) = bounds_of(index_of(duration_ns));
            prop_assert!((lower..=upper).contains(&duration_ns));
        }
    }
}
