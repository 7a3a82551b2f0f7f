//! Rows whose whole content follows from who wrote them and from their sequence.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kronicler_format::{
    Flags, Hook, HookKind, Hooks, Kind, Outcome, Row, RowDetail, Run, SeriesEntry,
};
use kronicler_stats::{History, Moments};
use kronicler_store::{Dictionary, LaneState};

use crate::random::derive;

/// A process, by a number of its own in its life.
pub type Pid = u8;

/// When lives begin. Rows end about then.
pub const NOW_NS: i64 = 1_750_000_000_000_000_000;

const NAME_COUNT: u64 = 40;
const PID_COUNT: u32 = 32;
/// Now and then a row ends in another hour than the one before.
const ROWS_PER_HALF_HOUR: u64 = 70;
const HALF_HOUR_NS: i64 = 1_800_000_000_000;

static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..NAME_COUNT).map(|index| format!("call {index}")).collect());

/// A process that writes, by a number that no other has. It stands in its rows as their thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Author(u32);

/// Exact moments of rows, by version, name and flags.
pub type Statistics = BTreeMap<(&'static str, &'static str, u8), Moments>;

impl Author {
    /// The author with this number, which is a process with this one.
    #[must_use]
    pub fn new(number: u32, pid: Pid) -> Self {
        Self(number * PID_COUNT + u32::from(pid))
    }

    /// What it says of itself.
    #[must_use]
    pub fn run(self) -> Run {
        let pid = self.0 % PID_COUNT;
        let start_ns = NOW_NS + i64::from(pid);
        let (service, version) = ("shop".into(), self.version().into());
        Run { service, version, pid, start_ns, ..Run::default() }
    }

    /// Processes from 4 on are of another version.
    const fn version(self) -> &'static str {
        if self.0 % PID_COUNT < 4 { "1" } else { "2" }
    }
}

/// The row with this sequence, its name known to `names` then.
pub fn row(names: &mut Dictionary, author: Author, seq: u64) -> Row {
    let entry = SeriesEntry { name: 0, flags: flags(seq), weight: 1, status_class: 0 };
    let series = names.intern(name(seq), "a.js:1", entry);
    Row {
        series,
        thread: thread(author, seq),
        end_ns: end_ns(seq),
        duration_ns: duration(author, seq),
    }
}

/// What is told of a row besides its times; of most rows nothing is.
#[must_use]
pub fn detail_of(author: Author, seq: u64) -> Option<RowDetail> {
    let text = format!("{seq} by {}", author.0);
    (seq % 16 == 5).then(|| RowDetail { seq, bytes: text.as_bytes().into() })
}

/// What a process says that it has hooked.
#[must_use]
pub fn hooks_of(author: Author) -> Hooks {
    let (kind, functions) = (HookKind::Pattern, u64::from(author.0));
    let hook = Hook { kind, subject: "./**".into(), functions, remark: "a:f".into() };
    Hooks { list: vec![hook], left_out: 0 }
}

/// What is hooked is told by the last process of the lane, or nobody has told any.
///
/// # Errors
/// When it is told by another.
pub fn check_hooks(state: &LaneState) -> Result<(), String> {
    let Some(hook) = state.hooks.list.first() else { return Ok(()) };
    let author = Author(u32::try_from(hook.functions).unwrap_or(u32::MAX));
    let last = state.runs.last();
    if *state.hooks != hooks_of(author) || last.map(|run| run.pid) != Some(author.run().pid) {
        return Err(format!("{:?} are said to be of {last:?}", state.hooks));
    }
    Ok(())
}

/// Who wrote a row that was read back, or what is wrong with it. `run` is who is said to have.
///
/// # Errors
/// When the row is not what its author wrote.
pub fn author_of(
    state: &LaneState,
    run: Option<&Run>,
    seq: u64,
    row: &Row,
) -> Result<Author, String> {
    let author = Author(row.thread / 2);
    let series = state.names.series().get(row.series as usize);
    let known = state.names.name_of(row.series);
    let is_right = known.is_some_and(|known| *known.name == *name(seq))
        && series.is_some_and(|series| series.flags == flags(seq))
        && row.thread == thread(author, seq)
        && row.end_ns == end_ns(seq)
        && row.duration_ns == duration(author, seq);
    if !is_right {
        return Err(format!("row {seq} is wrong: {row:?}"));
    }
    if run.is_none_or(|run| !run.is_same_version(&author.run())) {
        return Err(format!("row {seq} of {author:?} is said to be of {run:?}"));
    }
    Ok(author)
}

/// Adds a row.
pub fn add_to(statistics: &mut Statistics, author: Author, seq: u64) {
    let key = (author.version(), name(seq), flags(seq).bits());
    statistics.entry(key).or_default().add(duration(author, seq));
}

/// Adds what a history says.
///
/// # Errors
/// When it tells of what nobody wrote.
pub fn add_history(statistics: &mut Statistics, history: &History) -> Result<(), String> {
    for entry in history.entries(i64::MIN, i64::MAX) {
        let function = entry.series.function;
        let name = NAMES.iter().find(|name| **name == function.name);
        let version = ["1", "2"].into_iter().find(|version| *version == function.version);
        let known = version.zip(name).filter(|_| function.service == "shop");
        let (version, name) = known.ok_or_else(|| format!("history of {function:?}"))?;
        let key = (version, name.as_str(), entry.series.flags.bits());
        statistics.entry(key).or_default().merge(&entry.value().moments);
    }
    Ok(())
}

/// A new name now and then, so that names are written all over a log.
fn name(seq: u64) -> &'static str {
    let index = seq % (3 + seq / 8).min(NAME_COUNT);
    usize::try_from(index).ok().and_then(|index| NAMES.get(index)).map_or("", String::as_str)
}

const fn flags(seq: u64) -> Flags {
    Flags::new(if seq % 7 == 3 { Outcome::Error } else { Outcome::Ok }, Kind::Sync)
}

const fn thread(author: Author, seq: u64) -> u32 {
    author.0 * 2 + (seq % 6 == 1) as u32
}

/// Ends step back now and then, as those of several threads do.
const fn end_ns(seq: u64) -> i64 {
    let back = if seq.is_multiple_of(5) { 1_000 } else { 0 };
    let half_hours = (seq / ROWS_PER_HALF_HOUR).cast_signed() * HALF_HOUR_NS;
    NOW_NS + half_hours + seq.cast_signed() * 1_000_003 - back
}

const fn duration(author: Author, seq: u64) -> u64 {
    derive(seq, author.0 as u64) >> 40
}
