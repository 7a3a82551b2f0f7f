//! Follows all lanes of a directory, for readers in any process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{Catalog, POOL_SIZE_BYTES};
use crate::control::{Controls, controls_of};
use crate::lane_reader::LaneReader;
use crate::layout::{is_no_dir, lane_numbers, list_lanes, list_names};
use crate::snapshot::{LaneView, Snapshot};
use crate::{Storage, StoreError};

/// Follows all lanes of a directory.
#[derive(Debug)]
pub struct Directory {
    catalog: Arc<Catalog>,
    root: PathBuf,
    stamp: Option<u128>,
    lanes: BTreeMap<u16, Slot>,
    controls: Controls,
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
    pub fn with_catalog(catalog: Arc<Catalog>, root: PathBuf) -> Self {
        let (lanes, controls) = (BTreeMap::new(), Controls::default());
        Self { catalog, root, stamp: None, lanes, controls }
    }

    /// What the views of its snapshots share.
    #[must_use]
    pub const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// What all processes of the database were to heed when it was last looked at.
    #[must_use]
    pub const fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Whether there is a database in `root`.
    #[must_use]
    pub fn exists(storage: &dyn Storage, root: &Path) -> bool {
        list_lanes(storage, root).is_ok_and(|lanes| !lanes.is_empty())
    }

    /// The lanes as they are now, but for `own`, which its owner knows better, and for those that
    /// were cleared and whose owners have yet to empty them.
    ///
    /// # Errors
    /// When the directory or a log cannot be read.
    pub fn snapshot(&mut self, own: Option<u16>) -> Result<Snapshot, StoreError> {
        self.refresh()?;
        let paused_ns = self.controls.control.paused_ns;
        let mut snapshot = Snapshot { paused_ns, ..Snapshot::default() };
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
            let uuid = slot.reader.as_ref().map(|reader| &reader.state().head.uuid);
            if uuid.is_some_and(|uuid| self.controls.control.is_cleared(uuid)) {
                snapshot.cleared_lanes.push(lane);
                continue;
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

    /// Learns which lanes there are, and what is to be heeded.
    ///
    /// # Errors
    /// When the directory or a control file cannot be read.
    pub fn refresh(&mut self) -> Result<(), StoreError> {
        let storage = &**self.catalog.storage();
        let stamp = match storage.dir_stamp(&self.root) {
            Err(error) if is_no_dir(&error) => None,
            stamp => stamp.map_err(StoreError::io("read", &self.root))?,
        };
        if stamp.is_some() && stamp == self.stamp {
            return Ok(());
        }
        let (found, controls) = loop {
            let names = list_names(storage, &self.root)?;
            // A control file may have been replaced since it was listed.
            if let Some(controls) = controls_of(storage, &self.root, &names)? {
                break (lane_numbers(&self.root, &names), controls);
            }
        };
        self.stamp = stamp.filter(|_| !controls.is_begun);
        self.controls = controls;
        self.lanes.retain(|lane, _| found.contains(lane));
        for lane in found {
            self.lanes.entry(lane).or_default();
        }
        Ok(())
    }
}
