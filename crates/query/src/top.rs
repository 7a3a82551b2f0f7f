//! The slowest or newest rows, without looking at segments, chunks and blocks that cannot hold one.
//! Footers know the slowest rows of each series, so few slowest ones need no rows at all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use kronicler_format::{Row, SegmentEntry};
use kronicler_stats::{SLOWEST_COUNT, Sketch, SlowRow, Slowest, Summary};
use kronicler_store::{Block, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::batch::RowBatch;
use crate::filter::{Bounds, Filter, Limits};
use crate::name_table::NameTable;
use crate::scan::LaneScan;

/// By what rows are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Duration,
    End,
}

/// A candidate: rank first, then the earlier row, so that ties are the same everywhere.
type Candidate = (i128, Reverse<usize>, Reverse<u64>);

impl Rank {
    fn of_row(self, row: &Row) -> i128 {
        match self {
            Rank::Duration => i128::from(row.duration_ns),
            Rank::End => i128::from(row.end_ns),
        }
    }

    /// The highest that rows within these bounds can have.
    fn of(self, bounds: &Bounds) -> i128 {
        match self {
            Rank::Duration => i128::from(bounds.max_duration_ns),
            Rank::End => i128::from(bounds.max_end_ns),
        }
    }

    fn candidate(self, lane_index: usize, seq: u64, row: &Row) -> Candidate {
        (self.of_row(row), Reverse(lane_index), Reverse(seq))
    }
}

/// The `limit` slowest wanted rows, slowest first; among equals the earlier row.
///
/// # Errors
/// When a log cannot be read.
pub fn slowest(
    snapshot: &Snapshot,
    filter: &Filter,
    limit: usize,
) -> Result<Answer<RowBatch>, StoreError> {
    top(snapshot, filter, limit, Rank::Duration)
}

/// The `limit` wanted rows that ended last, newest first.
///
/// # Errors
/// When a log cannot be read.
pub fn newest(
    snapshot: &Snapshot,
    filter: &Filter,
    limit: usize,
) -> Result<Answer<RowBatch>, StoreError> {
    top(snapshot, filter, limit, Rank::End)
}

/// The best rows seen so far, at most `limit`; the worst of them on top of the heap.
struct Best {
    limit: usize,
    heap: BinaryHeap<(Reverse<Candidate>, Kept)>,
}

