//! Which call was made within which, from the intervals of the calls of one thread alone.
//!
//! The rows of a thread stand in the order in which its calls ended, so they are looked at from the
//! last to the first: who contains a call has been seen before it, and only calls that are still
//! open are held, however many rows there are.
//!
//! - **On the stack** two calls of a thread lie one within the other or apart. So for a call and a
//!   later one, the question is only whether the later had begun: asked of the middle of the
//!   earlier, the answer holds while the clock is wrong by less than half of that call. Rounding
//!   makes 1 ns of such an error, and two drains read the system clock some 100 ns apart.
//! - **Under way** are calls that were not on the stack: async ones, generators, requests. Of these
//!   many overlap, and which of them made a call is not in the data. It is taken to be, of those
//!   that contain it, the one that began last and whose function is seen to call such functions; or
//!   the only one. See [`Evidence`].
//! - **In context** are calls that were told by their program who made them. Where nothing on the
//!   stack lies between, that is who did; if it has ended already, it was made for the request.
//! - When an end lies further behind its successor's than timestamps are accurate, the clock was
//!   set back: nothing before nests in what comes after.
//!
//! How much of a caller lies within its callees is counted as a union, so that nothing is counted
//! twice and no caller has less than no time of its own.

use std::collections::{BTreeMap, HashMap};

use kronicler_format::{CallContext, Kind};

use crate::span::Span;

/// Timestamps follow the system clock within a millisecond.
const CLOCK_SLACK_NS: i64 = 1_000_000;
/// A start is an end less a duration, each rounded to a nanosecond.
const ROUNDING_NS: i64 = 2;
/// Callers that are considered for a call, those that began last: among more under way at once,
/// nobody could tell.
const CANDIDATE_COUNT_MAX: usize = 64;
/// Calls under way that are remembered of a thread; of more, those that began first are forgotten.
const UNDER_WAY_COUNT_MAX: usize = 65_536;

/// Whether calls of one function are seen to make calls of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Most of them do, and chance does not explain it.
    Calls,
    /// Few of them do, if any.
    CallsNot,
    /// There are too few, or so many at once that chance would look the same.
    Unknown,
}

/// Tells a call that is under way from the others of its thread; the one that began last is the
/// largest, of those that began at once the one that ended first.
type Key = (i64, std::cmp::Reverse<u64>);

/// Who made a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody who is known.
    None,
    /// The call on the stack at this depth.
    OnStack(usize),
    /// A call under way, as far as can be seen.
    UnderWay(Key),
    /// A call under way that the program told.
    Told(Key),
}

/// The calls of one thread that are open at the moment that has been reached.
#[derive(Debug)]
pub(crate) struct Thread<T> {
    /// In the order in which they began, so that who contains a call is the last that had begun.
    stack: Vec<Open<T>>,
    under_way: BTreeMap<Key, Open<T>>,
    /// Those of them that have numbers, by these.
    told: HashMap<u64, Key>,
    last_end_ns: i64,
}

/// A call that may contain those that are still to come.
#[derive(Debug)]
struct Open<T> {
    function: u32,
    start_ns: i64,
    /// From here to its end, what lies within its callees has been counted.
    counted_to_ns: i64,
    caller: Caller,
    /// The number that the program gave it.
    call: Option<u64>,
    payload: T,
}

impl<T> Default for Thread<T> {
    fn default() -> Self {
        Self {
            stack: Vec::new(),
            under_way: BTreeMap::new(),
            told: HashMap::new(),
            last_end_ns: i64::MAX,
        }
    }
}

impl<T> Thread<T> {
    /// Moves on to a call that ended before the last one, and says who made it. `judge` tells
    /// whether the function of a call that is under way, which is given first, makes such calls.
    pub(crate) fn find_caller(
        &mut self,
        call: &Span,
        mut judge: impl FnMut(u32, u32) -> Evidence,
    ) -> Caller {
        self.move_to(call);
        let moment = moment_within(call);
        match self.stack.iter().rposition(|open| open.start_ns <= moment) {
            Some(depth) => Caller::OnStack(depth),
            None => match self.find_told(call) {
                Some(told) => told,
                None => {
                    self.find_under_way(call, &mut judge).map_or(Caller::None, Caller::UnderWay)
                }
            },
        }
    }

    /// Who made a call, as the program told it; `None` when it did not.
    fn find_told(&self, call: &Span) -> Option<Caller> {
        let CallContext { parent, request, .. } = call.context.filter(|told| told.parent > 0)?;
        let found = [parent, request].into_iter().find_map(|by| self.told.get(&by));
        Some(found.map_or(Caller::None, |key| Caller::Told(*key)))
    }

    /// Closes what began after the end of `call`, or, for one on the stack, after it.
    fn move_to(&mut self, call: &Span) {
        if call.end_ns.saturating_sub(self.last_end_ns) > CLOCK_SLACK_NS {
            self.stack.clear();
            self.under_way.clear();
            self.told.clear();
        }
        self.last_end_ns = call.end_ns;
        let is_whole = call.is_on_stack && call.kind != Kind::Block;
        let moment = if is_whole { call.moment_ns() } else { call.end_ns };
        while self.stack.last().is_some_and(|open| open.start_ns > moment) {
            self.stack.pop();
        }
        while let Some(last) = self.under_way.last_entry()
            && last.key().0 > call.end_ns
        {
            let closed = last.remove();
            self.forget(&closed);
        }
    }

