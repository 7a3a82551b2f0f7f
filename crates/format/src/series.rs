//! What a call was: its outcome, its kind, and the series both belong to.

use crate::FormatError;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// It returned or resolved.
    Ok = 0,
    /// It threw or rejected; for http a status of 500 or above.
    Error = 1,
    /// The other side went away before the end.
    Aborted = 2,
}

/// What kind of call it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A synchronous call.
    Sync = 0,
    /// From the call to the settling of its promise.
    Async = 1,
    /// From the first `next` to the end of the iteration.
    Generator = 2,
    /// A timed block.
    Block = 3,
    /// An HTTP request.
    Http = 4,
    /// A row with times given by hand.
    Manual = 5,
    /// A signal of the runtime.
    Signal = 6,
}

impl Outcome {
    /// All outcomes, by their number.
    pub const ALL: [Outcome; 3] = [Outcome::Ok, Outcome::Error, Outcome::Aborted];

    /// The word used in every language and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Aborted => "aborted",
        }
    }

    /// The outcome with this word, if there is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == word)
    }
}

impl Kind {
    /// All kinds, by their number.
    pub const ALL: [Kind; 7] = [
        Kind::Sync,
        Kind::Async,
        Kind::Generator,
        Kind::Block,
        Kind::Http,
        Kind::Manual,
        Kind::Signal,
    ];

    /// The word used in every language and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Sync => "sync",
            Kind::Async => "async",
            Kind::Generator => "generator",
            Kind::Block => "block",
            Kind::Http => "http",
            Kind::Manual => "manual",
            Kind::Signal => "signal",
        }
    }
}

/// Outcome and kind in one byte: bits 0-1 the outcome, bits 2-4 the kind, the rest zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// How many different flags there can be.
    pub const COUNT: usize = 32;

    /// The flags of a call.
    #[must_use]
    pub const fn new(outcome: Outcome, kind: Kind) -> Self {
        Self(outcome as u8 | (kind as u8) << 2)
    }

    /// The byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The flags with these bits.
    ///
    /// # Errors
    /// When the outcome, the kind or the unused bits are not known.
    pub fn from_bits(bits: u8) -> Result<Self, FormatError> {
        let known =
            usize::from(bits & 3) < Outcome::ALL.len() && usize::from(bits >> 2) < Kind::ALL.len();
        let out_of_range =
            FormatError::OutOfRange { what: "flags", found: u64::from(bits), limit: 0x1a };
        if known { Ok(Self(bits)) } else { Err(out_of_range) }
    }

    /// How the call ended.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        Outcome::ALL[usize::from(self.0 & 3)]
    }

    /// What kind of call it was.
    #[must_use]
    pub fn kind(self) -> Kind {
        Kind::ALL[usize::from(self.0 >> 2)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_keep_outcome_and_kind() {
        // Promise: what a call was is stored without loss, and nothing else is accepted.
        for outcome in Outcome::ALL {
            for kind in Kind::ALL {
                let flags = Flags::from_bits(Flags::new(outcome, kind).bits()).unwrap();
                assert_eq!((flags.outcome(), flags.kind()), (outcome, kind));
            }
        }
        let accepted = (0..=255).filter(|&bits| Flags::from_bits(bits).is_ok()).count();
        assert_eq!(accepted, Outcome::ALL.len() * Kind::ALL.len());
    }
}
