//! The columns of the table, and how functions are ordered by them.

use std::cmp::Ordering;

use super::model::Line;

/// A column of numbers, or the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The name.
    Name,
    /// Calls a second.
    Calls,
    /// Calls that did not end well.
    Errors,
    /// Calls that were going on at once, on average.
    Busy,
    /// The median.
    Median,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// The slowest.
    Max,
}

/// All of them, from left to right.
pub const COLUMNS: [Column; 8] = [
    Column::Name,
    Column::Calls,
    Column::Errors,
    Column::Busy,
    Column::Median,
    Column::P95,
    Column::P99,
    Column::Max,
];

impl Column {
    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Calls => "calls/s",
            Self::Errors => "errors",
            Self::Busy => "busy",
            Self::Median => "median",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Max => "max",
        }
    }

    /// The key that sorts by it.
    pub const fn key(self) -> char {
        match self {
            Self::Name => 'n',
            Self::Calls => 'c',
            Self::Errors => 'e',
            Self::Busy => 'b',
            Self::Median => 'm',
            Self::P95 => '5',
            Self::P99 => '9',
            Self::Max => 'x',
        }
    }

    /// The column so many steps to the right, past the last one on the left again.
    pub fn step(self, steps: isize) -> Self {
        let here = COLUMNS.iter().position(|column| *column == self).unwrap_or(0);
        let count = COLUMNS.len().cast_signed();
        let next = (here.cast_signed() + steps).rem_euclid(count).cast_unsigned();
        COLUMNS[next]
    }

    /// The order of two functions: names upwards, numbers downwards, or the other way round;
    /// functions without a call always last, equal ones by name.
    pub fn compare(self, is_reversed: bool, left: &Line, right: &Line) -> Ordering {
        let order = match self {
            Self::Name => left.name.name.cmp(&right.name.name),
            Self::Calls => right.calls.cmp(&left.calls),
            Self::Errors => right.errors.cmp(&left.errors),
            Self::Busy => right.busy.total_cmp(&left.busy),
            Self::Median | Self::P95 | Self::P99 | Self::Max => {
                right.quantile_ns(self).cmp(&left.quantile_ns(self))
            }
        };
        let order = if is_reversed { order.reverse() } else { order };
        let is_idle = |line: &Line| line.calls == 0;
        is_idle(left)
            .cmp(&is_idle(right))
            .then(order)
            .then_with(|| left.name.name.cmp(&right.name.name))
    }
}
