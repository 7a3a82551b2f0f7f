//! Calls added up by the path that led to them: a function stands once under each of its callers.

use std::collections::HashMap;

use kronicler_format::Kind;

/// Paths longer than this end here: what lies deeper counts as its last function's own time.
pub(crate) const DEPTH_MAX: u32 = 128;
/// Paths that are told apart; of more, the deeper ones count as their caller's own time.
const NODE_COUNT_MAX: usize = 100_000;

/// Calls of a function that were made on the same path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathNode {
    pub caller: Option<u32>,
    pub function: u32,
    pub kind: Kind,
    /// 0 for those at the top.
    pub depth: u32,
    pub rows: u64,
    pub total_ns: u128,
    /// Of the total, what lies within calls further down.
    pub within_ns: u128,
}

/// No calls.
const NOTHING: PathNode = PathNode {
    caller: None,
    function: 0,
    kind: Kind::Sync,
    depth: 0,
    rows: 0,
    total_ns: 0,
    within_ns: 0,
};

/// What calls are added to: one tree, or several with tops of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Under {
    /// The top of the tree with this number.
    Top(usize),
    /// The calls of this node.
    Node(u32),
}

/// What tells a node from others.
type Place = (Under, u32, Kind);

/// Calls added up by their path.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    pub nodes: Vec<PathNode>,
    places: HashMap<Place, u32>,
    /// Calls that are in no node of their own.
    pub folded_rows: u64,
}

impl PathTree {
    /// Adds a call, of which `within_ns` lie within its caller and were not counted there. Returns
    /// its node; that of the caller when there is no room for one of its own.
    pub(crate) fn add(
        &mut self,
        under: Under,
        (function, kind): (u32, Kind),
        duration_ns: u64,
        within_ns: u64,
    ) -> Option<u32> {
        let caller = match under {
            Under::Top(_) => None,
            Under::Node(caller) => Some(caller),
        };
        let depth = caller.map_or(0, |caller| self.nodes[caller as usize].depth + 1);
        let known = self.places.get(&(under, function, kind)).copied();
        let has_room = depth <= DEPTH_MAX && self.nodes.len() < NODE_COUNT_MAX;
        if known.is_none() && !has_room {
            self.folded_rows += 1;
            return caller;
        }
        let place = known.unwrap_or_else(|| {
            let place = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
            let node = PathNode { caller, function, kind, depth, ..NOTHING };
            self.nodes.push(node);
            self.places.insert((under, function, kind), place);
            place
        });
        let node = &mut self.nodes[place as usize];
        node.rows += 1;
        node.total_ns += u128::from(duration_ns);
        if let Some(caller) = caller {
            self.nodes[caller as usize].within_ns += u128::from(within_ns);
        }
        Some(place)
    }

    /// The nodes from the top down, of each caller the one with most time first.
    pub(crate) fn in_order(&self) -> Vec<u32> {
        let mut callees: HashMap<Option<u32>, Vec<u32>> = HashMap::new();
        for (place, node) in (0_u32..).zip(&self.nodes) {
            callees.entry(node.caller).or_default().push(place);
        }
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut open = callees.remove(&None).unwrap_or_default();
        // The last is taken first.
        let by_time = |place: &u32| (self.nodes[*place as usize].total_ns, u32::MAX - *place);
        open.sort_by_key(by_time);
        while let Some(place) = open.pop() {
            order.push(place);
            let mut below = callees.remove(&Some(place)).unwrap_or_default();
            below.sort_by_key(by_time);
            open.append(&mut below);
        }
        order
    }
}
