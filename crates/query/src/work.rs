//! Shares out the parts of a snapshot that a question has to look at to threads.
//!
//! Every thread has a sink of its own. What a sink takes can be merged in any order and grouping
//! to the same, so an answer does not depend on how many threads there were.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use kronicler_format::limits::SEGMENT_CHUNK_COUNT_MAX;
use kronicler_format::{ChunkEntry, FormatError, Row, SegmentEntry};
use kronicler_stats::Summary;
use kronicler_store::{LaneView, Snapshot, StoreError, Window};

use crate::answer::Gaps;
use crate::durations::{Durations, Request, visit_counts, visit_durations};
use crate::filter::{Bounds, Filter, Limits};
use crate::scan::LaneScan;
use crate::split::{Piece, Split, cut};

/// Chunks that a thread takes at a time: a quarter of a segment, a few milliseconds.
const CHUNKS_PER_PART: usize = 4;
/// What the duration of a row and the id of its series take decoded, about.
const ROW_SIZE_BYTES: usize = 5;

/// Takes what was found. Groups are those of the [`Split`].
pub(crate) trait Sink: Send {
    /// Whether it knows already what it would be given of a chunk.
    fn recall(&mut self, _: &Question<'_>) -> bool {
        false
    }
    /// Learns that a chunk was given, all of it or only what could be read.
    fn end_chunk(&mut self, _: &Question<'_>, _is_whole: bool) {}
    /// Takes a series of a segment whose rows are all wanted and of one group.
    fn take_encoded(&mut self, of: Of, statistics: &[u8]) -> Result<(), FormatError>;
    /// Takes a series of a window whose rows are all wanted and of one group.
    fn take_summary(&mut self, of: Of, summary: &Summary);
    /// Takes durations of a chunk.
    fn take_durations(&mut self, of: Of, chunk: ChunkPlace, durations: &Durations<'_>);
    /// Takes how many rows of a chunk there are, of work that only counts.
    fn take_count(&mut self, _: Of, _count: u32) {}
    /// Takes a row.
    fn take_row(&mut self, of: Of, seq: u64, row: &Row);
}

/// Whose rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Of {
    /// Index of the lane in the snapshot.
    pub lane: u32,
    pub group: u32,
    pub series: u32,
}

/// Where durations come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChunkPlace {
    /// Sequence of the first row of the chunk.
    pub first_seq: u64,
    pub segment: u64,
    pub index: usize,
}

/// What is asked of a chunk.
pub(crate) struct Question<'a> {
    pub view: &'a LaneView,
    pub entry: &'a ChunkEntry,
    pub filter: &'a Filter,
    pub limits: &'a Limits,
    pub split: &'a Split<'a>,
}

/// How many calls each row of a series stands for.
pub(crate) fn weight_of(snapshot: &Snapshot, of: Of) -> u64 {
    let view = snapshot.lanes.get(of.lane as usize);
    view.map_or(1, |view| view.state.names.weight_of(of.series))
}

/// What is to be looked at, and how.
pub(crate) struct Work<'a> {
    snapshot: &'a Snapshot,
    filter: &'a Filter,
    split: Split<'a>,
    /// Whether statistics stand for rows where all rows of a segment or window are of one group.
    has_summaries: bool,
    /// Whether rows are counted, and their durations not read unless the filter wants some.
    is_counting: bool,
    /// By lane: which series are wanted.
    wanted: Vec<Arc<[bool]>>,
    parts: Vec<Part<'a>>,
    /// Parts whose pages are read.
    heavy_count: usize,
    planned_bytes: usize,
}

