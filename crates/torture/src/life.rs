//! A script of what processes do with one database.

use crate::world::Step;

/// A script.
#[derive(Debug)]
pub struct Life {
    /// Its name in a replay line.
    pub name: &'static str,
    /// Of so many cuts and faults one is tried: more than 1 for a life that is slow to read.
    pub sample: usize,
    /// What the processes do, one after the other.
    pub steps: &'static [Step],
}
