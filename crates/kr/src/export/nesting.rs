//! Which calls of a thread can be drawn inside each other.
//!
//! Viewers draw the calls of a track nested by their times, and drop or misplace a call that only
//! overlaps another one. Synchronous calls of a thread do nest, and come in the order of their
//! ends, but their times are measured: where the clock was corrected in between, a call may seem to
//! begin a little after one that it made. Such a call is drawn from there on; what overlaps by more
//! than that gets a track of its own.

use std::collections::VecDeque;

/// How far a start may be off: rounding, and what the clock's rate is corrected by (ppm).
const JITTER_NS: u64 = 1_000;
const JITTER_PPM: u64 = 20;

/// A time from start to end, nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start_ns: i64,
    pub end_ns: i64,
}

/// The calls drawn on a track so far.
#[derive(Debug, Default)]
pub struct Track {
    /// Those that no other one contains, apart from each other and ascending.
    outer: VecDeque<Span>,
    /// The latest end.
    end_ns: Option<i64>,
    /// The end of the last of those that were forgotten.
    forgotten_end_ns: Option<i64>,
}

impl Track {
    /// Adds a call if it nests with all that were added, and says where it is drawn. At most
    /// `count_max` outer calls are remembered; a call that began before the others does not nest.
    pub fn add(&mut self, mut span: Span, count_max: usize) -> Option<Span> {
        // What ends before others that are there already might overlap what they contain.
        if self.end_ns.is_some_and(|end_ns| span.end_ns < end_ns)
            || self.forgotten_end_ns.is_some_and(|end_ns| span.start_ns < end_ns)
        {
            return None;
        }
        let inside = self.outer.iter().rev().take_while(|outer| outer.start_ns >= span.start_ns);
        let mut kept = self.outer.len() - inside.count();
        if let Some(last) = kept.checked_sub(1).and_then(|index| self.outer.get(index))
            && last.end_ns > span.start_ns
        {
            // It began before this one and ended within it.
            if last.start_ns.abs_diff(span.start_ns) > jitter_ns(span) {
                return None;
            }
            span.start_ns = last.start_ns;
            kept -= 1;
        }
        self.outer.truncate(kept);
        self.outer.push_back(span);
        self.end_ns = Some(span.end_ns);
        while self.outer.len() > count_max.max(1) {
            let forgotten = self.outer.pop_front();
            self.forgotten_end_ns = forgotten.map(|span| span.end_ns).or(self.forgotten_end_ns);
        }
        Some(span)
    }
}

fn jitter_ns(span: Span) -> u64 {
    JITTER_NS + span.end_ns.abs_diff(span.start_ns) / 1_000_000 * JITTER_PPM
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(track: &mut Track, start_ns: i64, end_ns: i64) -> Option<(i64, i64)> {
        let drawn = track.add(Span { start_ns, end_ns }, 100);
        drawn.map(|span| (span.start_ns, span.end_ns))
    }

    #[test]
    fn calls_that_nest_share_a_track() {
        // Promise: calls inside each other and after each other are drawn with their own times.
        let mut track = Track::default();
        for (start, end) in [(10, 20), (20, 30), (5, 40), (40, 40), (41, 50), (0, 50), (50, 60)] {
            assert_eq!(add(&mut track, start, end), Some((start, end)));
        }
    }

    #[test]
    fn calls_that_overlap_do_not() {
        // Promise: what would be misplaced is not drawn there, but a start that is off by what the
        // clock is corrected by is moved to that of the call inside.
        let mut track = Track::default();
        assert_eq!(add(&mut track, 0, 100_000), Some((0, 100_000)));
        assert_eq!(add(&mut track, 50_000, 150_000), None);
        assert_eq!(add(&mut track, 90, 200_000), Some((0, 200_000)));
        assert_eq!(add(&mut track, 0, 199_999), None, "it ends before what is there");
        assert_eq!(add(&mut track, i64::MIN, i64::MAX), Some((i64::MIN, i64::MAX)));
    }

    #[test]
    fn memory_is_bounded() {
        // Promise: however many calls follow each other, only so many are remembered, and nothing
        // is drawn that cannot be known to nest.
        let mut track = Track::default();
        for start_ns in 0..1_000 {
            let span = Span { start_ns: start_ns * 10, end_ns: start_ns * 10 + 5 };
            assert!(track.add(span, 100).is_some());
        }
        assert_eq!(track.outer.len(), 100);
        assert_eq!(add(&mut track, 0, 20_000), None);
        assert_eq!(add(&mut track, 9_000, 20_000), Some((9_000, 20_000)));
        assert_eq!(track.outer.len(), 1);
    }
}
