//! Values of one decoded page, each in as few bytes as the widest of them needs.

/// Whole numbers in the narrowest type that holds them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrow {
    /// All below 2^8.
    U8(Vec<u8>),
    /// All below 2^16.
    U16(Vec<u16>),
    /// All below 2^32.
    U32(Vec<u32>),
    /// Any.
    U64(Vec<u64>),
}

/// Calls `$body` with `$values` as the slice of whatever type the values have.
macro_rules! each_width {
    ($narrow:expr, $values:ident => $body:expr) => {
        match $narrow {
            $crate::page::Narrow::U8($values) => $body,
            $crate::page::Narrow::U16($values) => $body,
            $crate::page::Narrow::U32($values) => $body,
            $crate::page::Narrow::U64($values) => $body,
        }
    };
}
pub(crate) use each_width;

impl Narrow {
    /// Values in the type that `span`, the largest of them, needs.
    pub(crate) fn new(values: Vec<u64>, span: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "no value is above the span")]
        match span {
            0..=0xff => Self::U8(values.into_iter().map(|value| value as u8).collect()),
            0x100..=0xffff => Self::U16(values.into_iter().map(|value| value as u16).collect()),
            0x1_0000..=0xffff_ffff => {
                Self::U32(values.into_iter().map(|value| value as u32).collect())
            }
            _ => Self::U64(values),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        each_width!(self, values => values.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The largest, 0 when there are none.
    pub(crate) fn max(&self) -> u64 {
        each_width!(self, values => largest(values))
    }
}

/// The values of a page: each is `base` plus what is stored, in wrapping 64-bit arithmetic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageValues {
    /// Added to each stored value.
    pub base: u64,
    /// The stored values.
    pub values: Narrow,
}

impl PageValues {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value at `index`, if there is one.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<u64> {
        let stored = each_width!(&self.values, values => widened(values.get(index)))?;
        Some(self.base.wrapping_add(stored))
    }

    /// Bytes of memory that keeping the page costs.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let values = each_width!(&self.values, values => values.capacity() * value_size(values));
        size_of::<Self>() + values
    }

    /// Appends all values to `out`.
    pub fn extend_into(&self, out: &mut Vec<u64>) {
        self.extend_range_into(0..self.len(), out);
    }

    /// Appends the values in `range`, as far as there are any.
    pub fn extend_range_into(&self, range: std::ops::Range<usize>, out: &mut Vec<u64>) {
        let range = range.start.min(self.len())..range.end.min(self.len());
        each_width!(&self.values, values => {
            add_to(self.base, values.get(range).unwrap_or_default(), out);
        });
    }
}

fn largest<T: Copy + Default + Ord>(values: &[T]) -> u64
where
    u64: From<T>,
{
    // Not `max()`: a fold over plain numbers is vectorized.
    u64::from(values.iter().fold(T::default(), |largest, &value| largest.max(value)))
}

fn widened<T: Copy>(value: Option<&T>) -> Option<u64>
where
    u64: From<T>,
{
    value.map(|&value| u64::from(value))
}

fn add_to<T: Copy>(base: u64, values: &[T], out: &mut Vec<u64>)
where
    u64: From<T>,
{
    out.extend(values.iter().map(|&value| base.wrapping_add(u64::from(value))));
}

const fn value_size<T>(_: &[T]) -> usize {
    size_of::<T>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_from_every_width() {
        // Promise: a decoded page takes as few bytes a value as its widest value needs.
        for (span, size) in [(0, 1), (255, 1), (256, 2), (65_536, 4), (1 << 32, 8), (u64::MAX, 8)] {
            let page = PageValues { base: 7, values: Narrow::new(vec![0, span], span) };
            assert_eq!(page.get(0), Some(7));
            assert_eq!(page.get(1), Some(span.wrapping_add(7)));
            assert_eq!((page.get(2), page.len(), page.values.max()), (None, 2, span));
            assert!(page.memory_bytes() <= size_of::<PageValues>() + 2 * size.max(8));
            let mut out = Vec::new();
            page.extend_into(&mut out);
            page.extend_range_into(1..9, &mut out);
            page.extend_range_into(8..9, &mut out);
            assert_eq!(out, [7, span.wrapping_add(7), span.wrapping_add(7)]);
        }
    }
}
