//! What can be wrong with bytes that came from a disk.

/// Why a piece of a file could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes end before the value does.
    #[error("{what} ends after {have} bytes, {need} are needed")]
    Truncated {
        /// The thing that was being decoded.
        what: &'static str,
        /// Bytes that are needed.
        need: usize,
        /// Bytes that are there.
        have: usize,
    },
    /// A number is outside of what the format allows.
    #[error("{what} is {found}, at most {limit} is allowed")]
    OutOfRange {
        /// The thing that was being decoded.
        what: &'static str,
        /// The number found.
        found: u64,
        /// The largest number allowed.
        limit: u64,
    },
    /// A checksum does not match its bytes.
    #[error("{what} has checksum {found:#010x}, its bytes give {expected:#010x}")]
    Checksum {
        /// The thing that was being decoded.
        what: &'static str,
        /// The checksum computed from the bytes.
        expected: u32,
        /// The checksum stored.
        found: u32,
    },
    /// The first bytes are not those of this kind of file.
    #[error("{what} does not begin with the bytes of a Kronicler file")]
    NotKronicler {
        /// The thing that was being decoded.
        what: &'static str,
    },
    /// The file needs a newer program.
    #[error("{what} needs format {found}, this program reads up to {supported}: use a newer kr")]
    Unsupported {
        /// The thing that was being decoded.
        what: &'static str,
        /// The version or flags found.
        found: u32,
        /// The version or flags this program knows.
        supported: u32,
    },
    /// Numbers that no writer can have put together.
    #[error("{what} contradicts itself")]
    Inconsistent {
        /// The thing that was being decoded.
        what: &'static str,
    },
    /// Two numbers that must be equal are not.
    #[error("{what} is {found}, the rest says {expected}")]
    Mismatch {
        /// The thing that was being decoded.
        what: &'static str,
        /// The number that follows from the rest.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// Compressed bytes that cannot be decompressed, although their checksum is right.
    #[error("{what} cannot be decompressed")]
    Undecodable {
        /// The thing that was being decoded.
        what: &'static str,
    },
}
