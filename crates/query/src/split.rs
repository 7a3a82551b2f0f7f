//! Cuts the rows of a chunk into pieces: rows that follow each other and are of one group.
//!
//! What the directory tells is not decoded: pages of ends are read only where rows of several
//! groups, or wanted rows and others, stand in one page.

use std::ops::Range;

use kronicler_format::{Row, ThreadRun};
use kronicler_store::{ChunkReader, StoreError};

use crate::filter::Limits;
use crate::periods::Periods;

/// By what rows are grouped, beside their series.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Split<'a> {
    /// All are one group.
    Whole,
    /// By the period of their end; what ended outside of all is left out.
    Periods(&'a Periods),
    /// By their thread.
    Threads,
}

/// Rows of one group, as indices in their chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub rows: Range<u32>,
    pub group: u32,
}

/// To which groups rows between two ends belong.
enum Groups {
    /// All of them to this one.
    One(u32),
    /// None is wanted.
    None,
    /// Who knows.
    Mixed,
}

impl Split<'_> {
    /// The group of a row that is within the limits.
    pub(crate) fn of_row(&self, row: &Row) -> Option<u32> {
        match self {
            Self::Whole => Some(0),
            Self::Periods(periods) => periods.of(row.end_ns).and_then(index),
            Self::Threads => Some(row.thread),
        }
    }

    /// The group of all rows whose ends lie between these two, if it is one.
    pub(crate) fn of_ends(&self, min_end_ns: i64, max_end_ns: i64) -> Option<u32> {
        match self {
            Self::Whole => Some(0),
            Self::Periods(periods) => {
                let first = periods.of(min_end_ns);
                first.filter(|_| first == periods.of(max_end_ns)).and_then(index)
            }
            Self::Threads => None,
        }
    }

    /// As far as ends tell.
    fn of_bounds(&self, limits: &Limits, min_end_ns: i64, max_end_ns: i64) -> Groups {
        let range = match self {
            Self::Periods(periods) => periods.range().unwrap_or((0, 0)),
            Self::Whole | Self::Threads => (i64::MIN, i64::MAX),
        };
        let is_before = limits.since_ns.is_some_and(|since| max_end_ns < since);
        let is_behind = limits.until_ns.is_some_and(|until| min_end_ns >= until);
        let has_periods = matches!(self, Self::Periods(_));
        if is_before || is_behind || has_periods && (max_end_ns < range.0 || min_end_ns >= range.1)
        {
            return Groups::None;
        }
        let is_wanted = limits.wants_end(min_end_ns) && limits.wants_end(max_end_ns);
        let group = match self {
            Self::Threads => Some(0),
            _ => self.of_ends(min_end_ns, max_end_ns),
        };
        group.filter(|_| is_wanted).map_or(Groups::Mixed, Groups::One)
    }
}

fn index(index: usize) -> Option<u32> {
    u32::try_from(index).ok()
}

/// Replaces `pieces` by those of a chunk, of which `rows` are wanted by the run that wrote them.
/// Returns `false` when a page of ends is missing: its rows are in no piece.
pub(crate) fn cut(
    chunk: &mut ChunkReader<'_>,
    rows: &[Range<u32>],
    limits: &Limits,
    split: &Split<'_>,
    pieces: &mut Vec<Piece>,
) -> Result<bool, StoreError> {
    pieces.clear();
    let is_whole = cut_by_time(chunk, limits, split, pieces)?;
    let row_count = chunk.directory().row_count();
    if rows.first().is_none_or(|rows| *rows != (0..row_count)) {
        *pieces = pieces.iter().flat_map(|piece| common(piece, rows)).collect();
    }
    if limits.thread.is_some() || matches!(split, Split::Threads) {
        let threads = chunk.directory().threads();
        *pieces = cut_by_thread(pieces, threads, limits, split);
    }
    Ok(is_whole)
}

fn common(piece: &Piece, rows: &[Range<u32>]) -> impl Iterator<Item = Piece> {
    let parts = rows.iter().map(|rows| {
        let rows = rows.start.max(piece.rows.start)..rows.end.min(piece.rows.end);
        Piece { rows, ..*piece }
    });
    parts.filter(|part| !part.rows.is_empty())
}

/// Appends rows, to the last piece if they follow it and are of its group.
fn push(pieces: &mut Vec<Piece>, rows: Range<u32>, group: u32) {
    match pieces.last_mut() {
        Some(last) if last.rows.end == rows.start && last.group == group => {
            last.rows.end = rows.end;
        }
        _ => pieces.push(Piece { rows, group }),
    }
}

fn cut_by_time(
    chunk: &mut ChunkReader<'_>,
    limits: &Limits,
    split: &Split<'_>,
    pieces: &mut Vec<Piece>,
) -> Result<bool, StoreError> {
    let entry = *chunk.entry();
    match split.of_bounds(limits, entry.min_end_ns, entry.max_end_ns) {
        Groups::One(group) => pieces.push(Piece { rows: 0..entry.row_count, group }),
        Groups::None => {}
        Groups::Mixed => return cut_pages(chunk, limits, split, pieces),
    }
    Ok(true)
}

