//! Walks the rows of a lane that a filter wants: segments, then blocks of the head log, then rows
//! that are not yet in it, each passed over when it cannot hold a wanted row.
//!
//! A scan holds one descriptor at a time, and none once it is dropped.

use std::ops::Range;
use std::sync::Arc;

use kronicler_format::{ChunkEntry, Footer, Row, Run, SegmentEntry};
use kronicler_store::{
    Block, BlockReader, ChunkReader, LaneView, Opened, SegmentReader, Snapshot, StoreError, Window,
};

use crate::answer::Gaps;
use crate::chunk_scan::{Scratch, Wanted, visit_rows};
use crate::filter::{Bounds, Filter, Limits};
use crate::runs::Spans;

/// What a decoded row takes in the bufferpool, about: series, end and duration in narrow types.
const ROW_SIZE_BYTES: usize = 12;

/// What a scan works on: one lane, and which of its series are wanted.
pub(crate) struct LaneScan<'a> {
    pub index: usize,
    pub view: &'a LaneView,
    /// What the rows must lie between; who has found better ones may narrow it.
    pub limits: Limits,
    pub gaps: Gaps,
    wanted: Arc<[bool]>,
    filter: &'a Filter,
    is_any: bool,
    open: Open<'a>,
    /// Bytes of decoded pages that the scan is going to read.
    planned_bytes: usize,
    /// Whether it is not known how many, so that they are counted on the way.
    is_open_ended: bool,
    rows: Vec<Row>,
    scratch: Scratch,
}

/// The file that is open.
enum Open<'a> {
    Nothing,
    Segment(u64, SegmentReader),
    Head(BlockReader<'a>),
}

impl<'a> LaneScan<'a> {
    pub(crate) fn new(index: usize, view: &'a LaneView, filter: &'a Filter) -> Self {
        let mut wanted = filter.wanted_series(&view.state.names);
        if !filter.wants_lane(view.lane()) {
            wanted.fill(false);
        }
        Self::of_series(index, view, filter, wanted.into())
    }

    /// As [`LaneScan::new`], for who has asked the filter already which series it wants.
    pub(crate) fn of_series(
        index: usize,
        view: &'a LaneView,
        filter: &'a Filter,
        wanted: Arc<[bool]>,
    ) -> Self {
        let mut scan = Self {
            index,
            view,
            limits: filter.limits(),
            gaps: Gaps { is_partial: view.state.is_partial(), is_stale: false },
            is_any: wanted.contains(&true),
            wanted,
            filter,
            open: Open::Nothing,
            planned_bytes: 0,
            is_open_ended: false,
            rows: Vec::new(),
            scratch: Scratch::default(),
        };
        let planned: u64 = scan.segments().map(|entry| entry.row_count).sum();
        scan.planned_bytes = usize::try_from(planned).unwrap_or(usize::MAX);
        scan.planned_bytes = scan.planned_bytes.saturating_mul(ROW_SIZE_BYTES);
        scan
    }

