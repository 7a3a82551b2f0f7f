//! What was hooked in this process, told by its threads while they load.
//!
//! Threads load the same modules, so what they tell is one set: of two that tell of the same thing
//! the one counts that has wrapped more. The disk thread writes all of it anew when it has changed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kronicler_format::limits::HOOK_COUNT_MAX;
use kronicler_format::{Hook, HookKind, Hooks, fit_label};

/// So many are kept in memory: of what is told beyond them not even the number is known.
const KNOWN_COUNT_MAX: usize = 8 * HOOK_COUNT_MAX;

type Known = BTreeMap<(HookKind, String), (u64, String)>;

/// What was hooked so far.
#[derive(Debug, Default)]
pub(crate) struct Hooked {
    known: Mutex<Known>,
    /// Whether the log lacks something of it.
    is_changed: AtomicBool,
}

impl Hooked {
    /// Adds what a thread tells; says whether that is news.
    pub fn add(&self, hook: &Hook) -> bool {
        let Hook { kind, functions, .. } = *hook;
        let remark = fit_label(&hook.remark);
        let mut known = self.lock();
        let has_room = known.len() < KNOWN_COUNT_MAX;
        let is_news = match known.entry((kind, fit_label(&hook.subject).to_owned())) {
            Entry::Vacant(entry) if has_room => {
                entry.insert((functions, remark.to_owned()));
                true
            }
            Entry::Vacant(_) => false,
            Entry::Occupied(mut entry) => {
                let (best, present) = entry.get();
                let says_more = functions == *best && !remark.is_empty() && remark != present;
                let is_news = functions > *best || says_more;
                if is_news {
                    entry.insert((functions, remark.to_owned()));
                }
                is_news
            }
        };
        if is_news {
            self.is_changed.store(true, Ordering::Release);
        }
        is_news
    }

    /// Whether the log lacks something.
    pub fn is_changed(&self) -> bool {
        self.is_changed.load(Ordering::Acquire)
    }

    /// What is to be written, unless the log has all of it. It is taken for written from then on.
    pub fn take_changed(&self) -> Option<Hooks> {
        self.is_changed.swap(false, Ordering::AcqRel).then(|| self.list())
    }

    /// The log has nothing of it: a new one was begun, or a write has failed.
    pub fn forget_written(&self) {
        let is_empty = self.lock().is_empty();
        self.is_changed.store(!is_empty, Ordering::Release);
    }

    fn list(&self) -> Hooks {
        let known = self.lock();
        let mut list: Vec<Hook> = known
            .iter()
            .map(|((kind, subject), (functions, remark))| Hook {
                kind: *kind,
                subject: subject.clone(),
                functions: *functions,
                remark: remark.clone(),
            })
            .collect();
        drop(known);
        // A pattern that met nothing is what people look for: it goes last.
        list.sort_by_key(|hook| hook.kind != HookKind::Pattern || hook.functions > 0);
        let left_out = list.len().saturating_sub(HOOK_COUNT_MAX) as u64;
        list.truncate(HOOK_COUNT_MAX);
        list.sort_by_key(|hook| hook.kind);
        Hooks { list, left_out }
    }

    /// A lock that outlives a panic of another holder, who leaves the map whole.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(kind: HookKind, subject: &str, functions: u64, remark: &str) -> Hook {
        Hook { kind, subject: subject.into(), functions, remark: remark.into() }
    }

    #[test]
    fn threads_tell_as_one() {
        // Promise: what two threads hooked is there once, with the remark of who wrapped more; what
        // is no news is not written again.
        let hooked = Hooked::default();
        assert_eq!(hooked.take_changed(), None);
        let pattern = |functions, remark| hook(HookKind::Pattern, "./a/**", functions, remark);
        assert!(hooked.add(&pattern(0, "")));
        assert!(hooked.add(&pattern(0, "a.js has no such function")));
        assert!(hooked.add(&pattern(2, "a:f, a:g")));
        for late in [pattern(0, ""), pattern(0, "not here"), pattern(1, "a:f"), pattern(2, "")] {
            assert!(!hooked.add(&late), "{late:?}");
        }
        assert!(hooked.add(&hook(HookKind::Channel, "x", 0, "")));
        let list = vec![hook(HookKind::Channel, "x", 0, ""), pattern(2, "a:f, a:g")];
        assert_eq!(hooked.take_changed(), Some(Hooks { list, left_out: 0 }));
        assert_eq!((hooked.is_changed(), hooked.take_changed()), (false, None));
        hooked.forget_written();
        assert_eq!(hooked.take_changed().map(|hooks| hooks.list.len()), Some(2));
    }

    #[test]
    fn patterns_that_met_nothing_are_left_out_last() {
        // Promise: memory and frame are bounded, whatever is told, and what is looked for stays.
        let hooked = Hooked::default();
        for index in 0..KNOWN_COUNT_MAX - 1 {
            assert!(hooked.add(&hook(HookKind::Channel, &index.to_string(), 0, "")));
        }
        assert!(hooked.add(&hook(HookKind::Pattern, "absent", 0, "")));
        assert!(!hooked.add(&hook(HookKind::Pattern, "too much", 0, "")));
        let hooks = hooked.take_changed().unwrap();
        assert_eq!(hooks.list.len() as u64 + hooks.left_out, KNOWN_COUNT_MAX as u64);
        assert_eq!(hooks.list.len(), HOOK_COUNT_MAX);
        assert_eq!(hooks.list.last().unwrap().subject, "absent");
    }
}
