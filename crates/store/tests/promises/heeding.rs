//! What all processes of a database are to heed: pauses, and lanes that were cleared.

use std::path::Path;
use std::sync::Arc;

use kronicler_store::{
    Clearing, ControlReader, Directory, Disk, LaneReader, LaneWriter, Memory, MergePolicy, Storage,
    StoreError, change_control, compact_lane, control_path, lane_dir, read_controls, verify,
};

use crate::mortal::Mortal;
use crate::world::{Owner, life, read, root, run};

fn pause(storage: &dyn Storage, root: &Path, since_ns: Option<i64>) -> Result<(), StoreError> {
    change_control(storage, root, since_ns.unwrap_or(9), |control| {
        control.paused_ns = since_ns;
        Ok(())
    })?;
    Ok(())
}

fn control_files(storage: &dyn Storage, root: &Path) -> Vec<String> {
    let mut names = storage.list(root).expect("it can be listed");
    names.retain(|name| name.starts_with("control"));
    names.sort();
    names
}

/// Two lanes, the first of a process that lives, the second of one that is gone.
fn two_lanes(storage: &Arc<dyn Storage>, root: &Path) -> Owner {
    let mut owner = Owner::open(storage, root, 0);
    let mut gone = Owner::open(storage, root, 1);
    owner.append(5);
    gone.append(6);
    owner.writer.sync().expect("it can be synced");
    gone.close();
    owner
}

/// How many rows a reader who has just come sees in each lane, and which lanes it is not shown.
fn seen(storage: &Arc<dyn Storage>, root: &Path) -> (Vec<u64>, Vec<u16>) {
    let snapshot = Directory::new(Arc::clone(storage), root.into()).snapshot(None);
    let snapshot = snapshot.expect("it can be read");
    assert!(!snapshot.is_partial());
    (snapshot.lanes.iter().map(|view| view.end_seq()).collect(), snapshot.cleared_lanes)
}

#[test]
fn a_pause_is_seen_and_leaves_nothing_behind() {
    // Promise: who follows sees a pause and its end, at once; nothing to heed is no file.
    let dir = tempfile::tempdir().unwrap();
    let memory: Arc<dyn Storage> = Arc::new(Memory::default());
    for (storage, root) in [(memory, root()), (Arc::new(Disk), dir.path().join("data"))] {
        let mut reader = ControlReader::new(Arc::clone(&storage), root.clone());
        assert!(reader.look().unwrap().is_empty(), "there is no directory yet");
        let _owner = Owner::open(&storage, &root, 0);
        let mut directory = Directory::new(Arc::clone(&storage), root.clone());
        assert_eq!(directory.snapshot(None).unwrap().paused_ns, None);
        for _ in 0..2 {
            pause(&*storage, &root, Some(7)).unwrap();
            assert_eq!(control_files(&*storage, &root), ["control-0000000001"]);
            assert_eq!(reader.look().unwrap().paused_ns, Some(7));
            assert_eq!(directory.snapshot(None).unwrap().paused_ns, Some(7));
            pause(&*storage, &root, None).unwrap();
            assert_eq!(control_files(&*storage, &root), [""; 0]);
            assert_eq!(reader.look().unwrap().paused_ns, None);
            assert_eq!(directory.snapshot(None).unwrap().paused_ns, None);
        }
    }
}

