//! Verifying: nothing is found in what the store wrote, and each kind of damage is found once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::varint::Cursor;
use kronicler_format::{
    Edit, Footer, FrameKind, FrameSeed, Head, SegmentHeader, decode_frame, encode_frame,
};
use kronicler_stats::Summary;
use kronicler_store::{
    FileKind, Finding, HistoryLimits, LaneReader, LaneReport, LaneState, Memory, Report, Seal,
    Storage, file_path, head_path, lane_dir, list_files, verify,
};

use crate::sealing::EAGER;
use crate::world::{Owner, bytes_of, frames_of, root};

const NOW_NS: i64 = 1_750_000_000_000_000_000;

/// Lane 0 with rows that have expired, in segments and in the head log; lane 1 with a few.
pub fn database() -> (Memory, Arc<dyn Storage>) {
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    for count in [90, 300, 200, 9] {
        owner.append(count);
        owner.seal(Seal::All);
    }
    expire(&mut owner, 1);
    owner.merge(&EAGER);
    owner.append(500);
    owner.seal(Seal::All);
    owner.rotate();
    for count in [40, 7, 13] {
        owner.append(count);
    }
    let mut other = Owner::open(&storage, &root(), 1);
    other.append(50);
    other.close();
    owner.close();
    (memory, storage)
}

pub fn expire(owner: &mut Owner, count: usize) {
    let limits = HistoryLimits::default();
    owner.writer.expire(&owner.state, count, &limits, NOW_NS).expect("rows can expire");
    owner.writer.absorb_into(&mut owner.state, &[]);
}

fn checked(storage: &Arc<dyn Storage>) -> Report {
    let report = verify(storage, &root()).expect("it can be verified");
    for lane in &report.lanes {
        assert_eq!(lane.stored, lane.live + lane.expired + lane.quarantined, "{lane:?}");
    }
    report
}

#[track_caller]
pub fn clean(storage: &Arc<dyn Storage>) -> Vec<LaneReport> {
    let report = checked(storage);
    assert!(report.is_whole(), "{:#?}", report.findings);
    report.lanes
}

/// The one thing that is wrong, and how many rows are missing.
#[track_caller]
fn only(storage: &Arc<dyn Storage>) -> (Finding, u64) {
    let report = checked(storage);
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    let finding = &report.findings[0];
    assert!(!finding.fact.is_empty() && !finding.remedy.is_empty());
    (finding.clone(), report.lanes.iter().map(|lane| lane.quarantined).sum())
}

fn dir() -> PathBuf {
    lane_dir(&root(), 0)
}

fn state(storage: &Arc<dyn Storage>) -> LaneState {
    LaneReader::open(storage, &root(), 0)
        .expect("it can be read")
        .expect("it is there")
        .state()
        .clone()
}

fn head(storage: &Arc<dyn Storage>) -> PathBuf {
    head_path(&dir(), state(storage).head.generation)
}

fn segment(storage: &Arc<dyn Storage>, index: usize) -> PathBuf {
    file_path(&dir(), FileKind::Segment, state(storage).segments[index].id)
}

fn tamper(memory: &Memory, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    memory.tamper(path, change).expect("the file is there");
}

/// Writes the footer of a segment anew, with a right checksum and of the same size.
fn change_footer(
    memory: &Memory,
    storage: &Arc<dyn Storage>,
    index: usize,
    change: impl FnOnce(&mut Footer),
) {
    let (state, path) = (state(storage), segment(storage, index));
    let (seed, entry) = (FrameSeed::new(&state.head.uuid), state.segments[index]);
    tamper(memory, &path, |bytes| {
        let mut footer = Footer::decode(bytes, seed, entry.id).expect("it is well-formed");
        change(&mut footer);
        let length = bytes.len();
        bytes.truncate(length - entry.footer_size_bytes as usize);
        footer.encode(seed, entry.id, bytes).expect("it is well-formed");
        assert_eq!(bytes.len(), length);
    });
}

