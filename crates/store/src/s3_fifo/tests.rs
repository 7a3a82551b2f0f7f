//! Laws of the eviction order, for single operations and for random ones.

use proptest::prelude::*;

use super::*;

type Fifo = S3Fifo<u32, u32>;

const OVERHEAD: usize = Fifo::ENTRY_SIZE_BYTES;
/// So that a value of 0 bytes takes one part in a hundred.
const CAPACITY: usize = 100 * OVERHEAD;

/// What can be done to it.
#[derive(Debug, Clone)]
enum Act {
    Get { key: u32, holds: bool },
    Insert { key: u32, size_bytes: usize, holds: bool },
    LetGo { place: usize },
    SetAside { size_bytes: usize },
    GiveBack,
    RemoveMultiplesOf(u32),
}

fn act() -> impl Strategy<Value = Act> {
    // Mostly small values, some above a tenth and above half of the capacity.
    let size = prop_oneof![12 => 0..8 * OVERHEAD, 2 => 0..30 * OVERHEAD, 1 => 0..CAPACITY * 2];
    let holds = || prop::bool::weighted(0.2);
    let get = (0..60_u32, holds()).prop_map(|(key, holds)| Act::Get { key, holds });
    let insert = (0..60_u32, size, holds()).prop_map(|(key, size_bytes, holds)| Act::Insert {
        key,
        size_bytes,
        holds,
    });
    prop_oneof![
        8 => get,
        8 => insert,
        2 => (0..100_usize).prop_map(|place| Act::LetGo { place }),
        1 => (0..CAPACITY / 4).prop_map(|size_bytes| Act::SetAside { size_bytes }),
        1 => Just(Act::GiveBack),
        1 => (5..40_u32).prop_map(Act::RemoveMultiplesOf),
    ]
}

/// What a naive cache without any bound would know.
#[derive(Default)]
struct Model {
    /// By key, the value inserted last and its size with the overhead.
    latest: HashMap<u32, (u32, usize)>,
    held: Vec<(u32, Arc<u32>)>,
    kept_count: usize,
    removed_count: usize,
}

fn run(fifo: &mut Fifo, model: &mut Model, number: u32, act: &Act) {
    match *act {
        Act::Get { key, holds } => {
            let Some(value) = fifo.get(&key) else { return };
            assert_eq!(*value, model.latest[&key].0);
            model.held.extend(holds.then_some((key, value)));
        }
        Act::Insert { key, size_bytes, holds } => {
            if fifo.peek(&key).is_some() {
                return;
            }
            let value = Arc::new(number);
            let fits = size_bytes + OVERHEAD <= CAPACITY / SMALL_PARTS;
            if fifo.insert(&key, &value, size_bytes) {
                model.latest.insert(key, (number, size_bytes + OVERHEAD));
                model.kept_count += 1;
                model.held.extend(holds.then_some((key, value)));
            } else if fits {
                assert_eq!(fifo.size_bytes(), fifo.pinned_bytes(), "room was left");
            }
        }
        Act::LetGo { place } if !model.held.is_empty() => {
            model.held.swap_remove(place % model.held.len());
        }
        Act::SetAside { size_bytes } => {
            fifo.set_aside(size_bytes);
            let is_bounded = fifo.size_bytes() + fifo.aside_bytes() <= CAPACITY;
            assert!(is_bounded || fifo.size_bytes() == fifo.pinned_bytes());
        }
        Act::GiveBack => fifo.give_back(fifo.aside_bytes()),
        Act::RemoveMultiplesOf(number) => {
            model.removed_count += fifo.remove_if(|key| key % number == 0);
            assert!(fifo.entries.keys().all(|key| key % number != 0));
            model.held.retain(|(key, _)| key % number != 0);
        }
        Act::LetGo { .. } => {}
    }
}

fn check(fifo: &Fifo, model: &Model) {
    assert!(fifo.size_bytes() <= CAPACITY);
    let queued = fifo.small.keys.len() + fifo.main.keys.len();
    assert_eq!(queued, fifo.entries.len());
    for queue in [&fifo.small, &fifo.main] {
        let sizes = queue.keys.iter().map(|key| fifo.entries[key].size_bytes);
        assert_eq!(sizes.sum::<usize>(), queue.size_bytes);
    }
    for (key, entry) in &fifo.entries {
        assert_eq!((*entry.value, entry.size_bytes), model.latest[key]);
    }
    let held: HashMap<u32, &Arc<u32>> = model.held.iter().map(|(k, v)| (*k, v)).collect();
    assert!(held.iter().all(|(key, value)| Arc::ptr_eq(&fifo.entries[key].value, value)));
    let pinned = held.keys().map(|key| fifo.entries[key].size_bytes).sum::<usize>();
    assert_eq!(fifo.pinned_bytes(), pinned);
    let gone = usize::try_from(fifo.eviction_count()).unwrap() + model.removed_count;
    assert_eq!(model.kept_count - gone, fifo.entry_count());
}

proptest! {
    #[test]
    fn it_agrees_with_a_naive_model(acts in prop::collection::vec(act(), 1..300)) {
        // Promise: whatever is done, the bound holds, sizes and counters are exact, what is held
        // outside stays the same value, and no value is found that was not the last inserted.
        let (mut fifo, mut model) = (Fifo::new(CAPACITY), Model::default());
        for (number, act) in (0..).zip(&acts) {
            run(&mut fifo, &mut model, number, act);
            check(&fifo, &model);
        }
    }
}

fn insert(fifo: &mut Fifo, keys: impl IntoIterator<Item = u32>) -> usize {
    keys.into_iter().filter(|&key| fifo.insert(&key, &Arc::new(key), 0)).count()
}

