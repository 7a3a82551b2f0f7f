//! What a store asks: a database of this process, or a reader of one, and the answers as JavaScript
//! gets them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kronicler::format::fit_name;
use kronicler::query::{self, Answer, Filter, Grid, GroupBy, OutlierLimits, Periods};
use kronicler::{Database, Health, Moments, Reader, RowId, Snapshot, StoreError};
use napi::bindgen_prelude::*;

use crate::error::to_js;
use crate::groups::{Grouping, NativeGroups};
use crate::health::NativeHealth;
use crate::options::NativeShape;
use crate::outliers::NativeOutliers;
use crate::pictures::{NativeHeatmap, NativeHistogram};
use crate::rows::NativeRows;
use crate::stats::NativeStats;
use crate::why::NativeWhy;

/// Where rows come from.
#[derive(Debug)]
pub(crate) struct Source {
    origin: Origin,
    /// Whether an answer lacked rows that could not be read, and nobody has been told.
    is_partial: AtomicBool,
}

#[derive(Debug)]
pub(crate) enum Origin {
    Database(Database),
    Reader(Box<Reader>),
}

impl Source {
    pub fn new(origin: Origin) -> Arc<Self> {
        Arc::new(Self { origin, is_partial: AtomicBool::new(false) })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        match &self.origin {
            Origin::Database(database) => database.dir(),
            Origin::Reader(reader) => reader.dir(),
        }
    }

    /// Whether it only reads.
    pub const fn is_reader(&self) -> bool {
        matches!(self.origin, Origin::Reader(_))
    }

    /// Whether an answer since the last call lacked rows that could not be read.
    pub fn take_partial(&self) -> bool {
        self.is_partial.swap(false, Ordering::Relaxed)
    }

    pub fn snapshot(&self) -> Result<Snapshot> {
        let snapshot = match &self.origin {
            Origin::Database(database) => database.snapshot(),
            Origin::Reader(reader) => reader.snapshot(),
        };
        snapshot.map_err(to_js)
    }

    /// Asks a question, on a new snapshot when files were replaced meanwhile.
    pub fn ask<T>(
        &self,
        question: impl FnMut(&Snapshot) -> std::result::Result<Answer<T>, StoreError>,
    ) -> Result<Answer<T>> {
        let answer = match &self.origin {
            Origin::Database(database) => database.ask(question),
            Origin::Reader(reader) => reader.ask(question),
        };
        let answer = answer.map_err(to_js)?;
        if answer.is_partial {
            self.is_partial.store(true, Ordering::Relaxed);
        }
        Ok(answer)
    }

    pub fn moments(&self, name: &str) -> Result<Moments> {
        // Long names are stored cut, and are asked for as they were given.
        let name = &*fit_name(name);
        match &self.origin {
            Origin::Database(database) => database.moments(name).map_err(to_js),
            Origin::Reader(_) => Ok(self.ask(|snapshot| query::moments(snapshot, name))?.value),
        }
    }

    /// The database, for what a reader may not do.
    pub fn database(&self) -> Result<&Database> {
        match &self.origin {
            Origin::Database(database) => Ok(database),
            Origin::Reader(reader) => Err(Error::from_reason(format!(
                "KRONICLER_READ_ONLY: {} was opened by Database.reader(), which never writes; \
                 open it with new Database({{ dir }})",
                reader.dir().display()
            ))),
        }
    }

    pub fn health(&self) -> Result<NativeHealth> {
        let health = match &self.origin {
            Origin::Database(database) => database.health(),
            Origin::Reader(reader) => Health {
                pool: reader.pool_usage(),
                ..Health::of_snapshot(reader.dir().to_owned(), &self.snapshot()?)
            },
        };
        Ok(NativeHealth::new(health))
    }

    pub fn stats(&self, filter: &Filter) -> Result<NativeStats> {
        let stats = self.ask(|snapshot| query::stats(snapshot, filter))?;
        Ok(NativeStats::new(stats.value.iter()))
    }

