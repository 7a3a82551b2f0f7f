//! The values of given ranks among durations that come several times in no particular order.
//!
//! Invariant: of each range it is known how many durations lie below it, and that the wanted rank
//! lies in it; every pass makes a range so small that its durations can be kept, or ends it.

use kronicler_stats::{Sketch, nearest_rank};

use crate::durations::{Durations, Take};

/// Durations that are kept in memory at most, 8 bytes each.
const KEPT_COUNT_MAX: u64 = 1 << 20;
/// Steps in which a range is counted whose durations are too many to keep.
const STEP_COUNT: usize = 4_096;

/// What is wanted of groups of durations.
#[derive(Clone)]
pub(crate) struct Ranks {
    groups: Vec<Group>,
    is_exact: bool,
}

#[derive(Clone)]
struct Group {
    count: u64,
    ranges: Vec<Range>,
    /// By quantile: which range, and the rank in it, from 0.
    wanted: Vec<(usize, u64)>,
}

/// Durations from `lower` to `upper`.
#[derive(Clone)]
struct Range {
    lower: u64,
    upper: u64,
    /// As many of them as there must be.
    count: u64,
    state: State,
}

/// A range that takes each duration several times.
struct Weighted<'a> {
    range: &'a mut Range,
    weight: u64,
}

#[derive(Clone)]
enum State {
    /// Not yet looked at in this form.
    New,
    /// All that came so far.
    Kept(Vec<u64>),
    /// How many came so far, in steps of equal width.
    Counted { width: u64, counts: Vec<u64> },
    /// In order.
    Sorted(Vec<u64>),
}

impl Ranks {
    /// The quantiles `qs`, each from 0 to 1, of groups whose durations have these sketches.
    pub(crate) fn new(sketches: &[Sketch], qs: &[f64]) -> Self {
        let groups = sketches.iter().map(|sketch| Group::new(sketch, qs));
        Self { groups: groups.collect(), is_exact: true }
    }

    /// Prepares for all durations to come once more; `false` when no rank is open.
    pub(crate) fn begin_pass(&mut self) -> bool {
        for group in &mut self.groups {
            group.end_pass(&mut self.is_exact);
        }
        let ranges = || self.groups.iter().flat_map(|group| &group.ranges);
        let open = ranges().filter(|range| range.is_open());
        let (range_count, count) =
            open.fold((0, 0), |(ranges, sum), range| (ranges + 1, range.count.saturating_add(sum)));
        if range_count == 0 || !self.is_exact {
            return false;
        }
        let limit = if count <= KEPT_COUNT_MAX { count } else { KEPT_COUNT_MAX / range_count };
        for range in self.groups.iter_mut().flat_map(|group| &mut group.ranges) {
            range.begin_pass(limit);
        }
        true
    }

    /// Takes durations of a group, each `weight` times.
    pub(crate) fn add(&mut self, group: usize, weight: u64, durations: &Durations<'_>) {
        let Some(group) = self.groups.get_mut(group) else { return };
        for range in &mut group.ranges {
            durations.give_to(&mut Weighted { range, weight });
        }
    }

    /// Adds what came to another in the same pass.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (group, other) in self.groups.iter_mut().zip(other.groups) {
            for (range, other) in group.ranges.iter_mut().zip(other.ranges) {
                range.state.absorb(other.state);
            }
        }
    }

    /// Whether as many durations came as the sketches knew.
    pub(crate) const fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Count and quantiles of each group.
    pub(crate) fn into_values(self) -> Vec<(u64, Vec<u64>)> {
        self.groups.into_iter().map(|group| (group.count, group.values())).collect()
    }
}

impl Group {
    fn new(sketch: &Sketch, qs: &[f64]) -> Self {
        let count = sketch.count();
        let mut group = Self { count, ranges: Vec::new(), wanted: Vec::new() };
        for &q in qs {
            let Some(rank) = nearest_rank(count, q) else { continue };
            let mut below = 0;
            let bin = sketch.bins().find(|bin| {
                let is_here = below + bin.count >= rank;
                below += if is_here { 0 } else { bin.count };
                is_here
            });
            let Some(bin) = bin else { continue };
            let known = group.ranges.iter().position(|range| range.lower == bin.lower_ns);
            let place = known.unwrap_or(group.ranges.len());
            if known.is_none() {
                let (lower, upper, count) = (bin.lower_ns, bin.upper_ns, bin.count);
                group.ranges.push(Range { lower, upper, count, state: State::New });
            }
            group.wanted.push((place, rank - 1 - below));
        }
        group
    }

