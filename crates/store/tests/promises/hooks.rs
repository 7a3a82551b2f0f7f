//! What a process has hooked: the lane tells it for as long as that process is its last.

use std::sync::Arc;

use kronicler_format::{Hook, HookKind, Hooks};
use kronicler_store::{LaneReader, Memory, Seal, Storage, compact_lane};

use crate::sealing::EAGER;
use crate::world::{Owner, life, read, root, run};

fn hooks(subjects: &[&str]) -> Hooks {
    let hook = |subject: &&str| Hook {
        kind: HookKind::Pattern,
        subject: (*subject).to_owned(),
        functions: 2,
        remark: "a:f, a:g".to_owned(),
    };
    Hooks { list: subjects.iter().map(hook).collect(), left_out: 1 }
}

impl Owner {
    fn hook(&mut self, hooks: &Hooks) {
        self.writer.append_hooks(hooks).expect("there is room");
        self.writer.absorb_into(&mut self.state, &[]);
    }
}

/// What somebody finds who has just come.
fn found(storage: &Arc<dyn Storage>) -> Hooks {
    let reader = LaneReader::open(storage, &root(), 0).expect("it can be read");
    Hooks::clone(&reader.expect("the lane is there").state().hooks)
}

#[test]
fn hooks_are_those_of_the_last_process() {
    // Promise: what a process told last counts, also when its log is rotated and compacted and
    // when it has died; the next process begins with nothing, and so does a lane that is cleared.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    assert!(found(&storage).is_empty());
    owner.hook(&hooks(&["./a/**"]));
    owner.append(70_000);
    let last = hooks(&["./a/**", "pg"]);
    owner.hook(&last);
    owner.append(10);
    let check =
        |owner: &Owner| assert_eq!((&*owner.state.hooks, found(&storage)), (&last, last.clone()));
    check(&owner);
    owner.rotate();
    check(&owner);
    assert!(owner.seal(Seal::All));
    owner.rotate();
    check(&owner);
    owner.append(5);
    drop(owner);
    assert_eq!(found(&storage), last, "the dead have told it, too");
    assert!(compact_lane(&storage, &root(), 0, &EAGER, 1).unwrap().is_some());
    assert_eq!(found(&storage), last);
    assert!(kronicler_store::verify(&storage, &root()).unwrap().is_whole());
    let mut owner = Owner::open(&storage, &root(), 0);
    assert!(owner.state.hooks.is_empty() && found(&storage).is_empty());
    assert_eq!(read(&storage, &root(), 0), life(0..70_015, 0));
    owner.hook(&last);
    check(&owner);
    owner.state = owner.writer.clear(run(78)).unwrap();
    assert!(owner.state.hooks.is_empty() && found(&storage).is_empty());
    owner.close();
    assert!(kronicler_store::verify(&storage, &root()).unwrap().is_whole());
}