#[test]
fn what_is_no_whole_control_file_says_nothing() {
    // Promise: torn and damaged control files, and what only stands in the place of one, are passed
    // over for the one below, which stays until there is a whole one again; damage is told.
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("data");
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let _owner = Owner::open(&storage, &root, 0);
    pause(&*storage, &root, Some(7)).unwrap();
    let whole = std::fs::read(control_path(&root, 1)).unwrap();
    let next = control_path(&root, 2);
    let of_another_number = whole.clone();
    let mut damaged = whole.clone();
    damaged[20] ^= 1;
    damaged[whole.len() / 2 + 20] ^= 1;
    for (bytes, is_damage) in [
        (&b""[..], false),
        (&[0; 200], false),
        (&whole[..50], false),
        (&of_another_number, true),
        (&damaged, true),
        (&[0xff; 1 << 20], true),
    ] {
        std::fs::write(&next, bytes).unwrap();
        let controls = read_controls(&*storage, &root).unwrap();
        assert_eq!(controls.control.paused_ns, Some(7), "{} bytes", bytes.len());
        assert_eq!(controls.damage.is_some(), is_damage, "{} bytes", bytes.len());
        let report = verify(&storage, &root).unwrap();
        assert_eq!(report.findings.len(), usize::from(is_damage), "{:?}", report.findings);
    }
    std::fs::remove_file(&next).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(control_path(&root, 1), &next).unwrap();
    let controls = read_controls(&*storage, &root).unwrap();
    assert_eq!((controls.control.paused_ns, controls.damage.is_some()), (Some(7), cfg!(unix)));
    pause(&*storage, &root, Some(8)).unwrap();
    assert_eq!(control_files(&*storage, &root), ["control-0000000003"]);
    assert_eq!(read_controls(&*storage, &root).unwrap().control.paused_ns, Some(8));
    std::fs::write(control_path(&root, 4), b"torn").unwrap();
    pause(&*storage, &root, None).unwrap();
    assert_eq!(control_files(&*storage, &root), [""; 0]);
}

#[test]
fn a_file_that_becomes_whole_late_is_seen() {
    // Promise: nobody takes a control file that is only begun for the last word, however long it
    // takes to be written.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let _owner = Owner::open(&storage, &root(), 0);
    pause(&*storage, &root(), Some(7)).unwrap();
    let bytes = crate::world::bytes_of(&storage, &control_path(&root(), 1));
    pause(&*storage, &root(), None).unwrap();
    let file = storage.create(&control_path(&root(), 1)).unwrap();
    let mut reader = ControlReader::new(Arc::clone(&storage), root());
    let mut directory = Directory::new(Arc::clone(&storage), root());
    for (piece, is_paused) in [(&bytes[..9], false), (&bytes[9..], true)] {
        file.append(piece).unwrap();
        assert_eq!(reader.look().unwrap().paused_ns.is_some(), is_paused);
        assert_eq!(directory.snapshot(None).unwrap().paused_ns.is_some(), is_paused);
    }
}

#[test]
fn a_newer_control_file_is_refused_and_leaves_what_was_heeded() {
    // Promise: a wish that this program does not know is told, and changes nothing it does.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let owner = Owner::open(&storage, &root(), 0);
    pause(&*storage, &root(), Some(7)).unwrap();
    let mut reader = ControlReader::new(Arc::clone(&storage), root());
    reader.look().unwrap();
    let bytes = crate::world::bytes_of(&storage, &control_path(&root(), 1));
    let file = storage.create(&control_path(&root(), 2)).unwrap();
    let mut newer = bytes.clone();
    for copy in newer.chunks_exact_mut(bytes.len() / 2) {
        copy[8] = 2;
        let crc = crc32c::crc32c(&copy[..60]);
        copy[60..64].copy_from_slice(&crc.to_le_bytes());
    }
    file.append(&newer).unwrap();
    let text = reader.look().unwrap_err().to_string();
    assert!(text.contains("control-0000000002") && text.contains("use a newer kr"), "{text}");
    pause(&*storage, &root(), None).unwrap_err();
    owner.close();
    Owner::try_open(&storage, &root(), 0).map(|_| ()).unwrap_err();
}

