//! Which rows a question is about.

use kronicler_format::varint::{put_bytes, put_u64};
use kronicler_format::{ChunkEntry, Flags, Footer, Kind, Outcome, Row, Run, SegmentEntry};
use kronicler_store::{Block, Dictionary, Window};

use crate::glob::matches;
use crate::runs::{Spans, instance_name};

/// Which rows a question is about; the default is all of them.
///
/// Of rows that have expired only statistics by service, version and function are left: questions
/// about instances, lanes, threads or durations are about the rows that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Rows of exactly this name, whatever characters it has.
    pub name: Option<String>,
    /// Names or patterns (`*` any text, `?` any character); none means every name.
    pub names: Vec<String>,
    /// Rows that ended at this time or later, nanoseconds since the Unix epoch.
    pub since_ns: Option<i64>,
    /// Rows that ended before this time, nanoseconds since the Unix epoch.
    pub until_ns: Option<i64>,
    /// Rows that took at least so long, in nanoseconds.
    pub min_duration_ns: u64,
    /// Rows that took at most so long, in nanoseconds.
    pub max_duration_ns: Option<u64>,
    /// Rows with this outcome.
    pub outcome: Option<Outcome>,
    /// Rows of this kind.
    pub kind: Option<Kind>,
    /// Rows of http answers whose status has this first digit; 0 for rows that are none.
    pub status_class: Option<u8>,
    /// Rows of exactly this service; empty for those without one.
    pub service: Option<String>,
    /// Rows of exactly this version of a service; empty for those without one.
    pub version: Option<String>,
    /// Rows of this instance, by its [name](crate::instance_name).
    pub instance: Option<String>,
    /// Rows of this lane.
    pub lane: Option<u16>,
    /// Rows of this thread, in whatever process.
    pub thread: Option<u32>,
}

impl Filter {
    /// All rows of exactly this name.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }

    /// Whether rows need not be looked at: series alone decide.
    pub(crate) const fn is_by_series(&self) -> bool {
        self.since_ns.is_none()
            && self.until_ns.is_none()
            && self.min_duration_ns == 0
            && self.max_duration_ns.is_none()
            && self.thread.is_none()
    }

    /// Whether statistics of expired rows can tell which of them are wanted.
    pub(crate) const fn is_by_version(&self) -> bool {
        self.min_duration_ns == 0
            && self.max_duration_ns.is_none()
            && self.instance.is_none()
            && self.lane.is_none()
            && self.thread.is_none()
    }

    /// From when to before when.
    pub(crate) fn range(&self) -> (i64, i64) {
        (self.since_ns.unwrap_or(i64::MIN), self.until_ns.unwrap_or(i64::MAX))
    }

    pub(crate) fn wants_lane(&self, lane: u16) -> bool {
        self.lane.is_none_or(|wanted| wanted == lane)
    }

    /// Whether rows of a series are wanted, whatever its name is.
    pub(crate) fn wants_form(&self, flags: Flags, status_class: u8) -> bool {
        self.outcome.is_none_or(|outcome| flags.outcome() == outcome)
            && self.kind.is_none_or(|kind| flags.kind() == kind)
            && self.status_class.is_none_or(|class| class == status_class)
    }

    /// Whether it asks how calls ended, or what they were.
    pub(crate) const fn asks_for_form(&self) -> bool {
        self.outcome.is_some() || self.kind.is_some() || self.status_class.is_some()
    }

    pub(crate) fn wants_version(&self, service: &str, version: &str) -> bool {
        self.service.as_ref().is_none_or(|wanted| wanted == service)
            && self.version.as_ref().is_none_or(|wanted| wanted == version)
    }

    pub(crate) fn asks_for_runs(&self) -> bool {
        self.service.is_some() || self.version.is_some() || self.instance.is_some()
    }

    pub(crate) fn wants_run(&self, run: &Run) -> bool {
        self.wants_version(&run.service, &run.version)
            && self.instance.as_ref().is_none_or(|wanted| *wanted == instance_name(run))
    }

    /// Which rows of a segment were written by wanted runs.
    pub(crate) fn spans_of(&self, footer: &Footer) -> Spans {
        if self.asks_for_runs() {
            Spans::new(&footer.runs, |run| self.wants_run(run))
        } else {
            Spans::All
        }
    }

    pub(crate) fn wants_name(&self, name: &str) -> bool {
        let mut patterns = self.names.iter();
        self.name.as_ref().is_none_or(|exact| exact == name)
            && (self.names.is_empty() || patterns.any(|pattern| matches(pattern, name)))
    }

    /// For each series of a lane, whether its rows are wanted.
    pub(crate) fn wanted_series(&self, names: &Dictionary) -> Vec<bool> {
        let wanted: Vec<bool> =
            names.names().iter().map(|name| self.wants_name(&name.name)).collect();
        let series = names.series().iter().map(|series| {
            let is_named = wanted.get(series.name as usize).copied().unwrap_or(false);
            is_named && self.wants_form(series.flags, series.status_class)
        });
        series.collect()
    }

