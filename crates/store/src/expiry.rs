//! Lets the oldest segments of a lane go; their statistics stay as history.
//!
//! The commit point is the EDIT frame, for which the head log keeps room: it works on a full disk.
//! There the history is written when there is room for it; a crash in between loses
//! the statistics of these rows, nothing else.

use std::path::Path;

use kronicler_format::varint::Cursor;
use kronicler_format::{Edit, Footer, HistoryEntry, Run, SegmentEntry, decode_chunk};
use kronicler_stats::{
    HISTORY_HEADER_SIZE_BYTES, History, HistoryFunction, HistoryHeader, HistorySeries, Period,
    SeriesId, Summary, decode_history_file, encode_history_file,
};

use crate::lane_state::LaneState;
use crate::lane_writer::{LaneWriter, READERS_GRACE_NS, Retired};
use crate::layout::{FileKind, file_path};
use crate::merging::Input;
use crate::sealing::next_edit;
use crate::segment_reader::read_chunk;
use crate::{StorageFile, StoreError};

/// Files that the history of a lane consists of at most: so many are put together to one.
const HISTORY_COUNT_MAX: usize = 8;

/// How long and how large the history of a lane may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Age of what is forgotten.
    pub age_ns_max: i64,
    /// Bytes of all its files.
    pub size_bytes_max: u64,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        const DAY_NS: i64 = 86_400_000_000_000;
        Self { age_ns_max: 400 * DAY_NS, size_bytes_max: 64 << 20 }
    }
}

impl LaneWriter {
    /// Lets the `count` oldest segments go. Returns whether there were any; `state` is then to
    /// learn of it by [`LaneWriter::absorb_into`], at once, and [`LaneWriter::remember`] to follow
    /// until it returns `false`.
    ///
    /// # Errors
    /// When a file cannot be read, written or synced; the segments are then as before. After a
    /// failed sync of the head log it must not be synced again.
    pub fn expire(
        &mut self,
        state: &LaneState,
        count: usize,
        limits: &HistoryLimits,
        now_ns: i64,
    ) -> Result<bool, StoreError> {
        let segments = state.segments.get(..count).unwrap_or(&state.segments);
        let Some(last) = segments.last() else { return Ok(false) };
        let next = state.segments.get(segments.len());
        let floor_seq = next.map_or(state.sealed_seq.max(last.end_seq), |next| next.first_seq);
        self.drop_written(state);
        // With that of rows for which there was no room before.
        let mut history = self.unwritten.clone().unwrap_or_default();
        for entry in segments {
            self.add_segment(state, entry, &mut history)?;
        }
        let id = self.next_file_id(state)?;
        let written = match self.write_history(state, &history, id, limits, now_ns) {
            Err(error) if error.is_disk_full() => {
                self.discard_from(id);
                None
            }
            written => Some(written.inspect_err(|_| self.discard_from(id))?),
        };
        let unwritten = written.is_none().then_some(history);
        let written = written.unwrap_or_default();
        let edit = Edit {
            floor_seq,
            segments_out: segments.iter().map(|entry| entry.id).collect(),
            histories_in: written.entry.into_iter().collect(),
            histories_out: written.replaced.clone(),
            ..next_edit(state, id + 1)
        };
        self.written_as = edit.histories_in.first().map(|entry| entry.id);
        self.commit(&edit)?;
        self.unwritten = unwritten;
        let gone = segments.iter().map(|entry| (FileKind::Segment, entry.id));
        self.retire(gone, 0);
        let replaced = written.replaced.into_iter().map(|id| (FileKind::History, id));
        self.retire(replaced, now_ns.saturating_add(READERS_GRACE_NS));
        self.sweep(now_ns);
        Ok(true)
    }

    /// Whether there is history of expired rows that is only in memory, for want of room.
    #[must_use]
    pub const fn has_unwritten(&self) -> bool {
        self.unwritten.is_some()
    }