enum Part<'a> {
    Segment { lane: usize, entry: &'a SegmentEntry, chunks: Range<usize> },
    Window { lane: usize, window: &'a Window },
    Pending { lane: usize },
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        filter: &'a Filter,
        split: Split<'a>,
        has_summaries: bool,
    ) -> Self {
        let scans = LaneScan::all(snapshot, filter);
        let wanted = scans.map(|scan| scan.wanted_series()).collect();
        Self::with_wanted(snapshot, filter, split, has_summaries, wanted)
    }

    fn with_wanted(
        snapshot: &'a Snapshot,
        filter: &'a Filter,
        split: Split<'a>,
        has_summaries: bool,
        wanted: Vec<Arc<[bool]>>,
    ) -> Self {
        let (parts, heavy_count, planned_bytes) = (Vec::new(), 0, 0);
        let mut work = Self {
            snapshot,
            filter,
            split,
            has_summaries,
            is_counting: false,
            wanted,
            parts,
            heavy_count,
            planned_bytes,
        };
        for (index, view) in snapshot.lanes.iter().enumerate() {
            let wanted = Arc::clone(&work.wanted[index]);
            work.add_lane(&LaneScan::of_series(index, view, filter, wanted));
        }
        work
    }

    /// The same work where rows are only counted.
    pub(crate) const fn counts_only(mut self) -> Self {
        self.is_counting =
            self.filter.min_duration_ns == 0 && self.filter.max_duration_ns.is_none();
        self
    }

    /// The same work where only rows count.
    pub(crate) fn without_summaries(self) -> Self {
        let Self { snapshot, filter, split, wanted, .. } = self;
        Self::with_wanted(snapshot, filter, split, false, wanted)
    }

    fn add_lane(&mut self, scan: &LaneScan<'a>) {
        let lane = scan.index;
        let share = scan.wanted_share();
        for entry in scan.segments() {
            let has_group = self.split.of_ends(entry.min_end_ns, entry.max_end_ns).is_some();
            if self.has_summaries && has_group && scan.limits.holds(&Bounds::from(entry)) {
                let chunks = 0..SEGMENT_CHUNK_COUNT_MAX;
                self.parts.push(Part::Segment { lane, entry, chunks });
                continue;
            }
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an estimate, not negative"
            )]
            let rows = (entry.row_count as f64 * share * overlap(&scan.limits, entry)) as usize;
            self.planned_bytes = self.planned_bytes.saturating_add(rows * ROW_SIZE_BYTES);
            for first in (0..SEGMENT_CHUNK_COUNT_MAX).step_by(CHUNKS_PER_PART) {
                let chunks = first..first + CHUNKS_PER_PART;
                self.parts.push(Part::Segment { lane, entry, chunks });
                self.heavy_count += 1;
            }
        }
        let windows = scan.view.state.windows.iter();
        self.parts.extend(windows.map(|window| Part::Window { lane, window }));
        self.parts.push(Part::Pending { lane });
    }

    /// Looks at all parts; gives a sink for each thread there was.
    pub(crate) fn run<S: Sink>(
        &self,
        make: impl Fn() -> S + Sync,
    ) -> Result<(Vec<S>, Gaps), StoreError> {
        let catalog = self.snapshot.lanes.first().map(|view| view.catalog());
        let allowed = catalog.map_or(1, |catalog| catalog.thread_count());
        let thread_count = allowed.min(self.heavy_count).max(1);
        let queue = Queue { next: AtomicUsize::new(0), has_failed: AtomicBool::new(false) };
        let work = || Worker { work: self, sink: make(), scan: None, gaps: Gaps::default() };
        let mut done = Vec::with_capacity(thread_count);
        if thread_count == 1 {
            done.push(work().run(&queue));
        } else {
            thread::scope(|scope| {
                let run = || work().run(&queue);
                let others: Vec<_> = (1..thread_count).map(|_| scope.spawn(run)).collect();
                done.push(run());
                for other in others {
                    done.push(
                        other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                    );
                }
            });
        }
        let mut gaps = Gaps::of(self.snapshot);
        let mut sinks = Vec::with_capacity(thread_count);
        for one in done {
            let (sink, lacking) = one?;
            gaps.add(lacking);
            sinks.push(sink);
        }
        Ok((sinks, gaps))
    }
}

