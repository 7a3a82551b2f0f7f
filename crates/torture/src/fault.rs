//! What can go wrong with an operation while the machine runs.

use std::fmt;
use std::io;
use std::str::FromStr;

/// An operation on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Makes a directory.
    CreateDir,
    /// Lists a directory, or asks whether it has changed.
    List,
    /// Opens a file.
    Open,
    /// Makes a file.
    Create,
    /// Appends to a file.
    Append,
    /// Takes room for a file to grow.
    Reserve,
    /// Syncs a file.
    Sync,
    /// Removes a file.
    Remove,
    /// Syncs the names in a directory.
    SyncDir,
    /// Takes a lock.
    Lock,
    /// Asks for the length of a file.
    Stat,
    /// Reads from a file.
    Read,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The device fails (EIO).
    Io,
    /// The file system went read-only (EROFS).
    ReadOnly,
    /// There is no room (ENOSPC).
    Full,
    /// An append writes some of its bytes, then finds no room.
    Short,
    /// An append writes some of its bytes, then the device fails for whatever comes.
    Collapse,
    /// A signal came in between (EINTR).
    Interrupted,
    /// A sync fails, and what was not synced reads as zeros from then on.
    SyncDropped,
    /// A sync fails; what was not synced can still be read, but never reaches the device.
    SyncReadable,
    /// A sync says it is done and has done nothing.
    LostSync,
    /// The same for the names in a directory.
    LostSyncDir,
}

/// For how many operations it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lasting {
    /// One.
    Once,
    /// For so many operations.
    For(u64),
    /// Until the disk is healed.
    Ever,
}

/// A fault to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The number of the first operation that it meets.
    pub at: u64,
    /// What goes wrong.
    pub fault: Fault,
    /// How long.
    pub lasting: Lasting,
}

/// Operations after which a full disk has room again.
const FULL_FOR: u64 = 12;

/// Operations for which a device that collapsed fails.
const COLLAPSED_FOR: u64 = 6;

/// All faults that a sweep tries, by their names in a replay line.
pub const FAULTS: [(&str, Fault, Lasting); 13] = [
    ("eio-once", Fault::Io, Lasting::Once),
    ("eio-ever", Fault::Io, Lasting::Ever),
    ("erofs-ever", Fault::ReadOnly, Lasting::Ever),
    ("full-once", Fault::Full, Lasting::Once),
    ("full-for-a-while", Fault::Full, Lasting::For(FULL_FOR)),
    ("short-once", Fault::Short, Lasting::Once),
    ("short-for-a-while", Fault::Short, Lasting::For(FULL_FOR)),
    ("collapse", Fault::Collapse, Lasting::For(COLLAPSED_FOR)),
    ("interrupted", Fault::Interrupted, Lasting::Once),
    ("sync-dropped", Fault::SyncDropped, Lasting::Once),
    ("sync-readable", Fault::SyncReadable, Lasting::Once),
    ("lost-sync", Fault::LostSync, Lasting::Once),
    ("lost-sync-dir", Fault::LostSyncDir, Lasting::Once),
];

impl Fault {
    /// Whether it can begin with such an operation.
    #[must_use]
    pub const fn meets(self, op: Op) -> bool {
        use Op::{
            Append, Create, CreateDir, List, Lock, Open, Read, Remove, Reserve, Sync, SyncDir,
        };
        match self {
            Self::Io => true,
            Self::ReadOnly => {
                matches!(op, Append | Create | CreateDir | Lock | Remove | Reserve | Sync | SyncDir)
            }
            Self::Full => matches!(op, Append | Create | CreateDir | Lock | Reserve),
            Self::Short | Self::Collapse => matches!(op, Append),
            Self::Interrupted => matches!(op, Append | Sync | Read | List | Open | SyncDir),
            Self::SyncDropped | Self::SyncReadable | Self::LostSync => matches!(op, Sync),
            Self::LostSyncDir => matches!(op, SyncDir),
        }
    }

    /// The error of the call, unless the fault is of another nature.
    pub(crate) fn error(self) -> Option<io::Error> {
        match self {
            Self::Io => Some(io::Error::other("input/output error")),
            Self::ReadOnly => Some(io::ErrorKind::ReadOnlyFilesystem.into()),
            Self::Full => Some(io::ErrorKind::StorageFull.into()),
            Self::Interrupted => Some(io::ErrorKind::Interrupted.into()),
            _ => None,
        }
    }
}

impl Plan {
    /// All plans that begin at an operation.
    pub fn all_at(at: u64, op: Op) -> impl Iterator<Item = Self> {
        let meeting = FAULTS.iter().filter(move |(_, fault, _)| fault.meets(op));
        meeting.map(move |&(_, fault, lasting)| Self { at, fault, lasting })
    }

    pub(crate) const fn meets(&self, number: u64, op: Op) -> bool {
        let is_time = match self.lasting {
            Lasting::Once => number == self.at,
            Lasting::For(count) => number >= self.at && number - self.at < count,
            Lasting::Ever => number >= self.at,
        };
        is_time && (self.fault.meets(op) || matches!(self.fault, Fault::Collapse))
    }

    /// What meets an operation for which it is time.
    pub(crate) const fn fault_of(&self, number: u64) -> Fault {
        match self.fault {
            Fault::Collapse if number == self.at => Fault::Short,
            Fault::Collapse => Fault::Io,
            fault => fault,
        }
    }

    fn name(&self) -> &'static str {
        let named = FAULTS
            .iter()
            .find(|(_, fault, lasting)| (*fault, *lasting) == (self.fault, self.lasting));
        named.map_or("unnamed", |(name, ..)| name)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.at, self.name())
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no fault: write it like 12:eio-once");
        let (at, name) = text.split_once(':').ok_or_else(wrong)?;
        let named = FAULTS.iter().find(|(known, ..)| *known == name).ok_or_else(wrong)?;
        let at = at.parse().map_err(|_| wrong())?;
        Ok(Self { at, fault: named.1, lasting: named.2 })
    }
}
