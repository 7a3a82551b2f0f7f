//! One numbering of names over all lanes of a snapshot.

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_store::{Name, Snapshot};

/// One numbering of names over all lanes of a snapshot.
#[derive(Debug, Clone, Default)]
pub struct NameTable {
    names: Vec<Name>,
    /// By lane and the lane's name id; empty when the only lane's ids are the numbers here.
    of_lane: Vec<Vec<u32>>,
}

impl NameTable {
    /// The names of a snapshot, in the order in which they first appear.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut table = Self::default();
        let mut index: HashMap<Arc<str>, u32> = HashMap::new();
        for view in &snapshot.lanes {
            let of_lane = &view.state.names;
            if snapshot.lanes.len() == 1 && of_lane.is_injective() {
                return Self { names: of_lane.names().to_vec(), of_lane: Vec::new() };
            }
            let ids = of_lane.names().iter().map(|name| {
                let next = u32::try_from(table.names.len()).unwrap_or(u32::MAX);
                *index.entry(Arc::clone(&name.name)).or_insert_with(|| {
                    table.names.push(name.clone());
                    next
                })
            });
            let ids = ids.collect();
            table.of_lane.push(ids);
        }
        table
    }

    /// All names, by their number here.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The number here of a lane's name id; lanes count from the snapshot's first.
    pub(crate) fn number(&self, lane_index: usize, name: u32) -> Option<u32> {
        if self.of_lane.is_empty() {
            return ((name as usize) < self.names.len()).then_some(name);
        }
        self.of_lane.get(lane_index)?.get(name as usize).copied()
    }
}
