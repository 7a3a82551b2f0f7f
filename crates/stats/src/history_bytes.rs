//! A history as it is stored.
//!
//! ```text
//! count, versions x (service, version)
//! count, names x (name, source)
//! count, series x (version, name, flags u8, weight, status_class u8)
//! count, periods x (first hour (signed gap), resolution u8, count, entries)
//!                  entries x (series (gap), length, moments and sketch)
//! count, days x (first hour (signed gap), count, functions)
//!                functions x (version, name, length, slowest rows)
//! ```
//!
//! All but the marked bytes are varints, a text is its length and UTF-8. Everything stands in
//! ascending order without repetition, and tables hold just what is used: so the same history has
//! the same bytes, however it was put together. Gaps lead from the one before, at first from 0.

use kronicler_format::limits::{LABEL_SIZE_BYTES_MAX, NAME_SIZE_BYTES_MAX, SEQ_BITS};
use kronicler_format::varint::{Cursor, put_bytes, put_i64, put_u64};
use kronicler_format::{Flags, FormatError};

use crate::distribution::Distribution;
use crate::history::History;
use crate::history_cells::{Cell, SlowestOfDay};
use crate::history_key::{FunctionKey, Period, Resolution, SeriesKey, Table, Texts};

/// Bytes of a stored history at most. Bounds what a damaged length can make a reader allocate.
pub const HISTORY_SIZE_BYTES_MAX: usize = 128 << 20;

/// Entries of a stored history at most, and as many versions, names, series and functions of days.
pub const HISTORY_ENTRY_COUNT_MAX: usize = ENTRY_COUNT_MAX as usize;

/// Bytes of a cell at most: a sketch has 2,522 buckets of up to 10 bytes each.
const CELL_SIZE_BYTES_MAX: usize = 1 << 15;

const ENTRY_COUNT_MAX: u32 = 1 << 21;

const WHAT: &str = "history";
const INCONSISTENT: FormatError = FormatError::Inconsistent { what: WHAT };

impl History {
    /// Appends the bytes from which [`decode`](Self::decode) makes the same history.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let new = NewPlaces::of(self);
        put_texts(out, &self.versions, &new.versions);
        put_texts(out, &self.names, &new.names);
        put_u64(out, new.sorted_series.len() as u64);
        for key in &new.sorted_series {
            put_function(out, key.function);
            out.push(key.flags);
            put_u64(out, u64::from(key.weight));
            out.push(key.status_class);
        }
        let mut entries: Vec<((Period, u32), &Cell<Distribution>)> = Vec::new();
        for ((period, series), cell) in self.entries.iter() {
            let series = new.series.get(series as usize).copied().flatten();
            entries.extend(series.map(|series| ((period, series), cell)));
        }
        put_entries(out, entries);
        let mut rows: Vec<((Period, FunctionKey), &Cell<SlowestOfDay>)> = Vec::new();
        for ((day, function), cell) in self.slowest.iter() {
            rows.extend(new.function(function).map(|function| ((day, function), cell)));
        }
        put_days(out, rows);
    }

    /// Reads a history that takes all of `bytes`.
    ///
    /// # Errors
    /// When the bytes are too many or end too early, a number is outside of its limits, something
    /// does not stand in its order, or values contradict themselves.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > HISTORY_SIZE_BYTES_MAX {
            let (found, limit) = (bytes.len() as u64, HISTORY_SIZE_BYTES_MAX as u64);
            return Err(FormatError::OutOfRange { what: WHAT, found, limit });
        }
        let mut cursor = Cursor::new(WHAT, bytes);
        let mut history = Self::new();
        history.versions = read_texts(&mut cursor, LABEL_SIZE_BYTES_MAX)?;
        history.names = read_texts(&mut cursor, NAME_SIZE_BYTES_MAX)?;
        read_series(&mut cursor, &mut history)?;
        read_entries(&mut cursor, &mut history)?;
        read_days(&mut cursor, &mut history)?;
        if cursor.is_empty() { Ok(history) } else { Err(INCONSISTENT) }
    }
}

/// Where what is used of a history's tables stands when they are sorted.
struct NewPlaces {
    versions: Vec<Option<u32>>,
    names: Vec<Option<u32>>,
    series: Vec<Option<u32>>,
    sorted_series: Vec<SeriesKey>,
}

