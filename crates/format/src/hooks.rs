//! The payload of a HOOKS frame: what the process that writes has hooked, and what it could not.
//!
//! ```text
//! left_out, count, count x (kind u8, functions, length, subject, length, remark)
//! ```
//!
//! All but the kind are varints, texts are UTF-8. Entries of unknown kinds are skipped, and so are
//! bytes behind the last. It is for people to read: nothing else depends on it.

use crate::FormatError;
use crate::limits::{HOOK_COUNT_MAX, LABEL_SIZE_BYTES_MAX};
use crate::run::{fit_label, label};
use crate::varint::{Cursor, put_bytes, put_u64};

/// Bounds a damaged count.
const LEFT_OUT_MAX: u64 = u32::MAX as u64;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HookKind {
    /// A channel on which Node or a library publishes what it does.
    Channel = 1,
    /// A signal of the runtime.
    Signal = 2,
    /// An entry of the package that the program has put to use.
    Entry = 3,
    /// A pattern of the include list.
    Pattern = 4,
    /// What was left alone, and why.
    LeftAlone = 5,
}

impl HookKind {
    const ALL: [HookKind; 5] = [
        HookKind::Channel,
        HookKind::Signal,
        HookKind::Entry,
        HookKind::Pattern,
        HookKind::LeftAlone,
    ];

    /// The kind with this number, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&kind| kind as u8 == number)
    }

    /// The word that JSON has for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Signal => "signal",
            Self::Entry => "entry",
            Self::Pattern => "pattern",
            Self::LeftAlone => "left_alone",
        }
    }
}

/// Something that was hooked, or was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// What it is.
    pub kind: HookKind,
    /// Its name: of a channel, of an entry, or a pattern as it was written.
    pub subject: String,
    /// How many functions a pattern has wrapped.
    pub functions: u64,
    /// Some names of these, or why there are none; may be empty.
    pub remark: String,
}

/// What a process has hooked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// At most [`HOOK_COUNT_MAX`], by kind.
    pub list: Vec<Hook>,
    /// How many more there were.
    pub left_out: u64,
}

impl Hooks {
    /// Whether nothing is told.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty() && self.left_out == 0
    }

    /// Appends the payload; what is too long is cut, what is too much left out.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let count = self.list.len().min(HOOK_COUNT_MAX);
        let left_out = self.left_out.saturating_add((self.list.len() - count) as u64);
        put_u64(out, left_out.min(LEFT_OUT_MAX));
        put_u64(out, count as u64);
        for hook in &self.list[..count] {
            out.push(hook.kind as u8);
            put_u64(out, hook.functions);
            put_bytes(out, fit_label(&hook.subject).as_bytes());
            put_bytes(out, fit_label(&hook.remark).as_bytes());
        }
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// When it is cut short or a number is outside of its limits.
    pub fn decode(payload: &[u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new("hooks frame", payload);
        let left_out = cursor.u64_at_most(LEFT_OUT_MAX)?;
        let mut list = Vec::new();
        for _ in 0..cursor.usize_at_most(HOOK_COUNT_MAX)? {
            let kind = HookKind::from_number(cursor.u8()?);
            let functions = cursor.u64()?;
            let subject = label(cursor.bytes(LABEL_SIZE_BYTES_MAX)?);
            let remark = label(cursor.bytes(LABEL_SIZE_BYTES_MAX)?);
            list.extend(kind.map(|kind| Hook { kind, subject, functions, remark }));
        }
        Ok(Self { list, left_out })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(kind: HookKind, subject: &str) -> Hook {
        Hook { kind, subject: subject.into(), functions: 300, remark: "src/a:b".into() }
    }

    fn encoded(hooks: &Hooks) -> Vec<u8> {
        let mut out = Vec::new();
        hooks.encode(&mut out);
        out
    }

    #[test]
    fn hooks_come_back_and_unknown_kinds_are_skipped() {
        // Promise: what was hooked is read as it was told; kinds and bytes to come do no harm.
        let list: Vec<Hook> = HookKind::ALL.map(|kind| hook(kind, "ü")).to_vec();
        let hooks = Hooks { list, left_out: 7 };
        let mut bytes = encoded(&hooks);
        assert_eq!(Hooks::decode(&bytes), Ok(hooks.clone()));
        for length in 0..bytes.len() {
            assert!(Hooks::decode(&bytes[..length]).is_err(), "length {length}");
        }
        bytes[1] += 1;
        bytes.extend([9, 1, 1, b'x', 0, 99]);
        assert_eq!(Hooks::decode(&bytes), Ok(hooks));
    }

    #[test]
    fn what_is_too_much_is_counted() {
        // Promise: however much is hooked, a frame stays small, and says how much it leaves out.
        let mut long = hook(HookKind::Pattern, &"ü".repeat(1_000));
        long.remark = "x".repeat(1_000);
        let hooks = Hooks { list: vec![long; HOOK_COUNT_MAX + 5], left_out: 2 };
        let found = Hooks::decode(&encoded(&hooks)).unwrap();
        assert_eq!((found.list.len(), found.left_out), (HOOK_COUNT_MAX, 7));
        assert_eq!((found.list[0].subject.len(), found.list[0].remark.len()), (256, 256));
        assert_eq!(Hooks::decode(&encoded(&found)), Ok(found));
    }
}