/// Writes both copies of the last edit in the head anew, with a right checksum.
fn change_edit(memory: &Memory, path: &Path, change: impl Fn(&mut Edit)) {
    tamper(memory, path, |bytes| {
        let seed = FrameSeed::new(&Head::decode(bytes).expect("it is well-formed").uuid);
        let edits = frames_of(bytes).into_iter().filter(|it| it.kind == Some(FrameKind::Edit));
        let edits: Vec<_> = edits.map(|it| (it.at, it.end)).collect();
        for &(at, end) in &edits[edits.len() - 2..] {
            let frame = decode_frame(&bytes[at..end], seed, at as u64).expect("it is well-formed");
            let mut edit = Edit::decode(frame.payload).expect("it is well-formed");
            change(&mut edit);
            let mut out = Vec::new();
            encode_frame(&mut out, seed, at as u64, FrameKind::Edit, |out| edit.encode(out))
                .expect("it is well-formed");
            assert_eq!(out.len(), end - at);
            bytes[at..end].copy_from_slice(&out);
        }
    });
}

#[test]
fn nothing_is_found_in_what_the_store_wrote() {
    // Promise: a database is found whole in every stage of its life, and its rows are counted.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    assert!(verify(&storage, &root()).is_err(), "there is none");
    let mut owner = Owner::open(&storage, &root(), 0);
    assert_eq!(clean(&storage)[0].stored, 0);
    owner.append(100);
    assert_eq!((clean(&storage)[0].live, clean(&storage)[0].sealed), (100, 0));
    owner.seal(Seal::All);
    owner.append(30);
    owner.seal(Seal::All);
    assert_eq!((clean(&storage)[0].live, clean(&storage)[0].sealed), (130, 130));
    owner.merge(&EAGER);
    let merged = clean(&storage);
    assert_eq!((merged[0].segment_count, merged[0].leftover_count), (1, 2));
    owner.append(70_000);
    owner.seal(Seal::Full);
    owner.rotate();
    assert_eq!(clean(&storage)[0].live, 70_130);
    expire(&mut owner, 1);
    let expired = clean(&storage);
    assert_eq!((expired[0].expired, expired[0].history_count), (130, 1));
    drop(owner);
    Owner::open(&storage, &root(), 0).append(5);
    assert_eq!(clean(&storage)[0].live, 70_005);
    let (_, storage) = database();
    let lanes = clean(&storage);
    assert_eq!((lanes[0].stored, lanes[0].live, lanes[0].expired), (1_159, 1_069, 90));
    assert_eq!((lanes[1].stored, lanes[1].is_closed), (50, true));
    assert!(lanes[0].size_bytes() > lanes[0].segment_bytes && lanes[0].segment_bytes > 0);
    assert_eq!(lanes[0].seen(), lanes[0].stored + lanes[0].counters.dropped_ring);
}

#[test]
fn a_torn_tail_is_no_damage() {
    // Promise: what a crash leaves at the end of a log is no finding, nor is what was written
    // behind it.
    let mut cut = Vec::new();
    let seed = FrameSeed::new(&[0; 16]);
    encode_frame(&mut cut, seed, 0, FrameKind::Rows, |out| out.resize(99, 7)).unwrap();
    for tail in [&[0; 300][..], b"K", &cut[..90]] {
        let (memory, storage) = database();
        tamper(&memory, &head(&storage), |bytes| bytes.extend_from_slice(tail));
        assert_eq!(clean(&storage)[0].torn_bytes, tail.len() as u64);
        Owner::open(&storage, &root(), 0).append(9);
        assert_eq!(clean(&storage)[0].torn_bytes, tail.len() as u64);
    }
    let (memory, storage) = database();
    tamper(&memory, &head(&storage), |bytes| bytes.extend_from_slice(b"garbage"));
    assert_eq!(only(&storage).0.row_count, None, "rows may have been in it");
}

#[test]
fn flipped_bits_of_a_head_log_are_found_once() {
    // Promise: damage of the log is told with its place and the rows it costs; nothing is told
    // twice.
    let (memory, storage) = database();
    let path = head(&storage);
    let bytes = bytes_of(&storage, &path);
    for at in (0..bytes.len()).step_by(5) {
        let mask = 1 << (at % 8);
        tamper(&memory, &path, |bytes| bytes[at] ^= mask);
        let (finding, quarantined) = only(&storage);
        let frame = frames_of(&bytes).into_iter().find(|it| (it.at..it.end).contains(&at));
        let offset = frame.as_ref().map_or(at / 64 * 64, |frame| frame.at);
        let rows = frame.and_then(|frame| frame.rows).map_or(0, |(_, count)| count);
        assert_eq!((&finding.path, finding.offset), (&path, Some(offset as u64)), "byte {at}");
        assert_eq!(quarantined, rows, "byte {at}");
        assert!(finding.row_count.is_none_or(|count| count == rows), "byte {at}");
        tamper(&memory, &path, |bytes| bytes[at] ^= mask);
    }
    clean(&storage);
}