impl NewPlaces {
    fn of(history: &History) -> Self {
        let mut is_used = vec![false; history.series.len()];
        for ((_, series), _) in history.entries.iter() {
            is_used.get_mut(series as usize).into_iter().for_each(|used| *used = true);
        }
        let (mut versions, mut names) =
            (vec![false; history.versions.len()], vec![false; history.names.len()]);
        let series = history.series.sorted().filter(|(_, place)| is_used[*place as usize]);
        let series: Vec<(SeriesKey, u32)> = series.map(|(key, place)| (*key, place)).collect();
        let of_series = series.iter().map(|(key, _)| key.function);
        for function in of_series.chain(history.slowest.iter().map(|((_, key), _)| key)) {
            versions.get_mut(function.version as usize).into_iter().for_each(|used| *used = true);
            names.get_mut(function.name as usize).into_iter().for_each(|used| *used = true);
        }
        let mut new = Self {
            versions: numbered(&history.versions, &versions),
            names: numbered(&history.names, &names),
            series: vec![None; is_used.len()],
            sorted_series: Vec::new(),
        };
        let renamed = series.into_iter().filter_map(|(key, place)| {
            Some((SeriesKey { function: new.function(key.function)?, ..key }, place))
        });
        let mut renamed: Vec<(SeriesKey, u32)> = renamed.collect();
        renamed.sort_unstable();
        for ((key, place), number) in renamed.into_iter().zip(0..) {
            new.series[place as usize] = Some(number);
            new.sorted_series.push(key);
        }
        new
    }

    fn function(&self, key: FunctionKey) -> Option<FunctionKey> {
        let version = self.versions.get(key.version as usize).copied().flatten()?;
        let name = self.names.get(key.name as usize).copied().flatten()?;
        Some(FunctionKey { version, name })
    }
}

/// New places, in the order of the values, for those that are used.
fn numbered<T: Ord>(table: &Table<T>, is_used: &[bool]) -> Vec<Option<u32>> {
    let mut new = vec![None; is_used.len()];
    let used = table.sorted().filter(|(_, place)| is_used[*place as usize]);
    for ((_, place), number) in used.zip(0..) {
        new[place as usize] = Some(number);
    }
    new
}

fn put_texts(out: &mut Vec<u8>, table: &Table<Texts>, new: &[Option<u32>]) {
    put_u64(out, new.iter().flatten().count() as u64);
    for ((one, other), _) in table.sorted().filter(|(_, place)| new[*place as usize].is_some()) {
        put_bytes(out, one.as_bytes());
        put_bytes(out, other.as_bytes());
    }
}

fn put_function(out: &mut Vec<u8>, key: FunctionKey) {
    put_u64(out, u64::from(key.version));
    put_u64(out, u64::from(key.name));
}

fn put_entries(out: &mut Vec<u8>, mut entries: Vec<((Period, u32), &Cell<Distribution>)>) {
    entries.sort_unstable_by_key(|(key, _)| *key);
    let periods = entries.chunk_by(|(left, _), (right, _)| left.0 == right.0);
    put_u64(out, periods.clone().count() as u64);
    let mut hour = 0;
    for entries in periods {
        let period = entries[0].0.0;
        put_i64(out, period.first_hour() - hour);
        hour = period.first_hour();
        out.push(u8::from(period.resolution() == Resolution::Hour));
        put_u64(out, entries.len() as u64);
        let mut before = 0;
        for ((_, series), cell) in entries {
            put_u64(out, u64::from(series - before));
            before = *series;
            cell.encode(out);
        }
    }
}

fn put_days(out: &mut Vec<u8>, mut rows: Vec<((Period, FunctionKey), &Cell<SlowestOfDay>)>) {
    rows.sort_unstable_by_key(|(key, _)| *key);
    let days = rows.chunk_by(|(left, _), (right, _)| left.0 == right.0);
    put_u64(out, days.clone().count() as u64);
    let mut hour = 0;
    for functions in days {
        let day = functions[0].0.0;
        put_i64(out, day.first_hour() - hour);
        hour = day.first_hour();
        put_u64(out, functions.len() as u64);
        for ((_, function), cell) in functions {
            put_function(out, *function);
            cell.encode(out);
        }
    }
}

fn read_texts(cursor: &mut Cursor<'_>, limit: usize) -> Result<Table<Texts>, FormatError> {
    let mut table = Table::new();
    for place in 0..cursor.u32_at_most(ENTRY_COUNT_MAX)? {
        let texts = (read_text(cursor, limit)?, read_text(cursor, limit)?);
        let before = place.checked_sub(1).and_then(|before| table.get(before));
        if before.is_some_and(|before| *before >= texts) {
            return Err(INCONSISTENT);
        }
        table.place(texts);
    }
    Ok(table)
}

fn read_text(cursor: &mut Cursor<'_>, limit: usize) -> Result<String, FormatError> {
    let text = std::str::from_utf8(cursor.bytes(limit)?);
    text.map(str::to_owned).map_err(|_| FormatError::Inconsistent { what: "text of a history" })
}

