//! Reads a whole segment and compares everything that is told of its rows with the rows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use kronicler_format::varint::Cursor;
use kronicler_format::{
    ChunkDirectory, ChunkEntry, FOOTER_TRAILER_SIZE_BYTES, Footer, FooterSeries, FormatError, Row,
    SEGMENT_HEADER_SIZE_BYTES, SegmentEntry, SegmentHeader, decode_chunk, footer_size_bytes,
};
use kronicler_stats::Summary;

use super::chunk::{is_as_told, place_of_damage};
use super::report::Finding;
use crate::lane_state::LaneState;
use crate::segment_reader::read_chunk;
use crate::segment_writer::entry_of;
use crate::totals::Totals;
use crate::{Storage, StorageFile, StoreError};

const KEEP: &str = "keep a copy of the file; answers leave these rows out";
const REWRITE: &str = "the rows are whole; keep a copy of the file and report it";

/// What was found in a segment.
#[derive(Debug, Default)]
pub(super) struct SegmentCheck {
    pub findings: Vec<Finding>,
    /// Sequences of rows that were read.
    pub whole: Vec<Range<u64>>,
    /// Sequences that the findings speak of.
    pub told: Vec<Range<u64>>,
}

/// A segment that is open.
struct Segment<'a> {
    path: &'a Path,
    file: &'a dyn StorageFile,
    state: &'a LaneState,
    entry: &'a SegmentEntry,
    check: SegmentCheck,
}

/// Reads the segment at `path`, one chunk at a time.
pub(super) fn check_segment(
    storage: &dyn Storage,
    path: &Path,
    state: &LaneState,
    entry: &SegmentEntry,
) -> SegmentCheck {
    let lost = |finding: Finding| {
        let mut check = SegmentCheck::default();
        check.findings.push(finding.of_rows(Some(entry.row_count)));
        check.told.push(entry.first_seq..entry.end_seq);
        check
    };
    let file = match storage.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let fact = "it is missing, although the manifest names it";
            return lost(Finding::new(path, fact, "put it back from a copy if there is one"));
        }
        Err(error) => return lost(unreadable(path, &error)),
        Ok(file) => file,
    };
    let check = SegmentCheck::default();
    let mut segment = Segment { path, file: &*file, state, entry, check };
    match segment.check_all() {
        Ok(()) => segment.check,
        Err(StoreError::Io { source, .. }) => lost(unreadable(path, &source)),
        Err(error) => lost(Finding::new(path, error.to_string(), KEEP)),
    }
}

/// What the system says when it cannot read a file.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Finding {
    let fact = format!("it cannot be read: {error}");
    Finding::new(path, fact, "look at the disk and the rights of the file")
}

