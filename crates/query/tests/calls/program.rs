//! Programs whose calls are known: by whom each was made, and when it really began and ended.

use kronicler_format::{Kind, Outcome};
use kronicler_query::{CallNode, CallTree};
use kronicler_store::{RowId, Snapshot};
use proptest::prelude::*;

use crate::model::{Call, Writer};
use crate::world::{Process, memory, root};

pub const NAMES: [&str; 5] = ["load", "parse", "check", "render", "leaf"];

/// When programs begin.
pub const BEGIN_NS: i64 = 1_769_860_800_000_000_000;

/// A call of a kind by its times from the beginning, on thread 0.
pub fn call(name: &'static str, kind: Kind, start_ns: i64, end_ns: i64) -> Call {
    Call {
        id: RowId::new(0, 0),
        name,
        outcome: Outcome::Ok,
        kind,
        thread: 0,
        end_ns: BEGIN_NS + end_ns,
        duration_ns: end_ns.abs_diff(start_ns),
        weight: 1,
        writer: Writer::default(),
    }
}

/// A sync call.
pub fn sync(name: &'static str, start_ns: i64, end_ns: i64) -> Call {
    call(name, Kind::Sync, start_ns, end_ns)
}

/// An async call.
pub fn awaited(name: &'static str, start_ns: i64, end_ns: i64) -> Call {
    call(name, Kind::Async, start_ns, end_ns)
}

/// The calls in the order of their ends, as a thread leaves them.
pub fn in_order(mut calls: Vec<Call>) -> Vec<Call> {
    calls.sort_by_key(|call| (call.end_ns, std::cmp::Reverse(call.start())));
    for (seq, call) in (0..).zip(&mut calls) {
        call.id = RowId::new(0, seq);
    }
    calls
}

/// The id of the only call with a name, or the first of several.
pub fn id_of(calls: &[Call], name: &str) -> RowId {
    calls.iter().find(|call| call.name == name).expect("such a call").id
}

impl Call {
    pub fn start(&self) -> i64 {
        self.end_ns - self.duration_ns.cast_signed()
    }
}

/// A database of one process that made these calls, all in the log.
pub fn stored(calls: &[Call]) -> Snapshot {
    let storage = memory();
    let mut process = Process::open(&storage, &root());
    process.log(calls);
    let catalog = kronicler_store::Catalog::new(storage, 1 << 20);
    Snapshot { lanes: vec![process.view(&catalog, &[])], ..Snapshot::default() }
}

/// A call of a program that only calls, and what it calls, each after a pause.
#[derive(Debug, Clone)]
pub struct Step {
    pub name: usize,
    pub pause_ns: i64,
    pub own_ns: i64,
    pub calls: Vec<Step>,
}

/// Programs whose pauses and own times are at least so long.
pub fn steps(least_ns: i64) -> impl Strategy<Value = Vec<Step>> {
    let times = move || (least_ns..least_ns + 9, least_ns..least_ns + 2_000);
    let leaf = (0..NAMES.len(), times()).prop_map(|(name, (pause_ns, own_ns))| Step {
        name,
        pause_ns,
        own_ns,
        calls: Vec::new(),
    });
    let step = leaf.prop_recursive(5, 60, 6, move |inner| {
        (0..NAMES.len(), times(), prop::collection::vec(inner, 0..6))
            .prop_map(|(name, (pause_ns, own_ns), calls)| Step { name, pause_ns, own_ns, calls })
    });
    prop::collection::vec(step, 0..8)
}

/// What a program did: its calls in the order of their ends, and the path of names to each.
pub fn run(steps: &[Step]) -> Vec<(Call, Vec<&'static str>)> {
    let mut done = Vec::new();
    let mut now = 0;
    for step in steps {
        run_step(step, &mut now, &mut Vec::new(), &mut done);
    }
    done
}

fn run_step(
    step: &Step,
    now: &mut i64,
    path: &mut Vec<&'static str>,
    done: &mut Vec<(Call, Vec<&'static str>)>,
) {
    *now += step.pause_ns;
    let start = *now;
    path.push(NAMES[step.name]);
    for inner in &step.calls {
        run_step(inner, now, path, done);
    }
    *now += step.own_ns;
    let mut made = sync(NAMES[step.name], start, *now);
    made.id = RowId::new(0, done.len() as u64);
    done.push((made, path.clone()));
    path.pop();
}

/// A tree as path, rows, total and self time, sorted.
pub fn flat(tree: &CallTree) -> Vec<(Vec<String>, u64, u128, u128)> {
    let mut flat = Vec::new();
    for node in &tree.nodes {
        let (rows, total, own) = (node.rows, node.total_ns, node.self_ns);
        flat.push((path_of(node, &tree.nodes), rows, total, own));
    }
    flat.sort();
    flat
}

fn path_of(node: &CallNode, nodes: &[CallNode]) -> Vec<String> {
    let mut path = node.caller.map_or_else(Vec::new, |caller| path_of(&nodes[caller], nodes));
    assert_eq!(path.len(), node.depth as usize, "depths count callers");
    path.push(node.name.name.to_string());
    path
}
