//! Times cut into periods that follow each other.

use crate::filter::Filter;

/// Periods at most: a picture or a table has far fewer.
const PERIOD_COUNT_MAX: usize = 100_000;

/// Periods that follow each other without a gap: each from its bound to before the next.
///
/// ```
/// use kronicler_query::Periods;
///
/// let hours = Periods::every(0, 3_600_000_000_000, 24);
/// assert_eq!(hours.of(3_600_000_000_000), Some(1));
/// assert_eq!(hours.get(1), Some((3_600_000_000_000, 7_200_000_000_000)));
/// assert_eq!(hours.of(-1), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Periods {
    /// Ascending; one more than there are periods.
    bounds: Vec<i64>,
}

impl Periods {
    /// Periods between these times, nanoseconds since the Unix epoch, in any order.
    #[must_use]
    pub fn between(mut bounds: Vec<i64>) -> Self {
        bounds.sort_unstable();
        bounds.dedup();
        Self { bounds }
    }

    /// `count` periods of `width_ns` nanoseconds, the first from `start_ns` on; fewer where times
    /// come to their end, and 100,000 at most.
    #[must_use]
    pub fn every(start_ns: i64, width_ns: i64, count: usize) -> Self {
        let width_ns = width_ns.max(1);
        let steps = (0..=count.min(PERIOD_COUNT_MAX))
            .map(|index| i64::try_from(index).ok()?.checked_mul(width_ns));
        let bounds = steps.map_while(|step| start_ns.checked_add(step?));
        Self { bounds: bounds.collect() }
    }

    /// About `count` periods, 100,000 at most, of equal width over the times from `since_ns` to
    /// before `until_ns`.
    ///
    /// They begin at multiples of their width since the epoch, so there may be one more, and the
    /// first may begin earlier. Another range as long as this one is cut at the same times as far
    /// as both go, and what is known of these periods need not be found out again.
    #[must_use]
    pub fn over(since_ns: i64, until_ns: i64, count: usize) -> Self {
        let span = i128::from(until_ns) - i128::from(since_ns);
        let count = i128::try_from(count.clamp(1, PERIOD_COUNT_MAX - 1)).unwrap_or(1);
        let width = ((span + count - 1) / count).clamp(1, i128::from(i64::MAX));
        let width_ns = i64::try_from(width).unwrap_or(i64::MAX);
        let all = Self::of_width(since_ns, until_ns, width_ns, 0);
        all.unwrap_or(Self { bounds: Vec::new() })
    }

