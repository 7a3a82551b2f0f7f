//! Statistics by group, lane and series, as they are found.
//!
//! Durations of a chunk come without their rows. Which row was the slowest is found out at the end,
//! for the few chunks where it matters.

use std::collections::HashMap;

use kronicler_format::{FormatError, Row};
use kronicler_stats::Summary;

use crate::durations::{Durations, Take};
use crate::work::{ChunkPlace, Of, Sink};

/// Statistics of the rows of a series in a group.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    /// Of all rows; the slowest only of those that came with their sequence.
    pub summary: Summary,
    /// The slowest of the others.
    pub spot: Option<Spot>,
}

/// A row of which duration and chunk are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub duration_ns: u64,
    pub chunk: ChunkPlace,
}

impl Cell {
    fn add_spot(&mut self, spot: Spot) {
        let key = |spot: &Spot| (spot.duration_ns, std::cmp::Reverse(spot.chunk.first_seq));
        if self.spot.as_ref().is_none_or(|known| key(known) < key(&spot)) {
            self.spot = Some(spot);
        }
    }

    fn merge(&mut self, other: Self) {
        if self.summary.moments.is_empty() {
            *self = other;
            return;
        }
        self.summary.merge(&other.summary);
        if let Some(spot) = other.spot {
            self.add_spot(spot);
        }
    }
}

/// Cells that have rows.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    cells: Vec<(Of, Cell)>,
    places: HashMap<(u32, u32), Vec<u32>>,
    /// Lane and group that were asked for last, and where their cells are by series, plus one.
    last: Option<((u32, u32), Vec<u32>)>,
}

impl Cells {
    /// The cells.
    pub(crate) fn into_cells(self) -> impl Iterator<Item = (Of, Cell)> {
        self.cells.into_iter()
    }

    /// Adds what another thread has found.
    pub(crate) fn merge(&mut self, other: Self) {
        for (of, cell) in other.cells {
            self.of(of).merge(cell);
        }
    }

    #[inline]
    fn of(&mut self, of: Of) -> &mut Cell {
        let key = (of.lane, of.group);
        if self.last.as_ref().is_none_or(|(last, _)| *last != key) {
            if let Some((last, places)) = self.last.take() {
                self.places.insert(last, places);
            }
            let places = self.places.remove(&key).unwrap_or_default();
            self.last = Some((key, places));
        }
        let (_, places) = self.last.get_or_insert_with(|| (key, Vec::new()));
        let index = of.series as usize;
        if places.len() <= index {
            places.resize(index + 1, 0);
        }
        if places[index] == 0 {
            self.cells.push((of, Cell::default()));
            places[index] = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        }
        let place = places[index] as usize - 1;
        &mut self.cells[place].1
    }
}

impl Sink for Cells {
    fn take_encoded(&mut self, of: Of, statistics: &[u8]) -> Result<(), FormatError> {
        self.of(of).summary.merge_encoded(statistics)
    }

    fn take_summary(&mut self, of: Of, summary: &Summary) {
        self.of(of).summary.merge(summary);
    }

    fn take_durations(&mut self, of: Of, chunk: ChunkPlace, durations: &Durations<'_>) {
        let cell = self.of(of);
        let mut slice = Slice { summary: &mut cell.summary, longest: None };
        durations.give_to(&mut slice);
        if let Some(duration_ns) = slice.longest {
            cell.add_spot(Spot { duration_ns, chunk });
        }
    }

    #[inline]
    fn take_row(&mut self, of: Of, seq: u64, row: &Row) {
        self.of(of).summary.add(seq, row);
    }
}

/// Adds durations to moments and sketch.
struct Slice<'a> {
    summary: &'a mut Summary,
    longest: Option<u64>,
}

impl Take for Slice<'_> {
    fn take<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T]) {
        self.summary.moments.add_above(base, values);
        self.summary.sketch.add_above(base, values, 1);
        let longest = values.iter().map(|&value| base.wrapping_add(value.into())).max();
        self.longest = self.longest.max(longest);
    }
}
