//! Which functions make which calls, as seen in a sample of rows: what tells the callees of an
//! async call from what ran on its thread for others meanwhile.
//!
//! Some calls of a function, of the faster half, are asked two things:
//!
//! - Is a call of the other function among the next few that begin on the thread, one upon the
//!   other? An async function runs up to its first `await` without anybody between, so what it
//!   calls there follows it nearly always, and before a thread could have taken up anything else,
//!   however much is under way.
//! - Is one contained in it? If all calls of the other function were somebody else's, they would be
//!   contained in a share of `1 - exp(-room / time)` of them (arrivals of a Poisson process), where
//!   `room` is by how much the container is longer than they, added up over those that are shorter.
//!   Asked only while chance explains less than half.
//!
//! What is seen beyond chance, as a share of what chance left, is the share of calls that make such
//! a call.

use std::collections::HashMap;

use crate::blocks::Blocks;
use crate::lane_rows::Piece;
use crate::nesting::{Caller, Evidence, Thread};
use crate::span::{CLOCK_NOISE_NS, SeriesTable, Span};

/// Calls of a function below which nothing is said of it.
const PEER_COUNT_MIN: usize = 4;
/// Calls of a function that are asked: the share of those that call is then known within 0.12
/// (two standard errors at one half).
const PEER_COUNT_MAX: usize = 64;
/// Share of calls from which on a function is said to make such calls.
const CALLS_SHARE_MIN: f64 = 0.5;
/// Share that chance may explain at most.
const CHANCE_SHARE_MAX: f64 = 0.5;
/// Calls that begin next: more than most functions make before they first wait.
const NEXT_COUNT: usize = 4;
/// How soon after another a call begins that belongs to the same piece of work. In a loaded
/// service, half of such calls begin within 1 us and 95 of 100 within 27; of unrelated ones 95 of
/// 100 begin after more than 18, and half after more than 50: reading a socket takes its time.
const GAP_NS: i64 = 20_000;
/// Share of calls with nobody who could have made them from which on a function is taken to be
/// called from outside: by a timer, a socket.
const ENTRY_SHARE_MIN: f64 = 0.02;
/// Calls that are looked at within a container before it is given up.
const LOOK_COUNT_MAX: usize = 64;

/// What was seen of functions on each thread.
#[derive(Debug, Default)]
pub(crate) struct Habits {
    /// By thread and function, in the order of their ends.
    calls: HashMap<(u32, u32), Vec<Seen>>,
    threads: HashMap<u32, Watched>,
    known: HashMap<(u32, u32), Evidence>,
}

/// A call that was not made by one on the stack.
#[derive(Debug, Clone, Copy)]
struct Seen {
    start_ns: i64,
    end_ns: i64,
    /// Whether all that it may have called is in the sample, and it is not on the stack.
    is_peer: bool,
    /// Whether nobody was under way who could have made it.
    is_entry: bool,
}

/// What was seen of a thread.
#[derive(Debug, Default)]
struct Watched {
    length_ns: u64,
    /// Calls that were not made by one on the stack, in the order in which they began.
    starts: Vec<Start>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    start_ns: i64,
    /// Until when the thread could do nothing else: the end, if the call was on the stack.
    busy_to_ns: i64,
    function: u32,
}

impl Habits {
    /// Takes in rows of one process in lane order. Samples come one after the other, each later
    /// than the last.
    pub(crate) fn add(&mut self, series: &SeriesTable, piece: &Piece<'_>) {
        let mut blocks = Blocks::default();
        if series.has_blocks {
            blocks.note(series, piece, None);
        }
        let mut calls = Vec::new();
        series.spans(piece.rows, |seq| blocks.is_on_stack(seq), &mut calls);
        self.add_calls(&calls);
    }

    fn add_calls(&mut self, calls: &[(u32, Span)]) {
        let first_ns = calls.iter().map(|(_, call)| call.end_ns).min().unwrap_or(i64::MAX);
        let last_ns = calls.iter().map(|(_, call)| call.end_ns).max().unwrap_or(i64::MIN);
        let length_ns = last_ns.saturating_sub(first_ns).try_into().unwrap_or(0);
        let mut threads: HashMap<u32, Thread<()>> = HashMap::new();
        let mut seen: Vec<((u32, u32), Seen)> = Vec::new();
        let starts_of = |function, call: &Span| Start {
            start_ns: call.start_ns,
            busy_to_ns: if call.is_on_stack { call.end_ns } else { call.start_ns },
            function,
        };
        for (thread, call) in calls.iter().rev() {
            let open = threads.entry(*thread).or_default();
            let caller = open.find_caller(call, |_, _| Evidence::CallsNot);
            if !matches!(caller, Caller::OnStack(_)) {
                let &Span { start_ns, end_ns, function, .. } = call;
                let is_peer = !call.is_on_stack && start_ns >= first_ns;
                let is_entry = !open.has_container(call);
                seen.push(((*thread, function), Seen { start_ns, end_ns, is_peer, is_entry }));
                let watched = self.threads.entry(*thread).or_default();
                watched.starts.push(starts_of(function, call));
            }
            open.open(call, caller, ());
        }
        for (place, seen) in seen.into_iter().rev() {
            self.calls.entry(place).or_default().push(seen);
        }
        for thread in threads.into_keys() {
            let watched = self.threads.entry(thread).or_default();
            watched.length_ns += length_ns;
            watched.starts.sort_unstable();
        }
        self.known.clear();
    }

    /// Whether calls of `caller` are seen to make calls of `callee`.
    pub(crate) fn evidence(&mut self, caller: u32, callee: u32) -> Evidence {
        if let Some(known) = self.known.get(&(caller, callee)) {
            return *known;
        }
        let evidence = self.weigh(caller, callee);
        self.known.insert((caller, callee), evidence);
        evidence
    }