#[test]
fn cleared_lanes_are_seen_by_nobody_from_one_moment_on() {
    // Promise: clearing has one commit point for all lanes, whoever owns them; owners empty theirs
    // when they look, those of processes that are gone are emptied at once, and nothing is left to
    // heed when all is done.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = two_lanes(&storage, &root());
    let mut follower = Directory::new(Arc::clone(&storage), root());
    assert_eq!(follower.snapshot(None).unwrap().lanes.len(), 2);
    let mut clearing = Clearing::begin(&storage, &root(), 40).unwrap();
    assert_eq!(seen(&storage, &root()), (vec![], vec![0, 1]));
    assert_eq!(follower.snapshot(None).unwrap().cleared_lanes, [0, 1]);
    let report = verify(&storage, &root()).unwrap();
    assert!(report.is_whole() && report.lanes.iter().all(|lane| lane.is_cleared));
    assert_eq!(report.lanes.iter().map(|lane| lane.stored).sum::<u64>(), 0);
    let control = read_controls(&*storage, &root()).unwrap().control;
    assert!(control.is_cleared(&owner.state.head.uuid) && control.cleared_ns == 40);

    assert!(!clearing.step(41).unwrap());
    assert_eq!(seen(&storage, &root()), (vec![0], vec![0]));
    owner.append(2);
    assert_eq!(seen(&storage, &root()).1, [0], "until its owner has looked");
    owner.state = owner.writer.clear(run(77)).unwrap();
    owner.names = Default::default();
    owner.append(3);
    assert!(clearing.step(42).unwrap());
    assert_eq!(seen(&storage, &root()), (vec![3, 0], vec![]));
    clearing.end(43).unwrap();
    assert_eq!(control_files(&*storage, &root()), [""; 0]);
    assert_eq!(read(&storage, &root(), 0), life(0..3, 0));
}

#[test]
fn a_pause_outlives_a_clear_and_a_clear_a_pause() {
    // Promise: pausing and clearing go by the same file and do not undo each other.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let owner = two_lanes(&storage, &root());
    pause(&*storage, &root(), Some(7)).unwrap();
    let mut clearing = Clearing::begin(&storage, &root(), 40).unwrap();
    assert_eq!(read_controls(&*storage, &root()).unwrap().control.paused_ns, Some(7));
    pause(&*storage, &root(), None).unwrap();
    assert_eq!(seen(&storage, &root()).1, [0, 1]);
    clearing.step(41).unwrap();
    let pending = clearing.lanes().iter().filter(|lane| !lane.is_done);
    assert_eq!(pending.map(|lane| lane.lane).collect::<Vec<_>>(), [0]);
    pause(&*storage, &root(), Some(8)).unwrap();
    clearing.end(42).unwrap();
    let control = read_controls(&*storage, &root()).unwrap().control;
    assert_eq!((control.paused_ns, &control.cleared[..]), (Some(8), &[owner.state.head.uuid][..]));
}

#[test]
fn whoever_takes_a_cleared_lane_empties_it() {
    // Promise: what a process that is killed while it clears has not emptied, the next to take the
    // lane empties; rows that were written since stay.
    for is_adopted in [false, true] {
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        let owner = two_lanes(&storage, &root());
        let mut late = Clearing::begin(&storage, &root(), 40).unwrap();
        drop(owner);
        if is_adopted {
            let policy =
                MergePolicy { size_bytes_max: 1 << 20, span_ns_max: i64::MAX, is_eager: true };
            let done = compact_lane(&storage, &root(), 0, &policy, 50).unwrap().unwrap();
            assert_eq!(done.row_count, 0);
        }
        let mut next = Owner::open(&storage, &root(), 2);
        assert_eq!((next.writer.lane(), next.state.stored()), (0, 0));
        assert_eq!(next.state.counters.lost_at_most, 0, "nothing was lost");
        next.append(4);
        next.close();
        assert!(late.step(41).unwrap());
        assert_eq!(read(&storage, &root(), 0), life(0..4, 2));
        assert!(read(&storage, &root(), 1).is_empty());
    }
}

