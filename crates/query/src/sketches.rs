//! Counts durations in the bins of sketches, one for each of some places.

use kronicler_format::varint::{Cursor, put_i64};
use kronicler_format::{ChunkEntry, FormatError, Row};
use kronicler_stats::{Sketch, Summary};
use kronicler_store::StoreError;

use crate::answer::Gaps;
use crate::durations::{Durations, Take};
use crate::split::Split;
use crate::work::{ChunkPlace, Of, Question, Sink, Work};

/// Sketches by place.
pub(crate) struct Sketches<'a, P> {
    sketches: Vec<Sketch>,
    /// Whose rows count where, and how often each.
    place_of: &'a P,
    /// Places of the chunk that is being read, when what it gives is to be kept.
    of_chunk: Option<Vec<(usize, Sketch)>>,
}

impl<'a, P: Fn(Of) -> Option<(usize, u64)> + Sync> Sketches<'a, P> {
    /// Sketches of the durations that some work finds, at `count` places.
    pub(crate) fn count(
        work: &Work<'_>,
        count: usize,
        place_of: &'a P,
    ) -> Result<(Vec<Sketch>, Gaps), StoreError> {
        Self::run(work, count, place_of, false)
    }

    /// As [`Sketches::count`] where places are groups, and what chunks give is kept for who asks
    /// next.
    pub(crate) fn count_and_keep(
        work: &Work<'_>,
        count: usize,
        place_of: &'a P,
    ) -> Result<(Vec<Sketch>, Gaps), StoreError> {
        Self::run(work, count, place_of, true)
    }

    fn run(
        work: &Work<'_>,
        count: usize,
        place_of: &'a P,
        is_kept: bool,
    ) -> Result<(Vec<Sketch>, Gaps), StoreError> {
        let (sinks, gaps) = work.run(|| Self {
            sketches: vec![Sketch::new(); count],
            place_of,
            of_chunk: is_kept.then(Vec::new),
        })?;
        let mut sinks = sinks.into_iter().map(|sink| sink.sketches);
        let mut sketches = sinks.next().unwrap_or_default();
        for other in sinks {
            sketches.iter_mut().zip(&other).for_each(|(sketch, other)| sketch.merge(other));
        }
        Ok((sketches, gaps))
    }

    fn at(&mut self, of: Of) -> Option<(&mut Sketch, u64)> {
        let (place, weight) = (self.place_of)(of)?;
        Some((self.sketches.get_mut(place)?, weight))
    }
}

impl<P: Fn(Of) -> Option<(usize, u64)> + Sync> Sink for Sketches<'_, P> {
    fn recall(&mut self, question: &Question<'_>) -> bool {
        if self.of_chunk.is_none() {
            return false;
        }
        let Some(known) = question.view.kept_of_chunk(question.entry, &key_of(question)) else {
            return false;
        };
        let mut cursor = Cursor::new("kept sketches", &known);
        while let Ok(start_ns) = cursor.i64() {
            let place = place_at(question, start_ns);
            let mut sketch = Sketch::new();
            let sketch =
                place.and_then(|place| self.sketches.get_mut(place)).unwrap_or(&mut sketch);
            // They were encoded here.
            let _ = sketch.merge_encoded(&mut cursor);
        }
        true
    }

    fn end_chunk(&mut self, question: &Question<'_>, is_whole: bool) {
        let Some(of_chunk) = &mut self.of_chunk else { return };
        let mut bytes = Vec::new();
        let starts: Vec<i64> = starts(question).collect();
        for (place, sketch) in of_chunk.drain(..) {
            let start = starts.iter().find(|&&start| place_at(question, start) == Some(place));
            if let Some(&start) = start {
                put_i64(&mut bytes, start);
                sketch.encode(&mut bytes);
            }
            if let Some(sum) = self.sketches.get_mut(place) {
                sum.merge(&sketch);
            }
        }
        if is_whole {
            question.view.keep_of_chunk(question.entry, key_of(question), bytes);
        }
    }

    fn take_encoded(&mut self, of: Of, statistics: &[u8]) -> Result<(), FormatError> {
        let Some((sketch, weight)) = self.at(of) else { return Ok(()) };
        if weight == 1 {
            return Summary::sketch_encoded(statistics, sketch);
        }
        let mut one = Sketch::new();
        Summary::sketch_encoded(statistics, &mut one)?;
        sketch.merge_many(&one, weight);
        Ok(())
    }

    fn take_summary(&mut self, of: Of, summary: &Summary) {
        if let Some((sketch, weight)) = self.at(of) {
            sketch.merge_many(&summary.sketch, weight);
        }
    }

    fn take_durations(&mut self, of: Of, _: ChunkPlace, durations: &Durations<'_>) {
        let Some((place, weight)) = (self.place_of)(of) else { return };
        let sketch = match &mut self.of_chunk {
            None => self.sketches.get_mut(place),
            Some(places) => {
                let known = places.iter().position(|(known, _)| *known == place);
                let index = known.unwrap_or_else(|| {
                    places.push((place, Sketch::new()));
                    places.len() - 1
                });
                places.get_mut(index).map(|(_, sketch)| sketch)
            }
        };
        if let Some(sketch) = sketch {
            durations.give_to(&mut Slice { sketch, weight });
        }
    }

    #[inline]
    fn take_row(&mut self, of: Of, _: u64, row: &Row) {
        if let Some((sketch, weight)) = self.at(of) {
            sketch.add_many(row.duration_ns, weight);
        }
    }
}

/// Where the periods begin that a chunk has a part in, for the first of them the chunk itself:
/// chunks with the same starts have the same parts, whatever the range of the question.
fn starts<'a>(question: &'a Question<'_>) -> impl Iterator<Item = i64> + use<'a> {
    let &ChunkEntry { min_end_ns, max_end_ns, .. } = question.entry;
    let bounds = match question.split {
        Split::Periods(periods) => periods.bounds_within(min_end_ns, max_end_ns),
        Split::Whole | Split::Threads => &[],
    };
    let limits = [question.limits.since_ns, question.limits.until_ns];
    let is_within = move |bound: &i64| *bound > min_end_ns && *bound <= max_end_ns;
    let limits = limits.into_iter().flatten().filter(is_within);
    std::iter::once(min_end_ns).chain(bounds.iter().copied()).chain(limits)
}

/// The place of rows that end at the start of a part of a chunk.
fn place_at(question: &Question<'_>, start_ns: i64) -> Option<usize> {
    let group = question.split.of_ends(start_ns, start_ns)?;
    question.limits.wants_end(start_ns).then_some(group as usize)
}

/// What tells questions apart that get different answers of a chunk.
fn key_of(question: &Question<'_>) -> Vec<u8> {
    let mut key = question.filter.series_key();
    let wanted = starts(question).map(|start| (start, place_at(question, start).is_some()));
    for (start_ns, is_wanted) in wanted {
        put_i64(&mut key, start_ns);
        key.push(u8::from(is_wanted));
    }
    key
}

/// Adds durations to a sketch.
struct Slice<'a> {
    sketch: &'a mut Sketch,
    weight: u64,
}

impl Take for Slice<'_> {
    fn take<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T]) {
        self.sketch.add_above(base, values, self.weight);
    }
}
