//! What a power cut leaves of what was and what was not synced.

use std::collections::BTreeSet;
use std::path::Path;

use kronicler_store::Storage;
use kronicler_torture::{DAMAGES, Damage, Image, Random, SimDisk};

const DIR: &str = "/d";

/// A disk with a durable directory, and a file in it: 700 bytes synced, 2,000 more not.
fn disk() -> SimDisk {
    let disk = SimDisk::default();
    disk.create_dir(Path::new(DIR)).expect("memory has room");
    disk.sync_dir(Path::new("/")).expect("memory has room");
    let file = disk.create(Path::new("/d/a")).expect("memory has room");
    file.append(&[1; 700]).expect("memory has room");
    file.sync().expect("memory has room");
    disk.sync_dir(Path::new(DIR)).expect("memory has room");
    file.append(&[2; 1_000]).expect("memory has room");
    file.append(&[3; 1_000]).expect("memory has room");
    disk
}

fn cut(disk: &SimDisk, damage: Damage, seed: u64) -> Image {
    let recording = disk.recording();
    recording.cut(recording.mutations.len()).image(damage, &mut Random::new(seed))
}

fn bytes(image: &Image, path: &str) -> Option<Vec<u8>> {
    let content = image.entries.get(Path::new(path))?;
    content.as_ref().map(kronicler_torture::Content::to_vec)
}

#[test]
fn only_what_was_synced_survives_a_clean_cut() {
    // Promise: an unsynced append is gone, a synced one is not.
    assert_eq!(bytes(&cut(&disk(), Damage::Clean, 1), "/d/a"), Some(vec![1; 700]));
}

#[test]
fn a_torn_cut_tears_the_last_append_only() {
    // Promise: everything reached the disk, but the last append ends anywhere.
    let mut lengths = BTreeSet::new();
    for seed in 0..500 {
        let torn = bytes(&cut(&disk(), Damage::Torn, seed), "/d/a").unwrap();
        let whole = [[1; 700].as_slice(), &[2; 1_000], &[3; 1_000]].concat();
        assert!((1_700..=2_700).contains(&torn.len()), "{}", torn.len());
        assert_eq!(torn, whole[..torn.len()]);
        lengths.insert(torn.len());
    }
    assert!(lengths.len() > 100 && lengths.contains(&2_048), "at bytes and at sectors");
}

#[test]
fn scattered_sectors_come_in_any_order() {
    // Promise: a later sector may be there while an earlier one is zeros; synced bytes always are.
    let (mut holes, mut short, mut whole) = (0, 0, 0);
    for seed in 0..500 {
        let bytes = bytes(&cut(&disk(), Damage::Scattered, seed), "/d/a").unwrap();
        assert_eq!(bytes[..700], [1; 700]);
        let unsynced = &bytes[700..];
        assert!(unsynced.iter().all(|byte| [0, 2, 3].contains(byte)));
        let first_zero = unsynced.iter().position(|&byte| byte == 0);
        let last_byte = unsynced.iter().rposition(|&byte| byte != 0);
        holes += usize::from(first_zero.is_some() && first_zero < last_byte);
        short += usize::from(bytes.len() < 2_700);
        whole += usize::from(bytes.len() == 2_700 && first_zero.is_none());
    }
    assert!(holes > 50 && short > 50 && whole > 20, "{holes} {short} {whole}");
}

#[test]
fn garbage_stays_behind_what_was_synced() {
    // Promise: bytes that were synced are never touched, what follows them may be anything.
    let (mut foreign, mut longer) = (0, 0);
    for seed in 0..500 {
        let bytes = bytes(&cut(&disk(), Damage::Garbage, seed), "/d/a").unwrap();
        assert_eq!(bytes[..700], [1; 700]);
        foreign += usize::from(bytes[700..].iter().any(|byte| ![0, 2, 3].contains(byte)));
        longer += usize::from(bytes.len() > 2_700);
    }
    assert!(foreign > 50 && longer > 20, "{foreign} {longer}");
}

#[test]
fn names_are_durable_once_their_directory_was_synced() {
    // Promise: a new name may be lost with all its synced content, a removed one may come back.
    let disk = disk();
    let file = disk.create(Path::new("/d/b")).unwrap();
    file.append(&[4; 10]).unwrap();
    file.sync().unwrap();
    disk.remove(Path::new("/d/a")).unwrap();
    let clean = cut(&disk, Damage::Clean, 1);
    assert_eq!((bytes(&clean, "/d/b"), bytes(&clean, "/d/a").unwrap().len()), (None, 700));
    let scattered: BTreeSet<(bool, bool)> = (0..200)
        .map(|seed| cut(&disk, Damage::Scattered, seed))
        .map(|image| (bytes(&image, "/d/a").is_some(), bytes(&image, "/d/b").is_some()))
        .collect();
    assert_eq!(scattered.len(), 4, "each name on its own");
    disk.sync_dir(Path::new(DIR)).unwrap();
    for (_, damage) in DAMAGES {
        let image = cut(&disk, damage, 1);
        assert_eq!((bytes(&image, "/d/a"), bytes(&image, "/d/b")), (None, Some(vec![4; 10])));
    }
}

#[test]
fn a_directory_without_a_name_takes_its_files_with_it() {
    // Promise: a path is durable only if every name in it is.
    let disk = SimDisk::default();
    disk.create_dir(Path::new("/d/e")).unwrap();
    let file = disk.create(Path::new("/d/e/a")).unwrap();
    file.append(&[1; 10]).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("/d/e")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    assert_eq!(bytes(&cut(&disk, Damage::Clean, 1), "/d/e/a"), None);
    disk.sync_dir(Path::new("/d")).unwrap();
    assert_eq!(bytes(&cut(&disk, Damage::Clean, 1), "/d/e/a"), Some(vec![1; 10]));
}

#[test]
fn equal_seeds_make_equal_images() {
    // Promise: what was found once can be found again.
    let disk = disk();
    let mut distinct = 0;
    for (_, damage) in DAMAGES {
        for seed in 0..50 {
            assert_eq!(cut(&disk, damage, seed), cut(&disk, damage, seed));
            distinct += usize::from(cut(&disk, damage, seed) != cut(&disk, damage, seed + 1));
        }
    }
    assert!(distinct > 100, "{distinct}");
}

#[test]
fn a_cut_comes_at_any_moment() {
    // Promise: the recording gives the disk as it was before each change.
    let recording = disk().recording();
    let lens: Vec<Option<usize>> = (0..recording.position_count())
        .map(|position| recording.cut(position).image(Damage::Clean, &mut Random::new(1)))
        .map(|image| bytes(&image, "/d/a").map(|bytes| bytes.len()))
        .collect();
    let none = [None; 6];
    assert_eq!(lens, [none.as_slice(), &[Some(700); 3]].concat());
}

#[test]
fn one_bit_is_flipped() {
    // Promise: a flip changes one bit of one file and nothing else.
    let image = cut(&disk(), Damage::Clean, 1);
    assert_eq!(image.bit_count(), 5_600);
    let flipped = bytes(&image.with_flipped_bit(5_599), "/d/a").unwrap();
    assert_eq!(flipped, [[1; 699].as_slice(), &[0x81]].concat());
    assert_eq!(image.with_flipped_bit(5_600), image);
}
