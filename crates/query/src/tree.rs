//! The call tree: what was called by what, added up by path, self time against total.

use std::collections::HashMap;

use kronicler_format::Kind;
use kronicler_store::{Name, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::blocks::Blocks;
use crate::contexts::Contexts;
use crate::filter::{Filter, Limits};
use crate::habits::Habits;
use crate::lane_rows::{Piece, read_between, visit_back, visit_overlapping, wanted_seqs};
use crate::name_table::NameTable;
use crate::nesting::Thread;
use crate::path_tree::{PathTree, Under};
use crate::scan::LaneScan;
use crate::span::{SeriesTable, Span};

/// Stretches of a lane from which it is learned which functions call which.
const SAMPLE_COUNT: u64 = 8;
/// Rows of such a stretch: a chunk.
const SAMPLE_ROW_COUNT: u64 = 65_536;

/// What was called by what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallTree {
    /// Callers before their callees, the ones with most time first.
    pub nodes: Vec<CallNode>,
    /// Calls at the top.
    pub rows: u64,
    /// Time spent in the calls at the top.
    pub total_ns: u128,
    /// Calls so deep down or on so many paths that they count as their callers' own time.
    pub folded_rows: u64,
    /// Functions in the tree of which not every call has a row: name, and how many calls one row
    /// stands for at most. Where they were called without a row, their time is their callers' own.
    pub sampled: Vec<(Name, u32)>,
}

/// Calls of a function that were made on the same path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallNode {
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// What kind of calls.
    pub kind: Kind,
    /// 0 at the top.
    pub depth: u32,
    /// Index of the caller in [`CallTree::nodes`].
    pub caller: Option<usize>,
    /// Calls that have a row.
    pub rows: u64,
    /// Time spent in them.
    pub total_ns: u128,
    /// What of it lies in none of the calls below.
    pub self_ns: u128,
}

/// The calls that `filter` wants, unless they were made within another such call, and what they
/// called, and so on.
///
/// Sync calls and blocks of a thread nest exactly. Async calls, generators and requests stand below
/// those during which they began and ended, and sync calls below them, where the functions are seen
/// to call each other, or nothing else was under way; else at the top. Those of which the program
/// told who made them stand below that one, or below their request if that one has ended. What a
/// filter by time leaves out is told by the end of the call at the top alone.
///
/// `note_read` hears how many rows were read, as they are.
///
/// # Errors
/// When a file cannot be read.
pub fn call_tree(
    snapshot: &Snapshot,
    filter: &Filter,
    mut note_read: impl FnMut(u64),
) -> Result<Answer<CallTree>, StoreError> {
    let table = NameTable::new(snapshot);
    let mut gaps = Gaps::of(snapshot);
    let mut builder = Builder::default();
    // What all calls have in common that were made by one at the top.
    let &Filter { lane, thread, .. } = filter;
    let [service, version, instance] =
        [&filter.service, &filter.version, &filter.instance].map(Clone::clone);
    let common = Filter { service, version, instance, lane, thread, ..Filter::default() };
    let everything = Filter::default();
    for mut scan in LaneScan::all(snapshot, &common) {
        if filter.wants_lane(scan.view.lane()) {
            let contexts = Contexts::new(scan.index, scan.view, &everything);
            let mut lane = LaneTree::new(&scan, filter, &table, contexts);
            lane.learn(&mut scan)?;
            lane.add_all(&mut scan, &mut builder, &mut note_read)?;
            gaps.add(lane.contexts.finish()?);
            gaps.add(scan.gaps);
        }
    }
    Ok(gaps.answer(builder.finish(&table)))
}

#[derive(Default)]
struct Builder {
    tree: PathTree,
    rows: u64,
    total_ns: u128,
    /// By function: how many calls a row stands for at most.
    weights: HashMap<u32, u32>,
}

impl Builder {
    fn finish(self, table: &NameTable) -> CallTree {
        let names = table.names();
        let (nodes, _) = nodes_of(&self.tree, names);
        let weights = self.weights.into_iter();
        let mut sampled: Vec<(Name, u32)> = weights
            .filter_map(|(function, weight)| Some((names.get(function as usize)?.clone(), weight)))
            .collect();
        sampled.sort_by(|left, right| left.0.name.cmp(&right.0.name));
        CallTree {
            nodes,
            rows: self.rows,
            total_ns: self.total_ns,
            folded_rows: self.tree.folded_rows,
            sampled,
        }
    }
}

/// The nodes of a tree in order, and the place in it of each.
pub(crate) fn nodes_of(tree: &PathTree, names: &[Name]) -> (Vec<CallNode>, Vec<usize>) {
    let order = tree.in_order();
    let mut places = vec![usize::MAX; tree.nodes.len()];
    for (place, node) in order.iter().enumerate() {
        places[*node as usize] = place;
    }
    let nodes = order.iter().filter_map(|&node| {
        let node = &tree.nodes[node as usize];
        Some(CallNode {
            name: names.get(node.function as usize)?.clone(),
            kind: node.kind,
            depth: node.depth,
            caller: node.caller.map(|caller| places[caller as usize]),
            rows: node.rows,
            total_ns: node.total_ns,
            self_ns: node.total_ns.saturating_sub(node.within_ns),
        })
    });
    (nodes.collect(), places)
}

/// Where an open call stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Not in the tree: calls that it made may be at the top.
    Outside,
    /// It would be at the top, but ended too late: it is not in the tree with all that it made.
    Late,
    /// In this node.
    In(u32),
}

