//! Sketches as they are stored: about a byte for each bucket where many are filled, a byte for
//! each duration where few are.
//!
//! ```text
//! sections x (length << 1 | kind, then by kind), 0
//! kind 0, singles: length x gap             one more duration in the bucket the gap leads to
//! kind 1, run:     gap, length x (count - count of the bucket before (signed))
//! ```
//!
//! All are varints. A gap leads from the last bucket spoken of, at first from bucket 0; the gap 0
//! names it again. A run is of buckets beside each other, first and last not empty; its first
//! count is told as it is.

use std::ops::Range;

use kronicler_format::FormatError;
use kronicler_format::varint::{Cursor, put_i64, put_u64};

use crate::bucket::BUCKET_COUNT;
use crate::sketch::Sketch;

const WHAT: &str = "sketch";

/// Filled buckets so far apart at most are of one cluster: an empty one between them costs a byte
/// in a run, a new run three.
const CLUSTER_GAP_MAX: usize = 2;

/// Bytes a run takes besides its counts, with the singles it cuts in two.
const RUN_SIZE_BYTES: u64 = 4;

/// Buckets beside each other, first and last not empty, in which `count` durations lie.
struct Cluster {
    buckets: Range<usize>,
    count: u64,
}

impl Cluster {
    /// Whether a byte for each bucket is less than one for each duration.
    const fn is_run(&self) -> bool {
        self.count > (self.buckets.end - self.buckets.start) as u64 + RUN_SIZE_BYTES
    }
}

impl Sketch {
    /// Appends the bytes from which [`decode`](Self::decode) makes the same sketch: one for no
    /// durations, some 100 to 300 for many.
    ///
    /// ```
    /// use kronicler_format::varint::Cursor;
    /// use kronicler_stats::Sketch;
    ///
    /// let sketch: Sketch = (1..=1_000).map(|us| us * 1_000).collect();
    /// let mut bytes = Vec::new();
    /// sketch.encode(&mut bytes);
    /// assert!(bytes.len() < 350, "{}", bytes.len());
    /// assert_eq!(Sketch::decode(&mut Cursor::new("sketch", &bytes)), Ok(sketch));
    /// ```
    pub fn encode(&self, out: &mut Vec<u8>) {
        let filled: Vec<(usize, u64)> = self.buckets().collect();
        let clusters = filled.chunk_by(|left, right| right.0 - left.0 <= CLUSTER_GAP_MAX);
        let mut at = 0;
        let mut singles = 0..0;
        let mut place = 0;
        for buckets in clusters {
            let next = place + buckets.len();
            if cluster(buckets).is_run() {
                at = put_singles(out, at, &filled[singles]);
                at = put_run(out, at, buckets);
                singles = next..next;
            } else {
                singles.end = next;
            }
            place = next;
        }
        put_singles(out, at, &filled[singles]);
        out.push(0);
    }

    /// Reads a sketch off the front of `cursor`.
    ///
    /// # Errors
    /// When the bytes end too early, or speak of buckets that there are not, or of more than
    /// 2^64 - 1 durations.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let mut sketch = Self::new();
        sketch.merge_encoded(cursor)?;
        Ok(sketch)
    }

    /// Adds everything that the sketch at the front of `cursor` has seen, about twice as fast as
    /// decoding it first.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); a part of what was read has then been added.
    pub fn merge_encoded(&mut self, cursor: &mut Cursor<'_>) -> Result<(), FormatError> {
        let mut at = 0;
        loop {
            let header = cursor.u64()?;
            if header == 0 {
                return Ok(());
            }
            let length = header >> 1;
            at = if header & 1 == 0 {
                read_singles(cursor, at, length, self)?
            } else {
                read_run(cursor, at, length, self)?
            };
        }
    }
}

fn cluster(buckets: &[(usize, u64)]) -> Cluster {
    let first = buckets.first().map_or(0, |&(index, _)| index);
    let end = buckets.last().map_or(0, |&(index, _)| index + 1);
    let count = buckets.iter().fold(0_u64, |sum, &(_, count)| sum.saturating_add(count));
    Cluster { buckets: first..end, count }
}

