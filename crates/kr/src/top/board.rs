//! What all functions did lately, in bounded memory.
//!
//! Of [`RING_COUNT_MAX`] functions there are numbers second by second; of the others only how much
//! they were called, so that it can be told which those are that are worth it. Totals are of all.
//!
//! Invariants: `rings[ring].function` is the function whose `ring` that is; every second that is
//! kept lies in `kept`.

use std::collections::VecDeque;
use std::ops::Range;

use kronicler_store::Name;

use super::pattern::Pattern;
use super::ring::{Call, RING_SECONDS, Ring};

/// Functions whose numbers are kept, the busiest: as many as somebody may page through.
pub const RING_COUNT_MAX: usize = 1_024;
/// Clocks of machines differ a little: so far in the future a call may have ended.
const AHEAD_SECONDS: i64 = 10;
/// After so many seconds what a function did counts half for whether it is kept.
const HALF_LIFE_SECONDS: f64 = 60.0;
/// A call counts as much as so many nanoseconds spent in it.
const CALL_COST_NS: f64 = 1_000.0;
/// So many functions may change places at each look, and only when one is so much busier.
const SWAP_COUNT_MAX: usize = 32;
const SWAP_RATIO: f64 = 1.5;

/// A function that was called.
#[derive(Debug)]
struct Function {
    name: Name,
    /// How much was going on in it lately.
    heat: f64,
    ring: Option<usize>,
}

/// A function whose numbers are kept.
#[derive(Debug)]
struct Kept {
    function: usize,
    ring: Ring,
    /// Since which second, if it was found to be busy after others were.
    since: Option<i64>,
}

/// Calls of all functions in a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls.
    pub calls: u64,
    /// Those that did not end well.
    pub errors: u64,
}

/// What all functions did lately.
#[derive(Debug, Default)]
pub struct Board {
    functions: Vec<Function>,
    rings: Vec<Kept>,
    totals: VecDeque<(i64, Count)>,
    /// Seconds that are kept.
    kept: Range<i64>,
    elsewhen: u64,
    pattern: Pattern,
}

/// A function whose numbers are known.
pub struct Known<'a> {
    /// Its name.
    pub name: &'a Name,
    /// Its numbers.
    pub ring: &'a Ring,
    /// Since which second they are known, if not as long as those of others.
    pub since: Option<i64>,
}

impl Board {
    /// Learns names, the first of which gets the next number.
    pub fn add_functions(&mut self, names: impl IntoIterator<Item = Name>) {
        let functions = names.into_iter().map(|name| Function { name, heat: 0.0, ring: None });
        self.functions.extend(functions);
    }

    /// Adds a call.
    pub fn add(&mut self, call: &Call) {
        let second = call.second();
        if !self.kept.contains(&second) {
            self.elsewhen += u64::from(call.weight);
            return;
        }
        self.count(second, call);
        let Some(function) = self.functions.get_mut(call.function as usize) else { return };
        function.heat += cost(call);
        if function.ring.is_none() && self.rings.len() < RING_COUNT_MAX {
            function.ring = Some(self.rings.len());
            let (function, ring) = (call.function as usize, Ring::default());
            self.rings.push(Kept { function, ring, since: None });
        }
        if let Some(kept) = function.ring.and_then(|ring| self.rings.get_mut(ring)) {
            kept.ring.add(call);
        }
    }

    /// Goes on to `end`, the second behind the last one that is complete.
    pub fn advance(&mut self, end: i64) {
        let kept = end - RING_SECONDS..end + AHEAD_SECONDS;
        #[expect(clippy::cast_precision_loss, reason = "far less than 2^53 seconds")]
        let passed = end.saturating_sub(self.kept.end - AHEAD_SECONDS).max(0) as f64;
        let factor = 0.5_f64.powf(passed / HALF_LIFE_SECONDS);
        self.functions.iter_mut().for_each(|function| function.heat *= factor);
        self.rings.iter_mut().for_each(|one| one.ring.forget_before(kept.start));
        while self.totals.front().is_some_and(|(second, _)| *second < kept.start) {
            self.totals.pop_front();
        }
        self.kept = kept;
    }

    /// Whether there are functions whose numbers are not kept.
    pub fn is_crowded(&self) -> bool {
        self.functions.len() > self.rings.len()
            && self.functions.iter().any(|function| function.ring.is_none() && function.heat > 0.0)
    }

