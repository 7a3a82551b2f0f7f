//! From when to when there are rows.

use kronicler_store::Snapshot;

use crate::filter::Filter;
use crate::scan::LaneScan;

/// The earliest and the latest end of rows that a filter may want, nanoseconds since the Unix
/// epoch, as segments and blocks tell them that can hold one: nothing is read. `None` without any.
///
/// Within the limits that the filter sets, but never narrower than the wanted rows.
#[must_use]
pub fn ends(snapshot: &Snapshot, filter: &Filter) -> Option<(i64, i64)> {
    let mut ends: Vec<(i64, i64)> = Vec::new();
    for scan in LaneScan::all(snapshot, filter) {
        ends.extend(scan.segments().map(|entry| (entry.min_end_ns, entry.max_end_ns)));
        ends.extend(scan.blocks().map(|block| (block.min_end_ns, block.max_end_ns)));
        scan.visit_pending(|_, row| ends.push((row.end_ns, row.end_ns)));
    }
    let (first, last) = ends.into_iter().reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))?;
    let first = filter.since_ns.map_or(first, |since| first.max(since));
    let last = filter.until_ns.map_or(last, |until| last.min(until.saturating_sub(1)));
    (first <= last).then_some((first, last))
}
