//! What stands on a disk when the machine starts again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::content::Content;

/// What stands on a disk when the machine starts again: all of it is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Directories (without content) and files.
    pub entries: BTreeMap<Arc<Path>, Option<Content>>,
}

impl Default for Image {
    fn default() -> Self {
        Self { entries: BTreeMap::from([(Arc::from(Path::new("/")), None)]) }
    }
}

impl Image {
    /// Bits in all files.
    #[must_use]
    pub fn bit_count(&self) -> usize {
        self.entries.values().flatten().map(|content| content.len() * 8).sum()
    }

    /// The same disk with one bit of a file flipped, counted over all files.
    #[must_use]
    pub fn with_flipped_bit(&self, mut bit: usize) -> Self {
        let mut flipped = self.clone();
        for content in flipped.entries.values_mut().flatten() {
            if bit < content.len() * 8 {
                let mut bytes = content.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                *content = bytes.into();
                break;
            }
            bit -= content.len() * 8;
        }
        flipped
    }

    /// Drops what no directory leads to.
    pub(crate) fn drop_unreachable(&mut self) {
        let mut dirs: Vec<Arc<Path>> = Vec::new();
        // A directory stands before what is in it.
        self.entries.retain(|path, content| {
            let is_reachable =
                path.parent().is_none_or(|parent| dirs.iter().any(|dir| **dir == *parent));
            if is_reachable && content.is_none() {
                dirs.push(Arc::clone(path));
            }
            is_reachable
        });
    }
}