    /// Learns from what came in the last pass.
    fn end_pass(&mut self, is_exact: &mut bool) {
        for place in 0..self.ranges.len() {
            let range = &mut self.ranges[place];
            match std::mem::replace(&mut range.state, State::New) {
                State::Kept(mut values) => {
                    *is_exact &= values.len() as u64 == range.count;
                    values.sort_unstable();
                    range.state = State::Sorted(values);
                }
                State::Counted { width, counts } => {
                    *is_exact &= counts.iter().fold(0_u64, |sum, &count| sum.saturating_add(count))
                        == range.count;
                    self.split(place, width, &counts);
                }
                state @ (State::New | State::Sorted(_)) => range.state = state,
            }
        }
    }

    /// Makes smaller ranges of one, for the ranks that lie in it.
    fn split(&mut self, place: usize, width: u64, counts: &[u64]) {
        let (lower, upper) = (self.ranges[place].lower, self.ranges[place].upper);
        let mut steps: Vec<(usize, usize)> = Vec::new();
        for index in 0..self.wanted.len() {
            let (range, mut rank) = self.wanted[index];
            if range != place {
                continue;
            }
            let Some(step) = counts.iter().position(|&count| {
                let is_here = rank < count;
                rank -= if is_here { 0 } else { count };
                is_here
            }) else {
                continue;
            };
            let known = steps.iter().find(|(known, _)| *known == step).map(|&(_, range)| range);
            let range = known.unwrap_or_else(|| {
                let lower = lower + step as u64 * width;
                let upper = lower.saturating_add(width - 1).min(upper);
                let range = Range { lower, upper, count: counts[step], state: State::New };
                // The first takes the place of the one that is split.
                if steps.is_empty() {
                    self.ranges[place] = range;
                    place
                } else {
                    self.ranges.push(range);
                    self.ranges.len() - 1
                }
            });
            if known.is_none() {
                steps.push((step, range));
            }
            self.wanted[index] = (range, rank);
        }
    }

    fn values(&self) -> Vec<u64> {
        let wanted = self.wanted.iter().map(|&(place, rank)| {
            let range = &self.ranges[place];
            match &range.state {
                State::Sorted(values) if !values.is_empty() => {
                    let at = usize::try_from(rank).unwrap_or(usize::MAX);
                    values[at.min(values.len() - 1)]
                }
                _ => range.lower,
            }
        });
        wanted.collect()
    }
}

impl Range {
    /// Whether durations are to come.
    const fn is_open(&self) -> bool {
        self.lower < self.upper && !matches!(self.state, State::Sorted(_))
    }

    fn begin_pass(&mut self, limit: u64) {
        if !self.is_open() {
            return;
        }
        self.state = if self.count <= limit {
            State::Kept(Vec::new())
        } else {
            let span = self.upper - self.lower;
            let width = span / STEP_COUNT as u64 + 1;
            State::Counted { width, counts: vec![0; STEP_COUNT] }
        };
    }
}

impl State {
    fn absorb(&mut self, other: Self) {
        match (self, other) {
            (Self::Kept(kept), Self::Kept(more)) => kept.extend(more),
            (Self::Counted { counts, .. }, Self::Counted { counts: more, .. }) => {
                for (count, more) in counts.iter_mut().zip(more) {
                    *count = count.saturating_add(more);
                }
            }
            _ => {}
        }
    }
}

impl Take for Weighted<'_> {
    #[inline]
    fn take<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T]) {
        let &mut Range { lower, upper, count, ref mut state } = self.range;
        let span = upper - lower;
        let above = values.iter().map(|&value| base.wrapping_add(value.into()).wrapping_sub(lower));
        let above = above.filter(|above| *above <= span);
        match state {
            State::Kept(kept) if self.weight == 1 => kept.extend(above.map(|above| lower + above)),
            State::Kept(kept) => {
                // One too many is noticed as well as a billion, which damaged files may claim.
                for above in above {
                    let room = (count + 1).saturating_sub(kept.len() as u64);
                    let times = usize::try_from(self.weight.min(room)).unwrap_or(usize::MAX);
                    kept.extend(std::iter::repeat_n(lower + above, times));
                }
            }
            State::Counted { width, counts } => {
                for above in above {
                    let step = usize::try_from(above / *width).unwrap_or(usize::MAX);
                    if let Some(count) = counts.get_mut(step) {
                        *count = count.saturating_add(self.weight);
                    }
                }
            }
            State::New | State::Sorted(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
