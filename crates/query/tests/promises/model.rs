//! The same questions answered naively: every row in one list, every answer by looking at all.

use kronicler_format::{Kind, Outcome};
use kronicler_query::{Filter, StoredRow};
use kronicler_store::RowId;
use proptest::prelude::*;

/// One call, as the test made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub id: RowId,
    pub name: &'static str,
    pub outcome: Outcome,
    pub kind: Kind,
    pub thread: u32,
    pub end_ns: i64,
    pub duration_ns: u64,
    /// Calls that its row stands for.
    pub weight: u32,
    /// Who made it.
    pub writer: Writer,
}

impl Call {
    /// First digit of the status, for calls that may have one.
    pub fn status_class(&self) -> u8 {
        // Some of each, whoever makes them.
        if self.kind == Kind::Http { (self.duration_ns % 4) as u8 * 2 } else { 0 }
    }
}

/// A process that writes. Rows do not tell of it, so calls are the same whoever made them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Writer {
    pub version: &'static str,
    pub pid: u32,
}

impl PartialEq for Writer {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Writer {}

impl Writer {
    pub fn instance(self) -> String {
        format!("/{}", self.pid)
    }
}

/// The durations of all calls, also of those that rows only stand for.
pub fn durations<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Vec<u64> {
    let each = |call: &Call| std::iter::repeat_n(call.duration_ns, call.weight as usize);
    calls.into_iter().flat_map(each).collect()
}

/// The functions that are called: one name is a pattern, too, one is empty.
pub const NAMES: [&str; 6] = ["getOrders", "getUser", "", "GET /orders/*", "GET /orders/7", "é🦀"];

/// Patterns that users give; the first six are names.
const PATTERNS: [&str; 11] = [
    "getOrders",
    "getUser",
    "",
    "GET /orders/*",
    "GET /orders/7",
    "é🦀",
    "*",
    "get*",
    "?🦀",
    "*7",
    "nothing",
];

/// What a filter wants, without any cleverness.
pub fn wants(filter: &Filter, call: &Call) -> bool {
    let named = filter.names.iter().any(|pattern| pattern == call.name || glob(pattern, call.name));
    (filter.names.is_empty() || named)
        && filter.since_ns.is_none_or(|since| call.end_ns >= since)
        && filter.until_ns.is_none_or(|until| call.end_ns < until)
        && call.duration_ns >= filter.min_duration_ns
        && filter.max_duration_ns.is_none_or(|max| call.duration_ns <= max)
        && filter.outcome.is_none_or(|outcome| call.outcome == outcome)
        && filter.kind.is_none_or(|kind| call.kind == kind)
        && filter.status_class.is_none_or(|class| call.status_class() == class)
        && filter.thread.is_none_or(|thread| call.thread == thread)
        && filter.lane.is_none_or(|lane| call.id.lane() == u64::from(lane))
        && filter.service.as_ref().is_none_or(String::is_empty)
        && filter.version.as_ref().is_none_or(|version| version == call.writer.version)
        && filter.instance.as_ref().is_none_or(|instance| *instance == call.writer.instance())
}

/// Patterns by trying everything.
fn glob(pattern: &str, name: &str) -> bool {
    let (mut rest, mut chars) = (name.chars(), pattern.chars());
    match chars.next() {
        None => name.is_empty(),
        Some('*') => {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| glob(chars.as_str(), &name[at..]))
        }
        Some('?') => rest.next().is_some() && glob(chars.as_str(), rest.as_str()),
        Some(first) => rest.next() == Some(first) && glob(chars.as_str(), rest.as_str()),
    }
}

/// The nearest-rank quantile: the smallest value that `permille` of all do not exceed.
pub fn quantile(durations: &[u64], permille: u64) -> Option<u64> {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as u64 * permille).div_ceil(1_000).max(1);
    sorted.get(usize::try_from(rank - 1).ok()?).copied()
}

