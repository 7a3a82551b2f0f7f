//! Details on their way from the threads that capture to the disk thread.
//!
//! ```text
//!  hand_over --> inbox --drain--> waiting    (its record was not met yet)
//!                             \-> placed     (its row is in the memtable, or behind it)
//!                 placed --disk thread--> DETAIL frame
//! ```
//!
//! Records reach the drain through their ring, details through the inbox: either may come first.
//! What a call belongs to comes through the ring with its record, and is placed at once.
//! Rows are told by how many were appended to the memtable before them, which becomes a sequence
//! when it is asked for. One lock, that of the table, taken last.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use kronicler_format::limits::DETAIL_SIZE_BYTES_MAX;
use kronicler_format::{CallContext, Detail, RowDetail};

/// Details of a database that are in memory at most.
const DETAIL_COUNT_MAX: usize = 1_024;
/// Rows that are remembered because their details have yet to come: these follow within
/// microseconds, so few are ever under way.
const EXPECTED_COUNT_MAX: usize = 4_096;

/// Bytes of a detail that is handed over: with what the call belongs to it has no more than a row
/// may have, even if that is written twice.
const HANDED_SIZE_BYTES_MAX: usize = DETAIL_SIZE_BYTES_MAX - 96;

/// The key of a ring and a number that it gave out.
pub(crate) type Ticket = (u64, u32);

type Handed = (Ticket, Arc<[u8]>);

/// Details on their way.
#[derive(Debug, Default)]
pub(crate) struct Details {
    inbox: OnceLock<(SyncSender<Handed>, Mutex<Receiver<Handed>>)>,
    table: Mutex<Table>,
    /// Details that were handed over and are not yet written.
    count: AtomicUsize,
    /// Rows of which no more is told than what their calls belong to.
    context_count: AtomicUsize,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Table {
    waiting: HashMap<Ticket, Arc<[u8]>>,
    expected: HashMap<Ticket, u64>,
    /// The same, oldest first.
    expected_order: VecDeque<Ticket>,
    placed: BTreeMap<u64, Told>,
}

/// What is told of a row.
#[derive(Debug, Clone)]
struct Told {
    bytes: Arc<[u8]>,
    /// Whether that was handed over, all or a part.
    is_handed: bool,
}

/// A lock that outlives a panic of another holder, who leaves maps whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn expect(&mut self, ticket: Ticket, row: u64) {
        if self.expected_order.len() >= EXPECTED_COUNT_MAX
            && let Some(oldest) = self.expected_order.pop_front()
        {
            self.expected.remove(&oldest);
        }
        self.expected.insert(ticket, row);
        self.expected_order.push_back(ticket);
    }
}

/// Details whose rows are known.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    /// By how many rows were appended before each row.
    rows: Vec<(u64, Told)>,
    /// Those of rows that are not sealed, ascending.
    pub details: Vec<RowDetail>,
}

impl Details {
    /// Takes a detail from a thread that captures. Never waits for a lock.
    pub fn hand_over(&self, ticket: Ticket, bytes: &[u8]) {
        let has_room = self.count.fetch_add(1, Ordering::Relaxed) < DETAIL_COUNT_MAX;
        let make = || {
            let (sender, receiver) = sync_channel(DETAIL_COUNT_MAX);
            (sender, Mutex::new(receiver))
        };
        let is_taken = has_room && bytes.len() <= HANDED_SIZE_BYTES_MAX && {
            let (sender, _) = self.inbox.get_or_init(make);
            sender.try_send((ticket, bytes.into())).is_ok()
        };
        if !is_taken {
            self.drop_some(1);
        }
    }

    /// Whether half of the room is taken.
    pub fn is_filling(&self) -> bool {
        self.count.load(Ordering::Relaxed) == DETAIL_COUNT_MAX / 2
    }

    /// Whether there are details that the disk thread can write.
    pub fn has_placed(&self) -> bool {
        !self.is_empty() && !lock(&self.table).placed.is_empty()
    }

