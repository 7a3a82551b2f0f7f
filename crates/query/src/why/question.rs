//! Puts together why a call took as long as it did.

use std::cmp::Reverse;

use kronicler_format::Row;
use kronicler_store::{Name, RowId, Snapshot, StoreError};

use super::in_flight::usually_in_flight;
use super::pass::{FoundPart, Link, Pass};
use super::standing::Statistics;
use super::verdict::SLOW_RATIO;
use super::{CallerRow, InFlight, Part, PartKind, PathStep, Why};
use crate::answer::{Answer, Gaps};
use crate::batch::StoredRow;
use crate::contexts::Contexts;
use crate::fetch::{Fetched, fetch, read_row};
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::path_tree::PathTree;
use crate::scan::LaneScan;
use crate::span::SeriesTable;
use crate::tree::{CallNode, nodes_of};

/// What of a slow call's excess a part must explain at least to be called the reason.
const REASON_SHARE_MIN: f64 = 0.2;

/// Why the call with this id took as long as it did.
///
/// Reads the rows that overlap with it, some around it, and the statistics of its minute.
///
/// # Errors
/// When a file cannot be read.
pub fn why(snapshot: &Snapshot, id: RowId) -> Result<Answer<Fetched<Why>>, StoreError> {
    let fetched = fetch(snapshot, id)?;
    let lane = snapshot.lanes.iter().position(|view| u64::from(view.lane()) == id.lane());
    let (row, lane) = match (fetched.value, lane) {
        (Fetched::Found(row), Some(lane)) => (row, lane),
        (Fetched::Expired, _) => return Ok(Gaps::default().answer(Fetched::Expired)),
        (Fetched::Damaged, _) => return Ok(Gaps::of(snapshot).answer(Fetched::Damaged)),
        (Fetched::Unknown | Fetched::Found(_), _) => {
            return Ok(Gaps::of(snapshot).answer(Fetched::Unknown));
        }
    };
    let view = &snapshot.lanes[lane];
    let (Some(stored), mut gaps) = read_row(lane, view, id.seq())? else {
        return Ok(Gaps::of(snapshot).answer(Fetched::Damaged));
    };
    gaps.add(Gaps::of(snapshot));
    let table = NameTable::new(snapshot);
    let all = Filter::default();
    let mut scan = LaneScan::new(lane, view, &all).stops_early();
    let question = Question { table: &table, row };
    let contexts = Contexts::new(lane, view, &all);
    let why = question.ask(snapshot, (&mut scan, contexts), &stored, &mut gaps)?;
    gaps.add(scan.gaps);
    Ok(gaps.answer(why.map_or(Fetched::Damaged, Fetched::Found)))
}

/// What is asked about.
struct Question<'a> {
    table: &'a NameTable,
    row: StoredRow,
}

