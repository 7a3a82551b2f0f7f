//! What is known, and the numbers of each function in the window that is shown.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use kronicler_query::StoredRow;
use kronicler_store::{Name, RowId};

use super::board::{Board, Count};
use super::column::Column;
use super::news::{Look, Losses, News, One, Total};
use super::ring::{Call, Doing, RING_SECONDS, complete_before, second_of};
use super::window::Window;

/// What is known.
#[derive(Default)]
pub struct Model {
    /// What functions did lately.
    pub board: Board,
    /// What the database was like at the last look.
    pub look: Option<Look>,
    /// Why it cannot be read at present.
    pub failure: Option<String>,
    /// The second behind the last one that is complete.
    end: i64,
    /// What became no row, as of the end of some second.
    losses: VecDeque<(i64, Losses)>,
    totals: Option<Vec<Total>>,
    one: Option<Box<One>>,
    lines: Vec<Line>,
}

/// The numbers of a function.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name.
    pub name: Name,
    /// Calls in the window.
    pub calls: u64,
    /// Those that did not end well.
    pub errors: u64,
    /// Calls a second.
    pub rate: f64,
    /// Calls that were going on at once, on average.
    pub busy: f64,
    /// Median, 95th and 99th percentile, maximum; `None` without a call.
    pub quantiles_ns: Option<[u64; 4]>,
    /// Whether its numbers are known for a part of the window only.
    pub is_recent: bool,
}

impl Line {
    /// One of its percentiles.
    pub fn quantile_ns(&self, column: Column) -> Option<u64> {
        let index = match column {
            Column::Median => 0,
            Column::P95 => 1,
            Column::P99 => 2,
            _ => 3,
        };
        self.quantiles_ns.map(|all| all[index])
    }
}

/// A function with its distribution and its slowest calls.
pub struct Single {
    /// Its numbers.
    pub line: Line,
    /// What it did.
    pub doing: Doing,
    /// Its slowest calls, slowest first.
    pub slowest: Vec<SlowCall>,
}

/// A slow call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowCall {
    /// The row.
    pub id: RowId,
    /// When it ended.
    pub end_ns: i64,
    /// How long it took.
    pub duration_ns: u64,
    /// How it ended.
    pub outcome: &'static str,
}

impl From<&Call> for SlowCall {
    fn from(call: &Call) -> Self {
        let &Call { id, end_ns, duration_ns, outcome, .. } = call;
        Self { id, end_ns, duration_ns, outcome: outcome.name() }
    }
}

impl From<&StoredRow> for SlowCall {
    fn from(row: &StoredRow) -> Self {
        let &StoredRow { id, end_ns, duration_ns, outcome, .. } = row;
        Self { id, end_ns, duration_ns, outcome: outcome.name() }
    }
}

impl Model {
    /// Takes over news. The numbers of functions stay until [`Model::count`].
    pub fn take(&mut self, news: News) {
        match news {
            News::Begin(now_ns) => {
                *self = Self::default();
                self.go_on(now_ns);
            }
            News::Again => {}
            News::Calls(names, calls) => {
                self.board.add_functions(names);
                calls.iter().for_each(|call| self.board.add(call));
            }
            News::Look(look) => {
                self.failure = None;
                self.go_on(look.at_ns);
                self.board.rebalance();
                self.note_losses(look.losses);
                self.look = Some(*look);
            }
            News::All(totals) => self.totals = Some(totals),
            News::One(one) => self.one = Some(one),
            News::Failed(text) => self.failure = Some(text),
        }
    }

    /// Goes on to a moment.
    fn go_on(&mut self, now_ns: i64) {
        self.end = complete_before(now_ns);
        self.board.advance(self.end);
    }

    fn note_losses(&mut self, losses: Losses) {
        let oldest = self.end - RING_SECONDS;
        while self.losses.get(1).is_some_and(|(second, _)| *second <= oldest) {
            self.losses.pop_front();
        }
        self.losses.push_back((self.end, losses));
    }

    /// The seconds of a window; of [`Window::All`] as far back as seconds are known.
    pub fn seconds(&self, window: Window) -> Range<i64> {
        self.end - window.seconds().unwrap_or(RING_SECONDS)..self.end
    }

    /// The second behind the last one that is complete.
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// What became no row in a window, as far as it was watched; ever, for [`Window::All`].
    pub fn losses(&self, window: Window) -> Losses {
        let now = self.look.as_ref().map_or_else(Losses::default, |look| look.losses);
        let Some(seconds) = window.seconds() else { return now };
        let start = self.end - seconds;
        let before = self.losses.iter().rev().find(|(second, _)| *second <= start);
        let before = before.or_else(|| self.losses.front());
        before.map_or(Losses::default(), |(_, before)| now.since(before))
    }

