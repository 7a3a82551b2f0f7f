//! Reads whole lanes back, and checks what a lane promises of itself on the way.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kronicler_format::{Footer, Row, RowDetail, Run, SegmentEntry};
use kronicler_stats::{Moments, Summary};
use kronicler_store::{Directory, LaneView, Opened, SegmentReader, Snapshot, Storage};

use crate::rows::{Author, Statistics, add_history, author_of, check_hooks, detail_of};

/// Rows that were read from a lane: sequence and author, in the order in which they came.
pub type LaneRows = Vec<(u64, Author)>;

/// What a reader finds in a lane.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LaneFound {
    /// The rows.
    pub rows: LaneRows,
    /// Rows below have expired.
    pub floor_seq: u64,
    /// What is remembered of them.
    pub history: Statistics,
    /// Whether a segment or a history could not be read.
    pub is_damaged: bool,
    /// Whether a file was gone.
    pub is_gone: bool,
}

/// What a reader finds.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The lanes.
    pub lanes: BTreeMap<u16, LaneFound>,
    /// Whether it says that something is missing.
    pub is_partial: bool,
}

/// What a reader finds who has just come.
///
/// # Errors
/// When it cannot read, or what it reads contradicts itself.
pub fn read_all(storage: &Arc<dyn Storage>, root: &Path) -> Result<Found, String> {
    read_on(&mut Directory::new(Arc::clone(storage), root.to_owned()))
}

/// What a reader finds who has been there before.
///
/// # Errors
/// As [`read_all`].
pub fn read_on(directory: &mut Directory) -> Result<Found, String> {
    read_snapshot(&snapshot_of(directory)?)
}

/// What a reader sees who has been there before.
///
/// # Errors
/// When it cannot read.
pub fn snapshot_of(directory: &mut Directory) -> Result<Snapshot, String> {
    directory.snapshot(None).map_err(|error| format!("cannot read: {error}"))
}

/// What is found of a snapshot.
///
/// # Errors
/// As [`read_all`].
pub fn read_snapshot(snapshot: &Snapshot) -> Result<Found, String> {
    let mut found = Found { is_partial: snapshot.is_partial(), ..Found::default() };
    for view in &snapshot.lanes {
        let lane = read_lane(view)?;
        found.is_partial |= lane.is_damaged || lane.is_gone;
        found.lanes.insert(view.lane(), lane);
    }
    Ok(found)
}

/// What is found in a lane.
///
/// # Errors
/// As [`read_all`].
pub fn read_lane(view: &LaneView) -> Result<LaneFound, String> {
    let state = &view.state;
    check_hooks(state)?;
    let mut found = LaneFound { floor_seq: state.floor_seq, ..LaneFound::default() };
    let mut missing = 0;
    for entry in state.segments.iter() {
        let opened = view.segment(entry).map_err(|error| format!("cannot read: {error}"))?;
        missing += match opened {
            Opened::Found(segment) => read_segment(view, entry, segment, &mut found)?,
            Opened::Damaged => {
                found.is_damaged = true;
                entry.row_count
            }
            Opened::Gone => {
                found.is_gone = true;
                entry.row_count
            }
        };
    }
    missing += read_blocks(view, &mut found)?;
    read_history(view, &mut found)?;
    let live = found.rows.len() as u64 + missing;
    let (stored, floor, quarantined) = (state.stored(), state.floor_seq, state.quarantined());
    if stored != live + floor + quarantined {
        return Err(format!(
            "{stored} stored, but {live} live, {floor} expired, {quarantined} quarantined"
        ));
    }
    if found.rows.first().is_some_and(|(seq, _)| *seq < floor) {
        return Err("a row that has expired is there".into());
    }
    Ok(found)
}