fn read_function(cursor: &mut Cursor<'_>, history: &History) -> Result<FunctionKey, FormatError> {
    let version = read_place(cursor, &history.versions)?;
    Ok(FunctionKey { version, name: read_place(cursor, &history.names)? })
}

fn read_place<T: Ord>(cursor: &mut Cursor<'_>, table: &Table<T>) -> Result<u32, FormatError> {
    let place = cursor.u32_at_most(ENTRY_COUNT_MAX)?;
    table.get(place).map(|_| place).ok_or(INCONSISTENT)
}

fn read_series(cursor: &mut Cursor<'_>, history: &mut History) -> Result<(), FormatError> {
    let mut before = None;
    for _ in 0..cursor.u32_at_most(ENTRY_COUNT_MAX)? {
        let key = SeriesKey {
            function: read_function(cursor, history)?,
            flags: Flags::from_bits(cursor.u8()?)?.bits(),
            weight: cursor.u32_at_most(u32::MAX)?,
            status_class: cursor.u8()?,
        };
        if before.is_some_and(|before| before >= key) {
            return Err(INCONSISTENT);
        }
        before = Some(key);
        history.series.place(key);
    }
    Ok(())
}

fn read_entries(cursor: &mut Cursor<'_>, history: &mut History) -> Result<(), FormatError> {
    let mut hour = 0;
    for _ in 0..cursor.u32_at_most(ENTRY_COUNT_MAX)? {
        hour = hour_behind(cursor, hour)?;
        let resolution = match cursor.u8()? {
            0 => Resolution::Day,
            1 => Resolution::Hour,
            other => {
                let found = u64::from(other);
                return Err(FormatError::OutOfRange { what: WHAT, found, limit: 1 });
            }
        };
        let period = Period::from_stored(hour, resolution).ok_or(INCONSISTENT)?;
        let mut series = 0;
        for _ in 0..read_count(cursor, history.entries.len())? {
            let left = u32::try_from(history.series.len()).unwrap_or(0).checked_sub(series + 1);
            series += cursor.u32_at_most(left.ok_or(INCONSISTENT)?)?;
            let bytes = cursor.bytes(CELL_SIZE_BYTES_MAX)?;
            check_distribution(bytes)?;
            if !history.entries.push_packed((period, series), bytes) {
                return Err(INCONSISTENT);
            }
        }
    }
    Ok(())
}

fn read_days(cursor: &mut Cursor<'_>, history: &mut History) -> Result<(), FormatError> {
    let mut hour = 0;
    for _ in 0..cursor.u32_at_most(ENTRY_COUNT_MAX)? {
        hour = hour_behind(cursor, hour)?;
        let day = Period::from_stored(hour, Resolution::Day).ok_or(INCONSISTENT)?;
        for _ in 0..read_count(cursor, history.slowest.len())? {
            let function = read_function(cursor, history)?;
            let bytes = cursor.bytes(CELL_SIZE_BYTES_MAX)?;
            check_rows(bytes, day)?;
            if !history.slowest.push_packed((day, function), bytes) {
                return Err(INCONSISTENT);
            }
        }
    }
    Ok(())
}

fn hour_behind(cursor: &mut Cursor<'_>, hour: i64) -> Result<i64, FormatError> {
    hour.checked_add(cursor.i64()?).ok_or(INCONSISTENT)
}

/// The count of cells of a period, from 1 to as many as there can still be.
fn read_count(cursor: &mut Cursor<'_>, before: usize) -> Result<usize, FormatError> {
    let count = cursor.usize_at_most(HISTORY_ENTRY_COUNT_MAX.saturating_sub(before))?;
    if count == 0 { Err(INCONSISTENT) } else { Ok(count) }
}

fn check_distribution(bytes: &[u8]) -> Result<(), FormatError> {
    let mut cursor = Cursor::new("history entry", bytes);
    let value = Distribution::decode(&mut cursor)?;
    // A lane has no more rows, and counts of all entries can be added.
    let is_good = (1..=1 << SEQ_BITS).contains(&value.moments.count()) && cursor.is_empty();
    if is_good { Ok(()) } else { Err(FormatError::Inconsistent { what: "history entry" }) }
}

fn check_rows(bytes: &[u8], day: Period) -> Result<(), FormatError> {
    let mut cursor = Cursor::new("history rows", bytes);
    let value = SlowestOfDay::decode(&mut cursor)?;
    let is_of_day = value.rows().iter().all(|row| Period::hour_of(row.end_ns).day() == day);
    let is_good = is_of_day && !value.rows().is_empty() && cursor.is_empty();
    if is_good { Ok(()) } else { Err(FormatError::Inconsistent { what: "history rows" }) }
}
