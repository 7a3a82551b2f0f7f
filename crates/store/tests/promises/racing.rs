//! Verifying beside a living owner, and a disk that does something when a file is opened.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use kronicler_store::{Memory, Seal, Space, Storage, StorageFile, StorageLock, verify};

use crate::sealing::EAGER;
use crate::verifying::{clean, expire};
use crate::world::{Owner, root};

type Act = Box<dyn FnMut() + Send>;

/// A disk on which somebody acts whenever a segment is about to be opened.
struct Racing {
    memory: Memory,
    act: Mutex<Act>,
}

impl fmt::Debug for Racing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Racing")
    }
}

impl Storage for Racing {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.memory.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.memory.list(path)
    }

    fn dir_stamp(&self, path: &Path) -> io::Result<Option<u128>> {
        self.memory.dir_stamp(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if name.is_some_and(|name| name.starts_with("segment-")) {
            (self.act.lock().expect("one thread"))();
        }
        self.memory.open(path)
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.memory.open_append(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
        self.memory.create(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.memory.remove(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.memory.space(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.memory.sync_dir(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn StorageLock>>> {
        self.memory.try_lock(path)
    }
}

/// Verifies while an owner with 6 segments acts before each file that is opened.
fn raced(mut act: impl FnMut(&mut Owner, u32) + Send + 'static) -> Arc<dyn Storage> {
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    for _ in 0..6 {
        owner.append(20);
        owner.seal(Seal::All);
    }
    let mut count = 0;
    let act = Box::new(move || {
        count += 1;
        act(&mut owner, count);
    });
    Arc::new(Racing { memory, act: Mutex::new(act) })
}

#[test]
fn the_work_of_a_living_owner_is_no_damage() {
    // Promise: files that were joined, expired, replaced or cleared while they are verified are
    // never told as damage, however often that happens.
    clean(&raced(|owner, count| {
        if count == 3 {
            owner.merge(&EAGER);
            owner.writer.sweep(i64::MAX);
        }
    }));
    clean(&raced(|owner, _| {
        if !owner.state.segments.is_empty() {
            expire(owner, 1);
        }
    }));
    clean(&raced(|owner, _| {
        owner.append(10);
        owner.seal(Seal::All);
        owner.merge(&EAGER);
        owner.writer.sweep(i64::MAX);
        owner.rotate();
    }));
    clean(&raced(|owner, count| {
        if count == 2 {
            owner.state = owner.writer.clear(crate::world::run(9)).expect("it can be cleared");
        }
    }));
}

#[test]
fn damage_beside_a_living_owner_is_found() {
    // Promise: a lane that changes all the time hides nothing.
    let storage = raced(|owner, _| {
        owner.append(1);
        owner.seal(Seal::All);
    });
    let dir = kronicler_store::lane_dir(&root(), 0);
    let path = kronicler_store::file_path(&dir, kronicler_store::FileKind::Segment, 2);
    storage.remove(&path).expect("it is there");
    let report = verify(&storage, &root()).expect("it can be verified");
    let [finding] = &report.findings[..] else { panic!("{:#?}", report.findings) };
    assert_eq!((&finding.path, finding.row_count), (&path, Some(20)));
}
