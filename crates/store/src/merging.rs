//! Joins adjacent segments of a lane, so that answers read few footers and full chunks.
//!
//! Full chunks are copied byte for byte, partial ones that follow each other are encoded anew. A
//! segment is joined only with others of the same service and version, and not with one that is
//! larger than all others together, so that each row is written about once more.

use std::path::PathBuf;
use std::sync::Arc;

use kronicler_format::limits::{CHUNK_ROW_COUNT_MAX, SEGMENT_CHUNK_COUNT_MAX};
use kronicler_format::varint::Cursor;
use kronicler_format::{
    ChunkEntry, Edit, Footer, FormatError, FrameSeed, Row, RowDetail, Run, SegmentEntry,
    decode_chunk, verify_chunk,
};
use kronicler_stats::Summary;

use crate::lane_state::LaneState;
use crate::lane_writer::{LaneWriter, READERS_GRACE_NS, Retired};
use crate::layout::{FileKind, file_path};
use crate::sealing::next_edit;
use crate::segment_reader::{footer_of, read_chunk};
use crate::segment_writer::{Arrivals, SegmentWriter, Workspace};
use crate::totals::Totals;
use crate::{StorageFile, StoreError};

/// What is joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergePolicy {
    /// Bytes of a joined segment at most.
    pub size_bytes_max: u64,
    /// Time between the arrivals of its first and last row at most.
    pub span_ns_max: i64,
    /// Whether to join all that fit, not only those to which nothing can be added any more.
    pub is_eager: bool,
}

/// A segment that is open for joining.
pub(crate) struct Input {
    pub entry: SegmentEntry,
    pub path: PathBuf,
    pub file: Arc<dyn StorageFile>,
    pub footer: Footer,
}

impl LaneWriter {
    /// Joins segments, as many as make one. Returns whether there were any; `state` is then to
    /// learn of it by [`LaneWriter::absorb_into`], at once. Segments that are damaged stay as
    /// they are.
    ///
    /// # Errors
    /// When a file cannot be read, written or synced; the segments are then as before. After a
    /// failed sync of the head log it must not be synced again.
    pub fn merge(
        &mut self,
        state: &LaneState,
        policy: &MergePolicy,
        now_ns: i64,
    ) -> Result<bool, StoreError> {
        let (inputs, id, entry) = loop {
            let Some(inputs) = self.choose(state, policy)? else { return Ok(false) };
            let id = self.next_file_id(state)?;
            let written = self.write_joined(state, &inputs, id, now_ns);
            match written.inspect_err(|_| self.discard_from(id))? {
                Ok((entry, details_dropped)) => {
                    self.workspace.details_dropped += details_dropped;
                    break (inputs, id, entry);
                }
                Err(damaged) => {
                    self.discard_from(id);
                    self.segment_runs.insert(damaged, None);
                }
            }
        };
        let edit = Edit {
            segments_out: inputs.iter().map(|input| input.entry.id).collect(),
            segments_in: vec![entry],
            ..next_edit(state, id + 1)
        };
        self.commit(&edit)?;
        let until_ns = now_ns.saturating_add(READERS_GRACE_NS);
        let retired = inputs.into_iter().map(|input| Retired { path: input.path, until_ns });
        self.retired.extend(retired);
        Ok(true)
    }

    /// The first group of segments that is worth joining.
    fn choose(
        &mut self,
        state: &LaneState,
        policy: &MergePolicy,
    ) -> Result<Option<Vec<Input>>, StoreError> {
        let segments = &state.segments[..];
        let mut start = 0;
        while start < segments.len() {
            let fitting = longest_group(&segments[start..], policy);
            if fitting < 2 {
                start += 1;
                continue;
            }
            let group = &segments[start..start + fitting];
            let alike = self.alike(state, group)?;
            let chunk_count: u32 = group.iter().map(|segment| segment.chunk_count).sum();
            let is_full = chunk_count as usize == SEGMENT_CHUNK_COUNT_MAX;
            let is_closed = start + alike < segments.len() || is_full;
            let is_worth = policy.is_eager || is_closed && is_balanced(&group[..alike]);
            if alike >= 2 && is_worth {
                if let Some(inputs) = self.open_inputs(state, &group[..alike])? {
                    return Ok(Some(inputs));
                }
                // One that has just turned out to be damaged is passed over from now on.
                continue;
            }
            // With nothing behind it a group may still grow: what begins inside it as well.
            if alike == fitting && !is_closed {
                return Ok(None);
            }
            start += 1;
        }
        Ok(None)
    }