    /// Calls of all functions, and in how many seconds; `None` when they are not known yet.
    pub fn total(&self, window: Window) -> Option<(Count, f64)> {
        let look = self.look.as_ref()?;
        let seconds = self.seconds(window);
        if window.seconds().is_some() {
            return Some((self.board.total(&seconds), self.length(look, &seconds)));
        }
        let totals = self.totals.as_ref()?;
        let sum = totals.iter().fold(Count::default(), |sum, one| Count {
            calls: sum.calls.saturating_add(one.calls),
            errors: sum.errors.saturating_add(one.errors),
        });
        Some((sum, self.age(look)))
    }

    /// How long a window is, in seconds: not longer than there are calls.
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
    fn length(&self, look: &Look, seconds: &Range<i64>) -> f64 {
        let first = look.first_end_ns.map_or(seconds.start, second_of);
        (seconds.end - first.clamp(seconds.start, seconds.end - 1)) as f64
    }

    /// How long ago the first call that is stored ended, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown with three digits")]
    fn age(&self, look: &Look) -> f64 {
        let first = look.first_end_ns.map_or(self.end - 1, second_of);
        self.end.saturating_sub(first).max(1) as f64
    }

    /// Works out the numbers of each function.
    pub fn count(&mut self, window: Window) {
        let look = self.look.clone().unwrap_or_default();
        if window.seconds().is_none() {
            let age = self.age(&look);
            let totals = self.totals.iter().flatten();
            self.lines = totals.map(|total| line_of_total(total, age)).collect();
            return;
        }
        let seconds = self.seconds(window);
        let length = self.length(&look, &seconds);
        let known = self.board.known().filter(|known| !known.ring.is_empty());
        let lines = known.map(|known| {
            let since = known.since.filter(|since| *since > seconds.start);
            line(known.name, &known.ring.sum(&seconds), length, since.map(|s| seconds.end - s))
        });
        self.lines = lines.collect();
    }

    /// The numbers of each function, as they were worked out last.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether the numbers of [`Window::All`] are known.
    pub const fn has_totals(&self) -> bool {
        self.totals.is_some()
    }

    /// Lets statistics of all that is stored go: they are no longer kept up to date.
    pub fn forget_totals(&mut self) {
        (self.totals, self.one) = (None, None);
    }

    /// One function with its distribution and its slowest calls.
    pub fn single(&self, window: Window, name: &str) -> Option<Single> {
        let line = self.lines.iter().find(|line| &*line.name.name == name)?.clone();
        if window.seconds().is_some() {
            let (seconds, known) = (self.seconds(window), self.board.find(name)?);
            let slowest = known.ring.slowest(&seconds).iter().map(SlowCall::from).collect();
            return Some(Single { line, doing: known.ring.sum(&seconds), slowest });
        }
        let one = self.one.as_ref().filter(|one| &*one.name.name == name);
        let doing = one.map_or_else(Doing::default, |one| one.doing.clone());
        let slowest = one.iter().flat_map(|one| one.slowest.iter().map(SlowCall::from)).collect();
        Some(Single { line, doing, slowest })
    }

    /// How a number of a function, or of all, has been in some stretches of seconds.
    pub fn trend(
        &self,
        name: Option<&Arc<str>>,
        stretches: &[Range<i64>],
        of: impl Fn(&Doing, f64) -> Option<f64>,
    ) -> Vec<Option<f64>> {
        let known = name.and_then(|name| self.board.find(name));
        let value = |seconds: &Range<i64>| {
            let complete = seconds.start..seconds.end.min(self.end);
            let doing = known.as_ref()?.ring.sum(&complete);
            of(&doing, length_of(&complete))
        };
        stretches.iter().map(value).collect()
    }

    /// Calls a second of all functions in some stretches of seconds.
    #[expect(clippy::cast_precision_loss, reason = "a rate for a picture")]
    pub fn total_trend(&self, stretches: &[Range<i64>]) -> Vec<Option<f64>> {
        let rate = |seconds: &Range<i64>| {
            let complete = seconds.start..seconds.end.min(self.end);
            Some(self.board.total(&complete).calls as f64 / length_of(&complete))
        };
        stretches.iter().map(rate).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
fn length_of(seconds: &Range<i64>) -> f64 {
    (seconds.end - seconds.start).max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn line(name: &Name, doing: &Doing, length: f64, recent: Option<i64>) -> Line {
    let length = recent.map_or(length, |seconds| length.min(seconds.max(1) as f64));
    let durations = &doing.durations;
    let [median, p95, p99] = [0.5, 0.95, 0.99].map(|q| durations.quantile(q).unwrap_or(0));
    Line {
        name: name.clone(),
        calls: doing.calls(),
        errors: doing.errors,
        rate: doing.calls() as f64 / length,
        busy: durations.moments.sum() as f64 / 1e9 / length,
        quantiles_ns: durations.moments.max().map(|max| [median, p95, p99, max]),
        is_recent: recent.is_some(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn line_of_total(total: &Total, length: f64) -> Line {
    Line {
        name: total.name.clone(),
        calls: total.calls,
        errors: total.errors,
        rate: total.calls as f64 / length,
        busy: total.sum_ns as f64 / 1e9 / length,
        quantiles_ns: (total.calls > 0).then_some(total.quantiles_ns),
        is_recent: false,
    }
}

#[cfg(test)]
mod tests;