/// A row in a heap: ordered by its candidate alone.
struct Kept(Row);

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Kept {}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kept {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Best {
    fn offer(&mut self, candidate: Candidate, row: &Row) {
        if self.heap.len() == self.limit {
            if self.worst().is_some_and(|worst| candidate <= worst) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push((Reverse(candidate), Kept(*row)));
    }

    fn worst(&self) -> Option<Candidate> {
        self.heap.peek().map(|(Reverse(worst), _)| *worst)
    }

    /// The lowest rank that can still come in; `None` while all can.
    fn floor(&self) -> Option<i128> {
        let worst = self.worst().filter(|_| self.heap.len() == self.limit);
        worst.map(|(worst, ..)| worst)
    }

    fn floor_ns(&self) -> u64 {
        self.floor().and_then(|floor| u64::try_from(floor).ok()).unwrap_or(0)
    }

    /// Whether no row of those with at most this rank can come in any more.
    fn is_beyond(&self, rank: i128) -> bool {
        self.floor().is_some_and(|floor| rank < floor)
    }

    /// Leaves rows out of a scan that cannot come in any more.
    fn narrow(&self, rank: Rank, limits: &mut Limits) {
        let Some(floor) = self.floor() else { return };
        match rank {
            Rank::Duration => {
                limits.min_duration_ns = limits.min_duration_ns.max(self.floor_ns());
            }
            Rank::End => limits.since_ns = limits.since_ns.max(i64::try_from(floor).ok()),
        }
    }
}

/// Rows that lie together, and the best rank among them.
type Ranked<T> = (i128, T);

/// Where rows lie that can be wanted.
enum Place<'a> {
    Segment(&'a SegmentEntry),
    Block(&'a Block),
}

fn top(
    snapshot: &Snapshot,
    filter: &Filter,
    limit: usize,
    rank: Rank,
) -> Result<Answer<RowBatch>, StoreError> {
    let mut batch = RowBatch::new(Arc::new(NameTable::new(snapshot)));
    let mut gaps = Gaps::of(snapshot);
    if limit == 0 {
        return Ok(gaps.answer(batch));
    }
    let is_in_footers = rank == Rank::Duration && limit <= SLOWEST_COUNT && filter.is_by_series();
    let mut best = Best { limit, heap: BinaryHeap::new() };
    for scan in LaneScan::all(snapshot, filter) {
        let mut scan = scan.stops_early();
        scan.visit_pending(|seq, row| best.offer(rank.candidate(scan.index, seq, row), row));
        if is_in_footers {
            offer_known(&mut scan, &mut best)?;
        } else {
            offer_rows(&mut scan, rank, &mut best)?;
        }
        gaps.add(scan.gaps);
    }
    // Sorted by the reversed candidate: the best come first.
    for (Reverse((_, Reverse(index), Reverse(seq))), Kept(row)) in best.heap.into_sorted_vec() {
        batch.push(snapshot, index, seq, &row);
    }
    Ok(gaps.answer(batch))
}

/// Offers the slowest rows of each series of a lane, as totals and footers know them.
fn offer_known(scan: &mut LaneScan<'_>, best: &mut Best) -> Result<(), StoreError> {
    let index = scan.index;
    let offer = |best: &mut Best, series: u32, slowest: &Slowest| {
        for &SlowRow { duration_ns, seq, end_ns, thread } in slowest.rows() {
            let row = Row { series, thread, end_ns, duration_ns };
            best.offer(Rank::Duration.candidate(index, seq, &row), &row);
        }
    };
    for window in &scan.view.state.windows {
        if !scan.holds_window(window) {
            for block in scan.blocks_of(window) {
                scan.visit_block(block, |seq, row| {
                    best.offer(Rank::Duration.candidate(index, seq, row), row);
                })?;
            }
            continue;
        }
        let totals = window.totals.iter();
        for (series, summary) in totals.filter(|(series, _)| scan.wants_series(*series)) {
            offer(best, series, &summary.slowest);
        }
    }
    let mut segments: Vec<&SegmentEntry> = scan.segments().collect();
    segments.sort_by_key(|entry| Reverse(entry.max_duration_ns));
    let mut passed = Sketch::new();
    for entry in segments {
        if best.is_beyond(i128::from(entry.max_duration_ns)) {
            break;
        }
        let Some(reader) = scan.segment(entry)? else { continue };
        let footer = reader.footer().clone();
        if !scan.holds_segment(entry, &footer) {
            let limits = scan.limits;
            offer_segment(scan, entry, Rank::Duration, best)?;
            scan.limits = limits;
            continue;
        }
        for series in &footer.series {
            if !scan.wants_series(series.series) {
                continue;
            }
            let floor_ns = best.floor_ns();
            match Summary::slowest_encoded(&series.statistics, floor_ns, &mut passed) {
                Ok(slowest) => offer(best, series.series, &slowest),
                Err(_) => scan.gaps.note(false),
            }
        }
    }
    Ok(())
}

/// Offers the wanted rows of a lane, as far as they can come in.
fn offer_rows(scan: &mut LaneScan<'_>, rank: Rank, best: &mut Best) -> Result<(), StoreError> {
    let segments = scan.segments();
    let segments = segments.map(|entry| (rank.of(&entry.into()), Place::Segment(entry)));
    let blocks = scan.blocks().map(|block| (rank.of(&block.into()), Place::Block(block)));
    let mut places: Vec<Ranked<Place<'_>>> = segments.chain(blocks).collect();
    places.sort_by_key(|(best, _)| Reverse(*best));
    for (highest, place) in places {
        if best.is_beyond(highest) {
            break;
        }
        match place {
            Place::Segment(entry) => offer_segment(scan, entry, rank, best)?,
            Place::Block(block) => {
                let index = scan.index;
                scan.visit_block(block, |seq, row| {
                    best.offer(rank.candidate(index, seq, row), row);
                })?;
            }
        }
    }
    Ok(())
}

fn offer_segment(
    scan: &mut LaneScan<'_>,
    entry: &SegmentEntry,
    rank: Rank,
    best: &mut Best,
) -> Result<(), StoreError> {
    let lane_index = scan.index;
    let chunks = scan.chunks(entry)?.into_iter();
    let mut chunks: Vec<Ranked<usize>> =
        chunks.map(|(index, chunk)| (rank.of(&Bounds::from(&chunk)), index)).collect();
    chunks.sort_by_key(|(best, _)| Reverse(*best));
    for (highest, index) in chunks {
        if best.is_beyond(highest) {
            break;
        }
        best.narrow(rank, &mut scan.limits);
        scan.visit_chunk(entry, index, |seq, row| {
            best.offer(rank.candidate(lane_index, seq, row), row);
        })?;
    }
    Ok(())
}
