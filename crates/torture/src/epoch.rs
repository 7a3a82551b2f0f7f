//! What was written to a lane between two clearings, and what of it must be found when.
//!
//! Rows stand in spans of one author each. Floors say which of them expire when, and what expired
//! is found again in the statistics of the history.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::reading::LaneFound;
use crate::rows::{Author, Statistics, add_to};

/// When rows are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// After a cut at this position.
    CutAt(usize),
    /// While the machine runs: whatever was appended is there, synced or not.
    Running,
}

/// What is not sure of a lane, because the disk has failed or lied.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Doubts {
    /// A sync lied about the lane's names: nothing of it is sure any more.
    pub is_unsure: bool,
    /// What was not synced is gone, although the machine runs.
    pub has_lost_unsynced: bool,
    /// Rows may have gone that were thought to be there: their statistics are not known.
    pub is_lossy: bool,
}

/// What was written to a lane between two clearings.
#[derive(Debug, Clone)]
pub(crate) struct Epoch {
    pub begun_at: usize,
    pub outcome: Outcome,
    pub spans: Vec<Span>,
    /// Sequence behind the rows that were appended.
    pub end_seq: u64,
    /// From which position on all rows below which sequence are durable.
    pub durable: Vec<(usize, u64)>,
    pub floors: Vec<Floor>,
    pub forgettable: Vec<Forgettable>,
    /// What had expired when it was found, and what was remembered of that.
    first_floor_seq: u64,
    first_history: Statistics,
}

/// Rows that expire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    pub begun_at: usize,
    pub settled_at: Option<usize>,
    pub floor_seq: u64,
}

/// Expired rows whose statistics could not be written at once.
#[derive(Debug, Clone)]
pub(crate) struct Forgettable {
    pub seqs: Range<u64>,
    pub remembered_at: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    UnderWay,
    Settled(usize),
    Abandoned(usize),
    /// Clearing failed: it may have come to something or not, until a sync or an opener tells.
    Open,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub first_seq: u64,
    pub end_seq: u64,
    /// Those from here on were dropped by a sync that failed.
    sure_end: u64,
    author: Author,
    /// From this position on it ends earlier: an opener found so much of it.
    shortened: Option<(usize, u64)>,
}

impl When {
    pub(crate) const fn position(self) -> usize {
        match self {
            Self::CutAt(position) => position,
            Self::Running => usize::MAX,
        }
    }
}

impl Epoch {
    pub const fn new(begun_at: usize, outcome: Outcome) -> Self {
        Self {
            begun_at,
            outcome,
            spans: Vec::new(),
            end_seq: 0,
            durable: Vec::new(),
            floors: Vec::new(),
            forgettable: Vec::new(),
            first_floor_seq: 0,
            first_history: BTreeMap::new(),
        }
    }

    /// One in which everything that was found is durable.
    pub fn inheriting(found: &LaneFound) -> Self {
        let mut epoch = Self::new(0, Outcome::Settled(0));
        for &(seq, author) in &found.rows {
            match epoch.spans.last_mut() {
                Some(last) if last.author == author && last.end_seq == seq => {
                    last.end_seq += 1;
                    last.sure_end += 1;
                }
                _ => epoch.spans.push(Span::new(seq, seq + 1, author)),
            }
            epoch.end_seq = seq + 1;
        }
        epoch.durable.push((0, epoch.end_seq));
        epoch.first_floor_seq = found.floor_seq;
        epoch.first_history.clone_from(&found.history);
        epoch
    }

    /// An opener found rows below `next_seq` only.
    pub fn shorten(&mut self, next_seq: u64, position: usize) {
        for span in self.spans.iter_mut().filter(|span| span.end_seq > next_seq) {
            span.shortened = Some((position, next_seq));
        }
        self.end_seq = next_seq;
    }

    /// What is not durable by now may never be.
    pub fn doubt_unsynced(&mut self) {
        let durable = self.durable.last().map_or(0, |(_, end_seq)| *end_seq);
        for span in &mut self.spans {
            span.sure_end = span.sure_end.min(durable.max(span.first_seq));
        }
    }

    pub fn trust_all(&mut self) {
        self.spans.iter_mut().for_each(|span| span.sure_end = span.end_seq);
    }

    /// Whether it had come to nothing by then.
    pub const fn is_over(&self, when: When) -> bool {
        matches!(self.outcome, Outcome::Abandoned(at) if at <= when.position())
    }

    /// Whether it had put an end to all epochs before it by then.
    pub const fn is_settled(&self, when: When) -> bool {
        matches!(self.outcome, Outcome::Settled(at) if at <= when.position())
    }