    fn is_empty(&self) -> bool {
        let counts = [&self.count, &self.context_count];
        counts.iter().all(|count| count.load(Ordering::Relaxed) == 0)
    }

    fn drop_some(&self, count: usize) {
        self.count.fetch_sub(count, Ordering::Relaxed);
        self.count_dropped(count as u64);
    }

    /// Counts details that somebody else could not keep.
    pub fn count_dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// How many could not be kept since the lane was begun.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Brings details and rows together: `met` are the tickets of the records that were just
    /// taken, each with how many rows were appended before its own; none when it became no row.
    /// `contexts` are what calls among them belong to, by the same number.
    pub fn settle(&self, met: &[(Ticket, Option<u64>)], contexts: &[(u64, CallContext)]) {
        if met.is_empty() && contexts.is_empty() && self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut table = lock(&self.table);
        let table = &mut *table;
        for &(row, context) in contexts {
            let mut bytes = Vec::new();
            Detail { context: Some(context), ..Detail::default() }.encode(&mut bytes);
            table.placed.insert(row, Told { bytes: bytes.into(), is_handed: false });
        }
        self.context_count.fetch_add(contexts.len(), Ordering::Relaxed);
        if let Some((_, receiver)) = self.inbox.get() {
            // So many at most, whoever goes on handing over.
            let handed: Vec<Handed> = lock(receiver).try_iter().take(DETAIL_COUNT_MAX).collect();
            for (ticket, bytes) in handed {
                match table.expected.remove(&ticket) {
                    Some(row) => self.place(&mut table.placed, row, bytes),
                    None => drop(table.waiting.insert(ticket, bytes)),
                }
            }
        }
        for &(ticket, row) in met {
            match (table.waiting.remove(&ticket), row) {
                (Some(bytes), Some(row)) => self.place(&mut table.placed, row, bytes),
                (Some(_), None) => self.drop_some(1),
                (None, Some(row)) => table.expect(ticket, row),
                (None, None) => {}
            }
        }
    }

    /// Puts what was handed over behind what its call belongs to.
    fn place(&self, placed: &mut BTreeMap<u64, Told>, row: u64, bytes: Arc<[u8]>) {
        let bytes = match placed.get(&row) {
            Some(Told { bytes: context, is_handed: false }) => {
                self.context_count.fetch_sub(1, Ordering::Relaxed);
                [&**context, &*bytes].concat().into()
            }
            _ => bytes,
        };
        placed.insert(row, Told { bytes, is_handed: true });
    }

    /// Details of rows before which fewer than `end` were appended, with sequences: `seq_of` gives
    /// that of a row, unless it is sealed or gone. They stay until [`Details::retire`].
    pub fn before(&self, end: u64, seq_of: impl Fn(u64) -> Option<u64>) -> Placed {
        let mut placed = Placed::default();
        if self.is_empty() {
            return placed;
        }
        for (&row, told) in lock(&self.table).placed.range(..end) {
            let bytes = &told.bytes;
            let detail = seq_of(row).map(|seq| RowDetail { seq, bytes: Arc::clone(bytes) });
            placed.details.extend(detail);
            placed.rows.push((row, told.clone()));
        }
        placed
    }

    /// Forgets what [`Details::before`] gave: it is written. Others may have come meanwhile, and
    /// more may be told of these rows: that is written again as a whole.
    pub fn retire(&self, placed: &Placed) {
        let mut table = lock(&self.table);
        let (mut handed, mut contexts) = (0, 0);
        for (row, told) in &placed.rows {
            let is_same = |now: &Told| Arc::ptr_eq(&now.bytes, &told.bytes);
            if table.placed.get(row).is_some_and(is_same) {
                table.placed.remove(row);
                let count = if told.is_handed { &mut handed } else { &mut contexts };
                *count += 1;
            }
        }
        drop(table);
        self.count.fetch_sub(handed, Ordering::Relaxed);
        self.context_count.fetch_sub(contexts, Ordering::Relaxed);
        let gone = placed.rows.len().saturating_sub(placed.details.len());
        self.count_dropped(gone as u64);
    }

