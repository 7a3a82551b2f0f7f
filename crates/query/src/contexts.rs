//! What calls belong to, for rows that are gone through piece by piece: it stands with their
//! details, which a scan of rows does not read.

use std::ops::Range;

use kronicler_format::{CallContext, Detail, RowDetail, SegmentEntry};
use kronicler_store::{LaneView, StoreError};

use crate::answer::Gaps;
use crate::filter::Filter;
use crate::scan::LaneScan;
use crate::span::Span;

/// What the calls of a lane belong to.
pub(crate) struct Contexts<'a> {
    scan: LaneScan<'a>,
    /// The rows of the chunk that was read last.
    chunk: Range<u64>,
    /// What their calls belong to, as far as that is known, by sequence, ascending.
    of_chunk: Vec<(u64, CallContext)>,
    failure: Option<StoreError>,
}

impl<'a> Contexts<'a> {
    /// Those of a lane; `everything` is a filter that wants all rows.
    pub fn new(index: usize, view: &'a LaneView, everything: &'a Filter) -> Self {
        let mut scan = LaneScan::new(index, view, everything).stops_early();
        scan.gaps = Gaps::default();
        Self { scan, chunk: 0..0, of_chunk: Vec::new(), failure: None }
    }

    /// Lets calls of one piece know what they belong to. Does nothing any more once a file could
    /// not be read, see [`Contexts::finish`].
    pub fn tell(&mut self, spans: &mut [(u32, Span)]) {
        if self.failure.is_none()
            && let Err(failure) = self.try_tell(spans)
        {
            self.failure = Some(failure);
        }
    }

    /// What could not be read.
    ///
    /// # Errors
    /// When that was a failure of the system.
    pub fn finish(&mut self) -> Result<Gaps, StoreError> {
        self.failure.take().map_or(Ok(self.scan.gaps), Err)
    }

    fn try_tell(&mut self, spans: &mut [(u32, Span)]) -> Result<(), StoreError> {
        let seqs = spans.iter().map(|(_, span)| span.seq);
        let Some((first, last)) = seqs.clone().min().zip(seqs.max()) else { return Ok(()) };
        let view = self.scan.view;
        let entries: &[SegmentEntry] = &view.state.segments;
        let from = entries.partition_point(|entry| entry.end_seq <= first);
        for entry in entries[from..].iter().take_while(|entry| entry.first_seq <= last) {
            self.tell_of_segment(entry, &(first..last + 1), spans)?;
        }
        let unsealed = first.max(view.state.sealed_seq)..last + 1;
        if !unsealed.is_empty() {
            match view.unsealed_details(unsealed)? {
                Some(details) => tell_all(spans, &contexts_of(&details)),
                None => self.scan.gaps.note(true),
            }
        }
        Ok(())
    }

    fn tell_of_segment(
        &mut self,
        entry: &SegmentEntry,
        seqs: &Range<u64>,
        spans: &mut [(u32, Span)],
    ) -> Result<(), StoreError> {
        if self.chunk.start <= seqs.start && seqs.end <= self.chunk.end {
            tell_all(spans, &self.of_chunk);
            return Ok(());
        }
        for (index, chunk) in self.scan.chunks(entry)? {
            let rows = chunk.first_seq..chunk.first_seq + u64::from(chunk.row_count);
            if rows.end <= seqs.start || seqs.end <= rows.start {
                continue;
            }
            let (known, of_chunk) = (&mut self.chunk, &mut self.of_chunk);
            self.scan.with_chunk(entry, index, |_, mut reader| {
                let details = reader.details()?;
                *of_chunk = contexts_of(details.as_deref().unwrap_or_default());
                *known = rows;
                Ok(details.is_some())
            })?;
            tell_all(spans, &self.of_chunk);
        }
        Ok(())
    }
}

/// What cannot be decoded tells nothing.
fn contexts_of(details: &[RowDetail]) -> Vec<(u64, CallContext)> {
    let of = |detail: &RowDetail| Some((detail.seq, Detail::decode(&detail.bytes).ok()?.context?));
    details.iter().filter_map(of).collect()
}

fn tell_all(spans: &mut [(u32, Span)], contexts: &[(u64, CallContext)]) {
    if contexts.is_empty() {
        return;
    }
    for (_, span) in spans {
        if let Ok(place) = contexts.binary_search_by_key(&span.seq, |(seq, _)| *seq) {
            span.context = Some(contexts[place].1);
        }
    }
}
