//! Names and series of a lane, by id and by value.

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_format::limits::{NAME_COUNT_MAX, OTHER_NAME};
use kronicler_format::{FormatError, NameEntry, NamesFrame, SeriesEntry, fit_name};

/// A name and where its function was wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: Arc<str>,
    /// `file:line`, or empty when it is not known.
    pub source: Arc<str>,
}

/// Names and series of a lane. Ids are dense and never change.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    names: Vec<Name>,
    series: Vec<SeriesEntry>,
    name_ids: HashMap<Arc<str>, u32>,
    series_ids: HashMap<SeriesEntry, u32>,
    series_of_name: Vec<Vec<u32>>,
}

impl Dictionary {
    /// All names, by id.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Whether no two ids have the same name, which only a forged log can have.
    #[must_use]
    pub fn is_injective(&self) -> bool {
        self.names.len() == self.name_ids.len()
    }

    /// All series, by id.
    #[must_use]
    pub fn series(&self) -> &[SeriesEntry] {
        &self.series
    }

    /// The name of a series.
    #[must_use]
    pub fn name_of(&self, series: u32) -> Option<&Name> {
        let entry = self.series.get(series as usize)?;
        self.names.get(entry.name as usize)
    }

    /// The series of a name, none when nothing was called so.
    #[must_use]
    pub fn series_of(&self, name: &str) -> &[u32] {
        let id = self.name_ids.get(name).map(|&id| id as usize);
        id.and_then(|id| self.series_of_name.get(id)).map_or(&[], Vec::as_slice)
    }

    /// How many calls a row of a series stands for; 1 of one that is not known.
    #[must_use]
    pub fn weight_of(&self, series: u32) -> u64 {
        self.series.get(series as usize).map_or(1, |entry| u64::from(entry.weight))
    }

    /// The series of a name with these properties, made if need be.
    ///
    /// A name that finds no place counts under [`OTHER_NAME`].
    pub fn intern(&mut self, name: &str, source: &str, entry: SeriesEntry) -> u32 {
        let name = self.intern_name(name, source);
        self.intern_series(SeriesEntry { name, ..entry })
    }

    /// The names and series from these ids on, as a frame that holds at most about 512 KiB.
    #[must_use]
    pub fn frame_from(&self, first_name: u32, first_series: u32) -> NamesFrame<'_> {
        let mut size = 0;
        let names = self.names.get(first_name as usize..).unwrap_or_default().iter();
        let names = names.take_while(|name| {
            size += name.name.len() + name.source.len() + 6;
            size <= 1 << 19
        });
        let names: Vec<_> =
            names.map(|name| NameEntry { name: &name.name, source: &name.source }).collect();
        let known = first_name as usize + names.len();
        let series = self.series.get(first_series as usize..).unwrap_or_default().iter();
        let series = series.take_while(|entry| (entry.name as usize) < known).take(16_384);
        NamesFrame { first_name, names, first_series, series: series.copied().collect() }
    }

    /// Takes over what a NAMES frame adds; what is known already is passed over.
    ///
    /// # Errors
    /// When the frame does not fit on what is here: one before it is missing.
    pub fn absorb(&mut self, frame: &NamesFrame<'_>) -> Result<(), FormatError> {
        fits("first name of a names frame", frame.first_name, self.names.len())?;
        fits("first series of a names frame", frame.first_series, self.series.len())?;
        let name_count = self.names.len().max(frame.first_name as usize + frame.names.len());
        for entry in &frame.series {
            fits("name of a series", entry.name.saturating_add(1), name_count)?;
        }
        let known = self.names.len() - frame.first_name as usize;
        for entry in frame.names.iter().skip(known) {
            self.push_name(entry.name, entry.source);
        }
        let known = self.series.len() - frame.first_series as usize;
        for entry in frame.series.iter().skip(known) {
            self.push_series(*entry);
        }
        Ok(())
    }

    fn intern_name(&mut self, name: &str, source: &str) -> u32 {
        let name = fit_name(name);
        if let Some(&id) = self.name_ids.get(name.as_ref()) {
            return id;
        }
        // The last place is kept for the name under which all further ones count.
        let has_place = self.names.len() + 1 < NAME_COUNT_MAX as usize;
        if has_place || name == OTHER_NAME {
            return self.push_name(&name, &fit_name(source));
        }
        self.intern_name(OTHER_NAME, "")
    }

    fn intern_series(&mut self, entry: SeriesEntry) -> u32 {
        let known = self.series_ids.get(&entry).copied();
        known.unwrap_or_else(|| self.push_series(entry))
    }

    fn push_name(&mut self, name: &str, source: &str) -> u32 {
        let id = dense_id(self.names.len());
        let name: Arc<str> = name.into();
        self.name_ids.entry(Arc::clone(&name)).or_insert(id);
        self.names.push(Name { name, source: source.into() });
        self.series_of_name.push(Vec::new());
        id
    }

    fn push_series(&mut self, entry: SeriesEntry) -> u32 {
        let id = dense_id(self.series.len());
        self.series_ids.entry(entry).or_insert(id);
        self.series.push(entry);
        if let Some(series) = self.series_of_name.get_mut(entry.name as usize) {
            series.push(id);
        }
        id
    }
}

fn fits(what: &'static str, found: u32, limit: usize) -> Result<(), FormatError> {
    if found as usize <= limit {
        return Ok(());
    }
    Err(FormatError::OutOfRange { what, found: u64::from(found), limit: limit as u64 })
}

/// Ids are 32 bits; the limits of the format keep them far below that.
fn dense_id(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kronicler_format::{Flags, Kind, Outcome};

    fn entry(outcome: Outcome) -> SeriesEntry {
        SeriesEntry { name: 0, flags: Flags::new(outcome, Kind::Sync), weight: 1, status_class: 0 }
    }

    #[test]
    fn frames_rebuild_the_dictionary_in_any_overlap() {
        // Promise: a reader that has seen a part, or all, of the names ends with the same ids.
        let mut written = Dictionary::default();
        for name in ["a", "b", "a", "c"] {
            written.intern(name, "x.js:1", entry(Outcome::Ok));
            written.intern(name, "y.js:2", entry(Outcome::Error));
        }
        let mut read = Dictionary::default();
        assert!(read.absorb(&written.frame_from(1, 0)).is_err(), "a missing frame is noticed");
        read.absorb(&written.frame_from(0, 0)).unwrap();
        read.absorb(&written.frame_from(1, 2)).unwrap();
        assert_eq!((read.names(), read.series()), (written.names(), written.series()));
        assert_eq!(read.series_of("a"), [0, 1]);
        assert_eq!(read.name_of(5).map(|name| &*name.name), Some("c"));
    }

    #[test]
    fn names_beyond_the_limit_count_under_other() {
        // Promise: the dictionary is bounded, and no call goes uncounted for want of a name.
        let mut dictionary = Dictionary::default();
        for index in 0..NAME_COUNT_MAX + 5 {
            dictionary.intern(&format!("f{index}"), "", entry(Outcome::Ok));
        }
        assert_eq!(dictionary.names().len(), NAME_COUNT_MAX as usize);
        assert_eq!(dictionary.series_of(OTHER_NAME).len(), 1);
    }
}