    /// Writes the history for which there was no room when its rows expired. Returns whether it
    /// did; `state` is then to learn of it. Where there is still no room it is kept.
    ///
    /// # Errors
    /// As [`LaneWriter::expire`]; it can be tried again.
    pub fn remember(
        &mut self,
        state: &LaneState,
        limits: &HistoryLimits,
        now_ns: i64,
    ) -> Result<bool, StoreError> {
        self.drop_written(state);
        let Some(history) = &self.unwritten else { return Ok(false) };
        let id = self.next_file_id(state)?;
        let written = self.write_history(state, history, id, limits, now_ns);
        let written = match written.inspect_err(|_| self.discard_from(id)) {
            Err(error) if error.is_disk_full() => return Ok(false),
            written => written?,
        };
        let edit = Edit {
            histories_in: written.entry.into_iter().collect(),
            histories_out: written.replaced.clone(),
            ..next_edit(state, id + 1)
        };
        self.written_as = edit.histories_in.first().map(|entry| entry.id);
        self.commit(&edit)?;
        self.unwritten = None;
        let replaced = written.replaced.into_iter().map(|id| (FileKind::History, id));
        self.retire(replaced, now_ns.saturating_add(READERS_GRACE_NS));
        Ok(true)
    }

    /// An edit may stand in the log though writing it has failed: the history it names is not to be
    /// written again.
    fn drop_written(&mut self, state: &LaneState) {
        let written_as = self.written_as.take();
        if state.histories.iter().any(|entry| Some(entry.id) == written_as) {
            self.unwritten = None;
        }
    }

    fn retire(&mut self, files: impl Iterator<Item = (FileKind, u64)>, until_ns: i64) {
        let dir = &self.dir;
        let retired = files.map(|(kind, id)| Retired { path: file_path(dir, kind, id), until_ns });
        self.retired.extend(retired);
    }

    /// Adds the statistics of a segment, as far as it can still be read.
    fn add_segment(
        &self,
        state: &LaneState,
        entry: &SegmentEntry,
        history: &mut History,
    ) -> Result<(), StoreError> {
        let Some(input) = self.open_input(state, entry)? else { return Ok(()) };
        let footer = &input.footer;
        let run = footer.runs.first().cloned().unwrap_or_default();
        let series = |id: u32, history: &mut History| series_in(footer, &run, id, history);
        let hour = Period::hour_of(entry.min_end_ns);
        if hour != Period::hour_of(entry.max_end_ns) {
            return add_rows(state, &input, series, history);
        }
        for stored in &footer.series {
            let summary = Summary::decode(&mut Cursor::new("summary", &stored.statistics));
            if let (Ok(summary), Some(id)) = (summary, series(stored.series, history)) {
                history.add_summary(id, hour, &summary);
            }
        }
        Ok(())
    }

    /// Writes `history`, together with files that are there when those are many.
    fn write_history(
        &self,
        state: &LaneState,
        history: &History,
        id: u64,
        limits: &HistoryLimits,
        now_ns: i64,
    ) -> Result<Written, StoreError> {
        let (mut history, mut replaced) = (history.clone(), Vec::new());
        let mut kept_bytes: u64 = state.histories.iter().map(|entry| entry.size_bytes).sum();
        let is_large = kept_bytes * 2 > limits.size_bytes_max;
        if state.histories.len() >= HISTORY_COUNT_MAX || is_large {
            for entry in state.histories.iter() {
                // One that is gone or damaged stays in the manifest: it is missed, not forgotten.
                let Some(earlier) = self.read_listed(state, entry)? else { continue };
                history.merge(&earlier);
                replaced.push(entry.id);
                kept_bytes -= entry.size_bytes;
            }
        }
        history.roll_up(now_ns);
        history.forget(now_ns.saturating_sub(limits.age_ns_max));
        let room = limits.size_bytes_max.saturating_sub(kept_bytes);
        history.trim_to(usize::try_from(room).unwrap_or(usize::MAX));
        if history.is_empty() {
            return Ok(Written { entry: None, replaced });
        }
        let header =
            HistoryHeader { lane: self.lane, uuid: state.head.uuid, id, created_ns: now_ns };
        let path = file_path(&self.dir, FileKind::History, id);
        let bytes = encode_history_file(&header, &history)
            .map_err(|source| StoreError::Damaged { path: path.clone(), offset: 0, source })?;
        let file = self.storage.create(&path).map_err(StoreError::io("make", &path))?;
        file.append(&bytes).map_err(StoreError::io("write", &path))?;
        file.sync().map_err(StoreError::io("sync", &path))?;
        self.storage.sync_dir(&self.dir).map_err(StoreError::io("sync", &self.dir))?;
        let entry = HistoryEntry { id, size_bytes: bytes.len() as u64 };
        Ok(Written { entry: Some(entry), replaced })
    }
}

