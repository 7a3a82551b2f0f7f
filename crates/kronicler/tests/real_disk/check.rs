//! What must hold of a directory, whatever happened to its writer.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kronicler::query::{Filter, RowStream, stats};
use kronicler::{Disk, Health, Reader, Storage};
use kronicler_store::{LaneReport, verify};

use crate::content::Content;

/// What a directory holds.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// Rows ever stored.
    pub stored: u64,
    /// Of these, the first that are gone.
    pub expired: u64,
    pub segment_count: u64,
}

/// Checks every byte and every row of the only lane: none twice, none wrong, in order, all that
/// did not expire. When `is_dense`, row `n` has the number `n`, and statistics are checked as well.
pub fn check_dir(dir: &Path, content: &Content, is_dense: bool) -> Held {
    let lane = check_files(dir);
    let reader = Reader::open(dir).expect("can be read");
    let snapshot = reader.snapshot().expect("can be read");
    assert_eq!(snapshot.lanes.len(), 1);
    let health = Health::of_snapshot(dir.to_owned(), &snapshot);
    check_identity(&health);
    assert_eq!((health.stored, health.expired), (lane.stored, lane.expired));
    let mut stream = RowStream::new(snapshot.clone(), Filter::default());
    let (mut seq, mut last, mut sum) = (health.expired, None, 0_u128);
    while let Some(batch) = stream.next_batch(65_536).expect("can be read") {
        for row in batch.iter() {
            let number = content.number_of(&row);
            assert_eq!(row.id.seq(), seq, "ids go on without a gap");
            assert!(last.is_none_or(|last| last < number), "row {number} comes late or twice");
            assert!(!is_dense || number == seq, "row {seq} is row {number}");
            (seq, last, sum) = (seq + 1, Some(number), sum + u128::from(row.duration_ns));
        }
    }
    assert!(!stream.is_partial());
    assert_eq!(seq, health.stored, "all rows are there");
    if is_dense {
        let expected = content.sum_before(health.stored) - content.sum_before(health.expired);
        assert_eq!(sum, expected);
        assert_eq!(check_statistics(dir), content.sum_before(health.stored));
    }
    let Health { stored, expired, .. } = health;
    Held { stored, expired, segment_count: lane.segment_count }
}

/// Checks that the statistics are of all rows ever stored, also of those that expired; the sum of
/// their durations.
pub fn check_statistics(dir: &Path) -> u128 {
    let snapshot = Reader::open(dir).and_then(|reader| reader.snapshot()).expect("can be read");
    let since = Filter { since_ns: Some(0), ..Filter::default() };
    let all = stats(&snapshot, &since).expect("can be read");
    let count: u64 = all.value.iter().map(|function| function.moments.count()).sum();
    assert_eq!((count, all.is_partial), (snapshot.lanes[0].state.stored(), false));
    all.value.iter().map(|function| function.moments.sum()).sum()
}

/// Recomputes everything from the files of the only lane: nothing is wrong with them.
pub fn check_files(dir: &Path) -> LaneReport {
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let report = verify(&storage, dir).expect("can be read");
    assert_eq!(report.findings, [], "{}", dir.display());
    let lane = report.lanes[0].clone();
    assert_eq!(lane.stored, lane.live + lane.expired + lane.quarantined, "{lane:?}");
    assert_eq!(lane.quarantined, 0, "{lane:?}");
    lane
}

/// Every call seen is somewhere, and nowhere twice.
pub fn check_identity(health: &Health) {
    let counters = &health.counters;
    let sum = health.stored
        + health.pending
        + counters.skipped_every
        + counters.dropped()
        + counters.lost_clock;
    assert_eq!(health.seen, sum, "{health:?}");
    assert_eq!(health.stored, health.live + health.expired + health.quarantined, "{health:?}");
}

/// Waits for what must come, however slow the machine is.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