#[test]
fn values_used_once_go_before_those_used_again() {
    // Promise: two uses in the small queue earn a place in the main queue, one does not.
    let mut fifo = Fifo::new(CAPACITY);
    insert(&mut fifo, 0..20);
    (0..10).for_each(|key| drop(fifo.get(&key)));
    (0..5).for_each(|key| drop(fifo.get(&key)));
    insert(&mut fifo, 20..1_000);
    assert!((0..5).all(|key| fifo.peek(&key).is_some()));
    assert!((5..20).all(|key| fifo.peek(&key).is_none()));
    assert_eq!((fifo.entry_count(), fifo.size_bytes()), (100, CAPACITY));
    assert_eq!(fifo.eviction_count(), 900);
}

#[test]
fn a_key_that_returns_soon_goes_to_the_main_queue() {
    // Promise: what was given up too early is not given up again by the next scan.
    let mut fifo = Fifo::new(CAPACITY);
    insert(&mut fifo, 0..150);
    assert!(fifo.peek(&40).is_none());
    insert(&mut fifo, [40]);
    assert_eq!(fifo.main.keys, [40]);
    insert(&mut fifo, 150..1_000);
    assert!(fifo.peek(&40).is_some());
}

#[test]
fn main_values_stay_a_round_for_every_use() {
    // Promise: in the main queue a value is spared once for each use there, three times at most.
    let mut fifo = Fifo::new(CAPACITY);
    insert(&mut fifo, 0..150);
    insert(&mut fifo, 0..4);
    assert_eq!(fifo.main.keys, [0, 1, 2, 3]);
    for (key, uses) in [(1, 1), (2, 2), (3, 9)] {
        (0..uses).for_each(|_| drop(fifo.get(&key)));
    }
    for expected in [&[1, 2, 3][..], &[2, 3], &[3], &[]] {
        // A whole round.
        (0..fifo.main.keys.len()).for_each(|_| assert!(!fifo.pass_main()));
        assert_eq!(fifo.main.keys, expected);
    }
}

#[test]
fn new_values_always_have_their_tenth() {
    // Promise: however much the main queue holds, what comes new has time to be used again.
    let mut fifo = Fifo::new(CAPACITY);
    insert(&mut fifo, 0..180);
    insert(&mut fifo, 0..80);
    insert(&mut fifo, 80..99);
    insert(&mut fifo, 1_000..1_020);
    assert_eq!((fifo.small.keys.len(), fifo.main.keys.len()), (11, 89));
    assert!((1_010..1_020).all(|key| fifo.peek(&key).is_some()));
}

#[test]
fn uses_in_the_small_queue_count_there_only() {
    // Promise: one burst of uses earns a place in the main queue, but no rounds in it.
    let mut fifo = Fifo::new(CAPACITY);
    insert(&mut fifo, [7]);
    (0..9).for_each(|_| drop(fifo.get(&7)));
    assert!(!fifo.pass_small() && fifo.main.keys == [7]);
    assert!(!fifo.pass_main() && fifo.peek(&7).is_none());
}

#[test]
fn a_value_behind_pinned_ones_makes_room() {
    // Promise: nothing is refused while a value is left that may go, wherever it stands.
    let mut fifo = Fifo::new(CAPACITY);
    insert(&mut fifo, 0..100);
    (0..200).for_each(|time| drop(fifo.get(&(time % 100))));
    (0..99).for_each(|_| assert!(!fifo.pass_small()));
    let held: Vec<Arc<u32>> = (0..99).filter_map(|key| fifo.peek(&key)).collect();
    assert_eq!((fifo.main.keys.len(), held.len()), (99, 99));
    assert_eq!(insert(&mut fifo, [100]), 1);
    assert!(fifo.peek(&99).is_none());
}

#[test]
fn a_value_above_a_tenth_is_kept_from_its_second_time_on() {
    // Promise: one pass over large values costs no other value; half of the room is the most.
    let mut fifo = Fifo::new(CAPACITY);
    insert(&mut fifo, 0..100);
    let large = 40 * OVERHEAD;
    assert!((1_000..1_100).all(|key| !fifo.insert(&key, &Arc::new(key), large)));
    assert_eq!((fifo.entry_count(), fifo.eviction_count()), (100, 0));
    assert!(fifo.insert(&1_099, &Arc::new(7), large));
    assert_eq!((fifo.entry_count(), fifo.eviction_count()), (60, 41));
    for _ in 0..3 {
        assert!(!fifo.insert(&2_000, &Arc::new(7), CAPACITY / 2));
    }
    assert!(!fifo.insert(&2_000, &Arc::new(7), usize::MAX));
}

#[test]
fn when_all_is_pinned_nothing_goes() {
    // Promise: values in use stay, and what comes meanwhile is refused, not squeezed in.
    let mut fifo = Fifo::new(CAPACITY);
    insert(&mut fifo, 0..100);
    let held: Vec<Arc<u32>> = (0..100).filter_map(|key| fifo.peek(&key)).collect();
    assert_eq!((held.len(), fifo.pinned_bytes()), (100, CAPACITY));
    assert_eq!(insert(&mut fifo, 100..200), 0);
    fifo.set_aside(5);
    assert_eq!((fifo.entry_count(), fifo.eviction_count()), (100, 0));
    drop(held);
    assert_eq!(insert(&mut fifo, 200..201), 1);
    assert_eq!(fifo.eviction_count(), 2);
    assert_eq!((fifo.size_bytes(), fifo.aside_bytes()), (99 * OVERHEAD, 5));
}