/// The share of a segment's rows that lies in a range of times, if they are spread evenly.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn overlap(limits: &Limits, entry: &SegmentEntry) -> f64 {
    let since = limits.since_ns.unwrap_or(i64::MIN).max(entry.min_end_ns);
    let until = limits.until_ns.unwrap_or(i64::MAX).min(entry.max_end_ns);
    let span = i128::from(entry.max_end_ns) - i128::from(entry.min_end_ns);
    let within = (i128::from(until) - i128::from(since)).max(0);
    if span > 0 { within as f64 / span as f64 } else { 1.0 }
}

/// Which part is next.
struct Queue {
    // Only numbers are handed out, nothing else is ordered by them: relaxed.
    next: AtomicUsize,
    has_failed: AtomicBool,
}

/// One thread.
struct Worker<'a, S> {
    work: &'a Work<'a>,
    sink: S,
    scan: Option<LaneScan<'a>>,
    gaps: Gaps,
}

impl<'a, S: Sink> Worker<'a, S> {
    fn run(mut self, queue: &Queue) -> Result<(S, Gaps), StoreError> {
        while !queue.has_failed.load(Ordering::Relaxed) {
            let next = queue.next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = self.work.parts.get(next) else { break };
            let done = self.look_at(part);
            done.inspect_err(|_| queue.has_failed.store(true, Ordering::Relaxed))?;
        }
        self.let_go();
        Ok((self.sink, self.gaps))
    }

    fn let_go(&mut self) {
        if let Some(scan) = self.scan.take() {
            self.gaps.add(scan.gaps);
        }
    }

    fn look_at(&mut self, part: &Part<'a>) -> Result<(), StoreError> {
        let &(Part::Segment { lane, .. } | Part::Window { lane, .. } | Part::Pending { lane }) =
            part;
        if self.scan.as_ref().is_none_or(|scan| scan.index != lane) {
            self.let_go();
            let Work { snapshot, filter, wanted, planned_bytes, .. } = self.work;
            let (view, wanted) = (&snapshot.lanes[lane], Arc::clone(&wanted[lane]));
            let scan = LaneScan::of_series(lane, view, filter, wanted);
            self.scan = Some(scan.plans(*planned_bytes));
        }
        let Some(scan) = &mut self.scan else { return Ok(()) };
        let mut look = Look { work: self.work, sink: &mut self.sink, scan };
        match part {
            Part::Segment { entry, chunks, .. } => look.at_segment(entry, chunks),
            Part::Window { window, .. } => look.at_window(window),
            Part::Pending { .. } => {
                look.at_pending();
                Ok(())
            }
        }
    }
}

/// Looks at parts of a lane.
struct Look<'w, 'a, S> {
    work: &'w Work<'a>,
    sink: &'w mut S,
    scan: &'w mut LaneScan<'a>,
}