/// Reads a segment; says how many of its rows are missing.
fn read_segment(
    view: &LaneView,
    entry: &SegmentEntry,
    mut segment: SegmentReader,
    found: &mut LaneFound,
) -> Result<u64, String> {
    let state = &view.state;
    let footer = Arc::clone(segment.footer());
    let before = found.rows.len();
    let mut rows: Vec<Row> = Vec::new();
    let mut moments: BTreeMap<u32, Moments> = BTreeMap::new();
    for (index, chunk) in footer.chunks.iter().enumerate() {
        rows.clear();
        let reader = segment.chunk(index).map_err(|error| format!("cannot read: {error}"))?;
        let is_read = reader
            .map_or(Ok(false), |mut chunk_reader| chunk_reader.rows(0..chunk.row_count, &mut rows));
        if !is_read.map_err(|error| format!("cannot read: {error}"))? {
            continue;
        }
        let first = found.rows.len();
        for (seq, row) in (chunk.first_seq..).zip(&rows) {
            let run = footer.runs.iter().rfind(|run| run.first_seq <= seq);
            found.rows.push((seq, author_of(state, run, seq, row)?));
            moments.entry(row.series).or_default().add(row.duration_ns);
            if seq < entry.first_seq || seq >= entry.end_seq {
                return Err(format!("row {seq} stands in {entry:?}"));
            }
        }
        let details = segment
            .chunk(index)
            .and_then(|reader| reader.map_or(Ok(None), |mut reader| reader.details()));
        let details = details.map_err(|error| format!("cannot read: {error}"))?;
        check_details(&details.unwrap_or_default(), &found.rows[first..])?;
    }
    let read = (found.rows.len() - before) as u64;
    if segment.is_gone() {
        found.is_gone = true;
    } else if read < entry.row_count {
        found.is_damaged = true;
    } else {
        check_statistics(&footer, moments)?;
    }
    let first = footer.runs.first();
    if footer.runs.iter().any(|run| first.is_some_and(|first| !first.is_same_version(run))) {
        return Err(format!("a segment of several versions: {:?}", footer.runs));
    }
    Ok(entry.row_count - read)
}

/// What is told of a row is what its author told of it, or nothing is.
fn check_details(details: &[RowDetail], rows: &[(u64, Author)]) -> Result<(), String> {
    for detail in details {
        let Ok(at) = rows.binary_search_by_key(&detail.seq, |(seq, _)| *seq) else { continue };
        let (seq, author) = rows[at];
        if detail_of(author, seq).as_ref() != Some(detail) {
            return Err(format!("the detail of row {seq} by {author:?} is that of another"));
        }
    }
    Ok(())
}

fn check_statistics(footer: &Footer, mut moments: BTreeMap<u32, Moments>) -> Result<(), String> {
    for series in &footer.series {
        let stored = Summary::moments_encoded(&series.statistics);
        let stored = stored.map_err(|error| format!("statistics: {error}"))?;
        if moments.remove(&series.series) != Some(stored) {
            return Err("a footer's statistics are not those of its rows".into());
        }
    }
    if moments.is_empty() { Ok(()) } else { Err("a footer lacks a series".into()) }
}

/// Reads what is not sealed; says how many of its rows are missing.
fn read_blocks(view: &LaneView, found: &mut LaneFound) -> Result<u64, String> {
    let (state, mut rows) = (&view.state, Vec::new());
    let unsealed: u64 = state.windows.iter().map(|window| window.row_count).sum();
    let counted = state.windows.iter().flat_map(|window| window.totals.iter());
    let counted: u64 = counted.map(|(_, summary)| summary.moments.count()).sum();
    if counted != unsealed {
        return Err(format!("totals of {counted} rows, but {unsealed} unsealed"));
    }
    if unsealed == 0 {
        return Ok(0);
    }
    let reader = view.blocks().map_err(|error| format!("no reader: {error}"))?;
    let Some(mut reader) = reader else {
        found.is_gone = true;
        return Ok(unsealed);
    };
    let first = found.rows.len();
    for block in state.blocks() {
        match reader.read(block, &mut rows) {
            Ok(true) => {}
            Ok(false) => return Err(format!("{block:?} is not what it was")),
            Err(error) => return Err(format!("cannot read {block:?}: {error}")),
        }
        let run: Option<&Run> = state.runs.get(block.run as usize);
        for (seq, row) in (block.first_seq..).zip(&rows) {
            found.rows.push((seq, author_of(state, run, seq, row)?));
        }
    }
    let details = view.unsealed_details(state.sealed_seq..view.end_seq());
    let details = details.map_err(|error| format!("cannot read details: {error}"))?;
    check_details(&details.unwrap_or_default(), &found.rows[first..])?;
    Ok(0)
}

fn read_history(view: &LaneView, found: &mut LaneFound) -> Result<(), String> {
    for entry in view.state.histories.iter() {
        match view.history(entry).map_err(|error| format!("cannot read: {error}"))? {
            Opened::Found(history) => add_history(&mut found.history, &history)?,
            Opened::Damaged => found.is_damaged = true,
            Opened::Gone => found.is_gone = true,
        }
    }
    Ok(())
}
