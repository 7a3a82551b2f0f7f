//! What one function did, second by second, as long as a window of `kr top` reaches back.
//!
//! A second in which nothing was called takes no room. Durations are added to a few open sketches;
//! those of other seconds are kept as bytes, about one for each bucket of the sketch that is
//! filled, to which late calls are added by packing them anew.

use std::collections::VecDeque;
use std::ops::Range;

use kronicler_format::Outcome;
use kronicler_format::varint::Cursor;
use kronicler_stats::Distribution;
use kronicler_store::RowId;

/// Seconds that are kept: the longest window.
pub const RING_SECONDS: i64 = 300;
/// Seconds of a function whose sketch is open: calls of several threads and lanes end in turns.
const OPEN_COUNT_MAX: usize = 3;
/// The slowest calls are kept for so many seconds together, and so many of them.
const SLOW_SECONDS: i64 = 10;
pub const SLOW_COUNT: usize = 8;

pub const NS_PER_SECOND: i64 = 1_000_000_000;

/// The second in which something ended.
pub const fn second_of(end_ns: i64) -> i64 {
    end_ns.div_euclid(NS_PER_SECOND)
}

/// A call is in the log so long after it ended, unless the disk stalls: rows are drained each 50 ms
/// and written at once.
pub const LAG_NS: i64 = 200_000_000;

/// The second behind the last one whose calls have all come by a time.
pub const fn complete_before(now_ns: i64) -> i64 {
    second_of(now_ns - LAG_NS)
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Number of the function.
    pub function: u32,
    /// The row.
    pub id: RowId,
    /// When it ended.
    pub end_ns: i64,
    /// How long it took.
    pub duration_ns: u64,
    /// Calls that the row stands for.
    pub weight: u32,
    /// How it ended.
    pub outcome: Outcome,
}

impl Call {
    pub(super) const fn second(&self) -> i64 {
        second_of(self.end_ns)
    }

    /// Calls that the row stands for which did not end well.
    pub(super) fn errors(&self) -> u64 {
        if self.outcome == Outcome::Ok { 0 } else { u64::from(self.weight) }
    }
}

/// What a function did in some seconds.
#[derive(Debug, Clone, Default)]
pub struct Doing {
    /// Calls that did not end well.
    pub errors: u64,
    /// How long the calls took.
    pub durations: Distribution,
}

impl Doing {
    /// How many calls there were.
    pub const fn calls(&self) -> u64 {
        self.durations.moments.count()
    }
}

/// A second in which something was called.
#[derive(Debug)]
struct Cell {
    second: i64,
    calls: u64,
    errors: u64,
    /// Packed durations, without those in an open sketch; empty when there are none.
    durations: Box<[u8]>,
}

/// Durations of a second that are not packed yet.
#[derive(Debug)]
struct Open {
    second: i64,
    durations: Distribution,
}

/// The slowest calls of some seconds, slowest first.
#[derive(Debug)]
struct Slow {
    /// Number of these seconds since the epoch.
    place: i64,
    calls: Vec<Call>,
}

/// What one function did, second by second.
#[derive(Debug, Default)]
pub struct Ring {
    /// By ascending second.
    cells: VecDeque<Cell>,
    /// The last one used at the end.
    open: Vec<Open>,
    /// By ascending place.
    slow: VecDeque<Slow>,
}

impl Ring {
    /// Whether nothing was called in the seconds that are kept.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Adds a call.
    pub fn add(&mut self, call: &Call) {
        let cell = self.cell_mut(call.second());
        cell.calls += u64::from(call.weight);
        cell.errors += call.errors();
        let durations = self.open_mut(call.second());
        if call.weight == 1 {
            durations.add(call.duration_ns);
        } else {
            durations.moments.add_many(call.duration_ns, call.weight.into());
            durations.sketch.add_many(call.duration_ns, call.weight.into());
        }
        self.offer_slow(call);
    }

    /// Forgets seconds before `first`.
    pub fn forget_before(&mut self, first: i64) {
        while self.cells.front().is_some_and(|cell| cell.second < first) {
            self.cells.pop_front();
        }
        self.open.retain(|open| open.second >= first);
        let place = first.div_euclid(SLOW_SECONDS);
        while self.slow.front().is_some_and(|slow| slow.place < place) {
            self.slow.pop_front();
        }
    }