#[test]
fn a_clear_that_is_cut_short_leaves_all_rows_or_none() {
    // Promise: whoever clears may be killed at any step, or the power cut there: either all lanes
    // have their rows or none has, every lane can be taken, and a new clear empties all.
    let mut ends = [0, 0];
    for step in 0.. {
        let memory = Memory::default();
        let storage: Arc<dyn Storage> = Arc::new(memory.clone());
        let owner = two_lanes(&storage, &root());
        let mortal = Mortal::new(&memory, step);
        let as_mortal: Arc<dyn Storage> = Arc::new(mortal.clone());
        let cleared = Clearing::begin(&as_mortal, &root(), 40).and_then(|mut clearing| {
            clearing.step(41)?;
            clearing.end(42)
        });
        let is_over = !mortal.has_died();
        assert!(!is_over || cleared.is_ok());
        drop(owner);
        for disk in [memory.clone(), memory.after_power_cut()] {
            let disk: Arc<dyn Storage> = Arc::new(disk);
            let (rows, hidden) = seen(&disk, &root());
            let has_rows = rows.iter().sum::<u64>() > 0;
            assert!(!has_rows || (rows == [5, 6] && hidden.is_empty()), "step {step}: {rows:?}");
            ends[usize::from(has_rows)] += 1;
            assert!(verify(&disk, &root()).unwrap().is_whole(), "step {step}");
            let next = [Owner::open(&disk, &root(), 2), Owner::open(&disk, &root(), 3)];
            let stored: Vec<u64> = next.iter().map(|next| next.state.stored()).collect();
            assert_eq!(stored, if has_rows { [5, 6] } else { [0, 0] }, "step {step}");
            drop(next);
            let mut again = Clearing::begin(&disk, &root(), 50).unwrap();
            assert!(again.step(51).unwrap());
            again.end(52).unwrap();
            assert_eq!((seen(&disk, &root()), control_files(&*disk, &root())), {
                ((vec![0, 0], vec![]), vec![])
            });
        }
        if is_over {
            break;
        }
    }
    assert!(ends[0] > 10 && ends[1] > 4, "{ends:?}: each end was met");
}

#[test]
fn one_lane_that_cannot_be_emptied_is_told_and_counts_no_more() {
    // Promise: a lane that whoever clears may not write is named; its rows are gone for readers.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    drop(two_lanes(&storage, &root()));
    let mut clearing = Clearing::begin(&storage, &root(), 40).unwrap();
    memory.limit_space(Some(0));
    assert!(clearing.step(41).unwrap());
    memory.limit_space(None);
    assert!(clearing.lanes().iter().all(|lane| lane.failure.is_some() && !lane.is_done));
    clearing.end(42).unwrap();
    assert_eq!(seen(&storage, &root()), (vec![], vec![0, 1]));
}

#[test]
fn who_makes_a_control_file_keeps_others_waiting() {
    // Promise: two who change what is to be heeded do so one after the other; one who does not let
    // go is told about.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let _owner = Owner::open(&storage, &root(), 0);
    let lock = storage.try_lock(&root().join("lock")).unwrap().unwrap();
    let text = pause(&*storage, &root(), Some(7)).unwrap_err().to_string();
    assert!(text.contains("another process holds it; try again"), "{text}");
    drop(lock);
    pause(&*storage, &root(), Some(7)).unwrap();
}

#[test]
#[cfg(unix)]
fn a_link_in_place_of_the_directory_is_refused() {
    // Promise: nothing is written through a symbolic link, and the modes are those of other files.
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (root, link) = (dir.path().join("data"), dir.path().join("link"));
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let _owner = Owner::open(&storage, &root, 0);
    std::os::unix::fs::symlink(&root, &link).unwrap();
    pause(&*storage, &link, Some(7)).unwrap_err();
    Clearing::begin(&storage, &link, 7).map(|_| ()).unwrap_err();
    for (of_root, of_file) in [(0o700, 0o600), (0o750, 0o640), (0o755, 0o644)] {
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(of_root)).unwrap();
        pause(&*storage, &root, Some(of_root.into())).unwrap();
        let number = read_controls(&*storage, &root).unwrap().control.number;
        let mode = std::fs::metadata(control_path(&root, number)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, of_file);
    }
    let lane = LaneWriter::adopt(&storage, &root, 0).unwrap();
    assert!(lane.is_none(), "its owner goes on");
    assert!(LaneReader::open(&storage, &root, 0).unwrap().is_some(), "{:?}", lane_dir(&root, 0));
}