#[test]
fn flipped_bits_of_a_segment_are_found_once() {
    // Promise: header, pages and footer are all covered, and what is told is where the damage is.
    let (memory, storage) = database();
    let state = state(&storage);
    for (index, entry) in state.segments.iter().enumerate() {
        let path = segment(&storage, index);
        let footer_at = entry.size_bytes - u64::from(entry.footer_size_bytes);
        for at in (0..entry.size_bytes).step_by(31) {
            let flip = |bytes: &mut Vec<u8>| bytes[usize::try_from(at).unwrap()] ^= 4;
            tamper(&memory, &path, flip);
            let (finding, quarantined) = only(&storage);
            let is_header = at < 64;
            let rows = if is_header { 0 } else { entry.row_count };
            assert_eq!((finding.row_count, quarantined), (Some(rows), rows), "byte {at}");
            let offset = finding.offset.unwrap();
            assert_eq!(offset == 0, is_header, "byte {at}");
            assert_eq!(offset == footer_at, at >= footer_at, "byte {at}");
            assert!(offset <= at && finding.path == path, "byte {at}");
            tamper(&memory, &path, flip);
        }
    }
    clean(&storage);
}

#[test]
fn numbers_that_lie_with_a_right_checksum_are_found() {
    // Promise: statistics, zone maps and counts are compared with the rows, not only with
    // checksums.
    let (memory, storage) = database();
    change_footer(&memory, &storage, 0, |footer| {
        let lie = |bytes: &mut Vec<u8>| {
            let good = bytes.clone();
            let decode = |bytes: &[u8]| Summary::decode(&mut Cursor::new("summary", bytes)).ok();
            (0..good.len()).any(|at| {
                bytes.clone_from(&good);
                bytes[at] ^= 1;
                decode(bytes).is_some() && decode(bytes) != decode(&good)
            })
        };
        assert!(footer.series.iter_mut().any(|series| lie(&mut series.statistics)));
    });
    let (finding, quarantined) = only(&storage);
    assert!(finding.fact.starts_with("the statistics of 1 series"), "{finding}");
    assert!(finding.row_count > Some(0) && quarantined == 0);

    type Lie = fn(&mut Footer);
    let lies: [(Lie, &str); 5] = [
        (|footer| footer.chunks[0].max_end_ns -= 1, "the latest end"),
        (|footer| footer.chunks[0].max_duration_ns -= 1, "the longest duration"),
        (|footer| footer.chunks[0].offset += 1, "is damaged"),
        (|footer| footer.names[0].name = "kall 0".into(), "not those of the head log"),
        (|footer| footer.series[0].entry.weight += 1, "not those of the head log"),
    ];
    for (lie, words) in lies {
        let (memory, storage) = database();
        change_footer(&memory, &storage, 1, lie);
        let report = checked(&storage);
        let is_told = |finding: &Finding| finding.fact.contains(words);
        assert!(report.findings.iter().any(is_told), "{words}: {:#?}", report.findings);
        assert!(report.findings.len() <= 2, "{words}: {:#?}", report.findings);
    }
}

#[test]
fn a_manifest_that_lies_is_found() {
    // Promise: each number of the manifest is compared with the segment it tells of.
    type Lie = fn(&mut Edit);
    let lies: [(Lie, &str); 4] = [
        (|edit| edit.segments_in[0].row_count -= 1, "its rows 39 instead of 40"),
        (|edit| edit.segments_in[0].max_duration_ns -= 1, "its longest duration"),
        (|edit| edit.segments_in[0].size_bytes -= 1, "bytes, the manifest says"),
        (|edit| edit.number += 1, "of the manifest stands where"),
    ];
    for (lie, words) in lies {
        let memory = Memory::default();
        let storage: Arc<dyn Storage> = Arc::new(memory.clone());
        let mut owner = Owner::open(&storage, &root(), 0);
        owner.append(40);
        owner.seal(Seal::All);
        owner.append(10);
        owner.close();
        change_edit(&memory, &head(&storage), lie);
        let report = checked(&storage);
        let [finding] = &report.findings[..] else { panic!("{words}: {:#?}", report.findings) };
        assert!(finding.fact.contains(words), "{finding}");
    }
}