/// Appends a section of single durations and returns the last bucket; nothing for none.
fn put_singles(out: &mut Vec<u8>, mut at: usize, buckets: &[(usize, u64)]) -> usize {
    let length: u64 = buckets.iter().map(|&(_, count)| count).sum();
    if length > 0 {
        put_u64(out, length << 1);
    }
    for &(index, count) in buckets {
        put_u64(out, (index - at) as u64);
        (1..count).for_each(|_| out.push(0));
        at = index;
    }
    at
}

/// Appends a run and returns its last bucket.
fn put_run(out: &mut Vec<u8>, at: usize, buckets: &[(usize, u64)]) -> usize {
    let Range { start, end } = cluster(buckets).buckets;
    put_u64(out, ((end - start) as u64) << 1 | 1);
    put_u64(out, (start - at) as u64);
    let mut before = 0;
    let mut put = |count: u64| {
        put_i64(out, count.wrapping_sub(before).cast_signed());
        before = count;
    };
    let mut next = start;
    for &(index, count) in buckets {
        (next..index).for_each(|_| put(0));
        put(count);
        next = index + 1;
    }
    end - 1
}

/// The bucket that the next gap leads to.
fn read_gap(cursor: &mut Cursor<'_>, at: usize) -> Result<usize, FormatError> {
    Ok(at + cursor.usize_at_most(BUCKET_COUNT - 1 - at)?)
}

fn read_singles(
    cursor: &mut Cursor<'_>,
    mut at: usize,
    length: u64,
    sketch: &mut Sketch,
) -> Result<usize, FormatError> {
    sketch.count().checked_add(length).ok_or(FormatError::Inconsistent { what: WHAT })?;
    for _ in 0..length {
        at = read_gap(cursor, at)?;
        sketch.add_to(at, 1);
    }
    Ok(at)
}

