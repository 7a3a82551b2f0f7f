//! A database, or a reader of one, in the hands of JavaScript.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kronicler::format::fit_name;
use kronicler::query::{self, Answer, Filter, Grid, GroupBy, OutlierLimits, Periods};
use kronicler::{Database, Health, Moments, Reader, RowId, SiteForm, Snapshot, StoreError};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::to_js;
use crate::groups::{Grouping, NativeGroups};
use crate::health::NativeHealth;
use crate::options::{NativeFilter, NativeShape};
use crate::outliers::NativeOutliers;
use crate::pictures::{NativeHeatmap, NativeHistogram};
use crate::rows::NativeRows;
use crate::stats::NativeStats;
use crate::stream::NativeRowStream;
use crate::why::NativeWhy;
use crate::work::Work;

/// Databases by id, for the threads that capture into them.
static DATABASES: Mutex<Option<HashMap<u32, Database>>> = Mutex::new(None);

/// The database with this id. The default one, whose id is 0, is always there.
pub(crate) fn database_by_id(id: u32) -> Option<Database> {
    if id == 0 {
        return Some(Database::default_database());
    }
    let databases = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
    databases.as_ref().and_then(|databases| databases.get(&id).cloned())
}

/// Where rows come from.
#[derive(Debug)]
struct Source {
    origin: Origin,
    /// Whether an answer lacked rows that could not be read, and nobody has been told.
    is_partial: AtomicBool,
}

#[derive(Debug)]
enum Origin {
    Database(Database),
    Reader(Box<Reader>),
}

impl Source {
    fn new(origin: Origin) -> Arc<Self> {
        Arc::new(Self { origin, is_partial: AtomicBool::new(false) })
    }

    fn snapshot(&self) -> Result<Snapshot> {
        let snapshot = match &self.origin {
            Origin::Database(database) => database.snapshot(),
            Origin::Reader(reader) => reader.snapshot(),
        };
        snapshot.map_err(to_js)
    }

