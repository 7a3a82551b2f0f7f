//! Paths that are not what they should be, and who may read what was written.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use kronicler_store::{
    Directory, Disk, LaneReader, Storage, StoreError, clear_ownerless, head_path, lane_dir,
};

use crate::world::{Owner, life, read};

fn disk() -> Arc<dyn Storage> {
    Arc::new(Disk)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn a_missing_directory_is_made_by_a_writer_and_empty_to_a_reader() {
    // Promise: the first record makes the directory; asking makes nothing and is no error.
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("a/b/data");
    assert!(!Directory::exists(&Disk, &root));
    assert!(LaneReader::open(&disk(), &root, 0).unwrap().is_none());
    assert!(Directory::new(disk(), root.clone()).snapshot(None).unwrap().lanes.is_empty());
    assert!(!dir.path().join("a").exists());
    let mut owner = Owner::open(&disk(), &root, 0);
    owner.append(3);
    assert!(Directory::exists(&Disk, &root));
    assert_eq!(read(&disk(), &root, 0), life(0..3, 0));
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    // Promise: a file in the place of the directory, or above it, gives an error that says so.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    for root in [file.clone(), file.join("data"), file.join("deep/data")] {
        let error = Owner::try_open(&disk(), &root, 0).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::NotADirectory { .. }), "{error:?}");
        let error = Directory::new(disk(), root.clone()).snapshot(None).unwrap_err();
        assert_eq!(error.code(), "KRONICLER_NOT_A_DIRECTORY", "{error:?}");
        assert!(!Directory::exists(&Disk, &root));
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_directory_that_cannot_be_written_can_still_be_read() {
    // Promise: a read-only directory gives a writer an error with a remedy, and a reader its rows.
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("data");
    let mut owner = Owner::open(&disk(), &root, 0);
    owner.append(4);
    owner.close();
    let (lane, head) = (lane_dir(&root, 0), head_path(&lane_dir(&root, 0), 1));
    set_mode(&lane.join("lock"), 0o400);
    set_mode(&head, 0o400);
    set_mode(&lane, 0o500);
    set_mode(&root, 0o500);
    assert_eq!(read(&disk(), &root, 0), life(0..4, 0));
    let is_root = fs::write(root.join("probe"), "").is_ok();
    if is_root {
        println!("part skipped: this user may write to a read-only directory");
    } else {
        let error = Owner::try_open(&disk(), &root, 0).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("KRONICLER_DIR"), "{error}");
        assert_eq!(error.code(), "KRONICLER_IO");
    }
    set_mode(&root, 0o700);
    set_mode(&lane, 0o700);
}

#[test]
fn symbolic_links_are_refused() {
    // Promise: nobody makes a process write elsewhere by planting a link.
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = dir.path().join("elsewhere");
    let victim = dir.path().join("victim");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(&victim, "mine").unwrap();
    let open = |root: &Path| Owner::try_open(&disk(), root, 0).map(|_| ());

    let root = dir.path().join("linked-root");
    symlink(&elsewhere, &root).unwrap();
    open(&root).unwrap_err();

    let root = dir.path().join("linked-lane");
    fs::create_dir(&root).unwrap();
    symlink(&elsewhere, lane_dir(&root, 0)).unwrap();
    open(&root).unwrap_err();
    clear_ownerless(&disk(), &root, 0, 0).unwrap_err();

    let root = dir.path().join("linked-lock");
    fs::create_dir_all(lane_dir(&root, 0)).unwrap();
    symlink(&victim, lane_dir(&root, 0).join("lock")).unwrap();
    open(&root).unwrap_err();

    let root = dir.path().join("linked-head");
    fs::create_dir_all(lane_dir(&root, 0)).unwrap();
    symlink(&victim, head_path(&lane_dir(&root, 0), 1)).unwrap();
    assert!(LaneReader::open(&disk(), &root, 0).unwrap().is_none(), "not followed");
    open(&root).unwrap();

    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn what_is_written_is_private() {
    // Promise: directories 0700, files 0600, those above a new one included.
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("above/data");
    let owner = Owner::open(&disk(), &root, 0);
    let lane = lane_dir(&root, 0);
    assert_eq!([mode(&dir.path().join("above")), mode(&root), mode(&lane)], [0o700; 3]);
    assert_eq!([mode(owner.writer.path()), mode(&lane.join("lock"))], [0o600; 2]);
}

#[test]
fn a_directory_that_the_user_made_readable_passes_its_read_bits_on() {
    // Promise: whom the user lets into the directory can read it, and nobody can write.
    for (of_root, of_dirs, of_files) in
        [(0o755, 0o755, 0o644), (0o750, 0o750, 0o640), (0o777, 0o755, 0o644), (0o711, 0o700, 0o600)]
    {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("data");
        fs::create_dir(&root).unwrap();
        set_mode(&root, of_root);
        let mut owner = Owner::open(&disk(), &root, 0);
        let lane = lane_dir(&root, 0);
        assert_eq!(mode(&root), of_root, "the user's own directory is left as it is");
        assert_eq!(mode(&lane), of_dirs, "{of_root:o}");
        assert_eq!(mode(owner.writer.path()), of_files, "{of_root:o}");
        assert_eq!(mode(&lane.join("lock")), of_files, "{of_root:o}");
        owner.writer.clear(crate::world::run(1)).unwrap();
        assert_eq!(mode(owner.writer.path()), of_files, "{of_root:o} after clear");
    }
}

#[test]
fn what_stands_in_the_place_of_a_log_is_set_aside() {
    // Promise: a pipe, a directory, a link or a device named like a log is told as a log that
    // cannot be read; nobody waits for it, and other lanes answer.
    let make: [fn(&Path); 4] = [
        |path| {
            let done = std::process::Command::new("mkfifo").arg(path).status();
            assert!(done.unwrap().success());
        },
        |path| fs::create_dir(path).unwrap(),
        |path| symlink("/dev/null", path).unwrap(),
        |path| symlink("head-0000000001", path).unwrap(),
    ];
    for make in make {
        let dir = tempfile::tempdir().unwrap();
        let mut owners = [0, 0].map(|life| Owner::open(&disk(), dir.path(), life));
        owners.iter_mut().for_each(|owner| owner.append(3));
        drop(owners);
        let path = head_path(&lane_dir(dir.path(), 1), 1);
        fs::remove_file(&path).unwrap();
        make(&path);
        let snapshot = Directory::new(disk(), dir.path().into()).snapshot(None).unwrap();
        assert_eq!((snapshot.lanes.len(), snapshot.unreadable_heads), (1, 1));
        assert!(snapshot.is_partial());
        assert_eq!(read(&disk(), dir.path(), 0), life(0..3, 0));
        let _first = Owner::open(&disk(), dir.path(), 0);
        let second = Owner::open(&disk(), dir.path(), 0);
        assert_eq!(second.writer.path(), head_path(&lane_dir(dir.path(), 1), 2));
        assert!(fs::symlink_metadata(&path).is_ok(), "kept");
    }
}