    /// What was done in some seconds.
    pub fn sum(&self, seconds: &Range<i64>) -> Doing {
        let mut doing = Doing::default();
        for cell in self.cells_in(seconds) {
            doing.errors += cell.errors;
            unpack(&cell.durations, &mut doing.durations);
        }
        for open in self.open.iter().filter(|open| seconds.contains(&open.second)) {
            doing.durations.merge(&open.durations);
        }
        doing
    }

    /// Calls in some seconds.
    #[cfg(test)]
    pub fn calls(&self, seconds: &Range<i64>) -> u64 {
        self.cells_in(seconds).map(|cell| cell.calls).sum()
    }

    /// The slowest calls that ended in some seconds, slowest first: the [`SLOW_COUNT`] slowest of
    /// each ten seconds are known.
    pub fn slowest(&self, seconds: &Range<i64>) -> Vec<Call> {
        let known = self.slow.iter().flat_map(|slow| &slow.calls);
        let mut calls: Vec<Call> =
            known.filter(|call| seconds.contains(&call.second())).copied().collect();
        calls.sort_by(|left, right| {
            right.duration_ns.cmp(&left.duration_ns).then(left.id.cmp(&right.id))
        });
        calls
    }

    fn cells_in(&self, seconds: &Range<i64>) -> impl Iterator<Item = &Cell> {
        let first = self.cells.partition_point(|cell| cell.second < seconds.start);
        let end = self.cells.partition_point(|cell| cell.second < seconds.end).max(first);
        self.cells.range(first..end)
    }

    fn cell_mut(&mut self, second: i64) -> &mut Cell {
        let is_last = self.cells.back().is_some_and(|cell| cell.second == second);
        let place = if is_last {
            self.cells.len() - 1
        } else {
            let place = self.cells.partition_point(|cell| cell.second < second);
            if self.cells.get(place).is_none_or(|cell| cell.second != second) {
                let cell = Cell { second, calls: 0, errors: 0, durations: Box::default() };
                self.cells.insert(place, cell);
            }
            place
        };
        &mut self.cells[place]
    }

    fn open_mut(&mut self, second: i64) -> &mut Distribution {
        let last = self.open.len().saturating_sub(1);
        let place = self.open.iter().rposition(|open| open.second == second);
        match place {
            Some(place) if place == last => {}
            Some(place) => self.open[place..].rotate_left(1),
            None => {
                if self.open.len() >= OPEN_COUNT_MAX {
                    self.pack_oldest();
                }
                self.open.push(Open { second, durations: Distribution::new() });
            }
        }
        let last = self.open.len() - 1;
        &mut self.open[last].durations
    }

    /// Packs the open sketch that was used longest ago.
    fn pack_oldest(&mut self) {
        let Open { second, mut durations } = self.open.remove(0);
        let cell = self.cell_mut(second);
        unpack(&cell.durations, &mut durations);
        let mut bytes = Vec::new();
        durations.encode(&mut bytes);
        cell.durations = bytes.into_boxed_slice();
    }

    fn offer_slow(&mut self, call: &Call) {
        let place = call.second().div_euclid(SLOW_SECONDS);
        let index = match self.slow.back() {
            Some(last) if last.place == place => self.slow.len() - 1,
            _ => self.slow.partition_point(|slow| slow.place < place),
        };
        if self.slow.get(index).is_none_or(|slow| slow.place != place) {
            self.slow.insert(index, Slow { place, calls: Vec::with_capacity(1) });
        }
        let calls = &mut self.slow[index].calls;
        if calls.len() == SLOW_COUNT {
            if calls[SLOW_COUNT - 1].duration_ns >= call.duration_ns {
                return;
            }
            calls.pop();
        }
        let at = calls.partition_point(|known| known.duration_ns >= call.duration_ns);
        calls.insert(at, *call);
    }
}