    /// How many functions were called.
    pub fn function_count(&self) -> usize {
        self.functions.iter().filter(|function| function.heat > 0.0).count()
    }

    /// Chooses anew whose numbers are kept, those first that `pattern` wants. All numbers are
    /// forgotten: the calls must be added once more.
    pub fn choose(&mut self, pattern: &Pattern) {
        self.pattern = pattern.clone();
        let mut order: Vec<usize> = (0..self.functions.len()).collect();
        let keys: Vec<(bool, f64)> = order.iter().map(|&index| self.key(index)).collect();
        order.sort_by(|&left, &right| compare(keys[right], keys[left]));
        order.truncate(RING_COUNT_MAX);
        for function in &mut self.functions {
            (function.ring, function.heat) = (None, 0.0);
        }
        self.rings.clear();
        self.totals.clear();
        self.elsewhen = 0;
        for function in order {
            self.functions[function].ring = Some(self.rings.len());
            self.rings.push(Kept { function, ring: Ring::default(), since: None });
        }
    }

    /// Lets functions that have become busy take the place of those that no longer are.
    pub fn rebalance(&mut self) {
        if !self.is_crowded() {
            return;
        }
        let is_kept = |function: &Function| function.ring.is_some();
        let [mut outside, mut inside]: [Vec<usize>; 2] = [false, true].map(|wanted| {
            let indexes = (0..self.functions.len()).zip(&self.functions);
            indexes.filter(|(_, one)| is_kept(one) == wanted).map(|(index, _)| index).collect()
        });
        outside.sort_by(|&left, &right| compare(self.key(right), self.key(left)));
        inside.sort_by(|&left, &right| compare(self.key(left), self.key(right)));
        for (&new, &old) in outside.iter().zip(&inside).take(SWAP_COUNT_MAX) {
            let ((is_new, heat), (is_old, least)) = (self.key(new), self.key(old));
            if !(is_new && !is_old || is_new == is_old && heat > least * SWAP_RATIO) {
                break;
            }
            let ring = self.functions[old].ring.take();
            self.functions[new].ring = ring;
            if let Some(kept) = ring.and_then(|ring| self.rings.get_mut(ring)) {
                let since = Some(self.kept.end - AHEAD_SECONDS);
                *kept = Kept { function: new, ring: Ring::default(), since };
            }
        }
    }

    /// The functions whose numbers are known.
    pub fn known(&self) -> impl Iterator<Item = Known<'_>> {
        self.rings.iter().filter_map(|kept| {
            let name = &self.functions.get(kept.function)?.name;
            Some(Known { name, ring: &kept.ring, since: kept.since })
        })
    }

    /// The function of this name, if its numbers are known.
    pub fn find(&self, name: &str) -> Option<Known<'_>> {
        self.known().find(|known| &*known.name.name == name)
    }

    /// Calls of all functions in some seconds.
    pub fn total(&self, seconds: &Range<i64>) -> Count {
        let first = self.totals.partition_point(|(second, _)| *second < seconds.start);
        let wanted = self.totals.range(first..).take_while(|(second, _)| *second < seconds.end);
        wanted.fold(Count::default(), |sum, (_, count)| Count {
            calls: sum.calls + count.calls,
            errors: sum.errors + count.errors,
        })
    }

    /// Calls that ended long before they came, or in the future: they are in no number.
    pub const fn elsewhen(&self) -> u64 {
        self.elsewhen
    }

    fn count(&mut self, second: i64, call: &Call) {
        let is_last = self.totals.back().is_some_and(|(last, _)| *last == second);
        let place = if is_last {
            self.totals.len() - 1
        } else {
            self.totals.partition_point(|(known, _)| *known < second)
        };
        if self.totals.get(place).is_none_or(|(known, _)| *known != second) {
            self.totals.insert(place, (second, Count::default()));
        }
        let count = &mut self.totals[place].1;
        count.calls += u64::from(call.weight);
        count.errors += call.errors();
    }

    /// How much a function is worth a place.
    fn key(&self, index: usize) -> (bool, f64) {
        let function = &self.functions[index];
        (self.pattern.wants(&function.name.name), function.heat)
    }
}

fn compare(left: (bool, f64), right: (bool, f64)) -> std::cmp::Ordering {
    left.0.cmp(&right.0).then(left.1.total_cmp(&right.1))
}