    /// Periods of `width_ns` over the times from `since_ns` to before `until_ns`, one of which
    /// begins at `origin_ns`, or would; `None` when these are more than 100,000.
    #[must_use]
    pub fn of_width(since_ns: i64, until_ns: i64, width_ns: i64, origin_ns: i64) -> Option<Self> {
        let width = i128::from(width_ns.max(1));
        let into = (i128::from(since_ns) - i128::from(origin_ns)).rem_euclid(width);
        // Times before the first there is cannot be named: the first period is shorter then.
        let first = i128::from(since_ns) - into;
        let steps = (0..).map(|index| first + index * width);
        let until = i128::from(until_ns).max(i128::from(since_ns) + 1);
        if (until - first) / width >= i128::try_from(PERIOD_COUNT_MAX).unwrap_or(0) {
            return None;
        }
        let mut bounds: Vec<i64> = Vec::new();
        for step in steps {
            let bound = step.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            bounds.push(i64::try_from(bound).unwrap_or(i64::MAX));
            if step >= until {
                break;
            }
        }
        Some(Self { bounds })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Start of a period, and the end, which is not in it.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(i64, i64)> {
        Some((*self.bounds.get(index)?, *self.bounds.get(index + 1)?))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.bounds.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// In which period a time lies.
    #[must_use]
    pub fn of(&self, time_ns: i64) -> Option<usize> {
        let index = self.bounds.partition_point(|&bound| bound <= time_ns).checked_sub(1)?;
        (index < self.len()).then_some(index)
    }

    /// Some of them.
    pub(crate) fn part(&self, range: std::ops::Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let bounds = self.bounds.get(range.start..=end).filter(|bounds| bounds.len() > 1);
        Self { bounds: bounds.unwrap_or_default().to_vec() }
    }

    /// The bounds behind the first of two times, up to the second.
    pub(crate) fn bounds_within(&self, after_ns: i64, to_ns: i64) -> &[i64] {
        let first = self.bounds.partition_point(|&bound| bound <= after_ns);
        let end = self.bounds.partition_point(|&bound| bound <= to_ns);
        self.bounds.get(first..end).unwrap_or_default()
    }

    /// Start of the first and end of the last.
    #[must_use]
    pub fn range(&self) -> Option<(i64, i64)> {
        let (first, last) = (self.bounds.first()?, self.bounds.last()?);
        (first < last).then_some((*first, *last))
    }
}

/// `count` periods after the other, each time with the filter for what ended in them.
pub(crate) fn steps<'a>(
    filter: &'a Filter,
    periods: &'a Periods,
    count: usize,
) -> impl Iterator<Item = (Periods, Filter)> + 'a {
    (0..periods.len()).step_by(count.max(1)).filter_map(move |first| {
        let some = periods.part(first..first + count.max(1));
        let (start_ns, end_ns) = some.range()?;
        let (since_ns, until_ns) = filter.range();
        let of_some = Filter {
            since_ns: Some(since_ns.max(start_ns)),
            until_ns: Some(until_ns.min(end_ns)),
            ..filter.clone()
        };
        Some((some, of_some))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_of_a_range_lies_in_one_period() {
        // Promise: periods cover what was asked for, at the ends of what a time can be, too.
        for (since, until) in
            [(0, 7), (-7, 1), (5, 6), (i64::MIN, i64::MAX), (i64::MAX - 3, i64::MAX)]
        {
            for count in [1, 2, 3, 200] {
                let periods = Periods::over(since, until, count);
                for time in [since, since.midpoint(until), until - 1] {
                    let index = periods.of(time).expect("it is in the range");
                    let (start, end) = periods.get(index).expect("there is such a period");
                    assert!((start..end).contains(&time), "{time} in {start}..{end}");
                }
                // No width is larger than half of all times.
                assert!((1..=count + 2).contains(&periods.len()), "{count} of {since}..{until}");
                assert_eq!(periods.iter().count(), periods.len());
            }
        }
    }

    #[test]
    fn a_moved_range_has_the_same_bounds() {
        // Promise: what was found out for a range is of use for another that overlaps with it.
        let one = Periods::over(1_000, 2_000, 10);
        let moved = Periods::over(1_234, 2_234, 10);
        let common = one.bounds.iter().filter(|bound| (1_300..=2_000).contains(*bound));
        assert_eq!(common.clone().count(), 8);
        assert!(common.into_iter().all(|bound| moved.bounds.contains(bound)));
    }

    #[test]
    fn days_of_a_calendar_may_have_any_length() {
        // Promise: whoever knows the calendar says where its periods begin.
        let periods = Periods::between(vec![30, 10, 20, 20, 25]);
        assert_eq!(periods.iter().collect::<Vec<_>>(), [(10, 20), (20, 25), (25, 30)]);
        assert_eq!(
            [9, 10, 24, 29, 30].map(|time| periods.of(time)),
            [None, Some(0), Some(1), Some(2), None]
        );
        assert!(Periods::between(vec![4]).is_empty());
        assert_eq!(Periods::every(i64::MAX - 5, 4, 9).len(), 1);
        assert_eq!(Periods::of_width(0, i64::MAX, 1, 0), None);
        assert_eq!(Periods::over(0, i64::MAX, usize::MAX).len(), PERIOD_COUNT_MAX - 1);
        assert_eq!(Periods::between(Vec::new()).range(), None);
    }
}
