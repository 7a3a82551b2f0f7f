//! The long memory: statistics of rows that are gone, by hour and later by day, and the slowest
//! rows of each function and day.
//!
//! A row belongs to the hour, and to the day, in which it ended. Everything merges: a history of
//! all rows is the same whether it was made row by row, from summaries, or from other histories,
//! in whatever order and grouping, and [`History::roll_up`] may come before or after.

use std::collections::BTreeMap;

use kronicler_format::{Flags, Row, fit_label, fit_name};

use crate::distribution::Distribution;
use crate::history_cells::{Cell, Cells, SlowestOfDay};
use crate::history_key::{
    FunctionKey, HistoryFunction, HistorySeries, Period, Resolution, SeriesKey, Table, Texts,
};
use crate::slowest::SlowRow;
use crate::summary::Summary;

/// Bytes of the counts of a stored history at most: of versions, names, series, periods and days.
const COUNTS_SIZE_BYTES_MAX: usize = 5 * 5;

/// Bytes of a stored series at most: version, name, flags, weight, status class.
const SERIES_SIZE_BYTES_MAX: usize = 5 + 5 + 1 + 5 + 1;

/// Bytes of a stored period at most, besides its cells: first hour, resolution, count.
const PERIOD_SIZE_BYTES_MAX: usize = 5 + 1 + 5;

/// Bytes of a cell's key and length at most.
const CELL_KEY_SIZE_BYTES_MAX: usize = 5 + 5 + 3;

/// A series in one [`History`], as [`History::series`] gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesId(u32);

/// Statistics of the rows of one lane that are gone, by period and series, and the 10 slowest
/// rows of each function and day.
///
/// ```
/// use kronicler_format::{Flags, Kind, Outcome, Row};
/// use kronicler_stats::{Distribution, History, HistoryFunction, HistorySeries};
///
/// let function =
///     HistoryFunction { service: "shop", version: "1.2", name: "getOrders", source: "" };
/// let flags = Flags::new(Outcome::Ok, Kind::Async);
/// let mut history = History::new();
/// let series = history.series(&HistorySeries { function, flags, weight: 1, status_class: 0 });
/// for seq in 0..1_000 {
///     let end_ns = 1_700_000_000_000_000_000 + 1_000_000_000 * seq as i64;
///     history.add_row(series, seq, &Row { series: 0, thread: 0, end_ns, duration_ns: seq });
/// }
///
/// let mut all = Distribution::new();
/// for entry in history.entries(i64::MIN, i64::MAX) {
///     assert_eq!(entry.series.function, function);
///     entry.merge_into(&mut all);
/// }
/// assert_eq!((all.moments.count(), all.moments.mean()), (1_000, Some(499.5)));
/// let day = history.slowest(i64::MIN, i64::MAX).next();
/// assert_eq!(day.map(|day| day.rows[0].seq), Some(999));
/// ```
#[derive(Clone, Debug)]
pub struct History {
    pub(crate) versions: Table<Texts>,
    pub(crate) names: Table<Texts>,
    pub(crate) series: Table<SeriesKey>,
    pub(crate) entries: Cells<(Period, u32), Distribution>,
    pub(crate) slowest: Cells<(Period, FunctionKey), SlowestOfDay>,
}

/// Statistics of a series in a period.
#[derive(Clone, Copy, Debug)]
pub struct HistoryEntry<'a> {
    /// The hour or the day.
    pub period: Period,
    /// The calls.
    pub series: HistorySeries<'a>,
    cell: &'a Cell<Distribution>,
}

/// The slowest rows of a function in a day.
#[derive(Clone, Debug)]
pub struct DaySlowest<'a> {
    /// The day.
    pub day: Period,
    /// What was called.
    pub function: HistoryFunction<'a>,
    /// Its slowest rows of all outcomes, 10 at most: slowest first, among equals by sequence.
    pub rows: Vec<SlowRow>,
}

impl HistoryEntry<'_> {
    /// The durations.
    #[must_use]
    pub fn value(&self) -> Distribution {
        self.cell.value()
    }

    /// Adds the durations to others, faster than [`value`](Self::value) and merging.
    pub fn merge_into(&self, other: &mut Distribution) {
        self.cell.merge_into(other);
    }
}

impl History {
    /// How long statistics are kept by hour: 14 days, in nanoseconds.
    pub const HOURS_KEPT_NS: i64 = 14 * 24 * 3_600_000_000_000;