/// The call that a stored row is.
pub fn call_of(row: &StoredRow) -> Call {
    assert_eq!(*row.name.source, *source_of(&row.name.name));
    assert_eq!(i128::from(row.start_ns()), i128::from(row.end_ns) - i128::from(row.duration_ns));
    Call {
        id: row.id,
        name: NAMES.into_iter().find(|name| *name == &*row.name.name).expect("a name of ours"),
        outcome: row.outcome,
        kind: row.kind,
        thread: row.thread,
        end_ns: row.end_ns,
        duration_ns: row.duration_ns,
        weight: row.weight,
        writer: Writer::default(),
    }
}

/// Where a function was wrapped.
pub fn source_of(name: &str) -> String {
    format!("src/{}.js:7", name.len())
}

/// A call without an id; ties in times and durations are frequent.
fn call() -> impl Strategy<Value = Call> {
    let duration_ns = prop_oneof![0..4_u64, 100..103_u64, 0..1_000_000_u64, 0..1_u64 << 50];
    let end_ns = prop_oneof![0..5_i64, -1_000..1_000_i64, 0..1_i64 << 60];
    let names = (0..NAMES.len()).prop_map(|index| NAMES[index]);
    let outcome = (0..4_usize).prop_map(|index| Outcome::ALL[index % 3]);
    let kind = (0..Kind::ALL.len()).prop_map(|index| Kind::ALL[index]);
    let weight = prop_oneof![4 => Just(1_u32), 1 => 2..7_u32];
    (names, outcome, kind, 0..3_u32, end_ns, duration_ns, weight).prop_map(
        |(name, outcome, kind, thread, end_ns, duration_ns, weight)| {
            let id = RowId::new(0, 0);
            let writer = Writer::default();
            Call { id, name, outcome, kind, thread, end_ns, duration_ns, weight, writer }
        },
    )
}

/// Lanes, each the calls of several processes that had it one after another.
pub type Lanes = Vec<Vec<Vec<Call>>>;

pub fn lanes() -> impl Strategy<Value = Lanes> {
    let sessions = prop::collection::vec(prop::collection::vec(call(), 0..25), 1..4);
    prop::collection::vec(sessions, 1..4).prop_map(with_ids)
}

/// The same lanes with the ids that their calls must get.
pub fn with_ids(mut lanes: Lanes) -> Lanes {
    for (lane, sessions) in (0..).zip(&mut lanes) {
        for (seq, call) in (0..).zip(sessions.iter_mut().flatten()) {
            call.id = RowId::new(lane, seq);
        }
    }
    lanes
}

pub fn filter() -> impl Strategy<Value = Filter> {
    let pattern = (0..PATTERNS.len()).prop_map(|index| PATTERNS[index].to_owned());
    let time = || prop::option::of(prop_oneof![0..6_i64, -1_000..1_000_i64, 0..1_i64 << 60]);
    let outcome = prop::option::of((0..3_usize).prop_map(|index| Outcome::ALL[index]));
    let kind = (0..Kind::ALL.len()).prop_map(|index| Kind::ALL[index]);
    let duration = prop_oneof![3 => Just(0), 1 => 1..150_u64, 1 => 0..1_u64 << 50];
    let longest = prop_oneof![4 => Just(None), 1 => (1..1_u64 << 50).prop_map(Some)];
    let rare = prop_oneof![4 => Just(None), 1 => kind.prop_map(Some)];
    let thread = prop_oneof![4 => Just(None), 1 => (0..3_u32).prop_map(Some)];
    let names = prop::collection::vec(pattern, 0..3);
    (names, time(), time(), (duration, longest), outcome, rare, thread).prop_map(
        |(names, since_ns, until_ns, (min_duration_ns, max_duration_ns), outcome, kind, thread)| {
            let times = Filter { since_ns, until_ns, ..Filter::default() };
            Filter { names, min_duration_ns, max_duration_ns, outcome, kind, thread, ..times }
        },
    )
}

/// Filters that ask about series alone, which running totals answer.
pub fn filter_by_series() -> impl Strategy<Value = Filter> {
    filter().prop_map(|filter| Filter {
        since_ns: None,
        until_ns: None,
        min_duration_ns: 0,
        max_duration_ns: None,
        thread: None,
        ..filter
    })
}
