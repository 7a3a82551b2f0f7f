//! Reads all files of a lane and puts together what was found in them.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::{Control, FormatError, HistoryEntry};
use kronicler_stats::decode_history_file;

use super::head::{HeadCheck, check_head};
use super::report::{Draft, Finding, LaneReport, count, without};
use super::segment::{SegmentCheck, check_segment, unreadable};
use crate::lane_reader::{LaneReader, read_head};
use crate::lane_state::LaneState;
use crate::layout::{FileKind, file_path, head_path, lane_dir, list_files, list_heads};
use crate::{Storage, StoreError};

/// What was found in a lane.
#[derive(Debug)]
pub(super) struct LaneCheck {
    pub report: LaneReport,
    pub findings: Vec<Finding>,
    pub version: Option<Version>,
}

/// A lane as it was at one moment: what was found in one version is no race with its owner.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    uuid: [u8; 16],
    generation: u64,
    edit_number: u64,
    offset: u64,
}

impl Version {
    const fn of(state: &LaneState) -> Self {
        let (uuid, generation) = (state.head.uuid, state.head.generation);
        Self { uuid, generation, edit_number: state.edit_number, offset: state.offset }
    }

    /// Whether its rows count no more.
    pub fn is_cleared(&self, control: &Control) -> bool {
        control.is_cleared(&self.uuid)
    }

    /// The version of a lane now; `None` when it has no head.
    pub fn now(
        storage: &Arc<dyn Storage>,
        root: &Path,
        lane: u16,
    ) -> Result<Option<Self>, StoreError> {
        let reader = LaneReader::open(storage, root, lane)?;
        Ok(reader.map(|reader| Self::of(reader.state())))
    }
}

/// What is to be said of a lane that was cleared: nobody needs its files.
pub(super) fn check_cleared(
    storage: &dyn Storage,
    root: &Path,
    lane: u16,
) -> Result<LaneCheck, StoreError> {
    let dir = lane_dir(root, lane);
    let leftovers = list_heads(storage, &dir)?.len() + list_files(storage, &dir)?.len();
    let leftover_count = leftovers as u64;
    let report = LaneReport { lane, is_cleared: true, leftover_count, ..LaneReport::default() };
    Ok(LaneCheck { report, findings: Vec::new(), version: None })
}

/// Reads all files of a lane.
pub(super) fn check_lane(
    storage: &Arc<dyn Storage>,
    root: &Path,
    lane: u16,
) -> Result<LaneCheck, StoreError> {
    let dir = lane_dir(root, lane);
    let report = LaneReport { lane, ..LaneReport::default() };
    let mut check = LaneCheck { report, findings: Vec::new(), version: None };
    let head = check.find_head(&**storage, &dir)?;
    let Some((path, head)) = head else {
        check.without_head(&**storage, &dir)?;
        return Ok(check);
    };
    let HeadCheck { state, drafts, torn_bytes, size_bytes } = head;
    check.version = Some(Version::of(&state));
    check.report.torn_bytes = torn_bytes;
    check.report.head_bytes = size_bytes;
    let mut whole: Vec<Range<u64>> =
        state.blocks().map(|block| block.first_seq..block.end_seq()).collect();
    let mut told = Vec::new();
    let mut segments = Vec::new();
    for entry in state.segments.iter() {
        let path = file_path(&dir, FileKind::Segment, entry.id);
        let SegmentCheck { findings, whole: read, told: missing } =
            check_segment(&**storage, &path, &state, entry);
        segments.extend(findings);
        check.report.sealed += count(&read);
        check.report.segment_bytes += entry.size_bytes;
        whole.extend(read);
        told.extend(missing);
    }
    check.count(&state, &path, drafts, whole, told);
    check.findings.extend(segments);
    check.check_histories(&**storage, &dir, &state);
    check.check_listing(&**storage, &dir, &state)?;
    Ok(check)
}

impl LaneCheck {
    /// The newest complete head, read; what is wrong with others is found.
    fn find_head(
        &mut self,
        storage: &dyn Storage,
        dir: &Path,
    ) -> Result<Option<(PathBuf, HeadCheck)>, StoreError> {
        let lane = self.report.lane;
        let mut found = None;
        for generation in list_heads(storage, dir)? {
            let path = head_path(dir, generation);
            match read_head(storage, &path, lane) {
                Ok(Some(_)) if found.is_none() => {
                    let head = check_head(storage, &path, lane, generation)?;
                    found = head.map(|head| (path, head));
                }
                Ok(_) => self.report.leftover_count += 1,
                Err(error) => {
                    let finding = unreadable_head(&path, error)?;
                    self.findings.push(finding.of_rows(None));
                }
            }
        }
        Ok(found)
    }

    fn without_head(&mut self, storage: &dyn Storage, dir: &Path) -> Result<(), StoreError> {
        let files = list_files(storage, dir)?.len();
        if files > 0 && self.findings.is_empty() {
            let fact = format!("it has no head log, but {files} segments or histories");
            let remedy = "put the head log back from a copy; the next writer removes the files";
            self.findings.push(Finding::new(dir, fact, remedy).of_rows(None));
        }
        Ok(())
    }