impl Question<'_> {
    fn ask(
        &self,
        snapshot: &Snapshot,
        (scan, contexts): (&mut LaneScan<'_>, Contexts<'_>),
        stored: &Row,
        gaps: &mut Gaps,
    ) -> Result<Option<Why>, StoreError> {
        let row = &self.row;
        let names = &scan.view.state.names;
        let series = SeriesTable::new(scan.index, names, self.table);
        let statistics = Statistics::read(snapshot, self.table, row.end_ns, gaps)?;
        let Some(pass) = Pass::run(scan, contexts, series, row.id.seq(), stored)? else {
            return Ok(None);
        };
        gaps.add(pass.gaps);
        let of_function = names.series_of(&row.name.name);
        let usual = usually_in_flight(scan, |series| of_function.contains(&series))?;
        let (nodes, places) = nodes_of(&pass.tree, self.table.names());
        let parts = self.parts(&pass, &statistics);
        let standing = statistics.standing(pass.call().function, row.duration_ns);
        Ok(Some(Why {
            is_on_stack: pass.call().is_on_stack,
            reason: reason(&parts, row.duration_ns, standing.of_all.median_ns),
            parts,
            in_flight: in_flight(&pass, row.duration_ns, usual.unwrap_or(1)),
            callers: self.callers(&pass),
            tree: below(&nodes, places.first().copied().unwrap_or(0)),
            standing,
            is_cut: is_cut(scan, row.start_ns()),
            uncounted: uncounted(scan),
            row: row.clone(),
        }))
    }

    fn name(&self, function: u32) -> Option<Name> {
        self.table.names().get(function as usize).cloned()
    }

    fn callers(&self, pass: &Pass<'_>) -> Vec<CallerRow> {
        let callers = pass.callers.iter().filter_map(|caller| {
            Some(CallerRow {
                id: RowId::new(u16::try_from(self.row.id.lane()).ok()?, caller.call.seq),
                name: self.name(caller.call.function)?,
                kind: caller.call.kind,
                duration_ns: caller.call.duration_ns,
                is_certain: caller.is_certain,
            })
        });
        callers.collect()
    }

    /// The parts, the largest first.
    fn parts(&self, pass: &Pass<'_>, statistics: &Statistics) -> Vec<Part> {
        let (of_parts, of_nodes) = pass.amounts();
        let spent_ns = spent(&pass.tree, of_nodes);
        let heaviest = heaviest(&pass.tree, &spent_ns);
        let mut usual_left_ns = statistics.median_ns(pass.call().function);
        let mut parts = Vec::new();
        for (index, (found, &duration_ns)) in pass.parts.iter().zip(&of_parts).enumerate() {
            if duration_ns == 0 {
                continue;
            }
            let usual_ns = usual_ns(found, statistics);
            usual_left_ns = usual_left_ns.saturating_sub(usual_ns);
            let first = pass.top_of(index);
            parts.push(Part {
                kind: kind_of(found.link),
                name: self.name(found.function),
                of: if let Link::Blocked(of) = found.link { self.name(of) } else { None },
                rows: found.rows,
                duration_ns,
                usual_ns,
                path: self.path(&pass.tree, (&spent_ns, &heaviest), first, duration_ns),
                weight_max: found.weight_max,
            });
        }
        if pass.rest_ns() > 0 || parts.is_empty() {
            parts.push(Part {
                kind: if pass.call().is_on_stack { PartKind::Own } else { PartKind::Unknown },
                name: None,
                of: None,
                rows: 0,
                duration_ns: pass.rest_ns(),
                usual_ns: usual_left_ns,
                path: Vec::new(),
                weight_max: 1,
            });
        }
        parts.sort_by_key(|part| Reverse(part.duration_ns));
        parts
    }

    /// A node and the one below it that took most of the time, and so on, as long as that is at
    /// least half of the part.
    fn path(
        &self,
        tree: &PathTree,
        (spent_ns, heaviest): (&[u64], &[Option<u32>]),
        first: Option<u32>,
        part_ns: u64,
    ) -> Vec<PathStep> {
        let mut path = Vec::new();
        let least_ns = part_ns.div_ceil(2).max(1);
        let mut next = first;
        while let Some(place) = next.map(|place| place as usize) {
            // Blocks of a function may belong to two parts, sync ones and others.
            let (node, duration_ns) = (&tree.nodes[place], spent_ns[place].min(part_ns));
            let Some(name) = self.name(node.function) else { break };
            path.push(PathStep { name, kind: node.kind, rows: node.rows, duration_ns });
            next = heaviest[place].filter(|below| spent_ns[*below as usize] >= least_ns);
        }
        path
    }
}

/// By node: the one below it that took most of the time, of equals the one that was met first.
fn heaviest(tree: &PathTree, spent_ns: &[u64]) -> Vec<Option<u32>> {
    let mut heaviest: Vec<Option<u32>> = vec![None; tree.nodes.len()];
    for (place, node) in (0_u32..).zip(&tree.nodes) {
        let Some(caller) = node.caller else { continue };
        let most = &mut heaviest[caller as usize];
        let is_more = |most: u32| spent_ns[place as usize] > spent_ns[most as usize];
        if most.is_none_or(is_more) {
            *most = Some(place);
        }
    }
    heaviest
}

