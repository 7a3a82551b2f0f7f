//! What a power cut leaves, by the rules that the project assumes of a POSIX file system.
//!
//! A name is durable once its directory was synced, content once its file was. Both may also have
//! reached the device earlier, in any order and sector by sector, as a [`Damage`] has it. Bytes
//! that were synced are never touched.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::content::Content;
use crate::image::Image;
use crate::random::Random;
use crate::recording::{Mutation, Recording};

/// What a device writes at once.
const SECTOR: usize = 512;

/// Which of the things that were not synced a cut leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// None of them.
    Clean,
    /// All of them, but the last append is torn.
    Torn,
    /// Any of them, each on its own: names without content, later sectors without earlier ones.
    Scattered,
    /// As scattered, with garbage and flipped bits in what was not synced.
    Garbage,
}

/// All kinds of damage, with their letters in a replay line.
pub const DAMAGES: [(char, Damage); 4] =
    [('a', Damage::Clean), ('b', Damage::Torn), ('c', Damage::Scattered), ('d', Damage::Garbage)];

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = DAMAGES.iter().find(|(_, damage)| damage == self);
        write!(f, "{}", known.map_or('?', |(letter, _)| *letter))
    }
}

impl FromStr for Damage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = DAMAGES.iter().find(|(letter, _)| text.chars().eq([*letter]));
        known.map(|(_, damage)| *damage).ok_or_else(|| format!("{text:?} is no damage: a b c d"))
    }
}

/// What a name stands for: a directory or a file.
type Entry = Option<usize>;

/// A disk at the moment when power goes.
#[derive(Debug)]
pub struct Cut<'a> {
    recording: &'a Recording,
    live: BTreeMap<&'a Arc<Path>, Entry>,
    durable: BTreeMap<&'a Arc<Path>, Entry>,
    /// Changes of names since the last sync of their directory.
    pending: Vec<(&'a Arc<Path>, Option<Entry>)>,
    files: Vec<FileAtCut>,
    last_appended: Option<usize>,
    /// The change that was under way.
    under_way: Option<&'a Mutation>,
}

#[derive(Debug, Clone, Default)]
struct FileAtCut {
    len: usize,
    synced: usize,
    last_start: usize,
    dropped: Vec<(Range<usize>, bool)>,
}

impl Recording {
    /// The disk when so many changes were made and the next one, if any, was under way.
    #[must_use]
    pub fn cut(&self, position: usize) -> Cut<'_> {
        let mut cut = Cut {
            recording: self,
            live: BTreeMap::new(),
            durable: BTreeMap::new(),
            pending: Vec::new(),
            files: Vec::new(),
            last_appended: None,
            under_way: self.mutations.get(position),
        };
        for (path, content) in &self.base.entries {
            let entry = content.as_ref().map(|content| {
                let (len, synced) = (content.len(), content.len());
                cut.files.push(FileAtCut { len, synced, ..FileAtCut::default() });
                cut.files.len() - 1
            });
            cut.live.insert(path, entry);
        }
        cut.durable = cut.live.clone();
        for mutation in self.mutations.iter().take(position) {
            cut.apply(mutation);
        }
        cut
    }
}

impl<'a> Cut<'a> {
    fn apply(&mut self, mutation: &'a Mutation) {
        match mutation {
            Mutation::MakeDir(path) => self.name(path, Some(None)),
            Mutation::Create(path, file) => {
                self.files.resize(self.files.len().max(file + 1), FileAtCut::default());
                self.name(path, Some(Some(*file)));
            }
            Mutation::Remove(path) => self.name(path, None),
            Mutation::Append { file, end } => {
                let state = &mut self.files[*file];
                (state.last_start, state.len) = (state.len, *end);
                self.last_appended = Some(*file);
            }
            Mutation::Sync(file) => self.files[*file].synced = self.files[*file].len,
            Mutation::Drop { file, range, is_readable } => {
                self.files[*file].dropped.push((range.clone(), *is_readable));
            }
            Mutation::SyncDir(dir) => {
                let (synced, rest) = std::mem::take(&mut self.pending)
                    .into_iter()
                    .partition(|(path, _)| path.parent() == Some(dir));
                self.pending = rest;
                let synced: Vec<_> = synced;
                change_names(&mut self.durable, synced);
            }
        }
    }

    fn name(&mut self, path: &'a Arc<Path>, entry: Option<Entry>) {
        change_names(&mut self.live, [(path, entry)]);
        self.pending.push((path, entry));
    }

    /// All that was written, synced or not: what a copy would hold.
    #[must_use]
    pub fn copy(&self) -> Image {
        let content = |file: usize| {
            Content::new(Arc::clone(&self.recording.contents[file]), self.files[file].len)
        };
        let entries = self.live.iter().map(|(path, file)| (Arc::clone(path), file.map(content)));
        Image { entries: entries.collect() }
    }