/// One lane on its way into the tree.
struct LaneTree<'a> {
    filter: &'a Filter,
    /// By series: whether the filter wants its rows.
    wanted: Vec<bool>,
    series: SeriesTable,
    habits: Habits,
    blocks: Blocks,
    contexts: Contexts<'a>,
    process: Option<u64>,
    threads: HashMap<u32, Thread<Place>>,
    spans: Vec<(u32, Span)>,
}

impl<'a> LaneTree<'a> {
    fn new(
        scan: &LaneScan<'_>,
        filter: &'a Filter,
        table: &NameTable,
        contexts: Contexts<'a>,
    ) -> Self {
        let names = &scan.view.state.names;
        Self {
            filter,
            wanted: filter.wanted_series(names),
            series: SeriesTable::new(scan.index, names, table),
            habits: Habits::default(),
            blocks: Blocks::default(),
            contexts,
            process: None,
            threads: HashMap::new(),
            spans: Vec::new(),
        }
    }

    /// Learns from some stretches which functions call which.
    fn learn(&mut self, scan: &mut LaneScan<'_>) -> Result<(), StoreError> {
        let (since_ns, until_ns) = (self.filter.since_ns, self.filter.until_ns);
        scan.limits = Limits { since_ns, until_ns, ..scan.limits };
        let seqs = wanted_seqs(scan);
        let step = ((seqs.end - seqs.start) / SAMPLE_COUNT).max(SAMPLE_ROW_COUNT);
        let mut first = seqs.start;
        while first < seqs.end {
            let stretch = first..seqs.end.min(first + SAMPLE_ROW_COUNT);
            for (process, rows) in read_between(scan, &stretch)? {
                self.habits.add(&self.series, &Piece { process, rows: &rows });
            }
            first += step;
        }
        Ok(())
    }

    fn add_all(
        &mut self,
        scan: &mut LaneScan<'_>,
        builder: &mut Builder,
        note_read: &mut impl FnMut(u64),
    ) -> Result<(), StoreError> {
        let since_ns = self.filter.since_ns;
        if self.series.has_blocks {
            let (blocks, series) = (&mut self.blocks, &self.series);
            visit_back(scan, |piece| {
                blocks.note(series, piece, since_ns);
                since_ns
            })?;
        }
        if let Some(until) = self.filter.until_ns {
            let (from, to) = (until, until.saturating_sub(1));
            visit_overlapping(scan, (from, to), |piece| self.add(piece, builder))?;
        }
        visit_back(scan, |piece| {
            note_read(piece.rows.len() as u64);
            self.add(piece, builder);
            self.earliest_wanted()
        })
    }

    fn add(&mut self, piece: &Piece<'_>, builder: &mut Builder) {
        if self.process != Some(piece.process) {
            self.process = Some(piece.process);
            self.threads.clear();
        }
        let mut spans = std::mem::take(&mut self.spans);
        let blocks = &self.blocks;
        self.series.spans(piece.rows, |seq| blocks.is_on_stack(seq), &mut spans);
        self.contexts.tell(&mut spans);
        for of_thread in spans.chunk_by(|left, right| left.0 == right.0).rev() {
            let mut thread = self.threads.remove(&of_thread[0].0).unwrap_or_default();
            for (_, call) in of_thread.iter().rev() {
                self.add_call(&mut thread, call, builder);
            }
            self.threads.insert(of_thread[0].0, thread);
        }
        self.spans = spans;
    }

    fn add_call(&mut self, thread: &mut Thread<Place>, call: &Span, builder: &mut Builder) {
        let habits = &mut self.habits;
        let caller = thread.find_caller(call, |caller, callee| habits.evidence(caller, callee));
        let below = thread.payload(caller).copied().unwrap_or(Place::Outside);
        let limits = self.filter.limits();
        let place = match below {
            Place::Late => Place::Late,
            Place::Outside if limits.since_ns.is_some_and(|since| call.end_ns < since) => return,
            Place::Outside if !self.is_wanted(call) => Place::Outside,
            Place::Outside if !limits.wants_end(call.end_ns) => Place::Late,
            Place::Outside | Place::In(_) => {
                let under = match below {
                    Place::In(node) => Under::Node(node),
                    Place::Outside | Place::Late => Under::Top(0),
                };
                let within_ns = thread.count_within(caller, call);
                let what = (call.function, call.kind);
                let node = builder.tree.add(under, what, call.duration_ns, within_ns);
                let weight = self.series.of(call.series).map_or(1, |facts| facts.weight);
                builder.note(call, weight, matches!(under, Under::Top(_)));
                node.map_or(Place::Late, Place::In)
            }
        };
        thread.open(call, caller, place);
    }

    /// Whether the filter wants a call at the top, but for its end.
    fn is_wanted(&self, call: &Span) -> bool {
        self.wanted.get(call.series as usize).copied().unwrap_or(false)
            && self.filter.limits().wants_duration(call.duration_ns)
    }

    /// The earliest end of a row that may still come into the tree; `None` for all.
    fn earliest_wanted(&self) -> Option<i64> {
        let since = self.filter.since_ns?;
        let threads = self.threads.values();
        let open = threads
            .filter_map(|thread| thread.earliest_start(|place| matches!(place, Place::In(_))))
            .min();
        Some(open.map_or(since, |open| open.min(since)))
    }
}

impl Builder {
    fn note(&mut self, call: &Span, weight: u32, is_top: bool) {
        if is_top {
            self.rows += 1;
            self.total_ns += u128::from(call.duration_ns);
        }
        if weight > 1 {
            let known = self.weights.entry(call.function).or_insert(weight);
            *known = weight.max(*known);
        }
    }
}