    pub fn groups(&self, filter: &Filter, grouping: &Grouping) -> Result<NativeGroups> {
        let mut is_endless = false;
        let grouped = self.ask(|snapshot| {
            let by = grouping.question(snapshot, filter);
            is_endless = by.is_none();
            let by = by.unwrap_or_else(|| GroupBy::Periods(Periods::between(Vec::new())));
            query::stats_by(snapshot, filter, &by)
        })?;
        if is_endless {
            let (option, value) = ("by", "periods".to_owned());
            let remedy = "they are more than 100,000; use longer ones, or since and until";
            return Err(to_js(kronicler::Error::InvalidOption { option, value, remedy }));
        }
        Ok(NativeGroups::new(&grouped.value))
    }

    pub fn outliers(&self, filter: &Filter) -> Result<NativeOutliers> {
        let limits = OutlierLimits::default();
        let found = self.ask(|snapshot| query::outliers(snapshot, filter, limits))?;
        Ok(NativeOutliers::new(&found.value))
    }

    pub fn histogram(&self, filter: &Filter, bins: u32, edges: &[f64]) -> Result<NativeHistogram> {
        let edges: Vec<u64> = edges.iter().map(|&edge| whole(edge)).collect();
        let found = self.ask(|snapshot| {
            if edges.is_empty() {
                query::histogram(snapshot, filter, bins as usize)
            } else {
                query::exact_histogram(snapshot, filter, &edges)
            }
        })?;
        Ok(NativeHistogram::new(&found.value))
    }

    pub fn heatmap(&self, filter: &Filter, shape: &NativeShape) -> Result<NativeHeatmap> {
        let found = self.ask(|snapshot| {
            let rows =
                query::ends(snapshot, &Filter { since_ns: None, until_ns: None, ..filter.clone() });
            let since_ns = filter.since_ns.or(rows.map(|(first, _)| first));
            let until_ns = filter.until_ns.or(rows.map(|(_, last)| last.saturating_add(1)));
            let range = since_ns.zip(until_ns).filter(|(since, until)| since < until);
            let periods = range.map_or_else(
                || Periods::between(Vec::new()),
                |(since, until)| Periods::over(since, until, shape.columns as usize),
            );
            let (bin_count, quantiles) = (shape.bins as usize, shape.quantiles.clone());
            query::heatmap(snapshot, filter, &Grid { periods, bin_count, quantiles })
        })?;
        Ok(NativeHeatmap::new(&found.value))
    }

    pub fn why(&self, id: RowId) -> Result<Option<NativeWhy>> {
        let found = self.ask(|snapshot| {
            let row = query::fetch_batch(snapshot, id)?;
            Ok(query::why(snapshot, id)?.map(|why| why.found().zip(row.value.found())))
        })?;
        let is_partial = found.is_partial;
        Ok(found.value.map(|(why, row)| {
            let call = Answer { value: row, is_partial, is_stale: false };
            NativeWhy::new(&why, NativeRows::new(&call))
        }))
    }

    #[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
    pub fn percentiles(&self, filter: &Filter, qs: &[f64], exact: bool) -> Result<Vec<f64>> {
        let answer = self.ask(|snapshot| {
            if exact {
                query::exact_percentiles(snapshot, filter, qs)
            } else {
                query::percentiles(snapshot, filter, qs)
            }
        });
        let values = answer?.value.unwrap_or_default();
        Ok(values.into_iter().map(|value| value as f64).collect())
    }

    pub fn slowest(&self, filter: &Filter, limit: u32) -> Result<NativeRows> {
        let rows = self.ask(|snapshot| {
            let rows = query::slowest(snapshot, filter, limit as usize)?;
            query::with_details(snapshot, rows)
        })?;
        Ok(NativeRows::new(&rows))
    }

    pub fn newest(&self, filter: &Filter, limit: u32) -> Result<NativeRows> {
        let rows = self.ask(|snapshot| query::newest(snapshot, filter, limit as usize))?;
        Ok(NativeRows::new(&rows))
    }

    /// Waits until all that was captured before survives a power cut.
    pub fn flush(&self) -> Result<()> {
        self.database()?.flush().map_err(to_js)
    }

    /// Forgets all rows.
    pub fn clear(&self) -> Result<()> {
        self.database()?.clear().map_err(to_js)
    }

    /// A reader keeps nothing open, so there is nothing to close.
    pub fn close(&self) -> Result<()> {
        match &self.origin {
            Origin::Database(database) => database.close().map_err(to_js),
            Origin::Reader(_) => Ok(()),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the facade has checked that it is not negative; the cast saturates"
)]
pub(crate) const fn whole(number: f64) -> u64 {
    number as u64
}