fn read_run(
    cursor: &mut Cursor<'_>,
    at: usize,
    length: u64,
    sketch: &mut Sketch,
) -> Result<usize, FormatError> {
    let inconsistent = || FormatError::Inconsistent { what: WHAT };
    let start = read_gap(cursor, at)?;
    let limit = BUCKET_COUNT - start;
    let length = usize::try_from(length).ok().filter(|length| (1..=limit).contains(length));
    let length = length.ok_or_else(inconsistent)?;
    let mut total = sketch.count();
    let before = total;
    let mut count = 0_u64;
    let mut first = None;
    for bin in sketch.bins_mut(start, length) {
        // Wrapping, as the writer's: a difference of two counts may need 65 bits.
        count = count.wrapping_add_signed(cursor.i64()?);
        first.get_or_insert(count);
        total = total.checked_add(count).ok_or_else(inconsistent)?;
        *bin = bin.wrapping_add(count);
    }
    sketch.note(total - before);
    // Empty ends would make two sketches of the same durations differ.
    let is_filled = count > 0 && first != Some(0);
    if is_filled { Ok(start + length - 1) } else { Err(inconsistent()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(sketch: &Sketch) -> Vec<u8> {
        let mut out = Vec::new();
        sketch.encode(&mut out);
        out
    }

    fn decoded(bytes: &[u8]) -> Result<Sketch, FormatError> {
        Sketch::decode(&mut Cursor::new("test", bytes))
    }

    #[test]
    fn few_take_little() {
        // Promise: nothing takes a byte, few durations take one each and four.
        assert_eq!(bytes(&Sketch::new()), [0]);
        assert_eq!(bytes(&[3].into_iter().collect()), [2, 3, 0]);
        assert_eq!(bytes(&[3, 3, 100].into_iter().collect()), [6, 3, 0, 97, 0]);
        let few: Sketch = (1..=10_u64).map(|step| step * step * 100_000).collect();
        assert!(bytes(&few).len() <= 14, "{:?}", bytes(&few));
    }

    #[test]
    fn runs_and_singles_alternate() {
        // Promise: the bytes are those of docs/format.md.
        let mut sketch: Sketch = [2, 100, 102, 102, 127].into_iter().collect();
        (10..14).for_each(|duration_ns| sketch.add_many(duration_ns, 40 + duration_ns));
        sketch.add_many(16, 7);
        sketch.add_many(18, 1);
        let singles = [2, 2];
        let runs = [9, 8, 100, 2, 2, 2, 7, 3, 14, 13, 2];
        let more_singles = [8, 82, 2, 0, 25, 0];
        let expected = [&singles[..], &runs, &more_singles].concat();
        assert_eq!(bytes(&sketch), expected);
        assert_eq!(decoded(&expected), Ok(sketch));
    }

    #[test]
    fn counts_of_every_size_come_back() {
        // Promise: a bucket holds up to 2^64 - 1 durations.
        for count in [1, 2, 63, 64, 1 << 43, u64::MAX >> 1, u64::MAX - 1] {
            let sketch = Sketch::from_buckets([(700, count), (702, 1)]).unwrap();
            assert_eq!(decoded(&bytes(&sketch)), Ok(sketch), "{count}");
        }
        let full = Sketch::from_buckets([(0, 7), (BUCKET_COUNT - 1, 9)]).unwrap();
        assert_eq!(decoded(&bytes(&full)), Ok(full));
    }

    #[test]
    fn impossible_buckets_are_refused() {
        // Promise: what no sketch holds is an error, before memory is taken for it.
        let last = [0xd9, 0x13]; // 2,521, the last bucket.
        assert!(decoded(&[&[2][..], &last, &[0]].concat()).is_ok());
        assert!(decoded(&[2, 0xda, 0x13, 0]).is_err(), "a bucket behind the last");
        assert!(decoded(&[&[4][..], &last, &[1, 0]].concat()).is_err(), "a gap behind the last");
        assert!(decoded(&[&[5][..], &last, &[2, 2, 0]].concat()).is_err(), "a run behind the last");
        assert!(decoded(&[1, 0, 0]).is_err(), "a run of nothing");
        assert!(decoded(&[5, 0, 0, 2, 0]).is_err(), "a run that begins empty");
        assert!(decoded(&[5, 0, 2, 1, 0]).is_err(), "a run that ends empty");
        let endless = [&[0xfe][..], &[0xff; 8], &[1, 5, 5]].concat();
        assert!(decoded(&endless).is_err(), "2^63 - 1 singles in two bytes");
        let huge = [&[3, 0, 0xfe][..], &[0xff; 8], &[1], &[3, 0, 4, 0]].concat();
        assert!(decoded(&huge).is_ok(), "2^63 - 1 and 2 durations");
        let more = [&huge[..13], &huge[..13], &huge[..13], &[0]].concat();
        assert!(decoded(&more).is_err(), "more than 2^64 - 1 durations");
    }

    proptest! {
        #[test]
        fn sketches_come_back(
            rows in prop::collection::vec((any::<u64>(), 0..64_u32, 1..9_u64), 0..99),
            near in prop::collection::vec((0..300_u64, 1..99_u64), 0..99),
        ) {
            // Promise: stored sketches are the same, cut ones are refused.
            let mut sketch = Sketch::new();
            rows.into_iter().for_each(|(wide, shift, count)| sketch.add_many(wide >> shift, count));
            near.into_iter().for_each(|(duration, count)| sketch.add_many(duration, count));
            let stored = bytes(&sketch);
            prop_assert_eq!(decoded(&stored), Ok(sketch));
            for length in 0..stored.len() {
                prop_assert!(decoded(&stored[..length]).is_err());
            }
        }

        #[test]
        fn any_bytes_give_a_sketch_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            // Promise: bytes from a disk never panic, and what they give is a sketch like others.
            if let Ok(sketch) = decoded(&bytes) {
                prop_assert_eq!(Sketch::from_buckets(sketch.buckets()), Some(sketch));
            }
            let _ = Sketch::from_iter([5, 7_000]).merge_encoded(&mut Cursor::new("test", &bytes));
        }
    }
}
