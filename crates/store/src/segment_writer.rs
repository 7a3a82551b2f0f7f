//! Writes a segment: chunk by chunk, then the footer; synced when it is finished.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::limits::{CHUNK_DETAILS_SIZE_BYTES_MAX, CHUNK_ROW_COUNT_MAX};
use kronicler_format::{
    ChunkEntry, ChunkScratch, Footer, FooterName, FooterSeries, FormatError, FrameSeed, Row,
    RowDetail, Run, SegmentEntry, SegmentHeader, encode_chunk_with_details, fitting_details,
};

use crate::layout::{FileKind, file_path};
use crate::totals::Totals;
use crate::{Dictionary, Storage, StorageFile, StoreError};

/// When the rows of a chunk were written to the lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrivals {
    pub first_ns: i64,
    pub last_ns: i64,
}

/// Writes one segment.
#[derive(Debug)]
pub(crate) struct SegmentWriter<'a> {
    storage: &'a dyn Storage,
    dir: &'a Path,
    path: PathBuf,
    file: Arc<dyn StorageFile>,
    seed: FrameSeed,
    id: u64,
    offset: u64,
    chunks: Vec<ChunkEntry>,
    workspace: Workspace,
}

/// Memory to encode in, kept from one segment to the next.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    buffer: Vec<u8>,
    scratch: ChunkScratch,
    /// Details that found no room in a chunk, since somebody has asked.
    pub details_dropped: u64,
}

impl<'a> SegmentWriter<'a> {
    /// Makes the file.
    pub fn create(
        storage: &'a dyn Storage,
        dir: &'a Path,
        header: &SegmentHeader,
        mut workspace: Workspace,
    ) -> Result<Self, StoreError> {
        let path = file_path(dir, FileKind::Segment, header.id);
        let file = storage.create(&path).map_err(StoreError::io("make", &path))?;
        workspace.buffer.clear();
        workspace.buffer.extend_from_slice(&header.encode());
        Ok(Self {
            storage,
            dir,
            path,
            file,
            seed: FrameSeed::new(&header.uuid),
            id: header.id,
            offset: 0,
            chunks: Vec::new(),
            workspace,
        })
    }

    /// Encodes rows without a gap, of which the first has `first_seq`, and which have these
    /// details, in ascending order, among others.
    pub fn add_rows(
        &mut self,
        first_seq: u64,
        rows: &[Row],
        details: &[RowDetail],
        arrivals: Arrivals,
    ) -> Result<(), StoreError> {
        let mut seq = first_seq;
        for rows in rows.chunks(CHUNK_ROW_COUNT_MAX) {
            let of_rows = details_in(details, &(seq..seq + rows.len() as u64));
            let fitting = fitting_details(of_rows, CHUNK_DETAILS_SIZE_BYTES_MAX);
            let Workspace { buffer, scratch, details_dropped } = &mut self.workspace;
            *details_dropped += (of_rows.len() - fitting) as u64;
            let at = buffer.len() as u64;
            let told = (rows, &of_rows[..fitting]);
            let shape = encode_chunk_with_details(buffer, self.seed, seq, told, scratch);
            let shape = shape.map_err(|source| self.damaged(source))?;
            let ends = rows.iter().map(|row| row.end_ns);
            self.chunks.push(ChunkEntry {
                offset: self.offset + at,
                size_bytes: shape.size_bytes,
                directory_size_bytes: shape.directory_size_bytes,
                first_seq: seq,
                row_count: u32::try_from(rows.len()).unwrap_or(u32::MAX),
                min_end_ns: ends.clone().min().unwrap_or(i64::MAX),
                max_end_ns: ends.max().unwrap_or(i64::MIN),
                max_duration_ns: rows.iter().map(|row| row.duration_ns).max().unwrap_or(0),
                // A clock that was set back lets the last row come before the first.
                first_arrival_ns: arrivals.first_ns.min(arrivals.last_ns),
                last_arrival_ns: arrivals.first_ns.max(arrivals.last_ns),
            });
            self.write()?;
            seq += rows.len() as u64;
        }
        Ok(())
    }

