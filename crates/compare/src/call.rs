//! A row of a sample: when it ended, how long it took, how many calls it stands for.

/// A call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub time: u32,
    /// Calls that it stands for, shifted by one; the lowest bit says that it did not end well.
    marks: u32,
    pub duration_ns: u64,
}

impl Call {
    #[inline]
    pub(crate) const fn new(time: u32, duration_ns: u64, weight: u32, is_error: bool) -> Self {
        let weight = if weight > u32::MAX >> 1 { u32::MAX >> 1 } else { weight };
        Self { time, marks: weight << 1 | is_error as u32, duration_ns }
    }

    #[inline]
    pub(crate) const fn weight(&self) -> u32 {
        self.marks >> 1
    }

    #[inline]
    pub(crate) const fn is_error(&self) -> bool {
        self.marks & 1 == 1
    }
}