    /// What the cut leaves behind.
    #[must_use]
    pub fn image(&self, damage: Damage, random: &mut Random) -> Image {
        let mut files = self.files.clone();
        let mut changes = self.pending.clone();
        let mut last_appended = self.last_appended;
        match self.under_way {
            Some(Mutation::Append { file, end }) if damage != Damage::Clean => {
                (files[*file].last_start, files[*file].len) = (files[*file].len, *end);
                last_appended = Some(*file);
            }
            Some(Mutation::Create(path, file)) => {
                files.resize(files.len().max(file + 1), FileAtCut::default());
                changes.push((path, Some(Some(*file))));
            }
            Some(Mutation::MakeDir(path)) => changes.push((path, Some(None))),
            Some(Mutation::Remove(path)) => changes.push((path, None)),
            _ => {}
        }
        let names = self.names(damage, changes, random);
        let mut image = Image { entries: BTreeMap::new() };
        for (path, entry) in names {
            let content = entry.map(|file| {
                let is_last = last_appended == Some(file);
                self.content(file, &files[file], damage, is_last, random)
            });
            image.entries.insert(Arc::clone(path), content);
        }
        image.drop_unreachable();
        image
    }

    fn names(
        &self,
        damage: Damage,
        changes: Vec<(&'a Arc<Path>, Option<Entry>)>,
        random: &mut Random,
    ) -> BTreeMap<&'a Arc<Path>, Entry> {
        let mut names = self.durable.clone();
        match damage {
            Damage::Clean => {}
            Damage::Torn => {
                // All but the one under way, perhaps.
                let certain = self.pending.len() + random.below(2);
                change_names(&mut names, changes.into_iter().take(certain));
            }
            Damage::Scattered | Damage::Garbage => match random.below(8) {
                0 => {}
                1 => change_names(&mut names, changes),
                _ => {
                    change_names(&mut names, changes.into_iter().filter(|_| random.one_in(2)));
                }
            },
        }
        names
    }

    fn content(
        &self,
        file: usize,
        state: &FileAtCut,
        damage: Damage,
        is_last: bool,
        random: &mut Random,
    ) -> Content {
        let front = &self.recording.contents[file];
        let unsynced = state.synced..state.len;
        let len = match damage {
            Damage::Clean => state.synced,
            Damage::Torn if is_last => torn(&state.last_start.max(state.synced), state.len, random),
            Damage::Torn => state.len,
            Damage::Scattered | Damage::Garbage => scattered_len(&unsynced, random),
        };
        let is_damaged = matches!(damage, Damage::Scattered | Damage::Garbage)
            && !unsynced.is_empty()
            && !random.one_in(4);
        if !is_damaged && state.dropped.is_empty() {
            return Content::new(Arc::clone(front), len);
        }
        let mut bytes = front[..len].to_vec();
        for (range, is_readable) in &state.dropped {
            let may_be_there = *is_readable && is_damaged;
            blank_sectors(&mut bytes, range, |random| !may_be_there || random.one_in(2), random);
        }
        if is_damaged {
            let odds = [2, 2, 4, 16][random.below(4)];
            blank_sectors(&mut bytes, &unsynced, |random| random.one_in(odds), random);
        }
        if is_damaged && damage == Damage::Garbage {
            self.spoil(&mut bytes, state.synced, random);
        }
        bytes.into()
    }

    /// Garbage, flipped bits, bytes of another place, and a longer file, all behind `synced`.
    fn spoil(&self, bytes: &mut Vec<u8>, synced: usize, random: &mut Random) {
        if random.one_in(3) {
            let more = random.below(3 * SECTOR);
            bytes.resize(bytes.len() + more, 0);
        }
        for _ in 0..=random.below(3) {
            let at = synced + random.below(bytes.len() - synced);
            let end = bytes.len().min(at + 1 + random.below(2 * SECTOR));
            let Some(range) = bytes.get_mut(at..end).filter(|range| !range.is_empty()) else {
                return;
            };
            match random.below(3) {
                0 => range[0] ^= 1 << random.below(8),
                1 => range.fill_with(|| random.byte()),
                _ => {
                    // What a device once wrote there for a file that is gone.
                    let other = random.below(self.recording.contents.len());
                    let other = &self.recording.contents[other];
                    let from = random.below(other.len());
                    for (to, from) in range.iter_mut().zip(&other[from..]) {
                        *to = *from;
                    }
                }
            }
        }
    }
}

fn change_names<'a>(
    names: &mut BTreeMap<&'a Arc<Path>, Entry>,
    changes: impl IntoIterator<Item = (&'a Arc<Path>, Option<Entry>)>,
) {
    for (path, entry) in changes {
        match entry {
            Some(entry) => names.insert(path, entry),
            None => names.remove(path),
        };
    }
}

/// Where an append that reaches from `start` to `end` is torn: at a byte or before a sector.
fn torn(start: &usize, end: usize, random: &mut Random) -> usize {
    let at = start + random.below(end.saturating_sub(*start) + 1);
    let sector = at / SECTOR * SECTOR;
    if random.one_in(2) && sector >= *start { sector } else { at }
}

fn scattered_len(unsynced: &Range<usize>, random: &mut Random) -> usize {
    match random.below(4) {
        0 => unsynced.start,
        1 => torn(&unsynced.start, unsynced.end, random),
        _ => unsynced.end,
    }
}

/// Fills those sectors with zeros for which `is_blank` says so, as far as they lie in `range`.
fn blank_sectors(
    bytes: &mut [u8],
    range: &Range<usize>,
    is_blank: impl Fn(&mut Random) -> bool,
    random: &mut Random,
) {
    let end = range.end.min(bytes.len());
    let mut at = range.start;
    while at < end {
        let next = ((at / SECTOR + 1) * SECTOR).min(end);
        if is_blank(random) {
            bytes[at..next].fill(0);
        }
        at = next;
    }
}
