//! Summaries by series, as many as there are series with rows.

use kronicler_format::Row;
use kronicler_stats::Summary;

/// Summaries by series, in the order in which the series first came.
///
/// A lane may know many thousands of series; most windows see few of them.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Place of a series in `summaries`, plus one; 0 for those without rows.
    places: Vec<u32>,
    summaries: Vec<(u32, Summary)>,
}

impl Totals {
    /// Adds a row with this sequence.
    #[inline]
    pub(crate) fn add(&mut self, seq: u64, row: &Row) {
        self.of_mut(row.series).add(seq, row);
    }

    /// Adds what `other` has seen of the same lane.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(series, summary)| self.merge_one(series, summary));
    }

    /// Adds what is known of the rows of a series.
    pub fn merge_one(&mut self, series: u32, summary: &Summary) {
        self.of_mut(series).merge(summary);
    }

    /// The summary of a series, if it has rows.
    #[must_use]
    pub fn get(&self, series: u32) -> Option<&Summary> {
        let place = self.places.get(series as usize)?.checked_sub(1)?;
        self.summaries.get(place as usize).map(|(_, summary)| summary)
    }

    /// Series with rows, and their summaries.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Summary)> {
        self.summaries.iter().map(|(series, summary)| (*series, summary))
    }

    /// As [`Totals::iter`], in the order of the series.
    pub fn iter_sorted(&self) -> impl Iterator<Item = (u32, &Summary)> {
        let places = (0..).zip(&self.places);
        places.filter_map(|(series, _)| self.get(series).map(|summary| (series, summary)))
    }

    #[inline]
    fn of_mut(&mut self, series: u32) -> &mut Summary {
        let index = series as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, 0);
        }
        if self.places[index] == 0 {
            self.summaries.push((series, Summary::new()));
            self.places[index] = u32::try_from(self.summaries.len()).unwrap_or(u32::MAX);
        }
        &mut self.summaries[self.places[index] as usize - 1].1
    }
}
