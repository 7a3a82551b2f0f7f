//! What a disk does that fails while the machine runs.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use kronicler_store::{Storage, StorageFile};
use kronicler_torture::{Damage, FAULTS, Fault, Lasting, Plan, Random, SimDisk};

/// A disk with an empty file whose name is durable.
fn disk() -> (SimDisk, Arc<dyn StorageFile>) {
    let disk = SimDisk::default();
    let file = disk.create(Path::new("/a")).expect("the disk is well");
    disk.sync_dir(Path::new("/")).expect("the disk is well");
    (disk, file)
}

/// Lets the next operations go wrong.
fn plan(disk: &SimDisk, fault: Fault, lasting: Lasting) {
    disk.plan(Some(Plan { at: disk.ops().len() as u64, fault, lasting }));
}

fn after_cut(disk: &SimDisk) -> Vec<u8> {
    let recording = disk.recording();
    let cut = recording.cut(recording.mutations.len());
    let image = cut.image(Damage::Clean, &mut Random::new(1));
    image.entries[Path::new("/a")].as_ref().expect("the disk is well").to_vec()
}

fn read(disk: &SimDisk) -> Vec<u8> {
    let mut bytes = [9; 100];
    let count = disk
        .open(Path::new("/a"))
        .expect("the disk is well")
        .read_at(0, &mut bytes)
        .expect("the disk is well");
    bytes[..count].to_vec()
}

#[test]
fn faults_last_as_long_as_planned() {
    // Promise: once is once, a while a while, and the rest until the disk is healed.
    for (lasting, failed) in [(Lasting::Once, 1), (Lasting::For(3), 3), (Lasting::Ever, 5)] {
        let (disk, file) = disk();
        plan(&disk, Fault::Io, lasting);
        assert_eq!((0..5).filter(|_| file.append(b"x").is_err()).count(), failed);
        assert_eq!(disk.fault_count(), failed as u64);
        disk.plan(None);
        file.append(b"x").unwrap();
        assert_eq!(read(&disk).len(), 6 - failed);
    }
}

#[test]
fn a_full_disk_takes_what_fits_and_has_room_again() {
    // Promise: a short append leaves its beginning, and removed files give their room back.
    let (disk, file) = disk();
    disk.limit_space(Some(15));
    file.append(&[1; 10]).unwrap();
    assert_eq!(file.append(&[2; 10]).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(read(&disk).len(), 15);
    assert_eq!((disk.refusal_count(), disk.fault_count()), (1, 0));
    disk.remove(Path::new("/a")).unwrap();
    assert!(file.stat().unwrap().removed);
    let other = disk.create(Path::new("/b")).unwrap();
    assert!(other.append(&[3; 15]).is_err(), "a file that is open keeps its room");
    drop(file);
    other.append(&[3; 15]).unwrap();
}

#[test]
fn room_that_was_reserved_is_there_on_a_full_disk() {
    // Promise: all of it is reserved or none, others cannot have it, and it is counted once.
    let (disk, file) = disk();
    disk.limit_space(Some(20));
    assert_eq!(file.reserve(21).unwrap_err().kind(), ErrorKind::StorageFull);
    file.reserve(12).unwrap();
    file.reserve(8).unwrap();
    let available = || disk.space(Path::new("/")).unwrap().available_bytes;
    assert_eq!((available(), read(&disk).len()), (8, 0));
    disk.create(Path::new("/b")).unwrap().append(&[1; 8]).unwrap();
    file.append(&[2; 12]).unwrap();
    assert!(file.append(&[2; 1]).is_err());
    assert_eq!((available(), read(&disk).len()), (0, 12));
    drop(file);
    disk.remove(Path::new("/a")).unwrap();
    assert_eq!(available(), 12);
}

#[test]
fn a_failed_sync_loses_what_was_not_synced() {
    // Promise: no later sync brings it back, whether it can still be read or not.
    for (fault, readable) in
        [(Fault::SyncDropped, [1, 1, 0, 0]), (Fault::SyncReadable, [1, 1, 2, 2])]
    {
        let (disk, file) = disk();
        file.append(&[1; 2]).unwrap();
        file.sync().unwrap();
        file.append(&[2; 2]).unwrap();
        plan(&disk, fault, Lasting::Once);
        assert!(file.sync().is_err());
        assert_eq!(read(&disk), readable);
        file.append(&[3; 2]).unwrap();
        assert_eq!(after_cut(&disk), [1, 1]);
        file.sync().unwrap();
        assert_eq!(after_cut(&disk), [1, 1, 0, 0, 3, 3]);
    }
}

#[test]
fn a_lost_sync_is_told_to_nobody() {
    // Promise: it returns as if it had done what it was asked to.
    let (disk, file) = disk();
    file.append(&[1; 2]).unwrap();
    plan(&disk, Fault::LostSync, Lasting::Once);
    file.sync().unwrap();
    assert_eq!((after_cut(&disk), disk.lie_count()), (vec![], 1));
    disk.remove(Path::new("/a")).unwrap();
    plan(&disk, Fault::LostSyncDir, Lasting::Once);
    disk.sync_dir(Path::new("/")).unwrap();
    assert_eq!((after_cut(&disk), disk.lie_count()), (vec![], 2));
}

#[test]
fn locks_end_with_their_process() {
    // Promise: nobody else gets a lock while it is held, and a cut or a drop gives it back.
    let disk = SimDisk::default();
    let path = Path::new("/lock");
    let held = disk.try_lock(path).unwrap();
    assert!(held.is_some() && disk.try_lock(path).unwrap().is_none());
    let recording = disk.recording();
    let image = recording.cut(1).image(Damage::Torn, &mut Random::new(1));
    assert!(SimDisk::new(&image).try_lock(path).unwrap().is_some());
    drop(held);
    assert!(disk.try_lock(path).unwrap().is_some());
}

#[test]
fn every_fault_has_a_name_that_replays() {
    // Promise: what went wrong can be told in a line.
    for (name, fault, lasting) in FAULTS {
        let plan = Plan { at: 7, fault, lasting };
        assert_eq!(plan.to_string(), format!("7:{name}"));
        assert_eq!(plan.to_string().parse(), Ok(plan));
    }
}
