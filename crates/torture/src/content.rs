//! Bytes of a file: a front that is shared with other images, and what came behind it.

use std::sync::Arc;

/// Bytes of a file.
#[derive(Debug, Clone)]
pub struct Content {
    front: Arc<[u8]>,
    front_len: usize,
    tail: Vec<u8>,
}

impl Default for Content {
    fn default() -> Self {
        Self { front: Arc::from([]), front_len: 0, tail: Vec::new() }
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.to_vec() == other.to_vec()
    }
}

impl Content {
    /// The first `len` bytes of `front`, which are not copied.
    #[must_use]
    pub const fn new(front: Arc<[u8]>, len: usize) -> Self {
        Self { front, front_len: len, tail: Vec::new() }
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.front_len + self.tail.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends bytes.
    pub fn append(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Reads up to `buffer.len()` bytes at `offset` and says how many.
    pub fn read_at(&self, offset: usize, buffer: &mut [u8]) -> usize {
        let front = self.front[..self.front_len].get(offset..).unwrap_or_default();
        let from_front = front.len().min(buffer.len());
        buffer[..from_front].copy_from_slice(&front[..from_front]);
        let behind = (offset + from_front).saturating_sub(self.front_len);
        let tail = self.tail.get(behind..).unwrap_or_default();
        let from_tail = tail.len().min(buffer.len() - from_front);
        buffer[from_front..from_front + from_tail].copy_from_slice(&tail[..from_tail]);
        from_front + from_tail
    }

    /// All bytes, shared from now on.
    #[must_use]
    pub fn freeze(&self) -> Arc<[u8]> {
        if self.tail.is_empty() && self.front_len == self.front.len() {
            return Arc::clone(&self.front);
        }
        self.to_vec().into()
    }

    /// All bytes, copied.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        [&self.front[..self.front_len], &self.tail].concat()
    }
}

impl From<Vec<u8>> for Content {
    fn from(tail: Vec<u8>) -> Self {
        Self { tail, ..Self::default() }
    }
}
