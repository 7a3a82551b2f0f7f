//! Walks the rows of a lane from the last to the first, piece by piece, as far back as is needed.
//!
//! A piece holds rows of one process in lane order, at most a chunk of them.

use std::ops::Range;
use std::sync::Arc;

use kronicler_format::{Footer, Row, Run, SegmentEntry};
use kronicler_stats::{SLOWEST_COUNT, Sketch, Slowest, Summary};
use kronicler_store::{Block, StoreError, Window};

use crate::filter::{Bounds, Limits};
use crate::scan::LaneScan;

/// Rows that are not yet in a log are handed out in pieces as large as a block.
const PENDING_STEP: usize = 8_192;

/// Rows of one process in lane order, each with its sequence.
pub(crate) struct Piece<'a> {
    /// Sequence of the first row that the process wrote to the lane: tells processes apart.
    pub process: u64,
    pub rows: &'a [(u64, Row)],
}

/// Rows in lane order by the process that wrote them.
pub(crate) type Found = Vec<(u64, Vec<(u64, Row)>)>;

/// Calls `visit` with all rows that ended before the limits of the scan say, the last piece first,
/// back to where nothing is wanted any more. What it returns is the earliest end that is still
/// wanted; `None` means all. Pieces may hold rows that ended before.
pub(crate) fn visit_back(
    scan: &mut LaneScan<'_>,
    mut visit: impl FnMut(&Piece<'_>) -> Option<i64>,
) -> Result<(), StoreError> {
    let limits = scan.limits;
    let mut wanted = limits;
    // What has begun before is wanted as soon as what it lies in was seen.
    scan.limits.since_ns = None;
    let mut rows = Vec::new();
    for place in places(scan) {
        if !wanted.meets(&place.bounds()) {
            continue;
        }
        match place {
            Place::Segment(entry) => {
                let Some(footer) = footer(scan, entry)? else { continue };
                for (index, chunk) in footer.chunks.iter().enumerate().rev() {
                    if !wanted.meets(&Bounds::from(chunk)) {
                        continue;
                    }
                    read_chunk(scan, entry, index, &mut rows)?;
                    for piece in cut(&rows, &footer.runs).rev() {
                        wanted.since_ns = visit(&piece);
                    }
                }
            }
            place => {
                let process = place.read(scan, &mut rows)?;
                wanted.since_ns = visit(&Piece { process, rows: &rows });
            }
        }
    }
    scan.limits = limits;
    Ok(())
}

/// Calls `visit` with all rows that began by `to_ns` and ended at `from_ns` or later, the last
/// piece first.
///
/// A row that ended long after `to_ns` must have taken as long: what nothing can be slow enough for
/// is passed over, and of segments that come later footers tell the few that are.
pub(crate) fn visit_overlapping(
    scan: &mut LaneScan<'_>,
    (from_ns, to_ns): (i64, i64),
    mut visit: impl FnMut(&Piece<'_>),
) -> Result<(), StoreError> {
    let before = scan.limits;
    scan.limits = Limits { since_ns: Some(from_ns), ..within_thread(&before) };
    let mut rows = Vec::new();
    for place in places(scan) {
        let Some(least_ns) = least_duration(&place.bounds(), (from_ns, to_ns)) else { continue };
        scan.limits.min_duration_ns = least_ns;
        match place {
            Place::Segment(entry) => {
                let overlap = Overlap { entry, least_ns, range: (from_ns, to_ns) };
                overlap.visit(scan, &mut rows, &mut visit)?;
            }
            place => {
                let process = place.read(scan, &mut rows)?;
                keep_overlapping(&mut rows, (from_ns, to_ns));
                visit(&Piece { process, rows: &rows });
            }
        }
    }
    scan.limits = before;
    Ok(())
}

/// The rows of a range of sequences, in lane order, by the process that wrote them, as far as they
/// can be read.
pub(crate) fn read_between(
    scan: &mut LaneScan<'_>,
    seqs: &Range<u64>,
) -> Result<Found, StoreError> {
    let view = scan.view;
    let limits = scan.limits;
    scan.limits = within_thread(&limits);
    let mut found: Found = Vec::new();
    let mut rows = Vec::new();
    let is_apart = |first: u64, end: u64| first >= seqs.end || end <= seqs.start;
    for entry in view.state.segments.iter() {
        if is_apart(entry.first_seq, entry.end_seq) {
            continue;
        }
        let Some(footer) = footer(scan, entry)? else { continue };
        for (index, chunk) in footer.chunks.iter().enumerate() {
            let chunk_end = chunk.first_seq + u64::from(chunk.row_count);
            if !is_apart(chunk.first_seq, chunk_end) {
                let seqs = seqs.start.max(chunk.first_seq)..seqs.end.min(chunk_end);
                rows.clear();
                read_of_chunk(scan, entry, (index, chunk.first_seq), seqs, &mut rows)?;
                cut(&rows, &footer.runs).for_each(|piece| append(&mut found, &piece));
            }
        }
    }
    for place in places(scan).into_iter().rev() {
        let (first, end) = match &place {
            Place::Segment(_) => continue,
            Place::Block(block) => (block.first_seq, block.end_seq()),
            Place::Pending(range, _) => {
                let next_seq = view.state.next_seq;
                (next_seq + range.start as u64, next_seq + range.end as u64)
            }
        };
        if !is_apart(first, end) {
            let process = place.read(scan, &mut rows)?;
            rows.retain(|(seq, _)| seqs.contains(seq));
            append(&mut found, &Piece { process, rows: &rows });
        }
    }
    scan.limits = limits;
    Ok(found)
}

/// Appends rows to those of the same process.
fn append(found: &mut Found, piece: &Piece<'_>) {
    match found.last_mut().filter(|(process, _)| *process == piece.process) {
        Some((_, rows)) => rows.extend_from_slice(piece.rows),
        None => found.push((piece.process, piece.rows.to_vec())),
    }
}

/// Appends the rows of a chunk with these sequences, which are its own.
fn read_of_chunk(
    scan: &mut LaneScan<'_>,
    entry: &SegmentEntry,
    (index, first_seq): (usize, u64),
    seqs: Range<u64>,
    rows: &mut Vec<(u64, Row)>,
) -> Result<(), StoreError> {
    let row_of = |seq: u64| u32::try_from(seq - first_seq).unwrap_or(u32::MAX);
    scan.with_chunk(entry, index, |_, mut chunk| {
        let mut values = Vec::new();
        let is_whole = chunk.rows(row_of(seqs.start)..row_of(seqs.end), &mut values)?;
        rows.extend(seqs.zip(values));
        Ok(is_whole)
    })
}

/// Sequences between which all rows lie that the limits of a scan want, with others.
pub(crate) fn wanted_seqs(scan: &LaneScan<'_>) -> Range<u64> {
    let segments = scan.segments().map(|entry| entry.first_seq..entry.end_seq);
    let blocks = scan.blocks().map(|block| block.first_seq..block.end_seq());
    let next_seq = scan.view.state.next_seq;
    let pending = scan.limits.meets(&Bounds::of_rows(&scan.view.pending));
    let pending = pending.then(|| next_seq..scan.view.end_seq());
    let all = segments.chain(blocks).chain(pending).filter(|range| !range.is_empty());
    all.reduce(|all, one| all.start.min(one.start)..all.end.max(one.end)).unwrap_or(0..0)
}

/// The process that wrote the row with this sequence: the sequence of its first row.
pub(crate) fn process_of(scan: &mut LaneScan<'_>, seq: u64) -> Result<u64, StoreError> {
    let state = &scan.view.state;
    let place = state.segments.partition_point(|entry| entry.end_seq <= seq);
    if let Some(entry) = state.segments.get(place).filter(|entry| entry.first_seq <= seq) {
        let footer = footer(scan, entry)?;
        return Ok(footer.map_or(0, |footer| process_start(&footer.runs, seq)));
    }
    let block = state.blocks().find(|block| (block.first_seq..block.end_seq()).contains(&seq));
    let run = match block {
        Some(block) => state.runs.get(block.run as usize),
        None => state.runs.last(),
    };
    Ok(run.map_or(0, |run| run.first_seq))
}

fn process_start(runs: &[Run], seq: u64) -> u64 {
    let begun = runs.partition_point(|run| run.first_seq <= seq);
    begun.checked_sub(1).map_or(0, |last| runs[last].first_seq)
}

/// The limits that all rows of a thread keep, or all rows.
const fn within_thread(limits: &Limits) -> Limits {
    let (since_ns, until_ns, min_duration_ns, max_duration_ns) = (None, None, 0, u64::MAX);
    Limits { since_ns, until_ns, min_duration_ns, max_duration_ns, thread: limits.thread }
}

/// How long a row within these bounds must have taken to overlap the range; `None` when none can.
fn least_duration(bounds: &Bounds, (from_ns, to_ns): (i64, i64)) -> Option<u64> {
    let least = bounds.min_end_ns.max(from_ns).saturating_sub(to_ns).try_into().unwrap_or(0);
    (bounds.max_end_ns >= from_ns && bounds.max_duration_ns >= least).then_some(least)
}

fn keep_overlapping(rows: &mut Vec<(u64, Row)>, (from_ns, to_ns): (i64, i64)) {
    rows.retain(|(_, row)| {
        let start_ns = row.end_ns.saturating_sub_unsigned(row.duration_ns);
        row.end_ns >= from_ns && start_ns <= to_ns
    });
}

/// A segment with rows that may overlap a range.
struct Overlap<'a> {
    entry: &'a SegmentEntry,
    /// What such a row takes at least.
    least_ns: u64,
    range: (i64, i64),
}

impl Overlap<'_> {
    fn visit(
        &self,
        scan: &mut LaneScan<'_>,
        rows: &mut Vec<(u64, Row)>,
        visit: &mut impl FnMut(&Piece<'_>),
    ) -> Result<(), StoreError> {
        let Some(footer) = footer(scan, self.entry)? else { return Ok(()) };
        if self.least_ns > 0 && self.find_in_footer(&footer, rows) {
            keep_overlapping(rows, self.range);
            cut(rows, &footer.runs).rev().for_each(|piece| visit(&piece));
            return Ok(());
        }
        for (index, chunk) in footer.chunks.iter().enumerate().rev() {
            let Some(least_ns) = least_duration(&Bounds::from(chunk), self.range) else {
                continue;
            };
            scan.limits.min_duration_ns = least_ns;
            read_chunk(scan, self.entry, index, rows)?;
            keep_overlapping(rows, self.range);
            cut(rows, &footer.runs).rev().for_each(|piece| visit(&piece));
        }
        Ok(())
    }

    /// The rows that are slow enough, from the footer; `false` when it may not know all of them.
    fn find_in_footer(&self, footer: &Footer, rows: &mut Vec<(u64, Row)>) -> bool {
        rows.clear();
        let mut passed = Sketch::new();
        for series in &footer.series {
            let known = Summary::slowest_encoded(&series.statistics, self.least_ns, &mut passed);
            let Ok(slowest) = known else { return false };
            if !take_slow(series.series, &slowest, self.least_ns, rows) {
                return false;
            }
        }
        rows.sort_unstable_by_key(|(seq, _)| *seq);
        true
    }
}

/// Takes the rows of a series that took at least so long; `false` when there may be more of them.
fn take_slow(series: u32, slowest: &Slowest, least_ns: u64, rows: &mut Vec<(u64, Row)>) -> bool {
    let slow = slowest.rows().iter().take_while(|row| row.duration_ns >= least_ns);
    let before = rows.len();
    rows.extend(slow.map(|slow| {
        let &kronicler_stats::SlowRow { duration_ns, seq, end_ns, thread } = slow;
        (seq, Row { series, thread, end_ns, duration_ns })
    }));
    rows.len() - before < SLOWEST_COUNT
}

/// Where rows of a lane lie.
enum Place<'a> {
    Segment(&'a SegmentEntry),
    Block(&'a Block),
    /// Rows that are not yet in the log.
    Pending(Range<usize>, Bounds),
}

impl Place<'_> {
    fn bounds(&self) -> Bounds {
        match self {
            Self::Segment(entry) => Bounds::from(*entry),
            Self::Block(block) => Bounds::from(*block),
            Self::Pending(_, bounds) => *bounds,
        }
    }

    /// Replaces `rows` by the wanted rows of a block or of those not yet in the log; returns their
    /// process.
    fn read(&self, scan: &mut LaneScan<'_>, rows: &mut Vec<(u64, Row)>) -> Result<u64, StoreError> {
        rows.clear();
        let runs = &scan.view.state.runs;
        let process = match self {
            Self::Block(block) => runs.get(block.run as usize),
            Self::Segment(_) | Self::Pending(..) => runs.last(),
        };
        let process = process.map_or(0, |run| run.first_seq);
        match self {
            Self::Block(block) => {
                scan.visit_block(block, |seq, row| rows.push((seq, *row)))?;
            }
            Self::Pending(range, _) => {
                scan.visit_pending_in(range.clone(), |seq, row| rows.push((seq, *row)));
            }
            Self::Segment(_) => {}
        }
        Ok(process)
    }
}

/// All places of a lane, the last first.
fn places<'a>(scan: &LaneScan<'a>) -> Vec<Place<'a>> {
    let view = scan.view;
    let mut places = Vec::new();
    let starts = (0..view.pending.len()).step_by(PENDING_STEP);
    for first in starts.rev() {
        let range = first..view.pending.len().min(first + PENDING_STEP);
        let bounds = Bounds::of_rows(&view.pending[range.clone()]);
        places.push(Place::Pending(range, bounds));
    }
    let windows: &'a [Window] = &view.state.windows;
    let blocks = windows.iter().rev().flat_map(|window| window.blocks.iter().rev());
    let wants_run = scan.wants_run();
    places.extend(blocks.filter(|block| wants_run(block.run as usize)).map(Place::Block));
    places.extend(view.state.segments.iter().rev().map(Place::Segment));
    places
}

fn read_chunk(
    scan: &mut LaneScan<'_>,
    entry: &SegmentEntry,
    index: usize,
    rows: &mut Vec<(u64, Row)>,
) -> Result<(), StoreError> {
    rows.clear();
    scan.visit_chunk(entry, index, |seq, row| rows.push((seq, *row)))
}

/// The footer of a segment; `None`, which is noted, when it is missing.
fn footer(
    scan: &mut LaneScan<'_>,
    entry: &SegmentEntry,
) -> Result<Option<Arc<Footer>>, StoreError> {
    Ok(scan.segment(entry)?.map(|reader| Arc::clone(reader.footer())))
}

/// Cuts rows where another process begins.
fn cut<'a>(rows: &'a [(u64, Row)], runs: &'a [Run]) -> impl DoubleEndedIterator<Item = Piece<'a>> {
    let process = move |seq: u64| process_start(runs, seq);
    let parts = rows.chunk_by(move |left, right| process(left.0) == process(right.0));
    parts.map(move |rows| Piece { process: rows.first().map_or(0, |row| process(row.0)), rows })
}
