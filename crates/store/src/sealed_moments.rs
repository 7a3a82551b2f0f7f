//! Exact moments of the sealed rows of a lane, kept between questions so that a mean reads no file.

use std::collections::BTreeMap;

use kronicler_format::Footer;
use kronicler_stats::{Moments, Summary};

use crate::lane_state::LaneState;

/// Exact moments of the sealed rows of a lane, by series.
#[derive(Debug, Clone, Default)]
pub struct SealedMoments {
    /// Rows below had expired.
    pub(crate) floor_seq: u64,
    /// Rows below are in.
    pub(crate) sealed_seq: u64,
    by_series: BTreeMap<u32, Moments>,
    /// Whether damaged segments are missing.
    pub is_partial: bool,
    /// Whether segments are missing that were gone, so that a new snapshot has them.
    pub is_gone: bool,
}

impl SealedMoments {
    /// The moments of a series, if it has sealed rows.
    #[must_use]
    pub fn get(&self, series: u32) -> Option<&Moments> {
        self.by_series.get(&series)
    }

    /// Series with sealed rows, ascending.
    pub fn series(&self) -> impl Iterator<Item = u32> {
        self.by_series.keys().copied()
    }

    /// Whether nothing is missing.
    pub(crate) const fn is_whole(&self) -> bool {
        !self.is_partial && !self.is_gone
    }

    /// Whether these are of the sealed rows of a state.
    pub(crate) const fn is_of(&self, state: &LaneState) -> bool {
        self.floor_seq == state.floor_seq && self.sealed_seq == state.sealed_seq
    }

    /// Whether adding later segments of a state makes them those of its sealed rows.
    pub(crate) fn can_grow_to(&self, state: &LaneState) -> bool {
        let mut segments = state.segments.iter();
        self.floor_seq == state.floor_seq
            && self.sealed_seq < state.sealed_seq
            && segments
                .all(|entry| entry.end_seq <= self.sealed_seq || entry.first_seq >= self.sealed_seq)
    }

    /// Adds the rows of a segment.
    pub(crate) fn add(&mut self, footer: &Footer) {
        for series in &footer.series {
            match Summary::moments_encoded(&series.statistics) {
                Ok(moments) => self.by_series.entry(series.series).or_default().merge(&moments),
                Err(_) => self.is_partial = true,
            }
        }
    }
}
