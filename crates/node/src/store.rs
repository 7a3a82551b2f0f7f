//! A database, or a reader of one, in the hands of JavaScript.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use kronicler::query;
use kronicler::{Database, Reader, RowId, SiteForm};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::to_js;
use crate::groups::{Grouping, NativeGroups};
use crate::health::NativeHealth;
use crate::options::{NativeFilter, NativeShape};
use crate::outliers::NativeOutliers;
use crate::pictures::{NativeHeatmap, NativeHistogram};
use crate::rows::NativeRows;
use crate::source::{Origin, Source, whole};
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
        self.source.dir().display().to_string()
    }

    /// Whether it only reads.
    #[napi(getter, catch_unwind)]
    pub fn is_reader(&self) -> bool {
        self.source.is_reader()
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
        self.source.take_partial()
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
        self.promise(Source::flush)
    }

    /// As `flush`, on this thread.
    #[napi(catch_unwind)]
    pub fn flush_sync(&self) -> Result<()> {
        self.source.flush()
    }

    /// Forgets all rows, of whatever process.
    #[napi(catch_unwind)]
    pub fn clear(&self) -> AsyncTask<Work<()>> {
        self.promise(Source::clear)
    }

    /// As `clear`, on this thread.
    #[napi(catch_unwind)]
    pub fn clear_sync(&self) -> Result<()> {
        self.source.clear()
    }

    /// Stores what was captured and lets the lane go.
    #[napi(catch_unwind)]
    pub fn close(&self) -> AsyncTask<Work<()>> {
        self.promise(Source::close)
    }

    /// As `close`, on this thread.
    #[napi(catch_unwind)]
    pub fn close_sync(&self) -> Result<()> {
        self.source.close()
    }
}
