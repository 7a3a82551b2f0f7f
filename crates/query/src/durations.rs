//! Walks the durations of wanted rows of a chunk by series and group, in no particular order.
//!
//! Durations alone are decoded where all rows are of one group; else the ids of series besides,
//! which tell how many durations of each series belong to a piece.

use std::ops::Range;

use kronicler_format::limits::PAGE_VALUE_COUNT_MAX;
use kronicler_format::{ChunkSeries, Narrow, PageValues};
use kronicler_store::{ChunkReader, Page, StoreError};

use crate::filter::Limits;
use crate::split::Piece;

/// Durations of one series.
pub(crate) enum Durations<'a> {
    /// Some values of a page.
    Page(&'a PageValues, Range<usize>),
    /// Those that are left of a page.
    Some(&'a [u64]),
    /// One.
    One(u64),
}

/// Values whose width is known.
pub(crate) trait Take {
    /// Takes values that each stand for themselves plus `base`.
    fn take<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T]);
}

impl Durations<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Some(durations) => durations.len(),
            Self::Page(_, range) => range.len(),
        }
    }

    /// Hands the durations over in the width they have.
    pub(crate) fn give_to(&self, taker: &mut impl Take) {
        match self {
            Self::One(duration_ns) => taker.take(0, &[*duration_ns]),
            Self::Some(durations) => taker.take(0, durations),
            Self::Page(page, range) => {
                let range = range.start.min(page.len())..range.end.min(page.len());
                match &page.values {
                    Narrow::U8(values) => taker.take(page.base, &values[range]),
                    Narrow::U16(values) => taker.take(page.base, &values[range]),
                    Narrow::U32(values) => taker.take(page.base, &values[range]),
                    Narrow::U64(values) => taker.take(page.base, &values[range]),
                }
            }
        }
    }
}

/// What is wanted of a chunk.
pub(crate) struct Request<'a> {
    /// Its pieces, ascending.
    pub pieces: &'a [Piece],
    /// By dense id: which series.
    pub series: &'a [bool],
    /// Which durations.
    pub limits: &'a Limits,
}

/// Calls `visit` with group, dense id and durations of all that is wanted of a chunk. Returns
/// `false` when pages are missing: what could be read without them was visited.
pub(crate) fn visit_durations(
    chunk: &mut ChunkReader<'_>,
    request: &Request<'_>,
    visit: impl FnMut(u32, u32, &Durations<'_>),
) -> Result<bool, StoreError> {
    let row_count = chunk.directory().row_count();
    let mut walk = Walk { request, visit, kept: Vec::new() };
    match request.pieces {
        [] => Ok(true),
        [Piece { rows, group }] if *rows == (0..row_count) => walk.all(chunk, *group),
        _ => walk.pieces(chunk),
    }
}

/// As [`visit_durations`], but counts rows, whatever their durations.
pub(crate) fn visit_counts(
    chunk: &mut ChunkReader<'_>,
    request: &Request<'_>,
    mut visit: impl FnMut(u32, u32, u32),
) -> Result<bool, StoreError> {
    let directory = chunk.directory().clone();
    if let [Piece { rows, group }] = request.pieces
        && *rows == (0..directory.row_count())
    {
        let series = (0..).zip(directory.series()).zip(request.series);
        for ((dense, one), _) in series.filter(|(_, is_wanted)| **is_wanted) {
            visit(*group, dense, one.row_count);
        }
        return Ok(true);
    }
    let end = request.pieces.last().map_or(0, |piece| piece.rows.end);
    let ids = read_ids(chunk, 0..end)?;
    let mut places = Places::new(request.series);
    for Piece { rows, group } in request.pieces {
        let Some(within) = ids.get(rows.start as usize..rows.end as usize) else { break };
        places.count(within);
        while let Some((dense, rows)) = places.take_counted() {
            visit(*group, dense, rows.end - rows.start);
        }
    }
    Ok(ids.len() >= end as usize)
}

struct Walk<'a, V> {
    request: &'a Request<'a>,
    visit: V,
    /// Only memory to filter into.
    kept: Vec<u64>,
}

/// Durations that stand together in a page.
struct Span {
    page: u32,
    dense: u32,
    range: Range<u32>,
}