    /// Forgets all details. `are_dropped`: their calls could not be kept either; else nobody is to
    /// know of them, nor of those that were dropped before.
    pub fn clear(&self, are_dropped: bool) {
        self.settle(&[], &[]);
        let table = std::mem::take(&mut *lock(&self.table));
        let handed = table.placed.values().filter(|told| told.is_handed).count();
        self.drop_some(table.waiting.len() + handed);
        self.context_count.fetch_sub(table.placed.len() - handed, Ordering::Relaxed);
        if !are_dropped {
            self.dropped.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(details: &Details) -> Vec<(u64, Vec<u8>)> {
        let found = details.before(u64::MAX, |row| Some(row + 100));
        found.details.iter().map(|detail| (detail.seq, detail.bytes.to_vec())).collect()
    }

    #[test]
    fn a_detail_finds_its_row_whichever_comes_first() {
        // Promise: a detail is that of its own call, and none is kept for a call without a row.
        let details = Details::default();
        details.hand_over((1, 1), b"first");
        details.settle(&[((1, 1), Some(5)), ((2, 1), Some(6)), ((1, 2), None)], &[]);
        details.hand_over((2, 1), b"late");
        details.hand_over((1, 3), b"without a row");
        details.settle(&[((1, 3), None)], &[]);
        assert_eq!(found(&details), [(105, b"first".to_vec()), (106, b"late".to_vec())]);
        assert_eq!(details.dropped(), 1);
        let taken = details.before(6, Some);
        // One that comes while they are written waits for the next time.
        details.settle(&[((3, 1), Some(2))], &[]);
        details.hand_over((3, 1), b"between");
        details.settle(&[], &[]);
        details.retire(&taken);
        assert_eq!(found(&details), [(102, b"between".to_vec()), (106, b"late".to_vec())]);
        details.retire(&details.before(u64::MAX, |_| None));
        assert_eq!((found(&details), details.dropped()), (Vec::new(), 3));
        assert_eq!(details.count.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_a_call_belongs_to_stands_before_its_detail() {
        // Promise: who made a call is stored with it, whether or not more is told, and whenever.
        let context = CallContext { call: 3, parent: 2, request: 1 };
        let mut bytes = Vec::new();
        Detail { context: Some(context), ..Detail::default() }.encode(&mut bytes);
        let details = Details::default();
        details.settle(&[((1, 1), Some(5))], &[(5, context), (6, context)]);
        assert!(details.has_placed());
        let taken = details.before(7, Some);
        details.hand_over((1, 1), b"more");
        details.settle(&[], &[]);
        details.retire(&taken);
        let whole = [&bytes[..], b"more"].concat();
        assert_eq!(found(&details), [(105, whole)]);
        details.retire(&details.before(7, Some));
        assert!(details.is_empty() && !details.has_placed());
        details.settle(&[], &[(8, context)]);
        details.clear(true);
        assert!(details.is_empty());
        assert_eq!(details.dropped(), 0);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        // Promise: at most 1,024 details wait, each of 4 KiB at most; others are counted.
        let details = Details::default();
        details.hand_over((1, 1), &[0; DETAIL_SIZE_BYTES_MAX + 1]);
        for ticket in 2..1_100 {
            details.hand_over((1, ticket), b"detail");
        }
        details.settle(&[], &[]);
        assert_eq!(details.dropped(), 1 + 1_098 - 1_024);
        let met = (2..1_100).map(|ticket| ((1, ticket), Some(u64::from(ticket))));
        details.settle(&met.collect::<Vec<_>>(), &[]);
        assert!(details.has_placed());
        details.clear(true);
        assert_eq!(details.count.load(Ordering::Relaxed), 0);
        for ticket in 0..10_000 {
            details.settle(&[((3, ticket), Some(1))], &[]);
        }
        assert!(lock(&details.table).expected.len() <= EXPECTED_COUNT_MAX);
    }
}
