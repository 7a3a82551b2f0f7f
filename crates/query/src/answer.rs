//! An answer, and whether it is about all that was stored.

use kronicler_store::{Snapshot, StoreError};

/// Snapshots that are tried before an answer stays partial.
const TRY_COUNT_MAX: u32 = 3;

/// An answer, and whether it is about all that was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// Whether stored rows could not be read, so that the answer lacks them.
    pub is_partial: bool,
    /// Whether some of them could not because their file was replaced, joined with others or
    /// cleared since the snapshot was taken: a new snapshot answers better, see [`ask`].
    pub is_stale: bool,
}

impl<T> Answer<T> {
    /// The same answer in another form.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        let Self { value, is_partial, is_stale } = self;
        Answer { value: change(value), is_partial, is_stale }
    }
}

/// What an answer lacks so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Gaps {
    /// Rows that are damaged, or in a log that cannot be read.
    pub is_partial: bool,
    /// Rows whose file is gone.
    pub is_stale: bool,
}

impl Gaps {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        Self { is_partial: snapshot.is_partial(), is_stale: false }
    }

    /// Notes that something is missing, because it is gone or because it is damaged.
    pub(crate) const fn note(&mut self, is_gone: bool) {
        self.is_partial |= !is_gone;
        self.is_stale |= is_gone;
    }

    pub(crate) const fn add(&mut self, other: Self) {
        self.is_partial |= other.is_partial;
        self.is_stale |= other.is_stale;
    }

    pub(crate) const fn answer<T>(self, value: T) -> Answer<T> {
        Answer { value, is_partial: self.is_partial || self.is_stale, is_stale: self.is_stale }
    }
}

/// Asks a question, and asks it again on a new snapshot when files were replaced meanwhile: three
/// times at most, then the answer stays partial.
///
/// # Errors
/// Those of `snapshot` and of the question.
pub fn ask<T, E: From<StoreError>>(
    mut snapshot: impl FnMut() -> Result<Snapshot, E>,
    mut question: impl FnMut(&Snapshot) -> Result<Answer<T>, StoreError>,
) -> Result<Answer<T>, E> {
    for _ in 1..TRY_COUNT_MAX {
        let answer = question(&snapshot()?)?;
        if !answer.is_stale {
            return Ok(answer);
        }
    }
    Ok(question(&snapshot()?)?)
}