/// Adds what was packed. The bytes are our own, so they can be read.
fn unpack(bytes: &[u8], into: &mut Distribution) {
    if !bytes.is_empty() {
        let result = into.merge_encoded(&mut Cursor::new("second", bytes));
        debug_assert!(result.is_ok(), "our own bytes must be readable");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(second: i64, duration_ns: u64, seq: u64) -> Call {
        Call {
            function: 0,
            id: RowId::new(0, seq),
            end_ns: second * NS_PER_SECOND + 5,
            duration_ns,
            weight: 1,
            outcome: if seq.is_multiple_of(10) { Outcome::Error } else { Outcome::Ok },
        }
    }

    #[test]
    fn seconds_add_up_whatever_the_order_of_calls() {
        // Promise: numbers of any seconds are those of their calls, however late a call came and
        // whether its second was packed in between.
        let mut ring = Ring::default();
        let calls: Vec<Call> = (0..5_000)
            .map(|seq| call(i64::try_from(seq * 7_919 % 50).unwrap(), seq, seq))
            .collect();
        calls.iter().for_each(|call| ring.add(call));
        for seconds in [0..50, 0..1, 10..20, 49..90, -5..0, 7..7] {
            let doing = ring.sum(&seconds);
            let wanted = || calls.iter().filter(|call| seconds.contains(&call.second()));
            let expected: Distribution = wanted().fold(Distribution::new(), |mut all, call| {
                all.add(call.duration_ns);
                all
            });
            assert_eq!(doing.durations, expected, "{seconds:?}");
            assert_eq!(doing.errors, wanted().map(Call::errors).sum::<u64>());
            assert_eq!(
                (ring.calls(&seconds), doing.calls()),
                (doing.calls(), wanted().count() as u64)
            );
        }
    }

    #[test]
    fn a_row_counts_as_often_as_it_stands_for_calls() {
        // Promise: with `every` rates and percentiles are those of all calls.
        let mut ring = Ring::default();
        ring.add(&Call { weight: 99, outcome: Outcome::Aborted, ..call(1, 7, 1) });
        ring.add(&call(1, 9, 1));
        let doing = ring.sum(&(0..9));
        assert_eq!(
            (doing.calls(), doing.errors, doing.durations.quantile(0.99)),
            (100, 99, Some(7))
        );
    }

    #[test]
    fn what_is_too_old_goes() {
        // Promise: a ring holds the seconds that are asked for, and no more.
        let mut ring = Ring::default();
        (0..100).for_each(|second| ring.add(&call(second, 1, second.unsigned_abs())));
        ring.forget_before(95);
        assert_eq!((ring.cells.len(), ring.open.len(), ring.slow.len()), (5, 3, 1));
        assert_eq!(ring.sum(&(0..100)).calls(), 5);
        ring.forget_before(1_000);
        assert!(ring.is_empty() && ring.open.is_empty() && ring.slow.is_empty());
    }

    #[test]
    fn the_slowest_calls_of_each_ten_seconds_are_known() {
        // Promise: the slow calls of a window are listed slowest first, the earlier among equals.
        let mut ring = Ring::default();
        for seq in 0..1_000_u64 {
            let second = i64::try_from(seq % 40).unwrap();
            ring.add(&call(second, if seq % 100 == 5 { 1_000 + seq } else { seq % 50 }, seq));
        }
        let slowest = ring.slowest(&(0..40));
        let durations: Vec<u64> = slowest.iter().take(3).map(|call| call.duration_ns).collect();
        assert_eq!(durations, [1_905, 1_805, 1_705]);
        assert_eq!(slowest.len(), 4 * SLOW_COUNT);
        assert!(ring.slowest(&(5..6)).iter().all(|call| call.second() == 5));
        let ties: Vec<Call> = ring.slowest(&(10..20));
        assert!(ties.is_sorted_by_key(|call| (u64::MAX - call.duration_ns, call.id)));
    }

    #[test]
    fn packed_seconds_are_small() {
        // Promise: five minutes of a function that is called 1,000 times a second take less than
        // 100 KB.
        let mut ring = Ring::default();
        for second in 0..RING_SECONDS {
            for seq in 0..1_000_u64 {
                ring.add(&call(second, 1_000_000 + seq * 7_919 % 500_000, seq));
            }
        }
        let bytes: usize = ring.cells.iter().map(|cell| cell.durations.len()).sum();
        assert!(bytes < 100_000, "{bytes}");
    }
}
