//! Values by key, packed as bytes unless they are being added to: a packed sketch takes a tenth
//! of the memory of an open one.
//!
//! Invariants: packed bytes decode, since they were encoded here or checked when they were read;
//! `opened` names each open cell.

use std::collections::BTreeMap;

use kronicler_format::FormatError;
use kronicler_format::varint::{Cursor, put_bytes};

use crate::distribution::Distribution;
use crate::slowest::SlowestList;

/// Rows kept of each function and day.
pub(crate) const DAY_SLOWEST_COUNT: usize = 10;

/// The slowest rows of a function and day.
pub(crate) type SlowestOfDay = SlowestList<DAY_SLOWEST_COUNT>;

/// Cells open at a time at most: with 5 KiB of a usual sketch each, 1.3 MiB.
const OPEN_COUNT_MAX: usize = 256;

/// Bytes an open cell takes more, about.
const OPEN_SIZE_BYTES: usize = 6_144;

/// Bytes a cell takes besides its value: key, place in the tree, two allocations.
const CELL_SIZE_BYTES: usize = 96;

/// What a cell can hold.
pub(crate) trait Value: Clone + Default {
    /// Appends the bytes, at least one.
    fn encode(&self, out: &mut Vec<u8>);
    fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError>;
    fn merge(&mut self, other: &Self);
    fn merge_encoded(&mut self, bytes: &[u8]) -> Result<(), FormatError>;
}

impl Value for Distribution {
    fn encode(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }

    fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        Self::decode(cursor)
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn merge_encoded(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.merge_encoded(&mut Cursor::new("history entry", bytes))
    }
}

impl Value for SlowestOfDay {
    fn encode(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }

    fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        Self::decode(cursor)
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn merge_encoded(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.merge_encoded(Cursor::new("history rows", bytes))
    }
}

/// A value: as bytes, or open, and then the bytes are empty.
#[derive(Clone, Debug)]
pub(crate) struct Cell<T> {
    bytes: Box<[u8]>,
    open: Option<Box<T>>,
}

impl<T: Value> Cell<T> {
    /// The value.
    pub(crate) fn value(&self) -> T {
        self.open.as_deref().map_or_else(|| unpacked(&self.bytes), T::clone)
    }

    /// Adds the value to another.
    pub(crate) fn merge_into(&self, other: &mut T) {
        if let Some(value) = &self.open {
            other.merge(value);
        } else if !self.bytes.is_empty() {
            let merged = other.merge_encoded(&self.bytes);
            debug_assert!(merged.is_ok(), "packed bytes decode");
        }
    }

    /// Appends the length of the value's bytes, then these.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match &self.open {
            Some(value) => put_bytes(out, &packed(&**value)),
            None => put_bytes(out, &self.bytes),
        }
    }

    /// Bytes of the value when it is packed.
    pub(crate) fn size_bytes(&self) -> usize {
        self.open.as_deref().map_or(self.bytes.len(), |value| packed(value).len())
    }

    fn open(&mut self) -> &mut T {
        let bytes = std::mem::take(&mut self.bytes);
        self.open.get_or_insert_with(|| Box::new(unpacked(&bytes)))
    }

    fn pack(&mut self) {
        if let Some(value) = self.open.take() {
            self.bytes = packed(&*value);
        }
    }
}

fn packed<T: Value>(value: &T) -> Box<[u8]> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out.into_boxed_slice()
}

fn unpacked<T: Value>(bytes: &[u8]) -> T {
    if bytes.is_empty() {
        return T::default();
    }
    let value = T::decode(&mut Cursor::new("history cell", bytes));
    debug_assert!(value.is_ok(), "packed bytes decode");
    value.unwrap_or_default()
}

/// Cells in the order of their keys.
#[derive(Clone, Debug)]
pub(crate) struct Cells<K, T> {
    cells: BTreeMap<K, Cell<T>>,
    opened: Vec<K>,
}

impl<K: Ord + Copy, T: Value> Cells<K, T> {
    pub(crate) const fn new() -> Self {
        Self { cells: BTreeMap::new(), opened: Vec::new() }
    }

    /// The value of `key`, an empty one if there was none, to be added to.
    pub(crate) fn value_mut(&mut self, key: K) -> &mut T {
        if self.opened.len() >= OPEN_COUNT_MAX {
            self.pack();
        }
        let cell =
            self.cells.entry(key).or_insert_with(|| Cell { bytes: Box::default(), open: None });
        if cell.open.is_none() {
            self.opened.push(key);
        }
        cell.open()
    }

    /// Adds the value of a cell to that of `key`.
    pub(crate) fn merge_cell(&mut self, key: K, cell: &Cell<T>) {
        if self.cells.contains_key(&key) {
            cell.merge_into(self.value_mut(key));
            return;
        }
        let mut cell = cell.clone();
        cell.pack();
        self.cells.insert(key, cell);
    }

    /// Puts bytes that decode at the end of all keys; `false` if the key is not behind them.
    pub(crate) fn push_packed(&mut self, key: K, bytes: &[u8]) -> bool {
        let is_behind = self.cells.last_key_value().is_none_or(|(last, _)| *last < key);
        if is_behind {
            self.cells.insert(key, Cell { bytes: bytes.into(), open: None });
        }
        is_behind
    }

    /// Packs what is open.
    pub(crate) fn pack(&mut self) {
        for key in self.opened.drain(..) {
            if let Some(cell) = self.cells.get_mut(&key) {
                cell.pack();
            }
        }
    }

    /// Takes the cells out that `is_wanted` says.
    pub(crate) fn take(&mut self, is_wanted: impl Fn(K) -> bool) -> Vec<(K, Cell<T>)> {
        self.pack();
        let keys: Vec<K> = self.cells.keys().copied().filter(|&key| is_wanted(key)).collect();
        keys.into_iter().filter_map(|key| self.cells.remove_entry(&key)).collect()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &Cell<T>)> {
        self.cells.iter().map(|(&key, cell)| (key, cell))
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Bytes of memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        let packed = self.cells.values().map(|cell| CELL_SIZE_BYTES + cell.bytes.len());
        packed.sum::<usize>() + self.opened.len() * OPEN_SIZE_BYTES
    }
}