    /// How many of the segments at the front are of the same service and version.
    fn alike(&mut self, state: &LaneState, group: &[SegmentEntry]) -> Result<usize, StoreError> {
        let mut first: Option<Run> = None;
        for (index, entry) in group.iter().enumerate() {
            let Some(run) = self.run_of(state, entry)? else { return Ok(index) };
            let is_alike = first.get_or_insert_with(|| run.clone()).is_same_version(&run);
            if !is_alike {
                return Ok(index);
            }
        }
        Ok(group.len())
    }

    /// The run that wrote a segment; `None` when it is gone or damaged.
    fn run_of(
        &mut self,
        state: &LaneState,
        entry: &SegmentEntry,
    ) -> Result<Option<Run>, StoreError> {
        if let Some(run) = self.segment_runs.get(&entry.id) {
            return Ok(run.clone());
        }
        let run = self
            .open_input(state, entry)?
            .map(|input| input.footer.runs.into_iter().next().unwrap_or_default());
        self.segment_runs.retain(|id, _| state.segments.iter().any(|entry| entry.id == *id));
        self.segment_runs.insert(entry.id, run.clone());
        Ok(run)
    }

    fn open_inputs(
        &mut self,
        state: &LaneState,
        group: &[SegmentEntry],
    ) -> Result<Option<Vec<Input>>, StoreError> {
        let mut inputs = Vec::with_capacity(group.len());
        for entry in group {
            let Some(input) = self.open_input(state, entry)? else {
                self.segment_runs.insert(entry.id, None);
                return Ok(None);
            };
            inputs.push(input);
        }
        Ok(Some(inputs))
    }

    /// Opens a segment; `None` when its footer is damaged, or it is gone, as a disk that lies may
    /// cause.
    pub(crate) fn open_input(
        &self,
        state: &LaneState,
        entry: &SegmentEntry,
    ) -> Result<Option<Input>, StoreError> {
        let path = file_path(&self.dir, FileKind::Segment, entry.id);
        let file = match self.storage.open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(StoreError::io("open", &path))?,
        };
        let footer = footer_of(&*file, &path, state.seed(), entry)?;
        Ok(footer.map(|footer| Input { entry: *entry, path, file, footer }))
    }

    /// Writes the joined segment, and says how many details found no room in it; `Err` with the id
    /// of an input when that is damaged.
    fn write_joined(
        &self,
        state: &LaneState,
        inputs: &[Input],
        id: u64,
        now_ns: i64,
    ) -> Result<Result<(SegmentEntry, u64), u64>, StoreError> {
        let header = self.segment_header(state, id, now_ns);
        let mut joined = Joined {
            segment: SegmentWriter::create(
                &*self.storage,
                &self.dir,
                &header,
                Workspace::default(),
            )?,
            state,
            waiting: Vec::new(),
            bytes: Vec::new(),
            damaged: None,
        };
        let mut totals = Totals::default();
        let mut runs: Vec<Run> = Vec::new();
        for input in inputs {
            for chunk in &input.footer.chunks {
                if !joined.add(input, chunk)? {
                    return Ok(Err(joined.damaged.unwrap_or(input.entry.id)));
                }
            }
            for series in &input.footer.series {
                let summary = Summary::decode(&mut Cursor::new("summary", &series.statistics));
                let Ok(summary) = summary else { return Ok(Err(input.entry.id)) };
                totals.merge_one(series.series, &summary);
            }
            for run in &input.footer.runs {
                if runs.last() != Some(run) {
                    runs.push(run.clone());
                }
            }
        }
        if !joined.flush()? {
            return Ok(Err(joined.damaged.unwrap_or_default()));
        }
        let (entry, workspace) = joined.segment.finish(runs, &state.names, &totals)?;
        Ok(Ok((entry, workspace.details_dropped)))
    }
}