impl LaneWriter {
    fn read_listed(
        &self,
        state: &LaneState,
        entry: &HistoryEntry,
    ) -> Result<Option<History>, StoreError> {
        let path = file_path(&self.dir, FileKind::History, entry.id);
        let file = match self.storage.open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(StoreError::io("open", &path))?,
        };
        read_history(&*file, &path, state, entry)
    }
}

/// A history file that was written, and those it replaces.
#[derive(Default)]
struct Written {
    entry: Option<HistoryEntry>,
    replaced: Vec<u64>,
}

/// Reads a history file; `None` when it is damaged.
pub(crate) fn read_history(
    file: &dyn StorageFile,
    path: &Path,
    state: &LaneState,
    entry: &HistoryEntry,
) -> Result<Option<History>, StoreError> {
    let len = file.stat().map_err(StoreError::io("read", path))?.len;
    if len != entry.size_bytes {
        return Ok(None);
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    file.read_at(0, &mut bytes).map_err(StoreError::io("read", path))?;
    let Ok((header, history)) = decode_history_file(&bytes) else { return Ok(None) };
    let is_same = header.uuid == state.head.uuid && header.id == entry.id;
    Ok(is_same.then_some(history))
}

/// Whether a file is a history of another lane than that which was looked for.
pub(crate) fn is_history_of_other(file: &dyn StorageFile, uuid: [u8; 16]) -> bool {
    let mut bytes = [0; HISTORY_HEADER_SIZE_BYTES];
    let is_read = file.read_at(0, &mut bytes).is_ok_and(|count| count == bytes.len());
    is_read && HistoryHeader::decode(&bytes).is_ok_and(|header| header.uuid != uuid)
}

/// The series of a footer in a history.
fn series_in(footer: &Footer, run: &Run, id: u32, history: &mut History) -> Option<SeriesId> {
    let at = footer.series.binary_search_by_key(&id, |series| series.series).ok()?;
    let entry = footer.series.get(at)?.entry;
    let name = footer.names.get(entry.name as usize)?;
    let function = HistoryFunction {
        service: &run.service,
        version: &run.version,
        name: &name.name,
        source: &name.source,
    };
    let (flags, weight, status_class) = (entry.flags, entry.weight, entry.status_class);
    Some(history.series(&HistorySeries { function, flags, weight, status_class }))
}

fn add_rows(
    state: &LaneState,
    input: &Input,
    series: impl Fn(u32, &mut History) -> Option<SeriesId>,
    history: &mut History,
) -> Result<(), StoreError> {
    let (mut bytes, mut rows) = (Vec::new(), Vec::new());
    let mut known: std::collections::HashMap<u32, Option<SeriesId>> =
        std::collections::HashMap::new();
    for chunk in &input.footer.chunks {
        let is_whole = read_chunk(&*input.file, &input.path, chunk, &mut bytes)?
            && decode_chunk(&bytes, state.seed(), chunk.first_seq, &mut rows).is_ok();
        if !is_whole {
            continue;
        }
        for (seq, row) in (chunk.first_seq..).zip(&rows) {
            let id = *known.entry(row.series).or_insert_with(|| series(row.series, history));
            if let Some(id) = id {
                history.add_row(id, seq, row);
            }
        }
    }
    Ok(())
}
