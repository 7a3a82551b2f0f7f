//! What the processes that wrote last have hooked, each sort of process once.

use std::cmp::Reverse;

use kronicler_format::{HookKind, Hooks, Run};
use kronicler_query::instance_name;
use kronicler_store::Snapshot;
use serde_json::Value;

use crate::context::array;
use crate::record::Record;
use crate::when::iso;

/// Sorts of processes that are told of: those that began last.
const SORT_COUNT_MAX: usize = 4;

/// What a process has hooked, and others of its service and version like it.
pub struct Hooked<'a> {
    /// The last to begin.
    pub run: &'a Run,
    /// What it has hooked.
    pub hooks: &'a Hooks,
    /// How many processes they are.
    pub process_count: u64,
}

/// What the last process of each lane has hooked, the latest first.
pub fn hooked(snapshot: &Snapshot) -> Vec<Hooked<'_>> {
    let lanes = snapshot.lanes.iter().map(|view| &view.state);
    let told = lanes.filter(|state| !state.hooks.is_empty());
    let mut told: Vec<(&Run, &Hooks)> =
        told.filter_map(|state| Some((state.runs.last()?, &*state.hooks))).collect();
    told.sort_by_key(|(run, _)| Reverse(run.start_ns));
    let mut sorts: Vec<Hooked<'_>> = Vec::new();
    for (run, hooks) in told {
        let is_like = |sort: &&mut Hooked<'_>| sort.run.is_same_version(run) && sort.hooks == hooks;
        match sorts.iter_mut().find(is_like) {
            Some(sort) => sort.process_count += 1,
            None => sorts.push(Hooked { run, hooks, process_count: 1 }),
        }
    }
    sorts.truncate(SORT_COUNT_MAX);
    sorts
}

/// The same for programs.
pub fn records(snapshot: &Snapshot) -> Value {
    array(hooked(snapshot).iter().map(record).collect())
}

fn record(hooked: &Hooked<'_>) -> Record {
    let &Hooked { run, hooks, process_count } = hooked;
    let list = hooks.list.iter().map(|hook| {
        let functions = (hook.kind == HookKind::Pattern).then_some(hook.functions);
        let remark = (!hook.remark.is_empty()).then(|| hook.remark.clone());
        vec![
            ("kind", hook.kind.word().into()),
            ("subject", hook.subject.clone().into()),
            ("functions", functions.into()),
            ("remark", remark.into()),
        ]
    });
    vec![
        ("service", run.service.clone().into()),
        ("version", run.version.clone().into()),
        ("instance", instance_name(run).into()),
        ("pid", run.pid.into()),
        ("start", iso(run.start_ns).into()),
        ("processes", process_count.into()),
        ("hooks", array(list.collect())),
        ("left_out", hooks.left_out.into()),
    ]
}