impl<V: FnMut(u32, u32, &Durations<'_>)> Walk<'_, V> {
    /// Visits all rows of the wanted series.
    fn all(&mut self, chunk: &mut ChunkReader<'_>, group: u32) -> Result<bool, StoreError> {
        let directory = chunk.directory().clone();
        let mut spans = Vec::new();
        for dense in self.wanted() {
            let of_series = directory.duration_pages(dense);
            spans.extend(of_series.map(|span| Span { page: span.page, dense, range: span.range }));
        }
        // Several series may share a page: each is read once.
        spans.sort_by_key(|span| (span.page, span.dense));
        chunk.expect_pages(spans.iter().map(|span| span.page));
        let mut is_whole = true;
        for of_page in spans.chunk_by(|left, right| left.page == right.page) {
            let Some(page) = chunk.page(of_page[0].page)? else {
                is_whole = false;
                continue;
            };
            for Span { dense, range, .. } in of_page {
                self.give(group, *dense, &page, range.clone());
            }
        }
        Ok(is_whole)
    }

    fn wanted(&self) -> impl Iterator<Item = u32> + use<'_, V> {
        let series = (0..).zip(self.request.series);
        series.filter(|(_, is_wanted)| **is_wanted).map(|(dense, _)| dense)
    }

    fn give(&mut self, group: u32, dense: u32, page: &PageValues, range: Range<u32>) {
        let range = range.start as usize..range.end as usize;
        let limits = self.request.limits;
        let durations = Durations::Page(page, range);
        if limits.min_duration_ns == 0 && limits.max_duration_ns == u64::MAX {
            (self.visit)(group, dense, &durations);
            return;
        }
        let mut kept = std::mem::take(&mut self.kept);
        kept.clear();
        durations.give_to(&mut Between { limits, kept: &mut kept });
        if !kept.is_empty() {
            (self.visit)(group, dense, &Durations::Some(&kept));
        }
        self.kept = kept;
    }

    /// Visits the rows of pieces. Ids tell which durations are of which piece. They are read up to
    /// the last piece, or behind the first, whichever are fewer: the durations of that one are what
    /// the others leave.
    fn pieces(&mut self, chunk: &mut ChunkReader<'_>) -> Result<bool, StoreError> {
        let directory = chunk.directory().clone();
        let row_count = directory.row_count();
        let ([first, ..], [.., last]) = (self.request.pieces, self.request.pieces) else {
            return Ok(true);
        };
        let begins = first.rows.start == 0;
        let head = if begins { first.rows.end } else { first.rows.start };
        let tail = if last.rows.end == row_count { last.rows.start } else { last.rows.end };
        let wanted = self.wanted().collect::<Vec<_>>();
        let spans = wanted.iter().flat_map(|&dense| directory.duration_pages(dense));
        chunk.expect_pages(spans.map(|span| span.page));
        let mut pages = Pages::new(directory.page_count());
        let mut places = Places::new(self.request.series);
        if row_count - head < tail {
            let ids = read_ids(chunk, head..row_count)?;
            if ids.len() == (row_count - head) as usize {
                places.go_before(&ids, directory.series());
                let mut is_whole = true;
                for &dense in wanted.iter().filter(|_| begins) {
                    let rows = 0..places.next_of(dense);
                    is_whole &= self.give_rows(chunk, &mut pages, first.group, dense, rows)?;
                }
                let ids = Ids { first: head, ids: &ids };
                let rest = &self.request.pieces[usize::from(begins)..];
                return Ok(is_whole & self.known(chunk, &mut pages, &mut places, rest, ids)?);
            }
        }
        let ids = read_ids(chunk, 0..tail)?;
        let is_whole = ids.len() == tail as usize;
        let ids = Ids { first: 0, ids: &ids };
        let pieces = self.request.pieces;
        Ok(is_whole & self.known(chunk, &mut pages, &mut places, pieces, ids)?)
    }

    /// Visits the rows of pieces whose ids are known; those of one that goes to the end of the
    /// chunk need not be.
    fn known(
        &mut self,
        chunk: &mut ChunkReader<'_>,
        pages: &mut Pages,
        places: &mut Places<'_>,
        pieces: &[Piece],
        ids: Ids<'_>,
    ) -> Result<bool, StoreError> {
        let directory = chunk.directory().clone();
        let (mut at, mut is_whole) = (ids.first, true);
        for Piece { rows, group } in pieces {
            let Some(before) = ids.of(at..rows.start) else { return Ok(false) };
            places.pass(before);
            if rows.end == directory.row_count() {
                for dense in self.wanted().collect::<Vec<_>>() {
                    let series = directory.series().get(dense as usize);
                    let end = series.map_or(0, |series| series.row_count);
                    let rows = places.next_of(dense)..end;
                    is_whole &= self.give_rows(chunk, pages, *group, dense, rows)?;
                }
                break;
            }
            let Some(within) = ids.of(rows.clone()) else { return Ok(false) };
            at = rows.end;
            places.count(within);
            while let Some((dense, rows)) = places.take_counted() {
                is_whole &= self.give_rows(chunk, pages, *group, dense, rows)?;
            }
        }
        Ok(is_whole)
    }

    /// Visits some of the rows of a series; `false` when pages are missing.
    fn give_rows(
        &mut self,
        chunk: &mut ChunkReader<'_>,
        pages: &mut Pages,
        group: u32,
        dense: u32,
        rows: Range<u32>,
    ) -> Result<bool, StoreError> {
        let directory = chunk.directory().clone();
        let mut missing = rows.end.saturating_sub(rows.start);
        for span in directory.duration_spans(dense, rows) {
            if let Some(page) = pages.get(chunk, span.page)? {
                missing -= span.range.end - span.range.start;
                self.give(group, dense, page, span.range);
            }
        }
        Ok(missing == 0)
    }
}