fn cut_pages(
    chunk: &mut ChunkReader<'_>,
    limits: &Limits,
    split: &Split<'_>,
    pieces: &mut Vec<Piece>,
) -> Result<bool, StoreError> {
    let directory = chunk.directory().clone();
    let (mut first, mut is_whole) = (0, true);
    let mut ends = Vec::new();
    for page in directory.end_pages() {
        let rows = first..first + page.row_count;
        first = rows.end;
        match split.of_bounds(limits, page.min_end_ns, page.max_end_ns) {
            Groups::One(group) => push(pieces, rows, group),
            Groups::None => {}
            Groups::Mixed => {
                let Some(values) = chunk.page(page.page)? else {
                    is_whole = false;
                    continue;
                };
                ends.clear();
                values.extend_into(&mut ends);
                let mut groups = EndGroups::new(limits, split);
                for (row, end) in rows.zip(&ends) {
                    if let Some(group) = groups.of(end.cast_signed()) {
                        push(pieces, row..row + 1, group);
                    }
                }
            }
        }
    }
    Ok(is_whole)
}

/// Groups of ends of which most are near the one before.
struct EndGroups<'a> {
    limits: &'a Limits,
    split: &'a Split<'a>,
    /// Ends from the first to before the second are of the group.
    last: (i64, i64, Option<u32>),
}

impl<'a> EndGroups<'a> {
    const fn new(limits: &'a Limits, split: &'a Split<'a>) -> Self {
        Self { limits, split, last: (0, 0, None) }
    }

    #[inline]
    fn of(&mut self, end_ns: i64) -> Option<u32> {
        let (from, to, group) = self.last;
        if end_ns >= from && end_ns < to { group } else { self.find(end_ns) }
    }

    fn find(&mut self, end_ns: i64) -> Option<u32> {
        if !self.limits.wants_end(end_ns) {
            return None;
        }
        let mut range = (i64::MIN, i64::MAX);
        let group = match self.split {
            Split::Periods(periods) => {
                let place = periods.of(end_ns)?;
                range = periods.get(place)?;
                index(place)
            }
            Split::Whole | Split::Threads => Some(0),
        };
        let from = range.0.max(self.limits.since_ns.unwrap_or(i64::MIN));
        let to = range.1.min(self.limits.until_ns.unwrap_or(i64::MAX));
        self.last = (from, to, group);
        group
    }
}

fn cut_by_thread(
    pieces: &[Piece],
    threads: &[ThreadRun],
    limits: &Limits,
    split: &Split<'_>,
) -> Vec<Piece> {
    let mut cut: Vec<Piece> = Vec::new();
    let mut ends = threads.iter().scan(0_u32, |end, run| {
        *end = end.saturating_add(run.row_count);
        Some((*end, run.thread))
    });
    let Some(mut run) = ends.next() else { return cut };
    for Piece { rows, group } in pieces {
        let mut at = rows.start;
        while at < rows.end {
            while run.0 <= at {
                let Some(next) = ends.next() else { return cut };
                run = next;
            }
            let (end, thread) = run;
            let part = at..end.min(rows.end);
            at = part.end;
            if limits.wants_thread(thread) {
                let group = if matches!(split, Split::Threads) { thread } else { *group };
                push(&mut cut, part, group);
            }
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    #[test]
    fn runs_of_threads_cut_pieces() {
        // Promise: each row is in the piece of its thread, wherever runs and pieces end.
        let threads =
            [(0, 5), (1, 3), (0, 4)].map(|(thread, row_count)| ThreadRun { thread, row_count });
        let piece = |rows, group| Piece { rows, group };
        let pieces = [piece(1..6, 9), piece(7..12, 8)];
        let limits = Filter::default().limits();
        let by_thread = cut_by_thread(&pieces, &threads, &limits, &Split::Threads);
        assert_eq!(by_thread, [piece(1..5, 0), piece(5..6, 1), piece(7..8, 1), piece(8..12, 0)]);
        let limits = Filter { thread: Some(0), ..Filter::default() }.limits();
        let of_one = cut_by_thread(&pieces, &threads, &limits, &Split::Whole);
        assert_eq!(of_one, [piece(1..5, 9), piece(8..12, 8)]);
        assert_eq!(cut_by_thread(&pieces, &threads[..1], &limits, &Split::Whole), [piece(1..5, 9)]);
    }

    #[test]
    fn ends_are_of_the_period_that_holds_them() {
        // Promise: limits and bounds of periods cut where they say, also when ends step back.
        let periods = Periods::between(vec![0, 10, 20]);
        let (limits, split) = (
            Filter { since_ns: Some(3), until_ns: Some(18), ..Filter::default() }.limits(),
            Split::Periods(&periods),
        );
        let mut groups = EndGroups::new(&limits, &split);
        let found = [2, 3, 9, 10, 4, 17, 18, 11, 30, -1].map(|end| groups.of(end));
        let (none, first, second) = (None, Some(0), Some(1));
        assert_eq!(found, [none, first, first, second, first, second, none, second, none, none]);
    }
}
