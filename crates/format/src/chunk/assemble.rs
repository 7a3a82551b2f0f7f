//! Puts rows together from columns that were read page by page.

use std::borrow::Borrow;
use std::ops::Range;

use super::columns::mismatch;
use super::directory::ChunkDirectory;
use crate::limits::PAGE_VALUE_COUNT_MAX;
use crate::page::each_width;
use crate::{FormatError, PageValues, Row};

/// Appends the rows with these indices in the chunk to `rows`, in their order.
///
/// `page` hands out decoded pages by number, of its own chunk. It is asked only for what the rows
/// need: all pages of series up to the last row (they tell which durations belong to the rows),
/// the pages of ends in the range, the pages of durations with a row in the range; each once.
///
/// # Errors
/// Those of `page`; and when the pages contradict the directory. `rows` is then as before.
pub fn assemble_rows<P: Borrow<PageValues>, E: From<FormatError>>(
    directory: &ChunkDirectory,
    range: Range<u32>,
    mut page: impl FnMut(u32) -> Result<P, E>,
    rows: &mut Vec<Row>,
) -> Result<(), E> {
    let range = range.start.min(directory.row_count())..range.end.min(directory.row_count());
    if range.is_empty() {
        return Ok(());
    }
    let mut parts = Parts::new(directory, &range);
    parts.read_series(&mut page)?;
    parts.read_durations(&mut page)?;
    let before = rows.len();
    let result = parts.put_rows(&mut page, rows);
    if result.is_err() {
        rows.truncate(before);
    }
    result
}

struct Parts<'a> {
    directory: &'a ChunkDirectory,
    range: Range<u32>,
    /// Dense ids of the rows in the range.
    dense: Vec<u16>,
    /// By dense id: its rows before the range, then where its next duration stands.
    next: Vec<u32>,
    /// By dense id: its rows in the range, then where its durations end.
    counts: Vec<u32>,
    /// Durations of the rows in the range, by series.
    durations: Vec<u64>,
}

impl<'a> Parts<'a> {
    fn new(directory: &'a ChunkDirectory, range: &Range<u32>) -> Self {
        let row_count = range.len();
        Self {
            directory,
            range: range.clone(),
            dense: Vec::with_capacity(row_count),
            next: vec![0; directory.series().len()],
            counts: vec![0; directory.series().len()],
            durations: Vec::with_capacity(row_count),
        }
    }

    fn read_series<P: Borrow<PageValues>, E: From<FormatError>>(
        &mut self,
        page: &mut impl FnMut(u32) -> Result<P, E>,
    ) -> Result<(), E> {
        let series_count = self.counts.len() as u64;
        for first in (0..self.range.end).step_by(PAGE_VALUE_COUNT_MAX) {
            let number = self.directory.series_page(first).0;
            let values = page(number)?;
            let values: &PageValues = values.borrow();
            self.expect_count(number, values)?;
            let largest = values.base.checked_add(values.values.max());
            let Some(base) = u16::try_from(values.base)
                .ok()
                .filter(|_| largest.is_some_and(|largest| largest < series_count))
            else {
                return Err(FormatError::Undecodable { what: "series of a row" }.into());
            };
            let within = within(&self.range, first);
            each_width!(&values.values, stored => {
                let stored = stored.get(..within.end).unwrap_or(stored);
                let (before, inside) = stored.split_at(within.start.min(stored.len()));
                for &value in before {
                    self.next[usize::from(base + narrow(value))] += 1;
                }
                self.dense.extend(inside.iter().map(|&value| base + narrow(value)));
            });
        }
        self.count();
        Ok(())
    }

    /// Fills `counts`. Those of a whole chunk are known, and [`Self::put_rows`] compares.
    fn count(&mut self) {
        if self.dense.len() == self.directory.row_count() as usize {
            for (count, series) in self.counts.iter_mut().zip(self.directory.series()) {
                *count = series.row_count;
            }
        } else {
            for &dense in &self.dense {
                self.counts[usize::from(dense)] += 1;
            }
        }
    }