/// Dense ids of rows from one on.
#[derive(Debug, Clone, Copy)]
struct Ids<'a> {
    first: u32,
    ids: &'a [u16],
}

impl<'a> Ids<'a> {
    /// Those of some rows; `None` when not all are known.
    fn of(self, rows: Range<u32>) -> Option<&'a [u16]> {
        let place = |row: u32| Some(row.checked_sub(self.first)? as usize);
        self.ids.get(place(rows.start)?..place(rows.end)?)
    }
}

/// Dense ids of some rows of a chunk: fewer than asked for when a page is missing.
fn read_ids(chunk: &mut ChunkReader<'_>, rows: Range<u32>) -> Result<Vec<u16>, StoreError> {
    let directory = chunk.directory().clone();
    let page_size = u32::try_from(PAGE_VALUE_COUNT_MAX).unwrap_or(u32::MAX);
    let firsts = (rows.start / page_size * page_size..rows.end).step_by(PAGE_VALUE_COUNT_MAX);
    chunk.expect_pages(firsts.clone().map(|row| directory.series_page(row).0));
    let mut ids = Vec::with_capacity(rows.len());
    for first in firsts {
        let Some(page) = chunk.page(directory.series_page(first).0)? else { break };
        struct Narrowed<'a>(&'a mut Vec<u16>);
        impl Take for Narrowed<'_> {
            fn take<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T]) {
                // Ids that are none were refused when the page was decoded.
                let narrow = |value: T| base.wrapping_add(value.into()).try_into().unwrap_or(0);
                self.0.extend(values.iter().map(|&value| narrow(value)));
            }
        }
        let skipped = rows.start.saturating_sub(first) as usize;
        let wanted = page.len().min(rows.end.saturating_sub(first) as usize);
        Durations::Page(&page, skipped.min(wanted)..wanted).give_to(&mut Narrowed(&mut ids));
    }
    Ok(ids)
}

/// Pages of a chunk that were read, each once.
struct Pages {
    /// By number: `None` inside when it is missing.
    pages: Vec<Option<Option<Page>>>,
}

impl Pages {
    fn new(count: u32) -> Self {
        Self { pages: (0..count).map(|_| None).collect() }
    }

    fn get(
        &mut self,
        chunk: &mut ChunkReader<'_>,
        number: u32,
    ) -> Result<Option<&Page>, StoreError> {
        let Some(place) = self.pages.get_mut(number as usize) else { return Ok(None) };
        if place.is_none() {
            *place = Some(chunk.page(number)?);
        }
        Ok(place.as_ref().and_then(Option::as_ref))
    }
}

/// Where the next durations of each series stand among those of the series.
struct Places<'a> {
    wanted: &'a [bool],
    /// By dense id.
    next: Vec<u32>,
    counts: Vec<u32>,
    /// Dense ids whose count is not 0.
    counted: Vec<u16>,
}

impl<'a> Places<'a> {
    fn new(wanted: &'a [bool]) -> Self {
        let zeros = vec![0; wanted.len()];
        Self { wanted, next: zeros.clone(), counts: zeros, counted: Vec::new() }
    }

    /// Passes over rows.
    fn pass(&mut self, ids: &[u16]) {
        for &id in ids {
            if let Some(next) = self.next.get_mut(usize::from(id)) {
                *next += 1;
            }
        }
    }

    /// Goes to before these rows, which are the last of the chunk.
    fn go_before(&mut self, ids: &[u16], series: &[ChunkSeries]) {
        for (next, series) in self.next.iter_mut().zip(series) {
            *next = series.row_count;
        }
        for &id in ids {
            if let Some(next) = self.next.get_mut(usize::from(id)) {
                *next = next.saturating_sub(1);
            }
        }
    }

    /// Which row of a series comes next.
    fn next_of(&self, dense: u32) -> u32 {
        self.next.get(dense as usize).copied().unwrap_or(0)
    }

    /// Counts rows of wanted series.
    fn count(&mut self, ids: &[u16]) {
        for &id in ids {
            let at = usize::from(id);
            if self.wanted.get(at).copied().unwrap_or(false) {
                if self.counts[at] == 0 {
                    self.counted.push(id);
                }
                self.counts[at] += 1;
            }
        }
    }

    /// A series that was counted, and which of its rows these were.
    fn take_counted(&mut self) -> Option<(u32, Range<u32>)> {
        let id = self.counted.pop()?;
        let at = usize::from(id);
        let (first, count) = (self.next[at], std::mem::take(&mut self.counts[at]));
        self.next[at] += count;
        Some((u32::from(id), first..first + count))
    }
}

/// Keeps what lies between limits.
struct Between<'a> {
    limits: &'a Limits,
    kept: &'a mut Vec<u64>,
}

impl Take for Between<'_> {
    fn take<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T]) {
        let values = values.iter().map(|&value| base.wrapping_add(value.into()));
        self.kept.extend(values.filter(|&duration_ns| self.limits.wants_duration(duration_ns)));
    }
}
