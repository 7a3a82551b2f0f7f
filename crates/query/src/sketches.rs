//! Counts durations in the bins of sketches, one for each of some places.

use kronicler_format::{FormatError, Row};
use kronicler_stats::{Sketch, Summary};
use kronicler_store::StoreError;

use crate::answer::Gaps;
use crate::durations::{Durations, Take};
use crate::work::{ChunkPlace, Of, Sink, Work};

/// Sketches by place.
pub(crate) struct Sketches<'a, P> {
    sketches: Vec<Sketch>,
    /// Whose rows count where, and how often each.
    place_of: &'a P,
}

impl<'a, P: Fn(Of) -> Option<(usize, u64)> + Sync> Sketches<'a, P> {
    /// Sketches of the durations that some work finds, at `count` places.
    pub(crate) fn count(
        work: &Work<'_>,
        count: usize,
        place_of: &'a P,
    ) -> Result<(Vec<Sketch>, Gaps), StoreError> {
        let make = || Self { sketches: vec![Sketch::new(); count], place_of };
        let (sinks, gaps) = work.run(make)?;
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
        if let Some((sketch, weight)) = self.at(of) {
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
