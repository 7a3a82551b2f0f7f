//! Names and sources of a file with columns: written once, in the rows stand their numbers.
//!
//! A batch brings a table of names of its own, which is another one when files were replaced while
//! rows were read. An Arrow file has one table only: that of the beginning, into which the others
//! are translated. Each value stands in it once, as some readers insist on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{ArrayRef, StringArray};
use kronicler_query::NameTable;
use kronicler_store::{Name, Snapshot};

use crate::failure::Failure;

/// Names and sources of all rows.
pub struct Names {
    /// The names, each once.
    pub names: ArrayRef,
    /// The sources, each once.
    pub sources: ArrayRef,
    /// By name.
    index: HashMap<Arc<str>, Keys>,
    /// Translations of the tables that were met so far.
    translations: Mutex<Vec<(Arc<NameTable>, Arc<Translation>)>>,
}

/// Where a name and its source stand.
#[derive(Debug, Clone, Copy)]
struct Keys {
    name: i32,
    source: i32,
}

/// What the numbers of a table's names are here.
pub struct Translation {
    /// Numbers of names; `None` for one that nobody knows.
    names: Vec<Option<Keys>>,
}

impl Names {
    /// The names of a snapshot.
    pub fn new(snapshot: &Snapshot) -> Result<Self, Failure> {
        let table = NameTable::new(snapshot);
        let (mut names, mut sources) = (Distinct::default(), Distinct::default());
        let mut index = HashMap::new();
        for Name { name, source } in table.names() {
            let keys = Keys { name: names.key(name)?, source: sources.key(source)? };
            index.entry(Arc::clone(name)).or_insert(keys);
        }
        Ok(Self {
            names: names.array(),
            sources: sources.array(),
            index,
            translations: Mutex::default(),
        })
    }

    /// The translation of a table.
    pub fn translation(&self, table: &Arc<NameTable>) -> Arc<Translation> {
        let mut known = self.translations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, translation)) = known.iter().find(|(one, _)| Arc::ptr_eq(one, table)) {
            return Arc::clone(translation);
        }
        let keys = table.names().iter().map(|name| self.index.get(&name.name).copied());
        let translation = Arc::new(Translation { names: keys.collect() });
        known.push((Arc::clone(table), Arc::clone(&translation)));
        translation
    }
}

impl Translation {
    /// Where the names of rows stand, given their numbers.
    pub fn names(&self, numbers: &[u32]) -> Result<Vec<i32>, Failure> {
        self.keys(numbers, |keys| keys.name)
    }

    /// Where the sources of rows stand, given the numbers of their names.
    pub fn sources(&self, numbers: &[u32]) -> Result<Vec<i32>, Failure> {
        self.keys(numbers, |keys| keys.source)
    }

    fn keys(&self, numbers: &[u32], of: impl Fn(Keys) -> i32) -> Result<Vec<i32>, Failure> {
        let keys = numbers.iter().map(|&number| {
            let keys = self.names.get(number as usize).copied().flatten();
            let unknown = || "a row has a name that was not there at the beginning".to_owned();
            keys.map(&of).ok_or_else(|| Failure::Encoding(unknown()))
        });
        keys.collect()
    }
}

/// Texts, each once.
#[derive(Default)]
pub struct Distinct {
    texts: Vec<Arc<str>>,
    index: HashMap<Arc<str>, i32>,
}

impl Distinct {
    /// Where a text stands.
    pub fn key(&mut self, text: &Arc<str>) -> Result<i32, Failure> {
        if let Some(&key) = self.index.get(text) {
            return Ok(key);
        }
        let key = i32::try_from(self.texts.len());
        let key = key.map_err(|_| Failure::Encoding("there are too many names".to_owned()))?;
        self.texts.push(Arc::clone(text));
        self.index.insert(Arc::clone(text), key);
        Ok(key)
    }

    /// The texts in the order of their keys.
    pub fn array(&self) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(self.texts.iter()))
    }
}