impl Segment<'_> {
    fn check_all(&mut self) -> Result<(), StoreError> {
        let header = self.check_header()?;
        let len = self.file.stat().map_err(StoreError::io("read", self.path))?.len;
        let footer = match self.read_footer(len)? {
            Ok(footer) => footer,
            Err(error) => {
                self.check.told.push(self.entry.first_seq..self.entry.end_seq);
                let (lost, entry) = (Some(self.entry.row_count), self.entry);
                let finding = match header {
                    // The reason why its footer is not good here.
                    Err(foreign) => foreign,
                    Ok(()) if len != entry.size_bytes => {
                        let fact =
                            format!("it has {len} bytes, the manifest says {}", entry.size_bytes);
                        Finding::new(self.path, fact, KEEP).at(len.min(entry.size_bytes))
                    }
                    Ok(()) => {
                        let fact = format!("its footer is damaged: {error}");
                        Finding::new(self.path, fact, KEEP).at(self.footer_offset())
                    }
                };
                self.check.findings.push(finding.of_rows(lost));
                return Ok(());
            }
        };
        self.check.findings.extend(header.err());
        if len > self.entry.size_bytes {
            let more = len - self.entry.size_bytes;
            let fact = format!("{more} bytes stand behind its footer");
            let finding = Finding::new(self.path, fact, REWRITE).at(self.entry.size_bytes);
            self.check.findings.push(finding);
        }
        self.check_manifest(&footer);
        self.check_runs(&footer);
        self.check_names(&footer);
        self.check_rows(&footer)
    }

    fn footer_offset(&self) -> u64 {
        self.entry.size_bytes - u64::from(self.entry.footer_size_bytes)
    }

    fn check_header(&self) -> Result<Result<(), Finding>, StoreError> {
        let mut bytes = [0; SEGMENT_HEADER_SIZE_BYTES];
        let count = self.read_at(0, &mut bytes)?;
        let head = &self.state.head;
        let fact = match SegmentHeader::decode(&bytes[..count]) {
            Ok(header) if header.uuid != head.uuid || header.lane != head.lane => {
                format!(
                    "it is a segment of another lane, number {} of lane {}",
                    header.id, header.lane
                )
            }
            Ok(header) if header.id != self.entry.id => {
                format!("it is segment {} of this lane", header.id)
            }
            Ok(_) => return Ok(Ok(())),
            Err(error) => format!("its header is damaged: {error}"),
        };
        Ok(Err(Finding::new(self.path, fact, "put the right file back from a copy").at(0)))
    }

    /// The footer, found as a stranger would: by the last bytes that belong to the file.
    fn read_footer(&self, len: u64) -> Result<Result<Footer, FormatError>, StoreError> {
        let end = len.min(self.entry.size_bytes);
        let mut trailer = [0; FOOTER_TRAILER_SIZE_BYTES];
        let trailer_at = end.saturating_sub(FOOTER_TRAILER_SIZE_BYTES as u64);
        let count = self.read_at(trailer_at, &mut trailer)?;
        let size = match footer_size_bytes(&trailer[..count]) {
            Ok(size) => size,
            Err(error) => return Ok(Err(error)),
        };
        let told = self.entry.footer_size_bytes as usize;
        let Some(offset) = end.checked_sub(size as u64).filter(|_| size == told) else {
            let (what, expected, found) = ("size of its footer", told as u64, size as u64);
            return Ok(Err(FormatError::Mismatch { what, expected, found }));
        };
        let mut bytes = vec![0; size];
        let count = self.read_at(offset, &mut bytes)?;
        Ok(Footer::decode(&bytes[..count], self.state.seed(), self.entry.id))
    }

    /// Compares what the manifest says of the segment with its footer.
    fn check_manifest(&mut self, footer: &Footer) {
        let entry = self.entry;
        let footer_size = entry.footer_size_bytes as usize;
        let told = entry_of(entry.id, entry.size_bytes, footer_size, &footer.chunks);
        let numbers = [
            ("its rows", entry.row_count, told.row_count),
            ("its first sequence", entry.first_seq, told.first_seq),
            ("its last sequence", entry.end_seq, told.end_seq),
            ("its chunks", u64::from(entry.chunk_count), u64::from(told.chunk_count)),
            ("its longest duration", entry.max_duration_ns, told.max_duration_ns),
        ];
        let times = [
            ("its earliest end", entry.min_end_ns, told.min_end_ns),
            ("its latest end", entry.max_end_ns, told.max_end_ns),
            ("the arrival of its first row", entry.first_arrival_ns, told.first_arrival_ns),
            ("the arrival of its last row", entry.last_arrival_ns, told.last_arrival_ns),
        ];
        let numbers = numbers.iter().filter(|(_, said, is)| said != is);
        let numbers = numbers.map(|(what, said, is)| differs(what, said, is));
        let times = times.iter().filter(|(_, said, is)| said != is);
        let wrong: Vec<_> =
            numbers.chain(times.map(|(what, said, is)| differs(what, said, is))).collect();
        if !wrong.is_empty() {
            let fact = format!("the manifest tells it wrong: {}", wrong.join(", "));
            // Readers refuse a footer that counts other rows.
            let is_refused = entry.row_count != told.row_count || entry.first_seq != told.first_seq;
            let finding = Finding::new(self.path, fact, REWRITE);
            let row_count = if is_refused { told.row_count } else { 0 };
            self.check.findings.push(finding.of_rows(Some(row_count)));
        }
    }

    fn check_runs(&mut self, footer: &Footer) {
        let Some(first) = footer.runs.first() else { return };
        let first_seq = footer.chunks.first().map_or(0, |chunk| chunk.first_seq);
        let is_mixed = footer.runs.iter().any(|run| !run.is_same_version(first));
        if is_mixed || first.first_seq > first_seq {
            let fact = if is_mixed {
                "its rows are of several services or versions"
            } else {
                "it does not say who wrote its first rows"
            };
            let finding = Finding::new(self.path, fact, REWRITE).at(self.footer_offset());
            self.check.findings.push(finding.of_rows(Some(self.entry.row_count)));
        }
    }

    /// Compares names and series with those of the lane.
    fn check_names(&mut self, footer: &Footer) {
        let names = &self.state.names;
        let is_wrong = |series: &&FooterSeries| {
            let here = footer.names.get(series.entry.name as usize);
            let (entry, name) =
                (names.series().get(series.series as usize), names.name_of(series.series));
            let (Some(here), Some(entry), Some(name)) = (here, entry, name) else { return true };
            let is_same = *here.name == *name.name && *here.source == *name.source;
            let mut own = series.entry;
            own.name = entry.name;
            !is_same || own != *entry
        };
        let wrong: Vec<&FooterSeries> = footer.series.iter().filter(is_wrong).collect();
        if let Some(first) = wrong.first() {
            let fact = format!(
                "series {} and {} others are not those of the head log",
                first.series,
                wrong.len() - 1
            );
            let rows = wrong.iter().filter_map(|series| summary_of(series));
            let rows = rows.map(|summary| summary.moments.count()).sum();
            let finding = Finding::new(self.path, fact, REWRITE).at(self.footer_offset());
            self.check.findings.push(finding.of_rows(Some(rows)));
        }
    }

    fn check_rows(&mut self, footer: &Footer) -> Result<(), StoreError> {
        let (mut bytes, mut rows) = (Vec::new(), Vec::new());
        let mut totals = Totals::default();
        let mut is_whole = true;
        let mut end = SEGMENT_HEADER_SIZE_BYTES as u64;
        for chunk in &footer.chunks {
            if !self.check_chunk(chunk, &mut bytes, &mut rows)? {
                is_whole = false;
                end = chunk.offset + u64::from(chunk.size_bytes);
                continue;
            }
            if chunk.offset != end {
                let fact = format!("{} bytes before it belong to no chunk", chunk.offset - end);
                self.chunk_finding(chunk, fact, REWRITE, 0);
            }
            end = chunk.offset + u64::from(chunk.size_bytes);
            for (seq, row) in (chunk.first_seq..).zip(&rows) {
                totals.add(seq, row);
            }
        }
        if is_whole && end != self.footer_offset() {
            let fact = "its footer does not follow its last chunk";
            self.check.findings.push(Finding::new(self.path, fact, REWRITE).at(end));
        }
        if is_whole {
            self.check_statistics(footer, &totals);
        }
        Ok(())
    }

    /// Decodes every page of a chunk; `false` when that cannot be done.
    fn check_chunk(
        &mut self,
        chunk: &ChunkEntry,
        bytes: &mut Vec<u8>,
        rows: &mut Vec<Row>,
    ) -> Result<bool, StoreError> {
        let seqs = chunk.first_seq..chunk.first_seq + u64::from(chunk.row_count);
        let seed = self.state.seed();
        let decoded = if read_chunk(self.file, self.path, chunk, bytes)? {
            decode_chunk(bytes, seed, chunk.first_seq, rows)
        } else {
            let (need, have) = (chunk.size_bytes as usize, bytes.len());
            Err(FormatError::Truncated { what: "chunk", need, have })
        };
        let decoded = decoded.and_then(|directory| {
            is_as_told(chunk, &directory)?;
            Ok(directory)
        });
        let error = match decoded {
            Ok(directory) => {
                self.check.whole.push(seqs);
                self.check_zone_map(chunk, rows);
                self.check_details(chunk, &directory, bytes);
                return Ok(true);
            }
            Err(error) => error,
        };
        let within = u64::from(place_of_damage(bytes, seed, chunk));
        let fact = format!("the chunk of row {} on is damaged: {error}", chunk.first_seq);
        let moved = ChunkEntry { offset: chunk.offset + within, ..*chunk };
        self.chunk_finding(&moved, fact, KEEP, u64::from(chunk.row_count));
        self.check.told.push(seqs);
        Ok(false)
    }

    /// Decodes the details of a chunk's rows.
    fn check_details(&mut self, chunk: &ChunkEntry, directory: &ChunkDirectory, bytes: &[u8]) {
        let Some(range) = directory.details_range() else { return };
        let found = bytes.get(range.start as usize..range.end as usize).unwrap_or_default();
        if let Err(error) = directory.decode_details(self.state.seed(), found) {
            let fact = format!("details of the chunk of row {} on: {error}", chunk.first_seq);
            let offset = chunk.offset + u64::from(range.start);
            let moved = ChunkEntry { offset, ..*chunk };
            self.chunk_finding(&moved, fact, "the rows are whole, what was told of them is not", 0);
        }
    }

    fn chunk_finding(
        &mut self,
        chunk: &ChunkEntry,
        fact: String,
        remedy: &'static str,
        row_count: u64,
    ) {
        let finding = Finding::new(self.path, fact, remedy).at(chunk.offset);
        self.check.findings.push(finding.of_rows(Some(row_count)));
    }

    /// Compares what the footer says of a chunk with its rows.
    fn check_zone_map(&mut self, chunk: &ChunkEntry, rows: &[Row]) {
        let ends = || rows.iter().map(|row| row.end_ns);
        let longest = rows.iter().map(|row| row.duration_ns).max().unwrap_or(0);
        let series_count = self.state.names.series().len();
        let wrong = [
            (ends().min() != Some(chunk.min_end_ns), "the earliest end"),
            (ends().max() != Some(chunk.max_end_ns), "the latest end"),
            (longest != chunk.max_duration_ns, "the longest duration"),
        ];
        let wrong: Vec<&str> = wrong.iter().filter(|(is, _)| *is).map(|(_, what)| *what).collect();
        let row_count = u64::from(chunk.row_count);
        if !wrong.is_empty() {
            let fact = format!("the footer tells {} of a chunk wrong", wrong.join(", "));
            self.chunk_finding(chunk, fact, REWRITE, row_count);
        }
        if rows.iter().any(|row| row.series as usize >= series_count) {
            let fact = "rows are of series that the head log does not name".to_owned();
            let unnamed = rows.iter().filter(|row| row.series as usize >= series_count).count();
            self.chunk_finding(chunk, fact, REWRITE, unnamed as u64);
        }
    }

    /// Compares the statistics with those of the rows.
    fn check_statistics(&mut self, footer: &Footer, totals: &Totals) {
        let stored = footer.series.iter().map(|series| (series.series, summary_of(series)));
        let mut stored: BTreeMap<u32, Option<Summary>> = stored.collect();
        let mut wrong: Vec<(u32, String)> = Vec::new();
        let mut row_count = 0;
        for (series, actual) in totals.iter_sorted() {
            let told = stored.remove(&series).flatten();
            if told.as_ref() != Some(actual) {
                row_count += actual.moments.count();
                wrong.push((series, what_differs(told.as_ref(), actual)));
            }
        }
        wrong.extend(stored.into_keys().map(|series| (series, "rows".to_owned())));
        if let Some((series, what)) = wrong.first() {
            let fact = format!(
                "the statistics of {} series are not those of their rows, the first series \
                 {series}: {what}",
                wrong.len()
            );
            let finding = Finding::new(self.path, fact, REWRITE).at(self.footer_offset());
            self.check.findings.push(finding.of_rows(Some(row_count)));
        }
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<usize, StoreError> {
        self.file.read_at(offset, bytes).map_err(StoreError::io("read", self.path))
    }
}

fn differs(what: &str, said: impl std::fmt::Display, is: impl std::fmt::Display) -> String {
    format!("{what} {said} instead of {is}")
}

fn summary_of(series: &FooterSeries) -> Option<Summary> {
    Summary::decode(&mut Cursor::new("summary", &series.statistics)).ok()
}

fn what_differs(told: Option<&Summary>, actual: &Summary) -> String {
    let Some(told) = told else { return "they cannot be read".to_owned() };
    let parts = [
        (told.moments != actual.moments, "moments"),
        (told.sketch != actual.sketch, "sketch"),
        (told.slowest != actual.slowest, "slowest rows"),
    ];
    let parts: Vec<&str> = parts.iter().filter(|(is, _)| *is).map(|(_, what)| *what).collect();
    parts.join(", ")
}
