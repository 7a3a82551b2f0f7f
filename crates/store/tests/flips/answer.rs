//! Everything that a database answers, as one value that can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use kronicler_format::{Counters, Footer, FooterSeries, Row, Run};
use kronicler_store::{Catalog, Directory, LaneState, LaneView, Opened, Storage};

/// What one lane answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneAnswer {
    pub rows: BTreeMap<u64, Row>,
    pub counters: Counters,
    pub next_seq: u64,
    pub runs: Vec<Run>,
    /// Name, source and properties of each series.
    pub series: Vec<String>,
    /// Statistics of each segment, by its number.
    pub footers: BTreeMap<u64, Vec<FooterSeries>>,
    /// When rows arrived: what decides how long they are kept.
    pub arrivals: Vec<(u64, i64, i64)>,
    pub is_closed: bool,
    /// Statistics of unsealed rows: first sequence of the window, series, count, sum, slowest.
    pub totals: BTreeSet<(u64, u32, u64, u64)>,
    /// Bytes that are no good frame.
    pub damage_bytes: u64,
    pub is_partial: bool,
}

/// What all lanes answer, and whether something is missing from the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub lanes: BTreeMap<u16, LaneAnswer>,
    pub is_partial: bool,
}

/// Reads everything with a reader that has just come.
pub fn read(storage: &Arc<dyn Storage>) -> Result<Answer, String> {
    let catalog = Catalog::new(Arc::clone(storage), 1 << 20);
    let mut directory = Directory::with_catalog(catalog, PathBuf::from(crate::base::ROOT));
    let snapshot = directory.snapshot(None).map_err(|error| error.to_string())?;
    let mut answer = Answer { is_partial: snapshot.is_partial(), ..Answer::default() };
    for view in &snapshot.lanes {
        let lane = lane(view).map_err(|error| error.to_string())?;
        answer.is_partial |= lane.is_partial;
        answer.lanes.insert(view.lane(), lane);
    }
    Ok(answer)
}

fn lane(view: &LaneView) -> Result<LaneAnswer, kronicler_store::StoreError> {
    let state = &view.state;
    let mut lane = LaneAnswer {
        counters: state.counters,
        next_seq: state.next_seq,
        runs: state.runs.to_vec(),
        series: (0..state.names.series().len()).filter_map(|id| series(state, id)).collect(),
        is_closed: state.is_closed,
        damage_bytes: state.damage.bytes,
        is_partial: state.is_partial(),
        ..LaneAnswer::default()
    };
    for window in &state.windows {
        let totals = window.totals.iter().map(|(series, summary)| {
            let slowest = summary.moments.max().unwrap_or_default();
            (window.first_seq, series, summary.moments.count(), slowest)
        });
        lane.totals.extend(totals);
        lane.arrivals.push((window.first_seq, window.first_arrival_ns, window.last_arrival_ns));
    }
    if let Some(mut reader) = view.blocks()? {
        let mut rows = Vec::new();
        for block in state.blocks() {
            lane.is_partial |= !reader.read(block, &mut rows)?;
            lane.rows.extend((block.first_seq..).zip(rows.drain(..)));
        }
    }
    for entry in state.segments.iter() {
        lane.arrivals.push((entry.first_seq, entry.first_arrival_ns, entry.last_arrival_ns));
        let Opened::Found(mut segment) = view.segment(entry)? else {
            lane.is_partial = true;
            continue;
        };
        let footer: Footer = Footer::clone(segment.footer());
        for index in 0..footer.chunks.len() {
            let mut rows = Vec::new();
            let row_count = footer.chunks[index].row_count;
            let chunk = segment.chunk(index)?;
            let is_whole = chunk.map_or(Ok(false), |mut c| c.rows(0..row_count, &mut rows))?;
            lane.is_partial |= !is_whole;
            lane.rows.extend((footer.chunks[index].first_seq..).zip(rows));
        }
        lane.footers.insert(entry.id, footer.series);
    }
    Ok(lane)
}

fn series(state: &LaneState, id: usize) -> Option<String> {
    let entry = state.names.series().get(id)?;
    let name = state.names.name_of(u32::try_from(id).ok()?)?;
    Some(format!("{entry:?} {name:?}"))
}