    fn weigh(&self, caller: u32, callee: u32) -> Evidence {
        let peers = self.peers(caller);
        let is_unknown = peers.len() < PEER_COUNT_MIN;
        if !is_unknown && self.follows(&peers, callee) >= CALLS_SHARE_MIN {
            return Evidence::Calls;
        }
        match self.contained(&peers, callee).filter(|_| !is_unknown) {
            Some(share) if share >= CALLS_SHARE_MIN => Evidence::Calls,
            Some(_) => Evidence::CallsNot,
            None if self.is_entry(callee) => Evidence::CallsNot,
            None => Evidence::Unknown,
        }
    }

    /// Calls of a function with all that they contain, by thread: of the faster half at most some.
    fn peers(&self, function: u32) -> Vec<(u32, Seen)> {
        let threads = self.threads.keys();
        let all = threads.flat_map(|&thread| {
            let calls = self.calls.get(&(thread, function)).into_iter().flatten();
            calls.filter(|seen| seen.is_peer).map(move |seen| (thread, *seen))
        });
        let mut all: Vec<(u32, Seen)> = all.collect();
        // Not in the order of a map: the answer is to be the same each time.
        all.sort_unstable_by_key(|(thread, seen)| (seen.length_ns(), seen.end_ns, *thread));
        all.truncate(all.len().div_ceil(2).max(PEER_COUNT_MIN));
        let step = all.len().div_ceil(PEER_COUNT_MAX).max(1);
        let mut some: Vec<(u32, Seen)> = all.into_iter().step_by(step).collect();
        some.sort_by_key(|(thread, _)| *thread);
        some
    }

    /// Share of `peers` upon whose beginnings a call of `callee` follows.
    fn follows(&self, peers: &[(u32, Seen)], callee: u32) -> f64 {
        let follows = peers.iter().filter(|(thread, peer)| {
            let starts = self.threads.get(thread).map_or(&[][..], |watched| &watched.starts);
            let next = starts.partition_point(|start| start.start_ns <= peer.start_ns);
            let mut busy_to_ns = peer.start_ns;
            let next = starts[next..].iter().take(NEXT_COUNT).take_while(|start| {
                let is_soon = start.start_ns.saturating_sub(busy_to_ns) <= GAP_NS;
                busy_to_ns = start.busy_to_ns;
                is_soon && start.start_ns <= peer.end_ns
            });
            next.into_iter().any(|start| start.function == callee)
        });
        follows.count() as f64 / peers.len() as f64
    }

    /// Share of `peers` that contain a call of `callee`, beyond chance.
    fn contained(&self, peers: &[(u32, Seen)], callee: u32) -> Option<f64> {
        let (mut containing, mut expected) = (0.0, 0.0);
        for of_thread in peers.chunk_by(|left, right| left.0 == right.0) {
            let thread = of_thread[0].0;
            let calls = self.calls.get(&(thread, callee)).map_or(&[][..], Vec::as_slice);
            let chance = self.chance_on(thread, calls);
            for (_, peer) in of_thread {
                containing += f64::from(u8::from(contains(peer, calls)));
                expected += chance(peer);
            }
        }
        beyond_chance(containing / peers.len() as f64, expected / peers.len() as f64)
    }

    /// The chance that a call contained one of `calls` if all of them were somebody else's.
    fn chance_on(&self, thread: u32, calls: &[Seen]) -> impl Fn(&Seen) -> f64 + use<> {
        let length_ns = self.threads.get(&thread).map_or(0, |watched| watched.length_ns);
        let mut lengths: Vec<u64> = calls.iter().map(Seen::length_ns).collect();
        lengths.sort_unstable();
        let mut sum = 0.0;
        let mut sums: Vec<f64> = Vec::with_capacity(lengths.len() + 1);
        sums.push(sum);
        sums.extend(lengths.iter().map(|length| {
            sum += *length as f64;
            sum
        }));
        move |peer| {
            // The room that all shorter calls together had in it.
            let shorter = lengths.partition_point(|length| *length < peer.length_ns());
            let room = peer.length_ns() as f64 * shorter as f64 - sums[shorter];
            1.0 - (-room / length_ns.max(1) as f64).exp()
        }
    }

    /// Whether a function is called from outside now and then.
    fn is_entry(&self, function: u32) -> bool {
        let threads = self.threads.keys();
        let calls = threads.flat_map(|&thread| self.calls.get(&(thread, function))).flatten();
        let (count, entries) = calls.fold((0_u64, 0_u64), |(count, entries), seen| {
            (count + 1, entries + u64::from(seen.is_entry))
        });
        entries as f64 > count as f64 * ENTRY_SHARE_MIN
    }
}

impl Seen {
    fn length_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns).try_into().unwrap_or(0)
    }
}

/// What of a share chance does not explain, of what it could not; `None` when it explains too much.
fn beyond_chance(share: f64, chance: f64) -> Option<f64> {
    (chance <= CHANCE_SHARE_MAX).then(|| (share - chance) / (1.0 - chance))
}

/// Whether one of the calls, which stand in the order of their ends, lies within `peer`.
fn contains(peer: &Seen, calls: &[Seen]) -> bool {
    let end = calls.partition_point(|call| call.end_ns <= peer.end_ns);
    let within = calls[..end].iter().rev().take_while(|call| call.end_ns >= peer.start_ns);
    let is_itself = |call: &Seen| (call.start_ns, call.end_ns) == (peer.start_ns, peer.end_ns);
    let mut within = within.take(LOOK_COUNT_MAX);
    within.any(|call| {
        call.start_ns.saturating_add(CLOCK_NOISE_NS) >= peer.start_ns && !is_itself(call)
    })
}
