//! A machine that loses power.

use std::sync::Arc;

use kronicler_store::{Memory, Storage};
use proptest::prelude::*;

use crate::world::{Owner, life, read, root};

/// What a process may do with its lane.
#[derive(Debug, Clone)]
enum Act {
    Append(u64),
    Sync,
    Close,
    Exit,
    PowerCut,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1..30_u64).prop_map(Act::Append),
        3 => Just(Act::Sync),
        1 => Just(Act::Close),
        1 => Just(Act::Exit),
        2 => Just(Act::PowerCut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(80)
    })]
    #[test]
    fn what_was_synced_survives(acts in prop::collection::vec(act(), 1..40)) {
        // Promise: a power cut costs what was not synced at most, and the lane opens again.
        let mut memory = Memory::default();
        let mut storage: Arc<dyn Storage> = Arc::new(memory.clone());
        let mut owner = Some(Owner::open(&storage, &root(), 0));
        let (mut stored, mut synced) = (Vec::new(), 0);
        for (life_number, act) in (1..).zip(acts) {
            let from = stored.len() as u64;
            match (act, owner.take()) {
                (Act::Append(count), Some(mut writer)) => {
                    writer.append(count);
                    stored.extend(life(from..from + count, writer.life));
                    owner = Some(writer);
                }
                (Act::Sync, Some(mut writer)) => {
                    prop_assert!(writer.writer.sync().is_ok());
                    prop_assert!(!writer.writer.is_dirty());
                    synced = stored.len();
                    owner = Some(writer);
                }
                (Act::Close, Some(writer)) => {
                    writer.close();
                    synced = stored.len();
                }
                (Act::Exit, writer) => drop(writer),
                (Act::PowerCut, writer) => {
                    memory = memory.after_power_cut();
                    storage = Arc::new(memory.clone());
                    drop(writer);
                    stored.truncate(synced);
                }
                (_, None) => {}
            }
            prop_assert_eq!(read(&storage, &root(), 0), stored.clone());
            if owner.is_none() {
                let next = Owner::open(&storage, &root(), life_number);
                prop_assert_eq!(next.writer.lane(), 0);
                prop_assert_eq!(next.state.next_seq, stored.len() as u64);
                // What somebody goes on from is durable.
                synced = stored.len();
                owner = Some(next);
            }
        }
    }
}

#[test]
fn a_new_database_survives_once_it_was_opened() {
    // Promise: a head is durable before the first row can be in it.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    let uuid = owner.state.head.uuid;
    owner.append(3);
    let after: Arc<dyn Storage> = Arc::new(memory.after_power_cut());
    assert!(read(&after, &root(), 0).is_empty());
    let next = Owner::open(&after, &root(), 1);
    assert_eq!((next.state.head.uuid, next.state.next_seq), (uuid, 0));
}

#[test]
fn a_refused_sync_is_told() {
    // Promise: nobody is told that rows are safe when they are not.
    let memory = Memory::default();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let mut owner = Owner::open(&storage, &root(), 0);
    owner.append(3);
    memory.refuse_sync(true);
    let error = owner.writer.sync().unwrap_err();
    assert_eq!(error.code(), "KRONICLER_IO");
    assert!(owner.writer.is_dirty());
    assert!(owner.writer.close(&owner.state).is_err());
    assert_eq!(read(&storage, &root(), 0), life(0..3, 0), "other processes still see the rows");
}