#[expect(clippy::cast_precision_loss, reason = "only compared")]
fn cost(call: &Call) -> f64 {
    f64::from(call.weight) * (call.duration_ns as f64 + CALL_COST_NS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kronicler_format::Outcome;
    use kronicler_store::RowId;

    const NOW: i64 = 1_000_000;

    fn name(text: &str) -> Name {
        Name { name: text.into(), source: "".into() }
    }

    fn call(function: usize, second: i64, duration_ns: u64) -> Call {
        Call {
            function: u32::try_from(function).unwrap(),
            id: RowId::new(0, 0),
            end_ns: second * 1_000_000_000,
            duration_ns,
            weight: 1,
            outcome: if duration_ns == 13 { Outcome::Error } else { Outcome::Ok },
        }
    }

    fn board(count: usize) -> Board {
        let mut board = Board::default();
        board.advance(NOW);
        board.add_functions((0..count).map(|index| name(&format!("f{index}"))));
        board
    }

    fn calls(board: &Board, text: &str) -> Option<u64> {
        board.find(text).map(|known| known.ring.calls(&(NOW - 300..NOW + 300)))
    }

    #[test]
    fn totals_are_of_all_functions() {
        // Promise: however many functions there are, every call of the last minutes is counted, and
        // those of other times are counted apart.
        let mut board = board(3_000);
        for index in 0..3_000 {
            board.add(&call(index, NOW - 5, if index < 10 { 13 } else { 5 }));
        }
        board.add(&call(0, NOW - 301, 5));
        board.add(&call(0, NOW + 10, 5));
        assert_eq!(board.total(&(NOW - 10..NOW)), Count { calls: 3_000, errors: 10 });
        assert_eq!(board.total(&(NOW - 4..NOW)), Count::default());
        assert_eq!((board.elsewhen(), board.known().count()), (2, RING_COUNT_MAX));
        assert_eq!(board.function_count(), 3_000);
        board.advance(NOW + 296);
        assert_eq!(board.total(&(NOW - 10..NOW)), Count::default());
        assert!(board.known().all(|known| known.ring.is_empty()));
    }

    #[test]
    fn the_busiest_functions_are_kept() {
        // Promise: with more functions than places the busiest have them, those first that were
        // asked for; numbers of one that came later are told to be so.
        let mut board = board(2_000);
        let add_all = |board: &mut Board| {
            for index in 0..2_000 {
                board.add(&call(index, NOW - 5, index as u64 * 1_000));
            }
        };
        add_all(&mut board);
        assert!(board.is_crowded());
        assert_eq!(calls(&board, "f1999"), None, "the first ones had the places");
        board.choose(&Pattern::default());
        add_all(&mut board);
        assert_eq!((calls(&board, "f1999"), calls(&board, "f975")), (Some(1), None));
        board.choose(&Pattern::new("f19"));
        add_all(&mut board);
        assert_eq!((calls(&board, "f19"), calls(&board, "f1998")), (Some(1), Some(1)));
        board.choose(&Pattern::new("f1"));
        add_all(&mut board);

        for _ in 0..50 {
            board.add(&call(976, NOW - 3, 1_000_000_000));
        }
        board.rebalance();
        assert_eq!(calls(&board, "f976"), None, "f1* goes first");
        board.choose(&Pattern::default());
        add_all(&mut board);
        for _ in 0..50 {
            board.add(&call(3, NOW - 3, 1_000_000_000));
        }
        board.rebalance();
        board.add(&call(3, NOW, 7));
        let found = board.find("f3").unwrap();
        assert_eq!((found.since, found.ring.calls(&(NOW - 5..NOW + 5))), (Some(NOW), 1));
        assert_eq!(calls(&board, "f976"), None, "it was the least busy one");
    }

    #[test]
    fn what_is_over_counts_less_and_less() {
        // Promise: a function that was busy long ago gives its place away.
        let mut board = board(RING_COUNT_MAX + 1);
        for index in 0..RING_COUNT_MAX {
            board.add(&call(index, NOW - 5, 1_000_000));
        }
        board.advance(NOW + 240);
        board.add(&call(RING_COUNT_MAX, NOW + 240, 100_000));
        board.rebalance();
        assert!(board.find(&format!("f{RING_COUNT_MAX}")).is_some());
    }
}