    pub fn judge(&self, doubts: Doubts, when: When, found: &LaneFound) -> Result<(), String> {
        let (position, rows) = (when.position(), &found.rows);
        for &(seq, author) in rows {
            let is_known = self.spans.iter().any(|span| {
                span.author == author && span.first_seq <= seq && seq < span.end_at(position)
            });
            if !is_known {
                return Err(format!("row {seq} of {author:?} should not be there"));
            }
        }
        self.judge_floor(doubts, position, found.floor_seq)?;
        let must_end = self.must_end(doubts, when);
        for span in &self.spans {
            let must_end = must_end.min(span.sure_end);
            let first_seq = span.first_seq.max(found.floor_seq);
            for seq in first_seq..span.end_at(position).min(must_end) {
                if rows.binary_search_by_key(&seq, |(seq, _)| *seq).is_err() {
                    return Err(format!("row {seq} of {:?} is lost", span.author));
                }
            }
        }
        if doubts.is_lossy { Ok(()) } else { self.judge_history(position, found) }
    }

    /// Rows expire when they are told to, no others, and stay expired.
    fn judge_floor(&self, doubts: Doubts, position: usize, floor_seq: u64) -> Result<(), String> {
        let begun = self.floors.iter().filter(|floor| floor.begun_at <= position);
        let is_told = floor_seq == self.first_floor_seq
            || begun.clone().any(|floor| floor.floor_seq == floor_seq);
        // A directory that was not synced although it said so may give an older head back, or none.
        let is_older = doubts.is_unsure && floor_seq < self.first_floor_seq;
        if !is_told && !is_older {
            return Err(format!("rows below {floor_seq} expired without being told to"));
        }
        let settled = begun.filter(|floor| floor.settled_at.is_some_and(|at| at <= position));
        let least = settled.map(|floor| floor.floor_seq).max().unwrap_or(self.first_floor_seq);
        if floor_seq < least && !doubts.is_unsure {
            return Err(format!("rows from {floor_seq} to {least} had expired and came back"));
        }
        Ok(())
    }

    /// Statistics of expired rows are exactly those of these rows, but for what had no room.
    fn judge_history(&self, position: usize, found: &LaneFound) -> Result<(), String> {
        let below = |range: &&Forgettable| range.seqs.start < found.floor_seq;
        let may_lack: Vec<&Range<u64>> = self
            .forgettable
            .iter()
            .filter(below)
            .filter(|range| range.remembered_at.is_none_or(|at| at > position))
            .map(|range| &range.seqs)
            .collect();
        let mut authors: BTreeMap<u64, Author> = BTreeMap::new();
        for span in &self.spans {
            let seqs = span.first_seq.max(self.first_floor_seq)
                ..span.end_at(position).min(found.floor_seq);
            authors.extend(seqs.map(|seq| (seq, span.author)));
        }
        let subsets = 1_u32 << may_lack.len().min(8);
        let is_right = (0..subsets).any(|subset| {
            let lacking = (0..).zip(&may_lack).filter(|(bit, _)| subset & 1 << bit != 0);
            let lacking: Vec<&Range<u64>> = lacking.map(|(_, range)| *range).collect();
            let mut expected = self.first_history.clone();
            for (&seq, &author) in &authors {
                if !lacking.iter().any(|range| range.contains(&seq)) {
                    add_to(&mut expected, author, seq);
                }
            }
            expected == found.history
        });
        if is_right {
            return Ok(());
        }
        let count = |statistics: &Statistics| -> u64 {
            statistics.values().map(kronicler_stats::Moments::count).sum()
        };
        let expected = authors.len() as u64 + count(&self.first_history);
        Err(format!(
            "the history of rows below {} is wrong: of {} rows instead of {expected}",
            found.floor_seq,
            count(&found.history),
        ))
    }

    /// Sequence below which all rows must be there.
    fn must_end(&self, doubts: Doubts, when: When) -> u64 {
        if doubts.is_unsure {
            return 0;
        }
        if when == When::Running && !doubts.has_lost_unsynced {
            return self.end_seq;
        }
        let durable = self.durable.iter().filter(|(at, _)| *at <= when.position());
        durable.map(|(_, end_seq)| *end_seq).max().unwrap_or(0)
    }
}

impl Span {
    pub const fn new(first_seq: u64, end_seq: u64, author: Author) -> Self {
        Self { first_seq, end_seq, sure_end: end_seq, author, shortened: None }
    }

    const fn end_at(&self, position: usize) -> u64 {
        match self.shortened {
            Some((at, end_seq)) if at <= position && end_seq < self.end_seq => end_seq,
            _ => self.end_seq,
        }
    }
}
