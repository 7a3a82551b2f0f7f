//! Variable-length integers (LEB128, seven bits a byte, low bits first) and the cursor that reads
//! them back without trusting a byte.

use crate::FormatError;

/// Appends `value`, 1 to 10 bytes.
#[inline]
pub fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Bytes of an integer at most.
pub const SIZE_BYTES_MAX: usize = 10;

/// Writes `value` to the front of `out` and says how many bytes it took.
///
/// # Panics
/// When `out` is shorter than the value: give it [`SIZE_BYTES_MAX`] bytes.
#[inline]
pub fn write_u64(out: &mut [u8], mut value: u64) -> usize {
    let mut at = 0;
    while value >= 0x80 {
        out[at] = value.to_le_bytes()[0] | 0x80;
        value >>= 7;
        at += 1;
    }
    out[at] = value.to_le_bytes()[0];
    at + 1
}

/// A signed value as an unsigned one, so that small magnitudes stay small.
#[inline]
#[must_use]
pub const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Appends a signed `value`, zigzag-coded so that small magnitudes stay short.
#[inline]
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, zigzag(value));
}

/// Appends the length of `bytes`, then `bytes`.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads values off the front of a byte slice.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// A cursor over `bytes`; `what` names the thing in errors.
    #[must_use]
    pub const fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    /// Whether all bytes have been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads an unsigned integer.
    ///
    /// # Errors
    /// When the bytes end first or the value needs more than 64 bits.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, FormatError> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_u64(),
        }
    }

    /// Reads an integer that may have more than one byte.
    fn long_u64(&mut self) -> Result<u64, FormatError> {
        let mut value = 0_u64;
        for (index, &byte) in self.rest.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                return Err(self.out_of_range(bits, 1));
            }
            value |= bits << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(self.truncated(self.rest.len() + 1))
    }

    /// Reads a signed integer.
    ///
    /// # Errors
    /// As [`Cursor::u64`].
    #[inline]
    pub fn i64(&mut self) -> Result<i64, FormatError> {
        let zigzag = self.u64()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    /// Reads an integer of at most `limit`.
    ///
    /// # Errors
    /// When the bytes end first or the value is larger.
    pub fn u64_at_most(&mut self, limit: u64) -> Result<u64, FormatError> {
        let value = self.u64()?;
        if value <= limit { Ok(value) } else { Err(self.out_of_range(value, limit)) }
    }

    /// Reads an integer of at most `limit`.
    ///
    /// # Errors
    /// When the bytes end first or the value is larger.
    #[inline]
    pub fn u32_at_most(&mut self, limit: u32) -> Result<u32, FormatError> {
        let value = self.u64()?;
        u32::try_from(value)
            .ok()
            .filter(|&value| value <= limit)
            .ok_or_else(|| self.out_of_range(value, u64::from(limit)))
    }

    /// Reads a count or length of at most `limit`.
    ///
    /// # Errors
    /// When the bytes end first or the value is larger.
    pub fn usize_at_most(&mut self, limit: usize) -> Result<usize, FormatError> {
        let value = self.u64()?;
        usize::try_from(value)
            .ok()
            .filter(|&value| value <= limit)
            .ok_or_else(|| self.out_of_range(value, limit as u64))
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// When there is none.
    pub fn u8(&mut self) -> Result<u8, FormatError> {
        let (&byte, rest) = self.rest.split_first().ok_or_else(|| self.truncated(1))?;
        self.rest = rest;
        Ok(byte)
    }

    /// Reads four bytes as a little-endian number.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn u32_le(&mut self) -> Result<u32, FormatError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(|| self.truncated(4))?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// Reads a length of at most `limit`, then as many bytes.
    ///
    /// # Errors
    /// When the length is larger or the bytes end first.
    pub fn bytes(&mut self, limit: usize) -> Result<&'a [u8], FormatError> {
        let length = self.usize_at_most(limit)?;
        let (bytes, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| self.truncated(length))?;
        self.rest = rest;
        Ok(bytes)
    }

    const fn truncated(&self, need: usize) -> FormatError {
        FormatError::Truncated { what: self.what, need, have: self.rest.len() }
    }

    const fn out_of_range(&self, found: u64, limit: u64) -> FormatError {
        FormatError::OutOfRange { what: self.what, found, limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back() {
        // Promise: every 64-bit value is stored without loss, in at most ten bytes.
        let edges = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::MAX >> 1, u64::MAX];
        for value in edges {
            let mut out = Vec::new();
            put_u64(&mut out, value);
            put_i64(&mut out, value.cast_signed());
            assert!(out.len() <= 20);
            let mut cursor = Cursor::new("test", &out);
            assert_eq!(cursor.u64(), Ok(value));
            assert_eq!(cursor.i64(), Ok(value.cast_signed()));
            assert!(cursor.is_empty());
        }
    }

    #[test]
    fn damaged_integers_are_refused() {
        // Promise: bytes from a disk give an error, never a panic or a wrong number.
        assert!(Cursor::new("test", &[]).u64().is_err());
        assert!(Cursor::new("test", &[0x80; 9]).u64().is_err());
        assert!(Cursor::new("test", &[0xff; 10]).u64().is_err());
        let too_large = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2];
        assert!(Cursor::new("test", &too_large).u64().is_err());
        assert!(Cursor::new("test", &[5, 1, 2]).bytes(9).is_err());
        assert!(Cursor::new("test", &[5]).usize_at_most(4).is_err());
    }
}