    /// Copies the durations of the range and sets `next` to where those of a series begin.
    fn read_durations<P: Borrow<PageValues>, E: From<FormatError>>(
        &mut self,
        page: &mut impl FnMut(u32) -> Result<P, E>,
    ) -> Result<(), E> {
        // Those that share a column come one after the other, so that each page is read once.
        let mut order: Vec<u32> = (0..).take(self.counts.len()).collect();
        order.sort_by_key(|&dense| self.directory.shares_durations(dense));
        let mut last: Option<(u32, P)> = None;
        for id in order {
            let dense = id as usize;
            let (before, count) = (self.next[dense], self.counts[dense]);
            self.next[dense] = u32::try_from(self.durations.len()).unwrap_or(u32::MAX);
            let all = self.directory.series()[dense].row_count;
            if before.checked_add(count).is_none_or(|end| end > all) {
                let (expected, found) = (u64::from(all), u64::from(before) + u64::from(count));
                return Err(mismatch("rows of a series", expected, found).into());
            }
            self.counts[dense] = self.next[dense] + count;
            for span in self.directory.duration_spans(id, before..before + count) {
                let values = match last.take() {
                    Some((number, values)) if number == span.page => values,
                    _ => page(span.page)?,
                };
                let values: &PageValues = last.insert((span.page, values)).1.borrow();
                self.expect_count(span.page, values)?;
                let range = span.range.start as usize..span.range.end as usize;
                values.extend_range_into(range, &mut self.durations);
            }
        }
        Ok(())
    }

    fn put_rows<P: Borrow<PageValues>, E: From<FormatError>>(
        &mut self,
        page: &mut impl FnMut(u32) -> Result<P, E>,
        rows: &mut Vec<Row>,
    ) -> Result<(), E> {
        rows.reserve(self.range.len());
        let mut threads = Threads::new(self.directory, self.range.start);
        let mut dense = self.dense.as_slice();
        let size = u32::try_from(PAGE_VALUE_COUNT_MAX).unwrap_or(u32::MAX);
        let first = self.range.start / size * size;
        let (series, durations) = (self.directory.series(), self.durations.as_slice());
        for first in (first..self.range.end).step_by(PAGE_VALUE_COUNT_MAX) {
            let number = self.directory.end_page(first).0;
            let values = page(number)?;
            let values: &PageValues = values.borrow();
            self.expect_count(number, values)?;
            let within = within(&self.range, first);
            let base = values.base;
            each_width!(&values.values, stored => {
                let stored = stored.get(within).unwrap_or_default();
                let page_dense;
                (page_dense, dense) = dense.split_at(stored.len());
                rows.extend(stored.iter().zip(page_dense).map(|(&end, &dense)| {
                    let next = &mut self.next[usize::from(dense)];
                    let duration = *next;
                    *next += 1;
                    Row {
                        series: series[usize::from(dense)].series,
                        thread: threads.next(),
                        end_ns: end_ns(base, end),
                        // Beyond the last only where rows are miscounted, which shows below.
                        duration_ns: durations.get(duration as usize).copied().unwrap_or_default(),
                    }
                }));
            });
        }
        // Each series has taken its own durations only if it ends where they do.
        for (&next, &end) in self.next.iter().zip(&self.counts) {
            if next != end {
                return Err(mismatch("rows of a series", end.into(), next.into()).into());
            }
        }
        Ok(())
    }

    fn expect_count(&self, page: u32, values: &PageValues) -> Result<(), FormatError> {
        let expected = u64::from(self.directory.page_value_count(page).unwrap_or_default());
        let found = values.len() as u64;
        let is_right = expected == found;
        is_right.then_some(()).ok_or(mismatch("values of a page", expected, found))
    }
}

/// A dense id, which is known to fit: it is below 65,536, the most series a chunk can have.
fn narrow<T>(value: T) -> u16
where
    u64: From<T>,
{
    u16::try_from(u64::from(value)).unwrap_or(u16::MAX)
}

fn end_ns<T>(base: u64, above: T) -> i64
where
    u64: From<T>,
{
    base.wrapping_add(u64::from(above)).cast_signed()
}

/// The rows of the range as indices in the page whose first row is `first`.
fn within(range: &Range<u32>, first: u32) -> Range<usize> {
    let index = |row: u32| (row.saturating_sub(first) as usize).min(PAGE_VALUE_COUNT_MAX);
    index(range.start)..index(range.end)
}

/// The threads of consecutive rows.
struct Threads<'a> {
    runs: std::slice::Iter<'a, super::ThreadRun>,
    thread: u32,
    rest: u32,
}

impl<'a> Threads<'a> {
    /// From the row with this index on.
    fn new(directory: &'a ChunkDirectory, row: u32) -> Self {
        let mut threads = Self { runs: directory.threads().iter(), thread: 0, rest: 0 };
        let mut skip = row;
        while skip > 0 {
            threads.next();
            let passed = threads.rest.min(skip - 1);
            threads.rest -= passed;
            skip -= passed + 1;
        }
        threads
    }

    #[inline]
    fn next(&mut self) -> u32 {
        if self.rest == 0
            && let Some(run) = self.runs.next()
        {
            (self.thread, self.rest) = (run.thread, run.row_count);
        }
        self.rest = self.rest.saturating_sub(1);
        self.thread
    }
}
