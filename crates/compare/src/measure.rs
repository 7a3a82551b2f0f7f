//! One function on both sides, measured: all that can be told before it is known how many others
//! are compared.

use crate::difference::{Difference, Side};
use crate::metric::Metric;
use crate::rank_sum::{RankSum, counts_of, rank_sum};
use crate::resample::{Draws, Likeness, Replicates, logarithm};
use crate::sample::Sample;
use crate::shares::Share;
use crate::table::Table;

/// Rows that must lie beyond a quantile on each side: with fewer it is what a few calls say.
pub const ROWS_BEYOND_MIN: u64 = 20;
/// Blocks of equal size, as many as which the blocks of each side must tell.
pub const EFFECTIVE_BLOCKS_MIN: f64 = 5.0;
/// Of the resampling: the same numbers whenever the same is asked. Other seeds give intervals whose
/// ends differ by about 2 % of their width.
const SEEDS: [u64; 2] = [0x6b72_6f6e_6963_6c41, 0x6b72_6f6e_6963_6c42];

/// Why a value cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Fewer rows than are asked for on one side.
    Rows,
    /// Too few rows beyond the quantile.
    RowsBeyond,
    /// Called in too few stretches of time to know how these differ.
    Blocks,
}

/// A metric of a function on both sides.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What was measured.
    pub metric: Metric,
    /// Its values of A and B, in nanoseconds.
    pub values_ns: [f64; 2],
    /// How many blocks of time were resampled of each side.
    pub blocks: [usize; 2],
    /// The difference, unless something lacks.
    pub(crate) difference: Result<Difference, Lack>,
}

/// A function on both sides.
#[derive(Debug, Clone)]
pub struct MeasuredFunction {
    /// Rows of A and B.
    pub rows: [u64; 2],
    /// Calls of A and B.
    pub counts: [u64; 2],
    /// Calls that did not end well.
    pub errors: [u64; 2],
    /// By metric, as in [`Metric::ALL`]; none when a side has no calls.
    pub metrics: Vec<Measured>,
    /// The quick test.
    pub rank_sum: RankSum,
    pub(crate) shares: Option<[Share; 2]>,
}

/// Measures functions; keeps what it has drawn for the next.
#[derive(Debug, Default)]
pub struct Measurer {
    draws: Vec<(usize, [Draws; 2])>,
}

impl Measurer {
    /// A measurer that has not drawn yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures a function with at least `rows_min` rows on each side.
    #[must_use]
    pub fn measure(&mut self, samples: [&Sample; 2], rows_min: u64) -> MeasuredFunction {
        let mut function = MeasuredFunction {
            rows: samples.map(Sample::rows),
            counts: samples.map(Sample::count),
            errors: samples.map(Sample::errors),
            metrics: Vec::new(),
            rank_sum: RankSum { slower_share: 0.5, p: 1.0 },
            shares: None,
        };
        if function.counts.contains(&0) {
            return function;
        }
        let tables = samples.map(Table::new);
        let effective = samples.map(Sample::effective_rows);
        function.rank_sum = rank_sum(counts_of(tables.each_ref(), effective).into_iter());
        if function.rows.iter().all(|rows| *rows >= rows_min) {
            let share = |side: usize| Share::new(&tables[side], effective[side]);
            function.shares = Some([share(0), share(1)]);
        }
        let mut levels = Levels(vec![tables]);
        for metric in Metric::ALL {
            let lack = lack(metric, function.rows, rows_min, &levels.0[0]);
            function.metrics.push(self.measure_metric(metric, &mut levels, lack));
        }
        function
    }

    fn measure_metric(
        &mut self,
        metric: Metric,
        levels: &mut Levels,
        lack: Option<Lack>,
    ) -> Measured {
        let values_ns = levels.0[0].each_ref().map(|table| value(metric, table));
        let tables = if lack.is_none() { levels.find(metric, values_ns) } else { &levels.0[0] };
        let blocks = tables.each_ref().map(|table| table.blocks.len());
        if let Some(lack) = lack {
            return Measured { metric, values_ns, blocks, difference: Err(lack) };
        }
        let sides = [0, 1].map(|side| {
            let table = &tables[side];
            let draws = &self.draws(table.blocks.len())[side];
            Side {
                value: logarithm(values_ns[side]),
                replicates: Replicates::new(metric, table, draws),
                blocks: table.effective_blocks(),
            }
        });
        let inflation = likeness(metric, tables, values_ns).inflation();
        Measured { metric, values_ns, blocks, difference: Ok(Difference::new(&sides, inflation)) }
    }

    fn draws(&mut self, block_count: usize) -> &[Draws; 2] {
        let known = self.draws.iter().position(|(count, _)| *count == block_count);
        let index = known.unwrap_or_else(|| {
            let draws = SEEDS.map(|seed| Draws::new(block_count, seed));
            self.draws.push((block_count, draws));
            self.draws.len() - 1
        });
        &self.draws[index].1
    }
}

fn lack(metric: Metric, rows: [u64; 2], rows_min: u64, tables: &[Table; 2]) -> Option<Lack> {
    let least = rows[0].min(rows[1]);
    if least < rows_min {
        return Some(Lack::Rows);
    }
    let beyond = metric.quantile().map_or(least as f64, |q| (1.0 - q) * least as f64);
    // 0.01 * 2,000 must count as 20.
    if beyond.round() < ROWS_BEYOND_MIN as f64 {
        return Some(Lack::RowsBeyond);
    }
    let few = tables.iter().any(|table| table.effective_blocks() < EFFECTIVE_BLOCKS_MIN);
    few.then_some(Lack::Blocks)
}

fn value(metric: Metric, table: &Table) -> f64 {
    metric.value(table, &vec![1; table.blocks.len()])
}

/// Tables of both sides with blocks as long as there was need for so far, shortest first.
struct Levels(Vec<[Table; 2]>);

impl Levels {
    /// Tables whose neighbouring blocks are not alike, or the coarsest that there are.
    fn find(&mut self, metric: Metric, values: [f64; 2]) -> &[Table; 2] {
        let mut index = 0;
        while likeness(metric, &self.0[index], values).is_great() {
            if index + 1 == self.0.len() {
                let [a, b] = self.0[index].each_ref().map(|table| table.coarser());
                if a.is_none() && b.is_none() {
                    break;
                }
                let same = |side: usize| self.0[index][side].clone();
                self.0.push([a.unwrap_or_else(|| same(0)), b.unwrap_or_else(|| same(1))]);
            }
            index += 1;
        }
        &self.0[index]
    }
}

fn likeness(metric: Metric, tables: &[Table; 2], values: [f64; 2]) -> Likeness {
    let [a, b] = [0, 1].map(|side: usize| metric.pulls(&tables[side], values[side]));
    Likeness::new([&a, &b])
}