#[test]
fn files_that_are_not_what_they_should_be_are_found() {
    // Promise: a missing, cut, grown or foreign file is told as what it is, with its rows.
    let rows = 509;
    let (_, storage) = database();
    let path = segment(&storage, 0);
    let foreign = bytes_of(&storage, &path);
    storage.remove(&path).unwrap();
    let (finding, quarantined) = only(&storage);
    assert!(finding.fact.starts_with("it is missing"), "{finding}");
    assert_eq!((finding.path, finding.row_count, quarantined), (path, Some(rows), rows));

    let (memory, storage) = database();
    let path = segment(&storage, 0);
    tamper(&memory, &path, |bytes| *bytes = foreign);
    let (finding, quarantined) = only(&storage);
    assert!(finding.fact.starts_with("it is a segment of another lane"), "{finding}");
    assert_eq!((finding.row_count, quarantined), (Some(rows), rows));

    let (memory, storage) = database();
    let (path, other) = (segment(&storage, 0), bytes_of(&storage, &segment(&storage, 1)));
    let other_id = SegmentHeader::decode(&other).unwrap().id;
    tamper(&memory, &path, |bytes| *bytes = other);
    let (finding, _) = only(&storage);
    assert_eq!(finding.fact, format!("it is segment {other_id} of this lane"));

    let (memory, storage) = database();
    tamper(&memory, &segment(&storage, 0), |bytes| bytes.truncate(bytes.len() - 1));
    assert_eq!(only(&storage).1, rows);
    tamper(&memory, &segment(&storage, 0), |bytes| bytes.truncate(10));
    assert_eq!(only(&storage).1, rows);

    let (memory, storage) = database();
    tamper(&memory, &segment(&storage, 0), |bytes| bytes.push(0));
    let (finding, quarantined) = only(&storage);
    assert_eq!((finding.row_count, quarantined), (Some(0), 0));
}

#[test]
fn histories_and_heads_are_read_too() {
    // Promise: damage of statistics of expired rows, and of a whole head, is told.
    let (memory, storage) = database();
    let entry = state(&storage).histories[0];
    let path = file_path(&dir(), FileKind::History, entry.id);
    for at in (0..usize::try_from(entry.size_bytes).unwrap()).step_by(13) {
        tamper(&memory, &path, |bytes| bytes[at] ^= 1);
        assert_eq!(only(&storage).0.path, path, "byte {at}");
        tamper(&memory, &path, |bytes| bytes[at] ^= 1);
    }
    storage.remove(&path).unwrap();
    assert!(only(&storage).0.fact.starts_with("it is missing"));

    let (memory, storage) = database();
    let path = head(&storage);
    tamper(&memory, &path, |bytes| (bytes[20], bytes[84]) = (1, 1));
    let (finding, _) = only(&storage);
    assert!(finding.fact.contains("cannot be read at all"), "{finding}");
    assert_eq!((finding.path, finding.row_count), (path.clone(), None));
    storage.remove(&path).unwrap();
    assert!(only(&storage).0.fact.contains("no head log, but 3 segments or histories"));
}

#[test]
fn rows_that_were_set_aside_earlier_are_told_until_they_expire() {
    // Promise: rows that damage has cost are told also when the damaged bytes are gone.
    let (memory, storage) = database();
    let path = head(&storage);
    let rows = frames_of(&bytes_of(&storage, &path)).into_iter().rfind(|it| it.rows.is_some());
    let at = rows.unwrap().at;
    tamper(&memory, &path, |bytes| bytes[at + 9] ^= 1);
    assert_eq!(only(&storage).0.row_count, Some(13));
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(3);
    owner.rotate();
    let (finding, quarantined) = only(&storage);
    assert_eq!(finding.fact, "rows 1146 to 1158 stand in no file");
    assert_eq!((finding.offset, finding.row_count, quarantined), (None, Some(13), 13));
    owner.seal(Seal::All);
    owner.rotate();
    assert_eq!(only(&storage).0.row_count, Some(13));
    expire(&mut owner, 9);
    clean(&storage);
}

#[test]
fn leftovers_are_no_damage() {
    // Promise: a file that the manifest does not name yet, or no more, is counted and no finding.
    let (_, storage) = database();
    assert_eq!(clean(&storage)[0].leftover_count, 0);
    for path in [file_path(&dir(), FileKind::Segment, 900), head_path(&dir(), 900)] {
        storage.create(&path).unwrap().append(&[0; 10]).unwrap();
    }
    assert_eq!(clean(&storage)[0].leftover_count, 2);
    assert_eq!(list_files(&*storage, &dir()).unwrap().len(), 4);
}
