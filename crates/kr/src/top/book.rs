//! Calls on their way from the thread that reads to the one that shows: functions get numbers that
//! are the same for all lanes, and calls are told in batches.

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_format::{Outcome, Row};
use kronicler_store::{LaneView, Name, RowId};

use super::news::News;
use super::ring::Call;

/// Calls that are told at once.
const BATCH_COUNT: usize = 4_096;

/// Tells news; `false` when nobody listens any more.
pub type Tell = Box<dyn Fn(News) -> bool + Send>;

/// Nobody listens any more, so the thread ends.
pub struct Unheard;

/// Calls that are to be told, and the numbers of functions.
#[derive(Default)]
pub struct Book {
    calls: Vec<Call>,
    names: Vec<Name>,
    numbers: HashMap<Arc<str>, u32>,
    lanes: Vec<([u8; 16], Vec<Series>)>,
    /// Index of the lane whose rows came last.
    lane: usize,
}

/// What a series of a lane stands for.
#[derive(Clone, Copy)]
struct Series {
    function: u32,
    weight: u32,
    outcome: Outcome,
}

impl Book {
    /// Adds a row of a lane.
    pub fn add(&mut self, view: &LaneView, seq: u64, row: &Row) {
        let Some(series) = self.series(view, row.series) else { return };
        self.calls.push(Call {
            function: series.function,
            id: RowId::new(view.lane(), seq),
            end_ns: row.end_ns,
            duration_ns: row.duration_ns,
            weight: series.weight,
            outcome: series.outcome,
        });
    }

    fn series(&mut self, view: &LaneView, series: u32) -> Option<Series> {
        let uuid = view.state.head.uuid;
        if self.lanes.get(self.lane).is_none_or(|(known, _)| *known != uuid) {
            let known = self.lanes.iter().position(|(known, _)| *known == uuid);
            self.lane = known.unwrap_or_else(|| {
                self.lanes.push((uuid, Vec::new()));
                self.lanes.len() - 1
            });
        }
        let known = &mut self.lanes[self.lane].1;
        while known.len() <= series as usize {
            let next = u32::try_from(known.len()).ok()?;
            let (entry, name) = (view.state.names.series().get(known.len())?, name(view, next)?);
            let fresh = u32::try_from(self.numbers.len()).ok()?;
            let names = &mut self.names;
            let function = *self.numbers.entry(Arc::clone(&name.name)).or_insert_with(|| {
                names.push(name.clone());
                fresh
            });
            known.push(Series { function, weight: entry.weight, outcome: entry.flags.outcome() });
        }
        known.get(series as usize).copied()
    }

    /// Whether it is time to tell them.
    pub const fn is_full(&self) -> bool {
        self.calls.len() >= BATCH_COUNT
    }

    /// Tells the calls that were added since it was last told.
    pub fn send(&mut self, tell: &Tell) -> Result<(), Unheard> {
        if self.calls.is_empty() && self.names.is_empty() {
            return Ok(());
        }
        let calls = std::mem::replace(&mut self.calls, Vec::with_capacity(BATCH_COUNT));
        let news = News::Calls(std::mem::take(&mut self.names), calls);
        if tell(news) { Ok(()) } else { Err(Unheard) }
    }
}

fn name(view: &LaneView, series: u32) -> Option<&Name> {
    view.state.names.name_of(series)
}