    /// Asks a question, on a new snapshot when files were replaced meanwhile.
    fn ask<T>(
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

    fn moments(&self, name: &str) -> Result<Moments> {
        // Long names are stored cut, and are asked for as they were given.
        let name = &*fit_name(name);
        match &self.origin {
            Origin::Database(database) => database.moments(name).map_err(to_js),
            Origin::Reader(_) => Ok(self.ask(|snapshot| query::moments(snapshot, name))?.value),
        }
    }

    /// The database, for what a reader may not do.
    fn database(&self) -> Result<&Database> {
        match &self.origin {
            Origin::Database(database) => Ok(database),
            Origin::Reader(reader) => Err(Error::from_reason(format!(
                "KRONICLER_READ_ONLY: {} was opened by Database.reader(), which never writes; \
                 open it with new Database({{ dir }})",
                reader.dir().display()
            ))),
        }
    }

    fn health(&self) -> Result<NativeHealth> {
        let health = match &self.origin {
            Origin::Database(database) => database.health(),
            Origin::Reader(reader) => Health {
                pool: reader.pool_usage(),
                ..Health::of_snapshot(reader.dir().to_owned(), &self.snapshot()?)
            },
        };
        Ok(NativeHealth::new(health))
    }

    fn stats(&self, filter: &Filter) -> Result<NativeStats> {
        let stats = self.ask(|snapshot| query::stats(snapshot, filter))?;
        Ok(NativeStats::new(stats.value.iter()))
    }

    fn groups(&self, filter: &Filter, grouping: &Grouping) -> Result<NativeGroups> {
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

    fn outliers(&self, filter: &Filter) -> Result<NativeOutliers> {
        let limits = OutlierLimits::default();
        let found = self.ask(|snapshot| query::outliers(snapshot, filter, limits))?;
        Ok(NativeOutliers::new(&found.value))
    }

    fn histogram(&self, filter: &Filter, bins: u32, edges: &[f64]) -> Result<NativeHistogram> {
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

    fn heatmap(&self, filter: &Filter, shape: &NativeShape) -> Result<NativeHeatmap> {
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

    fn why(&self, id: RowId) -> Result<Option<NativeWhy>> {
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
    fn percentiles(&self, filter: &Filter, qs: &[f64], exact: bool) -> Result<Vec<f64>> {
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

    fn slowest(&self, filter: &Filter, limit: u32) -> Result<NativeRows> {
        let rows = self.ask(|snapshot| {
            let rows = query::slowest(snapshot, filter, limit as usize)?;
            query::with_details(snapshot, rows)
        })?;
        Ok(NativeRows::new(&rows))
    }

    fn newest(&self, filter: &Filter, limit: u32) -> Result<NativeRows> {
        let rows = self.ask(|snapshot| query::newest(snapshot, filter, limit as usize))?;
        Ok(NativeRows::new(&rows))
    }
}

/// A database, or a reader of one.
#[napi]
#[derive(Clone)]
pub struct NativeStore {
    source: Arc<Source>,
}

impl NativeStore {
    pub(crate) fn new(database: Database) -> Self {
        if database.id() != 0 {
            let mut databases = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
            databases.get_or_insert_default().insert(database.id(), database.clone());
        }
        Self { source: Source::new(Origin::Database(database)) }
    }

    pub(crate) fn reader(dir: &str) -> Result<Self> {
        let reader = Reader::open(Path::new(dir)).map_err(to_js)?;
        Ok(Self { source: Source::new(Origin::Reader(Box::new(reader))) })
    }

    fn promise<T: Send + ToNapiValue + TypeName + 'static>(
        &self,
        ask: impl FnOnce(&Source) -> Result<T> + Send + 'static,
    ) -> AsyncTask<Work<T>> {
        let source = Arc::clone(&self.source);
        Work::promise(move || ask(&source))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the facade has checked that it lies between 0 and 2^53"
)]
fn row_id(id: f64) -> RowId {
    RowId::from_number(id as u64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the facade has checked that it is not negative; the cast saturates"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

fn flush(source: &Source) -> Result<()> {
    source.database()?.flush().map_err(to_js)
}

fn clear(source: &Source) -> Result<()> {
    source.database()?.clear().map_err(to_js)
}

/// A reader keeps nothing open, so there is nothing to close.
fn close(source: &Source) -> Result<()> {
    match &source.origin {
        Origin::Database(database) => database.close().map_err(to_js),
        Origin::Reader(_) => Ok(()),
    }
}

#[napi]
impl NativeStore {
    /// Tells databases of this process apart; 0 is the default one.
    #[napi(getter, catch_unwind)]
    pub fn id(&self) -> u32 {
        self.source.database().map_or(u32::MAX, Database::id)
    }

    /// The directory.
    #[napi(getter, catch_unwind)]
    pub fn dir(&self) -> String {
        match &self.source.origin {
            Origin::Database(database) => database.dir().display().to_string(),
            Origin::Reader(reader) => reader.dir().display().to_string(),
        }
    }

    /// Whether it only reads.
    #[napi(getter, catch_unwind)]
    pub fn is_reader(&self) -> bool {
        matches!(self.source.origin, Origin::Reader(_))
    }

    /// The number that records carry instead of a name. Each of them stands for `weight` calls,
    /// and, if it is one of http, has a status that begins with `status_class`. A call is slow
    /// above `slow_ms`; without it the slowest hundredth is.
    #[napi(catch_unwind)]
    pub fn site(
        &self,
        name: String,
        source: String,
        is_chosen: bool,
        weight: u32,
        status_class: u8,
        slow_ms: Option<f64>,
    ) -> Result<u32> {
        let slow_ns = slow_ms.map(|slow_ms| whole(slow_ms * 1e6));
        let form = SiteForm { weight, status_class, slow_ns };
        Ok(self.source.database()?.site_of_form(&name, &source, is_chosen, form))
    }

    /// Whether an answer since the last call lacked rows that could not be read.
    #[napi(catch_unwind)]
    pub fn take_partial(&self) -> bool {
        self.source.is_partial.swap(false, Ordering::Relaxed)
    }

    /// Mean duration in nanoseconds; null when there was no such call.
    #[napi(catch_unwind)]
    pub fn average(&self, name: String) -> Result<Option<f64>> {
        Ok(self.source.moments(&name)?.mean())
    }

    /// Names of all functions that have rows.
    #[napi(catch_unwind)]
    pub fn function_names(&self) -> Result<Vec<String>> {
        let names = self.source.ask(query::function_names)?.value;
        Ok(names.iter().map(|name| name.name.to_string()).collect())
    }

    /// Whether there is a row of this name.
    #[napi(catch_unwind)]
    pub fn has(&self, name: String) -> Result<bool> {
        Ok(!self.source.moments(&name)?.is_empty())
    }

    /// The row with this id, as none or one row.
    #[napi(catch_unwind)]
    pub fn fetch(&self, id: f64) -> Result<NativeRows> {
        let id = row_id(id);
        let rows = self.source.ask(|snapshot| query::fetch_batch(snapshot, id))?;
        Ok(NativeRows::new(&rows.map(|fetched| fetched.found().unwrap_or_default())))
    }

    /// Where every call that was seen has gone.
    #[napi(catch_unwind)]
    pub fn health(&self) -> Result<NativeHealth> {
        self.source.health()
    }

    /// Statistics by function.
    #[napi(catch_unwind)]
    pub fn stats(&self, filter: NativeFilter) -> Result<AsyncTask<Work<NativeStats>>> {
        let filter = filter.parse()?;
        Ok(self.promise(move |source| source.stats(&filter)))
    }

    /// As `stats`, on this thread.
    #[napi(catch_unwind)]
    pub fn stats_sync(&self, filter: NativeFilter) -> Result<NativeStats> {
        self.source.stats(&filter.parse()?)
    }

    /// Statistics by function and group: `version`, `instance`, `outcome`, `kind`, `status`,
    /// `thread`, or periods of so many milliseconds.
    #[napi(catch_unwind)]
    pub fn groups(
        &self,
        filter: NativeFilter,
        by: String,
    ) -> Result<AsyncTask<Work<NativeGroups>>> {
        let (filter, by) = (filter.parse()?, Grouping::parse(&by)?);
        Ok(self.promise(move |source| source.groups(&filter, &by)))
    }

    /// As `groups`, on this thread.
    #[napi(catch_unwind)]
    pub fn groups_sync(&self, filter: NativeFilter, by: String) -> Result<NativeGroups> {
        self.source.groups(&filter.parse()?, &Grouping::parse(&by)?)
    }

    /// Functions whose slow calls are far from their usual ones, the farthest first.
    #[napi(catch_unwind)]
    pub fn outliers(&self, filter: NativeFilter) -> Result<AsyncTask<Work<NativeOutliers>>> {
        let filter = filter.parse()?;
        Ok(self.promise(move |source| source.outliers(&filter)))
    }

    /// As `outliers`, on this thread.
    #[napi(catch_unwind)]
    pub fn outliers_sync(&self, filter: NativeFilter) -> Result<NativeOutliers> {
        self.source.outliers(&filter.parse()?)
    }

    /// How durations are spread, in at most `bins` bins, or between `edges` if there are any.
    #[napi(catch_unwind)]
    pub fn histogram(
        &self,
        filter: NativeFilter,
        bins: u32,
        edges: Vec<f64>,
    ) -> Result<AsyncTask<Work<NativeHistogram>>> {
        let filter = filter.parse()?;
        Ok(self.promise(move |source| source.histogram(&filter, bins, &edges)))
    }

    /// As `histogram`, on this thread.
    #[napi(catch_unwind)]
    pub fn histogram_sync(
        &self,
        filter: NativeFilter,
        bins: u32,
        edges: Vec<f64>,
    ) -> Result<NativeHistogram> {
        self.source.histogram(&filter.parse()?, bins, &edges)
    }

    /// Calls by time and duration.
    #[napi(catch_unwind)]
    pub fn heatmap(
        &self,
        filter: NativeFilter,
        shape: NativeShape,
    ) -> Result<AsyncTask<Work<NativeHeatmap>>> {
        let filter = filter.parse()?;
        Ok(self.promise(move |source| source.heatmap(&filter, &shape)))
    }

    /// As `heatmap`, on this thread.
    #[napi(catch_unwind)]
    pub fn heatmap_sync(&self, filter: NativeFilter, shape: NativeShape) -> Result<NativeHeatmap> {
        self.source.heatmap(&filter.parse()?, &shape)
    }

    /// Why a call took as long as it did; null when there is no row with this id.
    #[napi(catch_unwind)]
    pub fn why(&self, id: f64) -> AsyncTask<Work<Option<NativeWhy>>> {
        self.promise(move |source| source.why(row_id(id)))
    }

    /// As `why`, on this thread.
    #[napi(catch_unwind)]
    pub fn why_sync(&self, id: f64) -> Result<Option<NativeWhy>> {
        self.source.why(row_id(id))
    }

    /// Nearest-rank percentiles; none when there is no row.
    #[napi(catch_unwind)]
    pub fn percentiles(
        &self,
        filter: NativeFilter,
        qs: Vec<f64>,
        exact: bool,
    ) -> Result<AsyncTask<Work<Vec<f64>>>> {
        let filter = filter.parse()?;
        Ok(self.promise(move |source| source.percentiles(&filter, &qs, exact)))
    }

    /// As `percentiles`, on this thread.
    #[napi(catch_unwind)]
    pub fn percentiles_sync(
        &self,
        filter: NativeFilter,
        qs: Vec<f64>,
        exact: bool,
    ) -> Result<Vec<f64>> {
        self.source.percentiles(&filter.parse()?, &qs, exact)
    }

    /// The slowest rows, slowest first.
    #[napi(catch_unwind)]
    pub fn slowest(&self, filter: NativeFilter, limit: u32) -> Result<AsyncTask<Work<NativeRows>>> {
        let filter = filter.parse()?;
        Ok(self.promise(move |source| source.slowest(&filter, limit)))
    }

    /// As `slowest`, on this thread.
    #[napi(catch_unwind)]
    pub fn slowest_sync(&self, filter: NativeFilter, limit: u32) -> Result<NativeRows> {
        self.source.slowest(&filter.parse()?, limit)
    }

    /// The newest rows, newest first.
    #[napi(catch_unwind)]
    pub fn newest(&self, filter: NativeFilter, limit: u32) -> Result<AsyncTask<Work<NativeRows>>> {
        let filter = filter.parse()?;
        Ok(self.promise(move |source| source.newest(&filter, limit)))
    }

    /// As `newest`, on this thread.
    #[napi(catch_unwind)]
    pub fn newest_sync(&self, filter: NativeFilter, limit: u32) -> Result<NativeRows> {
        self.source.newest(&filter.parse()?, limit)
    }

    /// All rows that the filter wants, in batches.
    #[napi(catch_unwind)]
    pub fn rows(&self, filter: NativeFilter) -> Result<NativeRowStream> {
        let source = Arc::clone(&self.source);
        let stream = query::RowStream::new(self.source.snapshot()?, filter.parse()?)
            .with_source(move || source.snapshot().ok());
        Ok(NativeRowStream::new(stream))
    }

    /// Waits until all that was captured before survives a power cut.
    #[napi(catch_unwind)]
    pub fn flush(&self) -> AsyncTask<Work<()>> {
        self.promise(flush)
    }

    /// As `flush`, on this thread.
    #[napi(catch_unwind)]
    pub fn flush_sync(&self) -> Result<()> {
        flush(&self.source)
    }

    /// Forgets all rows, of whatever process.
    #[napi(catch_unwind)]
    pub fn clear(&self) -> AsyncTask<Work<()>> {
        self.promise(clear)
    }

    /// As `clear`, on this thread.
    #[napi(catch_unwind)]
    pub fn clear_sync(&self) -> Result<()> {
        clear(&self.source)
    }

    /// Stores what was captured and lets the lane go.
    #[napi(catch_unwind)]
    pub fn close(&self) -> AsyncTask<Work<()>> {
        self.promise(close)
    }

    /// As `close`, on this thread.
    #[napi(catch_unwind)]
    pub fn close_sync(&self) -> Result<()> {
        close(&self.source)
    }
}
