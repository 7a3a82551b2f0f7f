//! Recomputes a database from its files and tells what is wrong with them.
//!
//! Reads only, and takes no lock: writers may go on. What looks wrong in a lane whose manifest has
//! changed meanwhile is looked at again, so that their work is never taken for damage. One chunk
//! is in memory at a time.

mod report;
mod head;
mod chunk;
mod segment;
mod lane;

use std::path::Path;
use std::sync::Arc;

pub use report::{Finding, LaneReport, Report};

use crate::control::{Controls, read_controls};
use crate::layout::list_lanes;
use crate::{Storage, StoreError};
use lane::{LaneCheck, Version, check_cleared, check_lane};

/// How often a lane is read again that changes while something looks wrong.
const RETRY_COUNT_MAX: u32 = 3;

/// Reads every byte of the database in `root`: checksums, names, sequences, the manifest against
/// the files, all pages of all chunks, what footers say of the rows against the rows, statistics,
/// histories, and whether `stored = live + expired + quarantined`.
///
/// # Errors
/// When there is no database, the directory cannot be listed, or a file needs a newer program.
/// What cannot be read otherwise is a finding.
pub fn verify(storage: &Arc<dyn Storage>, root: &Path) -> Result<Report, StoreError> {
    let lanes = list_lanes(&**storage, root)?;
    if lanes.is_empty() {
        return Err(StoreError::NotFound { path: root.to_owned() });
    }
    let Controls { control, damage, .. } = read_controls(&**storage, root)?;
    let mut report = Report::default();
    if let Some(StoreError::Damaged { path, offset, source }) = damage.as_deref() {
        let fact = format!("this control file is damaged: {source}");
        let remedy = "say again what it was to say: `kr pause`, `kr resume` or `kr clear`";
        report.findings.push(Finding::new(path, fact, remedy).at(*offset));
    }
    for lane in lanes {
        let mut check = verify_lane(storage, root, lane)?;
        if check.version.as_ref().is_some_and(|version| version.is_cleared(&control)) {
            check = check_cleared(&**storage, root, lane)?;
        }
        report.lanes.push(check.report);
        report.findings.extend(check.findings);
    }
    Ok(report)
}

fn verify_lane(
    storage: &Arc<dyn Storage>,
    root: &Path,
    lane: u16,
) -> Result<LaneCheck, StoreError> {
    let mut check = check_lane(storage, root, lane)?;
    for retry in 1..=RETRY_COUNT_MAX {
        if check.findings.is_empty() || Version::now(storage, root, lane)? == check.version {
            break;
        }
        let again = check_lane(storage, root, lane)?;
        let before = std::mem::replace(&mut check, again);
        if retry == RETRY_COUNT_MAX {
            // What is found twice did not come from a change in between.
            check.findings.retain(|finding| before.findings.contains(finding));
        }
    }
    Ok(check)
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}
