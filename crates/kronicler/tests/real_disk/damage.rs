//! A segment of a living database that goes bad.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler::query::{Answer, Filter, RowStream, stats};
use kronicler::{Database, Disk, Options, Reader, Storage};
use kronicler_store::{FileKind, file_path, lane_dir, verify};

use crate::check::{check_identity, wait_for};
use crate::content::Content;

const MAX_BYTES: u64 = 1 << 20;

#[test]
fn a_damaged_segment_is_told_and_the_rest_goes_on() {
    // Promise: when a byte of a segment turns bad, answers of others and of the writer itself say
    // partial and lack no other row, `verify` says where; captures, sealing, joining and expiring
    // go on, until the bad rows are gone and answers are whole again.
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let content = Content::now(1);
    let options = Options { max_bytes: MAX_BYTES, ..Options::new(&dir) };
    let db = Database::open(options.clone()).unwrap();
    let mut next = 0;
    let mut capture_more = |count| {
        content.capture(&db, next..next + count);
        next += count;
        db.flush().unwrap();
        next
    };
    capture_more(700_000);
    let (path, bad, end_seq) = wait_for("segments", || damage_one(&dir));
    let reader = Reader::open(&dir).unwrap();
    let finding = {
        let storage: Arc<dyn Storage> = Arc::new(Disk);
        let report = verify(&storage, &dir).unwrap();
        assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
        let lane = &report.lanes[0];
        assert_eq!(lane.stored, lane.live + lane.expired + lane.quarantined, "{lane:?}");
        assert_eq!(lane.quarantined, bad, "{lane:?}");
        report.findings[0].clone()
    };
    assert_eq!((finding.path.as_path(), finding.row_count), (path.as_path(), Some(bad)));
    assert!(finding.offset.is_some(), "{finding}");
    let lacking = |answer: Answer<u64>, stored: u64| {
        assert!(answer.is_partial);
        assert!((stored - bad..stored).contains(&answer.value), "{}", answer.value);
    };
    lacking(count_rows(&content, || reader.snapshot().unwrap()), 700_000);
    lacking(count_rows(&content, || db.snapshot().unwrap()), 700_000);
    let mut health = db.health();
    wait_for("the bad rows to expire", || {
        let stored = capture_more(100_000);
        health = db.health();
        check_identity(&health);
        assert_eq!((health.stored, &health.error), (stored, &None), "{health:?}");
        (health.expired >= end_seq).then_some(())
    });
    // Rows may go while they are read; an answer of one moment is whole.
    wait_for("a whole answer", || {
        let snapshot = reader.snapshot().unwrap();
        let live = snapshot.lanes[0].state.live();
        let answer = count_rows(&content, || snapshot.clone());
        (answer.value == live && !answer.is_partial).then_some(())
    });
    let has_joined = |snapshot: kronicler::Snapshot| {
        snapshot.lanes[0].state.segments.iter().any(|entry| entry.chunk_count > 1)
    };
    assert!(has_joined(reader.snapshot().unwrap()), "segments behind it were joined");
    let _ = stats(&reader.snapshot().unwrap(), &Filter::default()).unwrap();
    db.close().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    assert_eq!(verify(&storage, &dir).unwrap().findings, []);
}

/// Flips a bit in the middle of a chunk of a segment, neither the first nor the last; says where,
/// how many rows are bad, and which row follows the segment.
fn damage_one(dir: &Path) -> Option<(PathBuf, u64, u64)> {
    let snapshot = Reader::open(dir).ok()?.snapshot().ok()?;
    let view = &snapshot.lanes[0];
    let entry = *view.state.segments.get(2)?;
    let path = file_path(&lane_dir(dir, 0), FileKind::Segment, entry.id);
    let kronicler_store::Opened::Found(segment) = view.segment(&entry).ok()? else { return None };
    let chunk = *segment.footer().chunks.first()?;
    let at = chunk.offset + u64::from(chunk.size_bytes) / 2;
    let file = fs::File::options().read(true).write(true).open(&path).ok()?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).ok()?;
    file.write_all_at(&[byte[0] ^ 4], at).ok()?;
    Some((path, u64::from(chunk.row_count), entry.end_seq))
}

/// Reads all rows, each of which must be whole.
fn count_rows(content: &Content, snapshot: impl Fn() -> kronicler::Snapshot) -> Answer<u64> {
    let mut stream = RowStream::new(snapshot(), Filter::default());
    let mut value = 0;
    while let Some(batch) = stream.next_batch(65_536).expect("can be read") {
        for row in batch.iter() {
            assert_eq!(content.number_of(&row), row.id.seq());
        }
        value += batch.len() as u64;
    }
    Answer { value, is_partial: stream.is_partial(), is_stale: false }
}