impl<'a, S: Sink> Look<'_, 'a, S> {
    fn of(&self, group: u32, series: u32) -> Of {
        Of { lane: u32::try_from(self.scan.index).unwrap_or(u32::MAX), group, series }
    }

    fn at_segment(
        &mut self,
        entry: &'a SegmentEntry,
        chunks: &Range<usize>,
    ) -> Result<(), StoreError> {
        let Some(reader) = self.scan.segment(entry)? else { return Ok(()) };
        let footer = Arc::clone(reader.footer());
        let group = self.work.split.of_ends(entry.min_end_ns, entry.max_end_ns);
        let group = group.filter(|_| self.work.has_summaries);
        if let Some(group) = group.filter(|_| self.scan.holds_segment(entry, &footer)) {
            // One of the parts is enough.
            for series in footer.series.iter().filter(|_| chunks.start == 0) {
                let of = self.of(group, series.series);
                if self.scan.wants_series(series.series)
                    && self.sink.take_encoded(of, &series.statistics).is_err()
                {
                    self.scan.gaps.note(false);
                }
            }
            return Ok(());
        }
        let min_duration_ns = self.scan.limits.min_duration_ns;
        let reaching: Option<Vec<u32>> = (min_duration_ns > 0).then(|| {
            let reaches = |statistics: &[u8]| {
                let moments = Summary::moments_encoded(statistics);
                moments.map_or(true, |moments| moments.max() >= Some(min_duration_ns))
            };
            let series = footer.series.iter().filter(|series| reaches(&series.statistics));
            series.map(|series| series.series).collect()
        });
        for (index, chunk) in self.scan.chunks(entry)? {
            if chunks.contains(&index) {
                self.at_chunk(entry, (index, &chunk), reaching.as_deref())?;
            }
        }
        Ok(())
    }

    /// `reaching` are the series that have a row as long as is wanted, ascending.
    fn at_chunk(
        &mut self,
        entry: &'a SegmentEntry,
        (index, chunk): (usize, &ChunkEntry),
        reaching: Option<&[u32]>,
    ) -> Result<(), StoreError> {
        let (view, limits) = (self.scan.view, self.scan.limits);
        let (filter, split, sink) = (self.work.filter, &self.work.split, &mut *self.sink);
        let question = Question { view, entry: chunk, filter, limits: &limits, split };
        if sink.recall(&question) {
            return Ok(());
        }
        let rows = self.scan.wanted_rows(entry, index)?;
        let lane = u32::try_from(self.scan.index).unwrap_or(u32::MAX);
        let (segment, is_counting) = (entry.id, self.work.is_counting);
        self.scan.with_chunk(entry, index, |scan, chunk| {
            let directory = chunk.directory().clone();
            let wants = |series: u32| {
                let reaches = reaching.is_none_or(|all| all.binary_search(&series).is_ok());
                reaches && scan.wants_series(series)
            };
            let series: Vec<bool> =
                directory.series().iter().map(|one| wants(one.series)).collect();
            if !series.contains(&true) {
                return Ok(true);
            }
            let mut chunk = scan.accessed(chunk);
            let mut pieces: Vec<Piece> = Vec::new();
            let mut is_whole = cut(&mut chunk, &rows, &scan.limits, split, &mut pieces)?;
            let first_seq = directory.first_seq();
            let place = ChunkPlace { first_seq, segment, index };
            let request = Request { pieces: &pieces, series: &series, limits: &scan.limits };
            let of = |group: u32, dense: u32| {
                let series = directory.series().get(dense as usize)?.series;
                Some(Of { lane, group, series })
            };
            is_whole &= if is_counting {
                visit_counts(&mut chunk, &request, |group, dense, count| {
                    if let Some(of) = of(group, dense) {
                        sink.take_count(of, count);
                    }
                })?
            } else {
                visit_durations(&mut chunk, &request, |group, dense, durations| {
                    if let Some(of) = of(group, dense) {
                        sink.take_durations(of, place, durations);
                    }
                })?
            };
            sink.end_chunk(&question, is_whole);
            Ok(is_whole)
        })
    }

    fn at_window(&mut self, window: &'a Window) -> Result<(), StoreError> {
        let Bounds { min_end_ns, max_end_ns, .. } = Bounds::from(window);
        let group = self.work.split.of_ends(min_end_ns, max_end_ns);
        let group = group.filter(|_| self.work.has_summaries && self.scan.holds_window(window));
        if let Some(group) = group {
            let totals = window.totals.iter();
            for (series, summary) in totals.filter(|(series, _)| self.scan.wants_series(*series)) {
                self.sink.take_summary(self.of(group, series), summary);
            }
            return Ok(());
        }
        for block in self.scan.blocks_of(window) {
            let (lane, split, sink) = (self.scan.index, &self.work.split, &mut *self.sink);
            self.scan.visit_block(block, |seq, row| give_row(lane, split, sink, seq, row))?;
        }
        Ok(())
    }

    fn at_pending(&mut self) {
        let (lane, split, sink) = (self.scan.index, &self.work.split, &mut *self.sink);
        self.scan.visit_pending(|seq, row| give_row(lane, split, sink, seq, row));
    }
}

#[inline]
fn give_row<S: Sink>(lane: usize, split: &Split<'_>, sink: &mut S, seq: u64, row: &Row) {
    if let Some(group) = split.of_row(row) {
        let lane = u32::try_from(lane).unwrap_or(u32::MAX);
        sink.take_row(Of { lane, group, series: row.series }, seq, row);
    }
}
