//! An answer, and whether it is about all that was stored.

/// An answer, and whether it is about all that was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// Whether stored rows could not be read, so that the answer lacks them.
    pub is_partial: bool,
}

impl<T> Answer<T> {
    /// The same answer in another form.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: change(self.value), is_partial: self.is_partial }
    }
}