    /// The lanes of a snapshot.
    pub(crate) fn all(
        snapshot: &'a Snapshot,
        filter: &'a Filter,
    ) -> impl Iterator<Item = LaneScan<'a>> {
        let lanes = snapshot.lanes.iter().enumerate();
        lanes.map(move |(index, view)| LaneScan::new(index, view, filter))
    }

    /// Says that it likely ends long before all wanted rows are read.
    pub(crate) const fn stops_early(mut self) -> Self {
        (self.planned_bytes, self.is_open_ended) = (0, true);
        self
    }

    /// Says how many bytes of decoded pages are going to be read, in all lanes together.
    pub(crate) const fn plans(mut self, planned_bytes: usize) -> Self {
        (self.planned_bytes, self.is_open_ended) = (planned_bytes, false);
        self
    }

    /// By id: which series are wanted.
    pub(crate) fn wanted_series(&self) -> Arc<[bool]> {
        Arc::clone(&self.wanted)
    }

    /// How many of the series are wanted, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn wanted_share(&self) -> f64 {
        let wanted = self.wanted.iter().filter(|is_wanted| **is_wanted).count();
        wanted as f64 / self.wanted.len().max(1) as f64
    }

    pub(crate) fn wants_series(&self, series: u32) -> bool {
        self.wanted.get(series as usize).copied().unwrap_or(false)
    }

    /// The segments that can hold a wanted row, in lane order.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &'a SegmentEntry> + use<'a> {
        let (is_any, limits) = (self.is_any, self.limits);
        let segments = self.view.state.segments.iter();
        segments.filter(move |entry| is_any && limits.meets(&Bounds::from(*entry)))
    }

    /// The blocks that can hold a wanted row, in lane order.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &'a Block> + use<'a> {
        let blocks = self.view.state.windows.iter().flat_map(|window| window.blocks.iter());
        self.wanted_blocks(blocks)
    }

    /// Those of one window.
    pub(crate) fn blocks_of(
        &self,
        window: &'a Window,
    ) -> impl Iterator<Item = &'a Block> + use<'a> {
        self.wanted_blocks(window.blocks.iter())
    }

    fn wanted_blocks<I: Iterator<Item = &'a Block>>(
        &self,
        blocks: I,
    ) -> impl Iterator<Item = &'a Block> + use<'a, I> {
        let (is_any, limits, wants_run) = (self.is_any, self.limits, self.wants_run());
        blocks.filter(move |block| {
            is_any && limits.meets(&Bounds::from(*block)) && wants_run(block.run as usize)
        })
    }

    /// Whether the rows of the run with an index in the lane are wanted.
    pub(crate) fn wants_run(&self) -> impl Fn(usize) -> bool + use<'a> {
        let (filter, runs) = (self.filter, &self.view.state.runs);
        move |index| {
            !filter.asks_for_runs() || filter.wants_run(runs.get(index).unwrap_or(&Run::default()))
        }
    }

    /// Whether all rows of wanted series are wanted, so that statistics need no rows.
    pub(crate) fn holds_window(&self, window: &Window) -> bool {
        self.limits.holds(&Bounds::from(window))
            && window.blocks.iter().all(|block| self.wants_run()(block.run as usize))
    }

    /// As [`LaneScan::holds_window`], for a segment that can be read.
    pub(crate) fn holds_segment(&self, entry: &SegmentEntry, footer: &Footer) -> bool {
        self.limits.holds(&Bounds::from(entry)) && self.filter.spans_of(footer).is_all()
    }

    /// Which rows of the open segment are wanted by the run that wrote them.
    fn open_spans(&self) -> Spans {
        match &self.open {
            Open::Segment(_, reader) => self.filter.spans_of(reader.footer()),
            Open::Nothing | Open::Head(_) => Spans::none(),
        }
    }

    /// Opens a segment; `None`, which is noted, when it is missing.
    pub(crate) fn segment(
        &mut self,
        entry: &SegmentEntry,
    ) -> Result<Option<&mut SegmentReader>, StoreError> {
        if !matches!(&self.open, Open::Segment(id, _) if *id == entry.id) {
            // One descriptor at a time.
            self.open = Open::Nothing;
            match self.view.segment(entry)? {
                Opened::Found(reader) => self.open = Open::Segment(entry.id, reader),
                missing => self.gaps.note(matches!(missing, Opened::Gone)),
            }
        }
        Ok(match &mut self.open {
            Open::Segment(_, reader) => Some(reader),
            _ => None,
        })
    }

    /// The chunks of a segment that can hold a wanted row, with their index.
    pub(crate) fn chunks(
        &mut self,
        entry: &SegmentEntry,
    ) -> Result<Vec<(usize, ChunkEntry)>, StoreError> {
        let limits = self.limits;
        let Some(reader) = self.segment(entry)? else { return Ok(Vec::new()) };
        let footer = reader.footer().clone();
        let spans = self.open_spans();
        if spans.is_none() || !self.wants_any_of(&footer) {
            return Ok(Vec::new());
        }
        let chunks = footer.chunks.iter().copied().enumerate();
        let chunks = chunks.filter(|(_, chunk)| {
            limits.meets(&Bounds::from(chunk))
                && !spans.rows_of(chunk.first_seq, chunk.row_count).is_empty()
        });
        Ok(chunks.collect())
    }

    fn wants_any_of(&self, footer: &Footer) -> bool {
        footer.series.iter().any(|series| self.wants_series(series.series))
    }

    /// Rows of a chunk that were written by wanted runs.
    pub(crate) fn wanted_rows(
        &mut self,
        entry: &SegmentEntry,
        index: usize,
    ) -> Result<Vec<Range<u32>>, StoreError> {
        let Some(reader) = self.segment(entry)? else { return Ok(Vec::new()) };
        let chunk = reader.footer().chunks.get(index).copied();
        let rows = chunk.map(|chunk| self.open_spans().rows_of(chunk.first_seq, chunk.row_count));
        Ok(rows.unwrap_or_default())
    }

    /// Calls `read` with a chunk, unless it is missing, which is noted. `read` says whether it
    /// found all it needed.
    pub(crate) fn with_chunk(
        &mut self,
        entry: &SegmentEntry,
        index: usize,
        read: impl FnOnce(&mut Self, ChunkReader<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        if self.segment(entry)?.is_none() {
            return Ok(());
        }
        // Taken out, so that `read` can use both.
        let mut open = std::mem::replace(&mut self.open, Open::Nothing);
        if let Open::Segment(_, reader) = &mut open {
            let is_whole = match reader.chunk(index)? {
                Some(chunk) => read(self, chunk)?,
                None => false,
            };
            if !is_whole {
                self.gaps.note(reader.is_gone());
            }
        }
        self.open = open;
        Ok(())
    }

    /// Says that a chunk is read as a part of the whole scan.
    pub(crate) fn scanned<'c>(&mut self, chunk: ChunkReader<'c>) -> ChunkReader<'c> {
        if self.is_open_ended {
            self.planned_bytes += chunk.directory().row_count() as usize * ROW_SIZE_BYTES;
        }
        self.accessed(chunk)
    }

    /// Says how the pages of a chunk are going to be used, of all that are planned.
    pub(crate) fn accessed<'c>(&self, chunk: ChunkReader<'c>) -> ChunkReader<'c> {
        chunk.with_access(self.view.catalog().begin_scan(self.planned_bytes))
    }

    /// Calls `visit` with sequence and row for every wanted row of a chunk.
    pub(crate) fn visit_chunk(
        &mut self,
        entry: &SegmentEntry,
        index: usize,
        visit: impl FnMut(u64, &Row),
    ) -> Result<(), StoreError> {
        self.visit_chunk_where(entry, index, |_| true, visit)
    }

    /// As [`LaneScan::visit_chunk`], of some of the wanted series.
    pub(crate) fn visit_chunk_where(
        &mut self,
        entry: &SegmentEntry,
        index: usize,
        is_meant: impl Fn(u32) -> bool,
        mut visit: impl FnMut(u64, &Row),
    ) -> Result<(), StoreError> {
        let rows = self.wanted_rows(entry, index)?;
        self.with_chunk(entry, index, |scan, chunk| {
            let series = chunk.directory().series().iter();
            let wants = |series| is_meant(series) && scan.wants_series(series);
            let wanted: Vec<bool> = series.map(|one| wants(one.series)).collect();
            let mut chunk = scan.scanned(chunk);
            let wanted = Wanted { series: &wanted, rows: &rows, limits: &scan.limits };
            visit_rows(&mut chunk, &wanted, &mut scan.scratch, &mut visit)
        })
    }

    /// Calls `visit` with sequence and row for every wanted row of a block.
    pub(crate) fn visit_block(
        &mut self,
        block: &Block,
        mut visit: impl FnMut(u64, &Row),
    ) -> Result<(), StoreError> {
        if !matches!(self.open, Open::Head(_)) {
            self.open = Open::Nothing;
            match self.view.blocks()? {
                Some(reader) => self.open = Open::Head(reader),
                None => self.gaps.note(true),
            }
        }
        let Open::Head(reader) = &mut self.open else { return Ok(()) };
        let mut rows = std::mem::take(&mut self.rows);
        let is_whole = reader.read(block, &mut rows)?;
        if !is_whole {
            self.gaps.note(false);
        }
        self.visit_rows(block.first_seq, &rows, &mut visit);
        self.rows = rows;
        Ok(())
    }

    /// Calls `visit` with sequence and row for every wanted row that is not yet in the log.
    pub(crate) fn visit_pending(&self, visit: impl FnMut(u64, &Row)) {
        self.visit_pending_in(0..self.view.pending.len(), visit);
    }

    /// As [`LaneScan::visit_pending`], for some of these rows.
    pub(crate) fn visit_pending_in(&self, range: Range<usize>, mut visit: impl FnMut(u64, &Row)) {
        if !self.wants_run()(self.view.state.runs.len().wrapping_sub(1)) {
            return;
        }
        let first_seq = self.view.state.next_seq + range.start as u64;
        let end = range.end.min(self.view.pending.len());
        self.visit_rows(first_seq, &self.view.pending[range.start..end], &mut visit);
    }

    #[inline]
    fn visit_rows(&self, first_seq: u64, rows: &[Row], visit: &mut impl FnMut(u64, &Row)) {
        for (seq, row) in (first_seq..).zip(rows) {
            if self.wants_series(row.series) && self.limits.wants_row(row) {
                visit(seq, row);
            }
        }
    }
}