/// What of the call's time went into each node and what is below it. `entered_ns` is what was
/// entered for the nodes themselves: nothing for those within others on the stack, which are in
/// theirs.
fn spent(tree: &PathTree, entered_ns: Vec<u64>) -> Vec<u64> {
    let mut spent_ns = entered_ns;
    // Callers come before their callees.
    for (place, node) in tree.nodes.iter().enumerate().rev() {
        if let Some(caller) = node.caller {
            spent_ns[caller as usize] += spent_ns[place];
        }
    }
    for (place, node) in tree.nodes.iter().enumerate() {
        if let Some(caller) = node.caller.filter(|_| spent_ns[place] == 0) {
            let total_ns = u64::try_from(node.total_ns).unwrap_or(u64::MAX);
            spent_ns[place] = total_ns.min(spent_ns[caller as usize]);
        }
    }
    spent_ns
}

/// What calls of a part usually take; nothing for what others did.
fn usual_ns(found: &FoundPart, statistics: &Statistics) -> u64 {
    match found.link {
        Link::Called | Link::Awaited => {
            statistics.median_ns(found.function).saturating_mul(found.rows)
        }
        Link::Blocked(_) | Link::Busy | Link::Began | Link::Signal => 0,
    }
}

const fn kind_of(link: Link) -> PartKind {
    match link {
        Link::Called => PartKind::Called,
        Link::Awaited => PartKind::Awaited,
        Link::Blocked(_) => PartKind::Blocked,
        Link::Busy => PartKind::Busy,
        Link::Began => PartKind::Began,
        Link::Signal => PartKind::Signal,
    }
}

/// A node and all below it, with depths and callers counted from it.
fn below(nodes: &[CallNode], place: usize) -> Vec<CallNode> {
    let Some(first) = nodes.get(place) else { return Vec::new() };
    let rest = nodes[place + 1..].iter().take_while(|node| node.depth > first.depth);
    let all = std::iter::once(first).chain(rest).map(|node| CallNode {
        depth: node.depth - first.depth,
        caller: node.caller.and_then(|caller| caller.checked_sub(place)),
        ..node.clone()
    });
    all.collect()
}

fn in_flight(pass: &Pass<'_>, duration_ns: u64, usual: u64) -> InFlight {
    let at_start = pass.started_among;
    let mean = match duration_ns {
        0 => at_start as f64,
        _ => pass.overlap_ns as f64 / duration_ns as f64,
    };
    InFlight { at_start, mean, usual }
}

/// The part that explains a call best.
fn reason(parts: &[Part], duration_ns: u64, median_ns: u64) -> usize {
    let excess_ns = duration_ns.saturating_sub(median_ns) as f64;
    if (duration_ns as f64) < median_ns as f64 * SLOW_RATIO {
        return 0;
    }
    let of_part = |part: &Part| part.duration_ns.saturating_sub(part.usual_ns);
    let key = |(index, part): &(usize, &Part)| (of_part(part), Reverse(*index));
    let most = parts.iter().enumerate().max_by_key(key);
    let most = most.filter(|(_, part)| of_part(part) as f64 >= excess_ns * REASON_SHARE_MIN);
    most.map_or(0, |(index, _)| index)
}

/// Whether rows of the time from `start_ns` on may have expired.
fn is_cut(scan: &LaneScan<'_>, start_ns: i64) -> bool {
    let state = &scan.view.state;
    let sealed = state.segments.first().map(|entry| entry.min_end_ns);
    let unsealed = state.blocks().next().map(|block| block.min_end_ns);
    state.floor_seq > 0 && sealed.or(unsealed).is_none_or(|first| start_ns < first)
}

fn uncounted(scan: &LaneScan<'_>) -> u64 {
    let counters = &scan.view.state.counters;
    counters.dropped() + counters.lost_clock + counters.lost_at_most
}
