//! Which runs are asked about: versions of a service, and instances of it.
//!
//! Runs follow each other in a lane, so the rows of one are a span of sequences. A segment holds
//! rows of one version alone, but may hold those of several instances.

use std::borrow::Cow;
use std::ops::Range;

use kronicler_format::Run;

/// Which rows of a segment are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spans {
    /// All of them.
    All,
    /// Those with these sequences, ascending and apart; maybe none.
    Some(Vec<Range<u64>>),
}

/// What an instance is called: by its label, or where none was set by host and process.
#[must_use]
pub fn instance_name(run: &Run) -> Cow<'_, str> {
    if run.instance.is_empty() {
        format!("{}/{}", run.host, run.pid).into()
    } else {
        run.instance.as_str().into()
    }
}

impl Spans {
    /// The rows of the wanted among `runs`, which are ascending by their first sequence.
    pub(crate) fn new(runs: &[Run], wants: impl Fn(&Run) -> bool) -> Self {
        let wanted: Vec<bool> = runs.iter().map(&wants).collect();
        // Without runs nobody knows who wrote them.
        let is_all =
            if wanted.is_empty() { wants(&Run::default()) } else { !wanted.contains(&false) };
        if is_all {
            return Self::All;
        }
        // Rows before the first run would be of it, too.
        let starts = std::iter::once(0).chain(runs.iter().skip(1).map(|run| run.first_seq));
        let ends = runs.iter().skip(1).map(|run| run.first_seq).chain([u64::MAX]);
        let spans = starts.zip(ends).zip(wanted).filter(|(_, is_wanted)| *is_wanted);
        let spans = spans.map(|((start, end), _)| start..end).filter(|span| !span.is_empty());
        Self::Some(spans.collect())
    }
    pub(crate) const fn none() -> Self {
        Self::Some(Vec::new())
    }

    pub(crate) const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    pub(crate) const fn is_none(&self) -> bool {
        matches!(self, Self::Some(spans) if spans.is_empty())
    }

    /// The wanted rows of a chunk, as indices in it.
    pub(crate) fn rows_of(&self, first_seq: u64, row_count: u32) -> Vec<Range<u32>> {
        let Self::Some(spans) = self else {
            return std::iter::once(0..row_count).collect();
        };
        let index = |seq: u64| {
            let index = u32::try_from(seq.saturating_sub(first_seq)).unwrap_or(u32::MAX);
            index.min(row_count)
        };
        let rows = spans.iter().map(|span| index(span.start)..index(span.end));
        rows.filter(|rows| !rows.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(version: &str, pid: u32, first_seq: u64) -> Run {
        Run { version: version.into(), host: "h".into(), pid, first_seq, ..Run::default() }
    }

    #[test]
    fn the_rows_of_a_run_end_where_the_next_begins() {
        // Promise: an instance's rows are exactly those that it wrote, whoever wrote before.
        let runs = vec![run("1", 7, 100), run("1", 8, 150), run("1", 9, 150), run("1", 7, 180)];
        let spans = Spans::new(&runs, |run| instance_name(run) == "h/7");
        assert_eq!(spans, Spans::Some(vec![0..150, 180..u64::MAX]));
        assert_eq!(spans.rows_of(90, 200), [0..60, 90..200]);
        assert_eq!(spans.rows_of(150, 20), []);
        assert!(Spans::new(&runs, |run| run.pid == 8).is_none(), "it wrote none");
        assert!(Spans::new(&runs, |run| run.version == "1").is_all());
        assert!(Spans::new(&runs, |run| run.version == "2").is_none());
        assert!(Spans::new(&[], |run| instance_name(run) == "/0").is_all());
        assert!(Spans::new(&[], |_| false).is_none());
    }
}
