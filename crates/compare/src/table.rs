//! A sample as a table: durations upwards, blocks of time across, cumulative counts within.
//!
//! A block is a slot of time in which something was called. Slots are 2^level ticks long, at the
//! finest level at which at most 32 of them hold calls. Where there are too few times to cut
//! between, as with a clock that hardly moves, calls are cut in the order in which they came.

use crate::call::Call;
use crate::cells::{COLUMN_COUNT_MAX, Cells, Column};
use crate::sample::{Content, Sample};

/// Fewer blocks than this tell nothing of how much blocks differ.
pub(crate) const BLOCK_COUNT_MIN: usize = 8;

/// A sample as a table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    level: u32,
    pub blocks: Vec<Column>,
    /// By row: the shortest and the longest duration it counts.
    pub bounds: Vec<(u64, u64)>,
    /// By row and block: calls that took at most so long, in units of `2^unit` calls: 32 bits are
    /// twice as fast, and one in four billion makes no difference.
    cumulative: Vec<u32>,
    unit: u32,
}

impl Table {
    /// The table of a sample, as finely cut as it can be.
    pub(crate) fn new(sample: &Sample) -> Self {
        match sample.content() {
            Content::Calls(calls) => Self::of_calls(calls),
            Content::Cells(cells) => Self::of_cells(cells),
        }
    }

    fn of_calls(calls: &[Call]) -> Self {
        let mut slots: Vec<u32> = calls.iter().map(|call| call.time).collect();
        slots.sort_unstable();
        slots.dedup();
        if slots.len() < BLOCK_COUNT_MIN {
            return Self::in_order(calls);
        }
        let mut level = 0;
        while slots.len() > COLUMN_COUNT_MAX {
            level += 1;
            slots.iter_mut().for_each(|slot| *slot >>= 1);
            slots.dedup();
        }
        let place = |call: &Call, _| slots.partition_point(|slot| *slot < call.time >> level);
        Self::fill(calls, level, &slots, place)
    }

    /// Cut in the order in which they came.
    fn in_order(calls: &[Call]) -> Self {
        let count = calls.len().clamp(1, COLUMN_COUNT_MAX);
        let slots: Vec<u32> = (0..).take(count).collect();
        Self::fill(calls, 0, &slots, |_, index| index * count / calls.len())
    }

    fn fill(
        calls: &[Call],
        level: u32,
        slots: &[u32],
        place: impl Fn(&Call, usize) -> usize,
    ) -> Self {
        let empty = |&slot| Column { slot, count: 0, errors: 0, sum_ns: 0 };
        let mut blocks: Vec<Column> = slots.iter().map(empty).collect();
        let mut sorted: Vec<(u64, u32, u32)> = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let (block, weight) = (place(call, index), call.weight());
            let of_call = Column {
                slot: 0,
                count: weight.into(),
                errors: if call.is_error() { weight.into() } else { 0 },
                sum_ns: u128::from(call.duration_ns) * u128::from(weight),
            };
            blocks[block].join(&of_call);
            sorted.push((call.duration_ns, u32::try_from(block).unwrap_or(0), weight));
        }
        sorted.sort_unstable();
        let mut table = Self::empty(level, blocks);
        let mut below = vec![0; table.blocks.len()];
        for of_duration in sorted.chunk_by(|left, right| left.0 == right.0) {
            for (_, block, weight) in of_duration {
                below[*block as usize] += u64::from(*weight);
            }
            table.put((of_duration[0].0, of_duration[0].0), &below);
        }
        table
    }

    fn of_cells(cells: &Cells) -> Self {
        let columns = cells.columns();
        let mut order: Vec<usize> = (0..columns.len()).collect();
        order.sort_unstable_by_key(|index| columns[*index].slot);
        let blocks = order.iter().map(|index| columns[*index]).collect();
        let mut table = Self::empty(cells.level(), blocks);
        let mut below = vec![0; order.len()];
        for (lower, upper, counts) in cells.iter() {
            for (below, index) in below.iter_mut().zip(&order) {
                *below += counts[*index];
            }
            table.put((lower, upper), &below);
        }
        table
    }

    fn empty(level: u32, blocks: Vec<Column>) -> Self {
        let total: u64 = blocks.iter().map(|block| block.count).sum();
        let unit = (u64::BITS - total.leading_zeros()).saturating_sub(u32::BITS);
        Self { level, blocks, bounds: Vec::new(), cumulative: Vec::new(), unit }
    }

    fn put(&mut self, bounds: (u64, u64), at_most: &[u64]) {
        self.bounds.push(bounds);
        let in_units = at_most.iter().map(|count| u32::try_from(count >> self.unit));
        self.cumulative.extend(in_units.map(|count| count.unwrap_or(u32::MAX)));
    }

    /// By block: all its calls, in the units of [`Table::at_most`].
    pub(crate) fn all(&self) -> &[u32] {
        self.at_most(self.bounds.len() - 1)
    }

    /// The table with longer blocks, clearly fewer; `None` when these would be too few.
    pub(crate) fn coarser(&self) -> Option<Self> {
        let mut level = self.level;
        let mut slots: Vec<u32> = self.blocks.iter().map(|block| block.slot).collect();
        let enough = slots.len() * 2 / 3;
        while slots.len() > enough {
            level += 1;
            slots = self.blocks.iter().map(|block| block.slot >> (level - self.level)).collect();
            slots.dedup();
        }
        if slots.len() < BLOCK_COUNT_MIN {
            return None;
        }
        let place: Vec<usize> = (self.blocks.iter())
            .map(|block| slots.partition_point(|slot| *slot < block.slot >> (level - self.level)))
            .collect();
        let empty = |&slot| Column { slot, count: 0, errors: 0, sum_ns: 0 };
        let mut blocks: Vec<Column> = slots.iter().map(empty).collect();
        self.blocks.iter().zip(&place).for_each(|(block, place)| blocks[*place].join(block));
        let mut cumulative = Vec::with_capacity(self.bounds.len() * blocks.len());
        for counts in self.cumulative.chunks_exact(self.blocks.len()) {
            let first = cumulative.len();
            cumulative.resize(first + blocks.len(), 0);
            for (count, place) in counts.iter().zip(&place) {
                cumulative[first + place] += count;
            }
        }
        Some(Self { level, blocks, bounds: self.bounds.clone(), cumulative, unit: self.unit })
    }

    /// By block: calls that took at most as long as those of a row.
    pub(crate) fn at_most(&self, row: usize) -> &[u32] {
        let width = self.blocks.len();
        &self.cumulative[row * width..(row + 1) * width]
    }

    /// Whether each row counts a single duration.
    pub(crate) fn is_exact(&self) -> bool {
        self.bounds.iter().all(|(lower, upper)| lower == upper)
    }

    /// How many blocks of equal size would tell as much as these (Kish).
    pub(crate) fn effective_blocks(&self) -> f64 {
        let counts = || self.blocks.iter().map(|block| block.count as f64);
        let squares: f64 = counts().map(|count| count * count).sum();
        if squares == 0.0 { 0.0 } else { counts().sum::<f64>().powi(2) / squares }
    }
}