/// Puts the chunks of the joined segment together.
struct Joined<'a> {
    segment: SegmentWriter<'a>,
    state: &'a LaneState,
    /// Partial chunks that follow each other without a gap, and in which input each of them is.
    waiting: Vec<(&'a Input, ChunkEntry)>,
    bytes: Vec<u8>,
    /// The input that turned out to be damaged.
    damaged: Option<u64>,
}

impl<'a> Joined<'a> {
    /// Takes a chunk; `false` when it, or one that waited, is damaged.
    fn add(&mut self, input: &'a Input, chunk: &ChunkEntry) -> Result<bool, StoreError> {
        let is_full = chunk.row_count as usize == CHUNK_ROW_COUNT_MAX;
        let follows = |(_, last): &(&Input, ChunkEntry)| {
            last.first_seq + u64::from(last.row_count) == chunk.first_seq
        };
        let is_gap = !self.waiting.last().is_none_or(follows);
        if (is_full || is_gap) && !self.flush()? {
            return Ok(false);
        }
        self.waiting.push((input, *chunk));
        if is_full { self.flush() } else { Ok(true) }
    }

    /// Writes the chunks that wait: one as it is, several as few.
    fn flush(&mut self) -> Result<bool, StoreError> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut rows: Vec<Row> = Vec::new();
        let mut details: Vec<RowDetail> = Vec::new();
        let mut part = Vec::new();
        for (input, chunk) in &waiting {
            let (seed, first_seq) = (self.state.seed(), chunk.first_seq);
            let is_alone = waiting.len() == 1;
            // What is copied is checked, too: damage is not to be handed on under a new name.
            let is_whole = read_chunk(&*input.file, &input.path, chunk, &mut self.bytes)?
                && if is_alone {
                    verify_chunk(&self.bytes, seed, first_seq).is_ok()
                } else {
                    decode_part(&self.bytes, seed, first_seq, &mut part, &mut details).is_ok()
                };
            if !is_whole {
                self.damaged = Some(input.entry.id);
                return Ok(false);
            }
            if is_alone {
                self.segment.copy_chunk(&self.bytes, chunk)?;
                return Ok(true);
            }
            rows.extend_from_slice(&part);
        }
        if let Some((_, first)) = waiting.first() {
            let chunks = waiting.iter().map(|(_, chunk)| chunk);
            let first_ns = chunks.clone().map(|chunk| chunk.first_arrival_ns).min();
            let last_ns = chunks.map(|chunk| chunk.last_arrival_ns).max();
            let arrivals = Arrivals {
                first_ns: first_ns.unwrap_or(first.first_arrival_ns),
                last_ns: last_ns.unwrap_or(first.last_arrival_ns),
            };
            self.segment.add_rows(first.first_seq, &rows, &details, arrivals)?;
        }
        Ok(true)
    }
}

/// Decodes a chunk: its rows replace `rows`, its details are appended.
fn decode_part(
    bytes: &[u8],
    seed: FrameSeed,
    first_seq: u64,
    rows: &mut Vec<Row>,
    details: &mut Vec<RowDetail>,
) -> Result<(), FormatError> {
    let directory = decode_chunk(bytes, seed, first_seq, rows)?;
    if let Some(range) = directory.details_range() {
        let found = bytes.get(range.start as usize..range.end as usize).unwrap_or_default();
        details.extend(directory.decode_details(seed, found)?);
    }
    Ok(())
}

/// How many of the segments at the front fit into one.
fn longest_group(segments: &[SegmentEntry], policy: &MergePolicy) -> usize {
    let (mut chunks, mut size_bytes) = (0, 0);
    let first_arrival_ns = segments.first().map_or(0, |segment| segment.first_arrival_ns);
    let fits = |segment: &&SegmentEntry| {
        // An upper bound: partial chunks become fewer when they are put together.
        chunks += segment.chunk_count as usize;
        size_bytes += segment.size_bytes;
        chunks <= SEGMENT_CHUNK_COUNT_MAX
            && size_bytes <= policy.size_bytes_max
            && segment.last_arrival_ns.saturating_sub(first_arrival_ns) <= policy.span_ns_max
    };
    segments.iter().take_while(fits).count()
}

/// Whether none of the segments is larger than all others together.
fn is_balanced(group: &[SegmentEntry]) -> bool {
    let total: u64 = group.iter().map(|segment| segment.size_bytes).sum();
    group.iter().all(|segment| segment.size_bytes * 2 <= total)
}