    /// Takes over a chunk of another segment of the lane, byte for byte.
    pub fn copy_chunk(&mut self, bytes: &[u8], entry: &ChunkEntry) -> Result<(), StoreError> {
        let offset = self.offset + self.workspace.buffer.len() as u64;
        self.chunks.push(ChunkEntry { offset, ..*entry });
        self.workspace.buffer.extend_from_slice(bytes);
        self.write()
    }

    /// Writes the footer, syncs the file and its directory, and gives the workspace back.
    pub fn finish(
        mut self,
        runs: Vec<Run>,
        names: &Dictionary,
        totals: &Totals,
    ) -> Result<(SegmentEntry, Workspace), StoreError> {
        let chunks = std::mem::take(&mut self.chunks);
        let footer = footer_of(chunks, runs, names, totals);
        let before = self.workspace.buffer.len();
        let encoded = footer.encode(self.seed, self.id, &mut self.workspace.buffer);
        encoded.map_err(|source| self.damaged(source))?;
        let footer_size = self.workspace.buffer.len() - before;
        self.write()?;
        self.file.sync().map_err(StoreError::io("sync", &self.path))?;
        self.storage.sync_dir(self.dir).map_err(StoreError::io("sync", self.dir))?;
        let entry = entry_of(self.id, self.offset, footer_size, &footer.chunks);
        Ok((entry, self.workspace))
    }

    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let buffer = &mut self.workspace.buffer;
        self.file.append(buffer).map_err(StoreError::io("write", &self.path))?;
        self.offset += buffer.len() as u64;
        buffer.clear();
        Ok(())
    }

    /// What the format refuses is a defect of ours; it stops the sealing, not the host.
    fn damaged(&self, source: FormatError) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), offset: self.offset, source }
    }
}

/// Those of the rows in `seqs`.
fn details_in<'a>(details: &'a [RowDetail], seqs: &Range<u64>) -> &'a [RowDetail] {
    let place = |seq: u64| details.partition_point(|detail| detail.seq < seq);
    &details[place(seqs.start)..place(seqs.end)]
}

fn footer_of(
    chunks: Vec<ChunkEntry>,
    runs: Vec<Run>,
    dictionary: &Dictionary,
    totals: &Totals,
) -> Footer {
    let mut names: Vec<FooterName> = Vec::new();
    let mut name_index: BTreeMap<u32, u32> = BTreeMap::new();
    let mut series = Vec::new();
    for (id, summary) in totals.iter_sorted() {
        let Some(&entry) = dictionary.series().get(id as usize) else { continue };
        let Some(name) = dictionary.name_of(id) else { continue };
        let index = *name_index.entry(entry.name).or_insert_with(|| {
            names.push(FooterName { name: name.name.to_string(), source: name.source.to_string() });
            u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
        });
        let mut entry = entry;
        entry.name = index;
        let mut statistics = Vec::new();
        summary.encode(&mut statistics);
        series.push(FooterSeries { series: id, entry, statistics });
    }
    Footer { chunks, runs, names, series }
}

pub(crate) fn entry_of(
    id: u64,
    size_bytes: u64,
    footer_size: usize,
    chunks: &[ChunkEntry],
) -> SegmentEntry {
    let first = chunks.first();
    let end_seq = chunks.last().map_or(0, |chunk| chunk.first_seq + u64::from(chunk.row_count));
    SegmentEntry {
        id,
        first_seq: first.map_or(0, |chunk| chunk.first_seq),
        end_seq,
        row_count: chunks.iter().map(|chunk| u64::from(chunk.row_count)).sum(),
        chunk_count: u32::try_from(chunks.len()).unwrap_or(u32::MAX),
        size_bytes,
        footer_size_bytes: u32::try_from(footer_size).unwrap_or(u32::MAX),
        min_end_ns: chunks.iter().map(|chunk| chunk.min_end_ns).min().unwrap_or(i64::MAX),
        max_end_ns: chunks.iter().map(|chunk| chunk.max_end_ns).max().unwrap_or(i64::MIN),
        max_duration_ns: chunks.iter().map(|chunk| chunk.max_duration_ns).max().unwrap_or(0),
        first_arrival_ns: chunks.iter().map(|chunk| chunk.first_arrival_ns).min().unwrap_or(0),
        last_arrival_ns: chunks.iter().map(|chunk| chunk.last_arrival_ns).max().unwrap_or(0),
    }
}