    fn forget(&mut self, closed: &Open<T>) {
        if let Some(call) = closed.call {
            self.told.remove(&call);
        }
    }

    /// Those under way that contain a call, the one that began last first.
    fn containers(&self, call: &Span) -> impl Iterator<Item = (&Key, &Open<T>)> {
        self.under_way.range(..=(moment_within(call), std::cmp::Reverse(0))).rev()
    }

    fn find_under_way(
        &self,
        call: &Span,
        judge: &mut impl FnMut(u32, u32) -> Evidence,
    ) -> Option<Key> {
        // Whether each was made by the next: they are one piece of work then, and there is no
        // other.
        let mut is_chain = true;
        let mut before: Option<&Open<T>> = None;
        let mut possible = None;
        // What was told would have told of this call, if that was made by it.
        let is_told = call.context.is_some();
        let containers = self.containers(call).filter(|(_, open)| !is_told || open.call.is_none());
        for (count, (key, open)) in containers.enumerate() {
            let evidence = judge(open.function, call.function);
            if evidence == Evidence::Calls {
                return Some(*key);
            }
            let by = [Caller::UnderWay(*key), Caller::Told(*key)];
            let is_linked = before.is_none_or(|before| by.contains(&before.caller));
            is_chain &= is_linked && count < CANDIDATE_COUNT_MAX;
            if count >= CANDIDATE_COUNT_MAX {
                break;
            }
            if possible.is_none() && evidence == Evidence::Unknown {
                possible = Some(*key);
            }
            before = Some(open);
        }
        possible.filter(|_| is_chain)
    }

    /// Whether a call under way contains `call`.
    pub(crate) fn has_container(&self, call: &Span) -> bool {
        self.containers(call).next().is_some()
    }

    /// What was said of a caller when it was opened.
    pub(crate) fn payload(&self, caller: Caller) -> Option<&T> {
        match caller {
            Caller::None => None,
            Caller::OnStack(depth) => self.stack.get(depth).map(|open| &open.payload),
            Caller::UnderWay(key) | Caller::Told(key) => {
                self.under_way.get(&key).map(|open| &open.payload)
            }
        }
    }

    /// Of the calls on the stack for which this holds, what was said of the one that began first.
    pub(crate) fn first_on_stack(&self, mut is_it: impl FnMut(&T) -> bool) -> Option<&T> {
        self.stack.iter().map(|open| &open.payload).find(|payload| is_it(payload))
    }

    /// How much of its caller's time lies within a call and was not yet counted to another one.
    ///
    /// A call that was not on the stack takes no time from one that was: the code of a generator
    /// runs between its steps as well.
    pub(crate) fn count_within(&mut self, caller: Caller, call: &Span) -> u64 {
        let open = match caller {
            Caller::None => return 0,
            Caller::OnStack(_) if !call.is_on_stack => return 0,
            Caller::OnStack(depth) => self.stack.get_mut(depth),
            Caller::UnderWay(key) | Caller::Told(key) => self.under_way.get_mut(&key),
        };
        let Some(open) = open else { return 0 };
        let end_ns = call.end_ns.min(open.counted_to_ns);
        let start_ns = call.start_ns.max(open.start_ns);
        open.counted_to_ns = open.counted_to_ns.min(start_ns);
        u64::try_from(i128::from(end_ns) - i128::from(start_ns)).unwrap_or(0)
    }

    /// Opens a call whose caller was just found.
    pub(crate) fn open(&mut self, call: &Span, caller: Caller, payload: T) {
        let &Span { function, end_ns, .. } = call;
        let number = call.context.map(|context| context.call);
        let started = |start_ns| Open {
            function,
            start_ns,
            counted_to_ns: end_ns,
            caller,
            call: number,
            payload,
        };
        if call.is_on_stack {
            let caller_start = match caller {
                Caller::OnStack(depth) => self.stack.get(depth).map(|open| open.start_ns),
                Caller::UnderWay(_) | Caller::Told(_) | Caller::None => None,
            };
            let start_ns = caller_start.map_or(call.start_ns, |start| start.max(call.start_ns));
            let place = self.stack.partition_point(|open| open.start_ns <= start_ns);
            self.stack.insert(place, started(start_ns));
            return;
        }
        let key = (call.start_ns, std::cmp::Reverse(call.seq));
        self.under_way.insert(key, started(call.start_ns));
        self.told.extend(number.map(|number| (number, key)));
        if self.under_way.len() > UNDER_WAY_COUNT_MAX
            && let Some((_, forgotten)) = self.under_way.pop_first()
        {
            self.forget(&forgotten);
        }
    }

    /// The earliest start of the open calls that `wants` what was said of them.
    pub(crate) fn earliest_start(&self, wants: impl Fn(&T) -> bool) -> Option<i64> {
        let stack = self.stack.iter().filter(|open| wants(&open.payload));
        let under_way = self.under_way.values().filter(|open| wants(&open.payload));
        stack.chain(under_way).map(|open| open.start_ns).min()
    }
}

/// A moment before which whoever made the call must have begun.
fn moment_within(call: &Span) -> i64 {
    if call.is_on_stack { call.moment_ns() } else { call.start_ns.saturating_add(ROUNDING_NS) }
}
