//! Between which values rows lie, known without reading them.

use kronicler_query::Filter;
use kronicler_store::Snapshot;

/// The longest duration there is.
pub fn max_duration_ns(snapshot: &Snapshot) -> u64 {
    bounds(snapshot).map(|(_, duration_ns)| duration_ns).max().unwrap_or(0)
}

/// A time before which no wanted call began, and not much earlier than it must be.
pub fn earliest_start_ns(snapshot: &Snapshot, filter: &Filter) -> i64 {
    let starts = bounds(snapshot).map(|(end_ns, duration_ns)| {
        let end_ns = filter.since_ns.map_or(end_ns, |since_ns| since_ns.max(end_ns));
        end_ns.saturating_sub_unsigned(duration_ns)
    });
    starts.min().unwrap_or(0)
}

/// The earliest end and the longest duration of rows that lie together.
fn bounds(snapshot: &Snapshot) -> impl Iterator<Item = (i64, u64)> {
    snapshot.lanes.iter().flat_map(|view| {
        let segments = view.state.segments.iter();
        let segments = segments.map(|entry| (entry.min_end_ns, entry.max_duration_ns));
        let blocks = view.state.blocks().map(|block| (block.min_end_ns, block.max_duration_ns));
        let pending = view.pending.iter().map(|row| (row.end_ns, row.duration_ns));
        segments.chain(blocks).chain(pending)
    })
}
