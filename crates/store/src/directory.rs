//! Follows all lanes of a directory, for readers in any process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{Catalog, POOL_SIZE_BYTES};
use crate::lane_reader::LaneReader;
use crate::layout::{is_no_dir, list_lanes};
use crate::snapshot::{LaneView, Snapshot};
use crate::{Storage, StoreError};

/// Follows all lanes of a directory.
#[derive(Debug)]
pub struct Directory {
    catalog: Arc<Catalog>,
    root: PathBuf,
    stamp: Option<u128>,
    lanes: BTreeMap<u16, Slot>,
}

/// What is known of a lane.
#[derive(Debug, Default)]
struct Slot {
    reader: Option<LaneReader>,
    unreadable_heads: u32,
}

impl Directory {
    /// A follower of `root`, which need not exist yet.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, root: PathBuf) -> Self {
        Self::with_catalog(Catalog::new(storage, POOL_SIZE_BYTES), root)
    }

    /// As [`Directory::new`], for views that share `catalog` with others.
    #[must_use]
    pub const fn with_catalog(catalog: Arc<Catalog>, root: PathBuf) -> Self {
        Self { catalog, root, stamp: None, lanes: BTreeMap::new() }
    }

    /// What the views of its snapshots share.
    #[must_use]
    pub const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Whether there is a database in `root`.
    #[must_use]
    pub fn exists(storage: &dyn Storage, root: &Path) -> bool {
        list_lanes(storage, root).is_ok_and(|lanes| !lanes.is_empty())
    }

    /// The lanes as they are now, but for `own`, which its owner knows better.
    ///
    /// # Errors
    /// When the directory or a log cannot be read.
    pub fn snapshot(&mut self, own: Option<u16>) -> Result<Snapshot, StoreError> {
        self.refresh_lanes()?;
        let mut snapshot = Snapshot::default();
        for (&lane, slot) in &mut self.lanes {
            if own == Some(lane) {
                *slot = Slot::default();
                continue;
            }
            let is_current = slot.reader.as_mut().map_or(Ok(false), LaneReader::refresh)?;
            if !is_current {
                (slot.reader, slot.unreadable_heads) =
                    LaneReader::find(self.catalog.storage(), &self.root, lane)?;
            }
            snapshot.unreadable_heads += slot.unreadable_heads;
            if let Some(reader) = &slot.reader {
                let (catalog, path) = (Arc::clone(&self.catalog), reader.path().to_owned());
                let view = LaneView::new(catalog, path, reader.state().clone(), Arc::default());
                snapshot.lanes.push(view);
            }
        }
        Ok(snapshot)
    }

    fn refresh_lanes(&mut self) -> Result<(), StoreError> {
        let stamp = match self.catalog.storage().dir_stamp(&self.root) {
            Err(error) if is_no_dir(&error) => None,
            stamp => stamp.map_err(StoreError::io("read", &self.root))?,
        };
        if stamp.is_some() && stamp == self.stamp {
            return Ok(());
        }
        let found = list_lanes(&**self.catalog.storage(), &self.root)?;
        self.lanes.retain(|lane, _| found.contains(lane));
        for lane in found {
            self.lanes.entry(lane).or_default();
        }
        self.stamp = stamp;
        Ok(())
    }
}