    /// A history of no rows.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            versions: Table::new(),
            names: Table::new(),
            series: Table::new(),
            entries: Cells::new(),
            slowest: Cells::new(),
        }
    }

    /// Whether it knows of no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// The id of a series, to add rows to: once a series, not once a row. Texts longer than a
    /// database stores are cut as there.
    pub fn series(&mut self, series: &HistorySeries<'_>) -> SeriesId {
        let HistoryFunction { service, version, name, source } = series.function;
        let version = (fit_label(service).to_owned(), fit_label(version).to_owned());
        let name = (fit_name(name).into_owned(), fit_name(source).into_owned());
        let function =
            FunctionKey { version: self.versions.place(version), name: self.names.place(name) };
        let flags = series.flags.bits();
        let (weight, status_class) = (series.weight, series.status_class);
        SeriesId(self.series.place(SeriesKey { function, flags, weight, status_class }))
    }

    /// Adds a row that had the sequence `seq`, below 2^43, in its lane. A `series` of another
    /// history adds nothing, or to the wrong one.
    pub fn add_row(&mut self, series: SeriesId, seq: u64, row: &Row) {
        let Some(function) = self.function_of(series) else {
            return;
        };
        let hour = Period::hour_of(row.end_ns);
        self.entries.value_mut((hour, series.0)).add(row.duration_ns);
        self.slowest.value_mut((hour.day(), function)).add(SlowRow::new(seq, row));
    }

    /// Adds a summary of rows that all ended in the `period`.
    pub fn add_summary(&mut self, series: SeriesId, period: Period, summary: &Summary) {
        let Some(function) = self.function_of(series).filter(|_| !summary.moments.is_empty())
        else {
            return;
        };
        let entry = self.entries.value_mut((period, series.0));
        entry.moments.merge(&summary.moments);
        entry.sketch.merge(&summary.sketch);
        let slowest = self.slowest.value_mut((period.day(), function));
        summary.slowest.rows().iter().for_each(|&row| slowest.add(row));
    }

    /// Adds everything that `other` knows, of other rows of the same lane.
    pub fn merge(&mut self, other: &Self) {
        let places = (0..).take(other.series.len());
        let ids: Vec<Option<SeriesId>> =
            places.map(|place| other.series_at(place).map(|series| self.series(&series))).collect();
        for ((period, series), cell) in other.entries.iter() {
            if let Some(&Some(SeriesId(series))) = ids.get(series as usize) {
                self.entries.merge_cell((period, series), cell);
            }
        }
        for ((day, function), cell) in other.slowest.iter() {
            let (Some(version), Some(name)) =
                (other.versions.get(function.version), other.names.get(function.name))
            else {
                continue;
            };
            let version = self.versions.place(version.clone());
            let name = self.names.place(name.clone());
            self.slowest.merge_cell((day, FunctionKey { version, name }), cell);
        }
    }

    /// Puts the hours of each day that ended [14 days](Self::HOURS_KEPT_NS) before `now_ns`, or
    /// earlier, together to that day.
    pub fn roll_up(&mut self, now_ns: i64) {
        let until_ns = now_ns.saturating_sub(Self::HOURS_KEPT_NS);
        let is_old = |period: Period| {
            period.resolution() == Resolution::Hour && period.day().end_ns() <= until_ns
        };
        for ((period, series), cell) in self.entries.take(|(period, _)| is_old(period)) {
            self.entries.merge_cell((period.day(), series), &cell);
        }
        self.entries.pack();
    }

    /// Drops all periods that end at `before_ns` or earlier, and says which.
    pub fn forget(&mut self, before_ns: i64) -> Vec<Period> {
        self.drop_periods(|period| period.end_ns() <= before_ns)
    }

    /// Drops the oldest periods until the history takes `size_bytes` at most, and says which.
    pub fn trim_to(&mut self, size_bytes: usize) -> Vec<Period> {
        let mut excess = self.size_bytes_max().saturating_sub(size_bytes);
        let entries = self.entries.iter().map(|((period, _), cell)| (period, cell.size_bytes()));
        let entries = sizes(entries);
        let rows = self.slowest.iter().map(|((day, _), cell)| (day, cell.size_bytes()));
        let rows: BTreeMap<Period, usize> = sizes(rows).into_iter().collect();
        let mut last = None;
        for (index, &(period, size)) in entries.iter().enumerate() {
            if excess == 0 {
                break;
            }
            let next = entries.get(index + 1).map(|(next, _)| next.day());
            let is_last_of_day = next != Some(period.day());
            let rows = rows.get(&period.day()).filter(|_| is_last_of_day).copied();
            excess = excess.saturating_sub(size + rows.unwrap_or(0));
            last = Some(period);
        }
        self.drop_periods(|period| Some(period) <= last)
    }

    /// Bytes that [`encode`](Self::encode) would append at most.
    #[must_use]
    pub fn size_bytes_max(&self) -> usize {
        let texts = self.versions.sorted().chain(self.names.sorted());
        let texts: usize = texts.map(|((one, other), _)| one.len() + other.len() + 4).sum();
        let series = self.series.len() * SERIES_SIZE_BYTES_MAX;
        let entries = self.entries.iter().map(|((period, _), cell)| (period, cell.size_bytes()));
        let slowest = self.slowest.iter().map(|((day, _), cell)| (day, cell.size_bytes()));
        let cells = sizes(entries).into_iter().chain(sizes(slowest));
        COUNTS_SIZE_BYTES_MAX + texts + series + cells.map(|(_, size)| size).sum::<usize>()
    }

    /// Bytes of memory it takes, about.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let texts = self.versions.sorted().chain(self.names.sorted());
        let texts: usize = texts.map(|((one, other), _)| one.len() + other.len() + 128).sum();
        texts + self.series.len() * 96 + self.entries.memory_bytes() + self.slowest.memory_bytes()
    }

    /// What is known of the times from `since_ns` to before `until_ns`, oldest first: a period of
    /// which a part lies in them is there with the whole. Whoever asks says so, with the
    /// [resolution](Period::resolution) of the period.
    pub fn entries(
        &self,
        since_ns: i64,
        until_ns: i64,
    ) -> impl DoubleEndedIterator<Item = HistoryEntry<'_>> {
        self.entries.iter().filter_map(move |((period, series), cell)| {
            let series = period.overlaps(since_ns, until_ns).then(|| self.series_at(series))??;
            Some(HistoryEntry { period, series, cell })
        })
    }

    /// The slowest rows of each function and day of which a part lies in the times from `since_ns`
    /// to before `until_ns`, oldest day first.
    pub fn slowest(
        &self,
        since_ns: i64,
        until_ns: i64,
    ) -> impl DoubleEndedIterator<Item = DaySlowest<'_>> {
        self.slowest.iter().filter_map(move |((day, function), cell)| {
            let is_asked = day.overlaps(since_ns, until_ns);
            let function = is_asked.then(|| self.function_at(function))??;
            Some(DaySlowest { day, function, rows: cell.value().rows().to_vec() })
        })
    }

    fn drop_periods(&mut self, is_dropped: impl Fn(Period) -> bool) -> Vec<Period> {
        let dropped = self.entries.take(|(period, _)| is_dropped(period));
        let mut dropped: Vec<Period> = dropped.into_iter().map(|((period, _), _)| period).collect();
        dropped.dedup();
        // The rows of a day go with its last period.
        let mut days: Vec<Period> =
            self.entries.iter().map(|((period, _), _)| period.day()).collect();
        days.dedup();
        self.slowest.take(|(day, _)| days.binary_search(&day).is_err());
        dropped
    }

    fn function_of(&self, series: SeriesId) -> Option<FunctionKey> {
        self.series.get(series.0).map(|key| key.function)
    }

    fn function_at(&self, key: FunctionKey) -> Option<HistoryFunction<'_>> {
        let (service, version) = self.versions.get(key.version)?;
        let (name, source) = self.names.get(key.name)?;
        Some(HistoryFunction { service, version, name, source })
    }

    fn series_at(&self, place: u32) -> Option<HistorySeries<'_>> {
        let key = self.series.get(place)?;
        let function = self.function_at(key.function)?;
        let flags = Flags::from_bits(key.flags).ok()?;
        let (weight, status_class) = (key.weight, key.status_class);
        Some(HistorySeries { function, flags, weight, status_class })
    }
}

/// Bytes of each period at most, from those of its cells in order.
fn sizes(cells: impl Iterator<Item = (Period, usize)>) -> Vec<(Period, usize)> {
    let mut sizes: Vec<(Period, usize)> = Vec::new();
    for (period, size) in cells {
        let size = size + CELL_KEY_SIZE_BYTES_MAX;
        match sizes.last_mut().filter(|(last, _)| *last == period) {
            Some((_, sum)) => *sum += size,
            None => sizes.push((period, PERIOD_SIZE_BYTES_MAX + size)),
        }
    }
    sizes
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}