    /// Bytes that are the same for filters that are the same but for times and lane.
    pub(crate) fn series_key(&self) -> Vec<u8> {
        let mut key = Vec::new();
        let texts = [&self.name, &self.service, &self.version, &self.instance];
        for text in texts {
            key.push(u8::from(text.is_some()));
            put_bytes(&mut key, text.as_deref().unwrap_or_default().as_bytes());
        }
        put_u64(&mut key, self.names.len() as u64);
        self.names.iter().for_each(|name| put_bytes(&mut key, name.as_bytes()));
        let words = [
            self.outcome.map(|outcome| outcome as u64),
            self.kind.map(|kind| kind as u64),
            self.status_class.map(u64::from),
            self.thread.map(u64::from),
            self.max_duration_ns,
            Some(self.min_duration_ns),
        ];
        for word in words {
            key.push(u8::from(word.is_some()));
            put_u64(&mut key, word.unwrap_or(0));
        }
        key
    }

    /// What the rows must lie between.
    pub(crate) const fn limits(&self) -> Limits {
        Limits {
            since_ns: self.since_ns,
            until_ns: self.until_ns,
            min_duration_ns: self.min_duration_ns,
            max_duration_ns: match self.max_duration_ns {
                Some(max) => max,
                None => u64::MAX,
            },
            thread: self.thread,
        }
    }
}

/// What rows must lie between, whatever their series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub since_ns: Option<i64>,
    pub until_ns: Option<i64>,
    pub min_duration_ns: u64,
    pub max_duration_ns: u64,
    pub thread: Option<u32>,
}

impl Limits {
    #[inline]
    pub(crate) fn wants_row(&self, row: &Row) -> bool {
        self.wants_duration(row.duration_ns)
            && self.wants_end(row.end_ns)
            && self.wants_thread(row.thread)
    }

    #[inline]
    pub(crate) const fn wants_duration(&self, duration_ns: u64) -> bool {
        duration_ns >= self.min_duration_ns && duration_ns <= self.max_duration_ns
    }

    #[inline]
    pub(crate) fn wants_thread(&self, thread: u32) -> bool {
        self.thread.is_none_or(|wanted| wanted == thread)
    }

    #[inline]
    pub(crate) fn wants_end(&self, end_ns: i64) -> bool {
        self.since_ns.is_none_or(|since| end_ns >= since)
            && self.until_ns.is_none_or(|until| end_ns < until)
    }

    /// Whether there can be a wanted row.
    pub(crate) fn meets(&self, bounds: &Bounds) -> bool {
        bounds.max_duration_ns >= self.min_duration_ns
            && self.since_ns.is_none_or(|since| bounds.max_end_ns >= since)
            && self.until_ns.is_none_or(|until| bounds.min_end_ns < until)
    }

    /// Whether all rows of wanted series are wanted, so that statistics need no rows.
    pub(crate) fn holds(&self, bounds: &Bounds) -> bool {
        self.min_duration_ns == 0
            && self.max_duration_ns >= bounds.max_duration_ns
            && self.thread.is_none()
            && self.since_ns.is_none_or(|since| bounds.min_end_ns >= since)
            && self.until_ns.is_none_or(|until| bounds.max_end_ns < until)
    }
}

/// What rows that lie together lie between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub min_end_ns: i64,
    pub max_end_ns: i64,
    pub max_duration_ns: u64,
}

impl Bounds {
    pub(crate) fn of_rows(rows: &[Row]) -> Self {
        Self {
            min_end_ns: rows.iter().map(|row| row.end_ns).min().unwrap_or(i64::MAX),
            max_end_ns: rows.iter().map(|row| row.end_ns).max().unwrap_or(i64::MIN),
            max_duration_ns: rows.iter().map(|row| row.duration_ns).max().unwrap_or(0),
        }
    }
}

impl From<&Block> for Bounds {
    fn from(block: &Block) -> Self {
        let &Block { min_end_ns, max_end_ns, max_duration_ns, .. } = block;
        Self { min_end_ns, max_end_ns, max_duration_ns }
    }
}

impl From<&SegmentEntry> for Bounds {
    fn from(entry: &SegmentEntry) -> Self {
        let &SegmentEntry { min_end_ns, max_end_ns, max_duration_ns, .. } = entry;
        Self { min_end_ns, max_end_ns, max_duration_ns }
    }
}

impl From<&ChunkEntry> for Bounds {
    fn from(entry: &ChunkEntry) -> Self {
        let &ChunkEntry { min_end_ns, max_end_ns, max_duration_ns, .. } = entry;
        Self { min_end_ns, max_end_ns, max_duration_ns }
    }
}

impl From<&Window> for Bounds {
    fn from(window: &Window) -> Self {
        let blocks = || window.blocks.iter();
        Self {
            min_end_ns: blocks().map(|block| block.min_end_ns).min().unwrap_or(i64::MAX),
            max_end_ns: blocks().map(|block| block.max_end_ns).max().unwrap_or(i64::MIN),
            max_duration_ns: blocks().map(|block| block.max_duration_ns).max().unwrap_or(0),
        }
    }
}