    /// Accounts for every row ever stored.
    fn count(
        &mut self,
        state: &LaneState,
        path: &Path,
        drafts: Vec<Draft>,
        whole: Vec<Range<u64>>,
        told: Vec<Range<u64>>,
    ) {
        let mut gaps = missing(state.floor_seq..state.next_seq, &whole);
        let report = &mut self.report;
        report.is_closed = state.is_closed;
        report.counters = state.counters;
        report.stored = state.next_seq;
        report.expired = state.floor_seq;
        report.live = count(&whole);
        report.quarantined = count(&gaps);
        let is_exact = report.stored == report.live + report.expired + report.quarantined;
        for range in &told {
            gaps = without(gaps, range);
        }
        for Draft { mut finding, seqs } in drafts {
            if !seqs.is_empty() {
                let rest = without(gaps.clone(), &seqs);
                finding.row_count = Some(count(&gaps) - count(&rest));
                gaps = rest;
            }
            self.findings.push(finding);
        }
        for gap in gaps {
            let fact = format!("rows {} to {} stand in no file", gap.start, gap.end - 1);
            let remedy = "they were damaged earlier and set aside; a copy may have them";
            let finding = Finding::new(path, fact, remedy);
            self.findings.push(finding.of_rows(Some(gap.end - gap.start)));
        }
        if !is_exact {
            let fact = "rows stand twice, in several segments or in the log as well";
            let remedy = "keep a copy of the lane and report it";
            self.findings.push(Finding::new(path, fact, remedy).of_rows(None));
        }
    }

    fn check_histories(&mut self, storage: &dyn Storage, dir: &Path, state: &LaneState) {
        for entry in state.histories.iter() {
            let path = file_path(dir, FileKind::History, entry.id);
            self.report.history_bytes += entry.size_bytes;
            self.findings.extend(check_history(storage, &path, state, entry).err());
        }
    }

    /// Compares the manifest with the files that are there.
    fn check_listing(
        &mut self,
        storage: &dyn Storage,
        dir: &Path,
        state: &LaneState,
    ) -> Result<(), StoreError> {
        self.report.segment_count = state.segments.len() as u64;
        self.report.history_count = state.histories.len() as u64;
        let segments = state.segments.iter().map(|entry| (FileKind::Segment, entry.id));
        let histories = state.histories.iter().map(|entry| (FileKind::History, entry.id));
        let listed: Vec<(FileKind, u64)> = segments.chain(histories).collect();
        let ids: HashSet<u64> = listed.iter().map(|&(_, id)| id).collect();
        let highest = ids.iter().max().copied();
        if ids.len() < listed.len() || highest >= Some(state.next_file_id) {
            let fact = "the manifest gives a number twice, or may give it again";
            let path = head_path(dir, state.head.generation);
            let remedy = "keep a copy of the lane and report it";
            self.findings.push(Finding::new(&path, fact, remedy));
        }
        let files = list_files(storage, dir)?;
        let leftovers = files.iter().filter(|file| !listed.contains(file)).count();
        self.report.leftover_count += leftovers as u64;
        Ok(())
    }
}

/// The finding of a head that cannot be read.
///
/// # Errors
/// When it needs a newer program: nothing can be said of the lane then.
fn unreadable_head(path: &Path, error: StoreError) -> Result<Finding, StoreError> {
    match error {
        StoreError::Damaged { source: FormatError::Unsupported { .. }, .. } => Err(error),
        StoreError::Damaged { offset, source, .. } => {
            let fact = format!("this head log cannot be read at all: {source}");
            let remedy = "keep a copy; rows may be in it";
            Ok(Finding::new(path, fact, remedy).at(offset))
        }
        StoreError::Io { source, .. } => Ok(unreadable(path, &source)),
        error => Err(error),
    }
}

/// The part of `seqs` that is in none of the `ranges`.
fn missing(seqs: Range<u64>, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut gaps = Vec::new();
    let mut next = seqs.start;
    for range in ranges {
        if range.start > next {
            gaps.push(next..range.start);
        }
        next = next.max(range.end);
    }
    if next < seqs.end {
        gaps.push(next..seqs.end);
    }
    gaps
}

fn check_history(
    storage: &dyn Storage,
    path: &Path,
    state: &LaneState,
    entry: &HistoryEntry,
) -> Result<(), Finding> {
    const KEEP: &str = "answers leave these statistics of expired rows out";
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let fact = "it is missing, although the manifest names it";
            Finding::new(path, fact, "put it back from a copy if there is one")
        }
        _ => unreadable(path, &error),
    };
    let file = storage.open(path).map_err(failed)?;
    let len = file.stat().map_err(failed)?.len;
    if len != entry.size_bytes {
        let fact = format!("it has {len} bytes, the manifest says {}", entry.size_bytes);
        return Err(Finding::new(path, fact, KEEP).at(len.min(entry.size_bytes)));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    file.read_at(0, &mut bytes).map_err(failed)?;
    let (header, _) = decode_history_file(&bytes)
        .map_err(|error| Finding::new(path, format!("it is damaged: {error}"), KEEP).at(0))?;
    let head = &state.head;
    if header.uuid != head.uuid || header.lane != head.lane || header.id != entry.id {
        let fact = format!("it is history {} of lane {}", header.id, header.lane);
        return Err(Finding::new(path, fact, "put the right file back from a copy").at(0));
    }
    Ok(())
}
