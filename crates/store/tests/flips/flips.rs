//! Flips the bits, reads the database each time, and judges the answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kronicler_store::{Memory, Storage};

use crate::answer::{Answer, LaneAnswer, read};
use crate::base::{File, disk, files, uuid_of};

/// Of the bits of rows, names and statistics, one in so many is flipped by `cargo test`. A prime,
/// so that each place in a byte gets its turn.
const STEP: usize = 97;
/// Of the bits that are found by their place.
const STRUCTURE_STEP: usize = 3;

/// What a flip did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// The same answer, without a word.
    Harmless,
    /// The same rows and statistics, and the damaged bytes are counted.
    Counted,
    /// Less, and the answer says so.
    Partial,
}

/// The answer after a flip is judged by that of the whole database.
fn judge(whole: &Answer, found: &Result<Answer, String>) -> Result<Verdict, String> {
    let found = found.as_ref().map_err(|error| format!("hides everything: {error}"))?;
    let mut verdict = Verdict::Harmless;
    for (number, before) in &whole.lanes {
        let Some(after) = found.lanes.get(number) else {
            return Err(format!("lane {number} is gone"));
        };
        verdict = verdict.max(judge_lane(before, after)?);
    }
    let is_extra = found.lanes.len() != whole.lanes.len();
    if is_extra { Err("a lane that there is not".into()) } else { Ok(verdict) }
}

fn judge_lane(before: &LaneAnswer, after: &LaneAnswer) -> Result<Verdict, String> {
    let wrong = after.rows.iter().find(|(seq, row)| before.rows.get(seq) != Some(row));
    if let Some((seq, row)) = wrong {
        return Err(format!("row {seq} is wrong: {row:?}"));
    }
    let wrong = after.footers.iter().find(|(id, found)| before.footers.get(id) != Some(found));
    if let Some((id, _)) = wrong {
        return Err(format!("statistics of segment {id} are wrong"));
    }
    if !before.series.starts_with(&after.series) {
        return Err("a name is wrong".into());
    }
    if !after.runs.iter().all(|run| before.runs.contains(run)) {
        return Err("a run is wrong".into());
    }
    let is_less = after.rows.len() < before.rows.len()
        || after.footers.len() < before.footers.len()
        || after.next_seq != before.next_seq;
    if is_less && !after.is_partial {
        let (rows, all) = (after.rows.len(), before.rows.len());
        return Err(format!("silently {rows} of {all} rows"));
    }
    if after.is_partial {
        return Ok(Verdict::Partial);
    }
    if after.totals != before.totals {
        return Err("statistics of unsealed rows are wrong".into());
    }
    let is_counted = after.damage_bytes > before.damage_bytes;
    let same = LaneAnswer { damage_bytes: before.damage_bytes, ..after.clone() };
    match (is_counted, &same == before) {
        (false, true) => Ok(Verdict::Harmless),
        (false, false) => Err("silently another answer".into()),
        // A frame that stands there once: counters, a time of arrival, the end of a run.
        (true, _) => Ok(Verdict::Counted),
    }
}

/// A flip: file, byte, bit.
type Flip = (usize, usize, u8);

fn flips(files: &[File], is_all: bool) -> Vec<Flip> {
    let mut flips = Vec::new();
    for (index, file) in files.iter().enumerate().filter(|(_, file)| !file.bytes.is_empty()) {
        let uuid = uuid_of(files, file);
        for at in 0..file.bytes.len() {
            let is_structure = !is_all && file.is_structure(&uuid, at);
            let step = if is_structure { STRUCTURE_STEP } else { STEP };
            let wanted =
                (0..8_u8).filter(|&bit| is_all || (at * 8 + usize::from(bit)).is_multiple_of(step));
            flips.extend(wanted.map(|bit| (index, at, bit)));
        }
    }
    flips
}

/// Each lane as a database of its own: a third of the reading, and an error hides as much of it.
fn by_lane(files: Vec<File>) -> Vec<Vec<File>> {
    let lanes = files.chunk_by(|left, right| left.path.parent() == right.path.parent());
    lanes.map(<[File]>::to_vec).collect()
}

/// Flips and reads on as many threads as there are cores.
fn try_all(
    files: &[File],
    flips: &[Flip],
    whole: &Answer,
) -> (BTreeMap<Verdict, u64>, Vec<String>) {
    let next = AtomicUsize::new(0);
    let work = || {
        let disk = disk(files);
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let (mut verdicts, mut wrong) = (BTreeMap::new(), Vec::new());
        while let Some(&flip) = flips.get(next.fetch_add(1, Ordering::Relaxed)) {
            turn(&disk, files, flip);
            match judge(whole, &read(&storage)) {
                Ok(verdict) => *verdicts.entry(verdict).or_insert(0) += 1,
                Err(what) => wrong.push(tell(files, flip, &what)),
            }
            turn(&disk, files, flip);
        }
        (verdicts, wrong)
    };
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        let mut all = (BTreeMap::new(), Vec::new());
        for thread in threads {
            let (verdicts, wrong) = thread.join().expect("no flip stops a reader");
            verdicts.into_iter().for_each(|(verdict, n)| *all.0.entry(verdict).or_insert(0) += n);
            all.1.extend(wrong);
        }
        all
    })
}

fn turn(disk: &Memory, files: &[File], (index, at, bit): Flip) {
    let path = &files[index].path;
    disk.tamper(path, |bytes| bytes[at] ^= 1 << bit).expect("the file is there");
}

fn tell(files: &[File], (index, at, bit): Flip, what: &str) -> String {
    let File { path, bytes } = &files[index];
    format!("{} byte {at} of {} bit {bit}: {what}", path.display(), bytes.len())
}

#[test]
fn every_flipped_bit_is_told_or_changes_nothing() {
    // Promise: a bit that flips on the disk never gives a wrong row or statistic; what it costs is
    // missing, and the answer says that something is.
    let files = files();
    let size: usize = files.iter().map(|file| file.bytes.len()).sum();
    assert!(size >= 64 << 10, "a database of {size} bytes");
    let storage: Arc<dyn Storage> = Arc::new(disk(&files));
    let whole = read(&storage).expect("a whole database can be read");
    assert!(!whole.is_partial);
    assert_eq!(whole.lanes.len(), 3);
    assert!(whole.lanes.values().all(|lane| lane.rows.len() as u64 == lane.next_seq));
    let is_all = std::env::var("KRONICLER_FLIPS").is_ok_and(|value| value == "all");
    let (mut verdicts, mut wrong) = (BTreeMap::new(), Vec::new());
    for files in by_lane(files) {
        let storage: Arc<dyn Storage> = Arc::new(disk(&files));
        let whole = read(&storage).expect("a part of a database can be read");
        let flips = flips(&files, is_all);
        let found = try_all(&files, &flips, &whole);
        found.0.into_iter().for_each(|(verdict, n)| *verdicts.entry(verdict).or_insert(0) += n);
        wrong.extend(found.1);
    }
    println!("{size} bytes, flips: {verdicts:?}");
    let shown: Vec<_> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} flips give a wrong answer: {shown:#?}", wrong.len());
}
