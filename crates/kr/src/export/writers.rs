//! Which process wrote a row: the processes of a lane follow each other, so it shows by the id.

use std::ops::Range;
use std::sync::Arc;

use kronicler_format::Run;
use kronicler_query::{instance_name, runs};
use kronicler_store::RowId;

use crate::context::Context;
use crate::failure::Failure;

/// The processes that wrote the rows.
pub struct Writers {
    /// In the order of their rows.
    writers: Vec<Writer>,
}

/// A process.
pub struct Writer {
    /// The id from which on rows are of it.
    first_id: u64,
    /// What is known of it.
    pub run: Run,
    /// What it is called among others of its version.
    pub instance: Arc<str>,
}

impl Writers {
    /// The processes that wrote what is in the database.
    pub fn new(context: &Context) -> Result<Self, Failure> {
        // Rows whose writer cannot be read cannot be read either, and are told of then.
        let mut known = context.database.ask(runs)?.value;
        known.retain(|one| one.rows > 0);
        known.sort_by_key(|one| (one.lane, one.run.first_seq));
        let mut lane = None;
        let writers = known.into_iter().map(|one| {
            // Rows before the first process of a lane would be of it, too.
            let first_seq = if lane == Some(one.lane) { one.run.first_seq } else { 0 };
            lane = Some(one.lane);
            let instance = instance_name(&one.run).into();
            Writer { first_id: RowId::new(one.lane, first_seq).number(), run: one.run, instance }
        });
        Ok(Self { writers: writers.collect() })
    }

    /// All of them.
    pub fn all(&self) -> &[Writer] {
        &self.writers
    }

    /// Ranges of ascending ids that were written by the same process, each with its index; `None`
    /// when it is not known.
    pub fn of<'a>(
        &'a self,
        ids: &'a [u64],
    ) -> impl Iterator<Item = (Option<usize>, Range<usize>)> + 'a {
        let mut start = 0;
        std::iter::from_fn(move || {
            let first = *ids.get(start)?;
            let behind = self.writers.partition_point(|writer| writer.first_id <= first);
            let count = match self.writers.get(behind) {
                Some(next) => ids[start..].partition_point(|&id| id < next.first_id),
                None => ids.len() - start,
            };
            let range = start..start + count.max(1);
            start = range.end;
            Some((behind.checked_sub(1), range))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_of_whoever_wrote_last() {
        // Promise: each row is of the process that wrote it, at the borders, too.
        let writer = |first_id| Writer { first_id, run: Run::default(), instance: "".into() };
        let writers = Writers { writers: [0, 10, 20].map(writer).into() };
        let of = |ids: &[u64]| writers.of(ids).collect::<Vec<_>>();
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[3, 9, 10, 19]), [(Some(0), 0..2), (Some(1), 2..4)]);
        assert_eq!(of(&[20, 21, 99]), [(Some(2), 0..3)]);
        assert_eq!(Writers { writers: Vec::new() }.of(&[7, 8]).collect::<Vec<_>>(), [(None, 0..2)]);
    }
}
