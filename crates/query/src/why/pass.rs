//! One call seen among those around it: who made it, what it made, and what else ran meanwhile.

use std::collections::HashMap;

use kronicler_format::{Kind, Row};
use kronicler_store::StoreError;

use super::ledger::{Account, Ledger};
use crate::answer::Gaps;
use crate::blocks::Blocks;
use crate::contexts::Contexts;
use crate::habits::Habits;
use crate::lane_rows::{Piece, process_of, read_between, visit_overlapping};
use crate::nesting::{Caller, Thread};
use crate::path_tree::{PathTree, Under};
use crate::scan::LaneScan;
use crate::span::{SeriesTable, Span};

/// Rows before and behind the call from which it is learned which functions call which.
const SAMPLE_ROW_COUNT: u64 = 32_768;

/// What a stretch of the call's time has to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Link {
    /// A call that it made and that kept the thread.
    Called,
    /// A call that it made and waited for.
    Awaited,
    /// A call that kept the thread, made by others; the first of its callers was of this function.
    Blocked(u32),
    /// A call that kept the thread, made by it or by others.
    Busy,
    /// The call that made it, and kept the thread on.
    Began,
    /// A signal of the runtime.
    Signal,
}

/// Calls of a function that have the same to do with the call.
#[derive(Debug)]
pub(super) struct FoundPart {
    pub link: Link,
    pub function: u32,
    pub rows: u64,
    /// How many calls a row stands for at most, of these and of what they called.
    pub weight_max: u32,
}

/// A call that made the call, or the call that made that one.
#[derive(Debug, Clone, Copy)]
pub(super) struct FoundCaller {
    pub call: Span,
    /// Whether it is certain: both were on the stack, or the program told.
    pub is_certain: bool,
}

/// One call seen among those around it.
pub(super) struct Pass<'a> {
    call: Span,
    thread_number: u32,
    process: u64,
    series: SeriesTable,
    habits: Habits,
    blocks: Blocks,
    contexts: Contexts<'a>,
    thread: Thread<Mark>,
    is_placed: bool,
    opened: HashMap<u64, Opened>,
    places: HashMap<(Link, u32), usize>,
    accounts: HashMap<(usize, Option<u32>), Account>,
    spans: Vec<(u32, Span)>,
    /// The calls it made, and those that kept its thread, by path; its own node comes first.
    pub tree: PathTree,
    pub parts: Vec<FoundPart>,
    ledger: Ledger,
    /// Who made it, the last caller first.
    pub callers: Vec<FoundCaller>,
    /// Calls of its function under way on any thread of its process when it began, itself included.
    pub started_among: u64,
    /// How long calls of its function overlapped with it, itself included.
    pub overlap_ns: u128,
    /// What could not be read of who made whom.
    pub gaps: Gaps,
}

/// A call that was under way when the call ended.
#[derive(Debug, Clone, Copy)]
struct Opened {
    call: Span,
    made_by: Option<MadeBy>,
}

/// Who made a call.
#[derive(Debug, Clone, Copy)]
struct MadeBy {
    seq: u64,
    is_certain: bool,
}

/// What is known of an open call.
#[derive(Debug, Clone, Copy)]
struct Mark {
    seq: u64,
    /// Function of the first of its callers that are known, or its own.
    first_function: u32,
    is_on_stack: bool,
    /// Its node, if it belongs to a part or is the call itself.
    node: Option<u32>,
    /// Its part; `None` for the call itself.
    part: Option<usize>,
    /// Whether it is the call itself or was made by it.
    is_own: bool,
    /// Its claim to time in which the thread was free, if the call waited for it.
    claim: Option<usize>,
}

impl<'a> Pass<'a> {
    /// Looks at everything in the lane of `scan` that overlaps the row with this sequence.
    pub fn run(
        scan: &mut LaneScan<'_>,
        mut contexts: Contexts<'a>,
        series: SeriesTable,
        seq: u64,
        row: &Row,
    ) -> Result<Option<Self>, StoreError> {
        let Some(call) = series.span_of(seq, row) else { return Ok(None) };
        let mut call = [(row.thread, call)];
        contexts.tell(&mut call);
        let [(_, call)] = call;
        let process = process_of(scan, seq)?;
        let mut pass = Self {
            call,
            thread_number: row.thread,
            process,
            series,
            habits: Habits::default(),
            blocks: Blocks::default(),
            contexts,
            thread: Thread::default(),
            is_placed: false,
            opened: HashMap::new(),
            places: HashMap::new(),
            accounts: HashMap::new(),
            spans: Vec::new(),
            tree: PathTree::default(),
            parts: Vec::new(),
            ledger: Ledger::new(call.start_ns, call.end_ns),
            callers: Vec::new(),
            started_among: 1,
            overlap_ns: u128::from(call.duration_ns),
            gaps: Gaps::default(),
        };
        pass.learn(scan)?;
        let range = (call.start_ns, call.end_ns);
        if pass.series.has_blocks || pass.series.has_signals {
            visit_overlapping(scan, range, |piece| pass.look_ahead(piece))?;
        }
        visit_overlapping(scan, range, |piece| pass.add(piece))?;
        if !pass.is_placed {
            pass.place();
        }
        pass.ledger.finish();
        pass.gaps = pass.contexts.finish()?;
        Ok(Some(pass))
    }

    /// Time that nothing explains; of a call on the stack, its own.
    pub const fn rest_ns(&self) -> u64 {
        self.ledger.rest_ns()
    }

    /// The call, as far as it is known whether it was on the stack.
    pub const fn call(&self) -> &Span {
        &self.call
    }

    /// Learns from the rows around the call which functions call which.
    fn learn(&mut self, scan: &mut LaneScan<'_>) -> Result<(), StoreError> {
        let seq = self.call.seq;
        let around = seq.saturating_sub(SAMPLE_ROW_COUNT)..seq.saturating_add(SAMPLE_ROW_COUNT);
        let pieces = read_between(scan, &around)?.into_iter();
        for (process, rows) in pieces.filter(|(process, _)| *process == self.process) {
            self.habits.add(&self.series, &Piece { process, rows: &rows });
        }
        Ok(())
    }

    /// Notes what must be known before the calls come: blocks that were not on the stack, and
    /// signals of the thread, whose rows may stand far behind their time.
    fn look_ahead(&mut self, piece: &Piece<'_>) {
        if piece.process != self.process {
            return;
        }
        self.blocks.note(&self.series, piece, None);
        let own_seq = self.call.seq;
        for (seq, row) in piece.rows.iter().rev().filter(|(seq, _)| *seq != own_seq) {
            let Some(span) = self.series.span_of(*seq, row) else { continue };
            if span.kind == Kind::Signal && row.thread == self.thread_number {
                let part = self.begin_part(Link::Signal, &span);
                let account = self.account(part, None);
                self.ledger.claim_signal(span.start_ns, span.end_ns, account);
            }
        }
    }

    fn add(&mut self, piece: &Piece<'_>) {
        if piece.process != self.process {
            return;
        }
        self.note_overlaps(piece);
        let mut spans = std::mem::take(&mut self.spans);
        let blocks = &self.blocks;
        self.series.spans(piece.rows, |seq| blocks.is_on_stack(seq), &mut spans);
        self.contexts.tell(&mut spans);
        for (thread, call) in spans.iter().rev() {
            if *thread != self.thread_number {
                continue;
            }
            if call.seq == self.call.seq {
                self.call = *call;
            }
            if !self.is_placed && self.is_reached(call) {
                self.place();
            }
            if call.seq != self.call.seq {
                self.add_call(call);
            }
        }
        self.spans = spans;
    }

    /// Whether calls from this one on ended before the call, or are it.
    fn is_reached(&self, call: &Span) -> bool {
        match self.call.kind {
            // Its times are given by hand, so it may stand anywhere in the lane.
            Kind::Manual | Kind::Signal => call.end_ns <= self.call.end_ns,
            _ => call.seq <= self.call.seq,
        }
    }

    /// Puts the call where it belongs among those that were open when it ended.
    fn place(&mut self) {
        self.is_placed = true;
        let call = self.call;
        let habits = &mut self.habits;
        let caller =
            self.thread.find_caller(&call, |caller, callee| habits.evidence(caller, callee));
        let mut made_by = self.made_by(caller, &call);
        let mut is_certain = true;
        while let Some(by) = made_by
            && let Some(&Opened { call, made_by: next }) = self.opened.get(&by.seq)
        {
            is_certain &= by.is_certain;
            self.callers.push(FoundCaller { call, is_certain });
            made_by = next;
        }
        self.note_busy_end();
        self.opened = HashMap::new();
        let what = (call.function, call.kind);
        let node = self.tree.add(Under::Top(0), what, call.duration_ns, 0);
        let mark = Mark { node, is_own: true, ..Mark::new(&call) };
        self.thread.open(&call, caller, mark);
    }

    /// Who made a call that was not yet opened.
    fn made_by(&self, caller: Caller, call: &Span) -> Option<MadeBy> {
        let by = self.thread.payload(caller)?;
        let is_told = matches!(caller, Caller::Told(_));
        Some(MadeBy { seq: by.seq, is_certain: is_told || call.is_on_stack && by.is_on_stack })
    }

    /// Enters the time in which a call on the stack was under way that began in the call and ended
    /// after it: one that calls back at once is not on the stack and ends within others.
    fn note_busy_end(&mut self) {
        let (start_ns, end_ns) = (self.call.start_ns, self.call.end_ns);
        let begun_within = self.thread.first_on_stack(|mark| {
            let busy = self.opened.get(&mark.seq);
            busy.is_some_and(|busy| busy.call.start_ns > start_ns)
        });
        let busy = begun_within.and_then(|mark| self.opened.get(&mark.seq));
        let Some(&Opened { call: busy, .. }) = busy.filter(|_| !self.call.is_on_stack) else {
            return;
        };
        let part = self.begin_part(Link::Busy, &busy);
        let node = self.add_node(Under::Top(part + 1), Caller::None, &busy);
        let account = self.account(part, node);
        self.ledger.enter_busy(busy.start_ns, end_ns, account);
    }

    fn add_call(&mut self, call: &Span) {
        let habits = &mut self.habits;
        let caller =
            self.thread.find_caller(call, |caller, callee| habits.evidence(caller, callee));
        let by = self.thread.payload(caller).copied();
        let mut mark = Mark::new(call);
        if let Some(by) = by {
            mark.first_function = by.first_function;
        }
        if !self.is_placed {
            let made_by = self.made_by(caller, call);
            self.opened.insert(call.seq, Opened { call: *call, made_by });
        } else if let Some(by) = by.filter(|by| by.is_own || by.part.is_some()) {
            self.add_made(&by, caller, &mut mark, call);
        } else if call.is_on_stack && !self.call.is_on_stack {
            let is_under_way = matches!(caller, Caller::UnderWay(_) | Caller::Told(_));
            self.add_other(by.filter(|_| is_under_way), &mut mark, call);
        }
        if let Some(part) = mark.part {
            let weight = self.series.of(call.series).map_or(1, |facts| facts.weight);
            let part = &mut self.parts[part];
            part.weight_max = part.weight_max.max(weight);
        }
        self.thread.open(call, caller, mark);
    }

    /// Adds a call that the call made, directly or not, or one that is below a part.
    fn add_made(&mut self, by: &Mark, caller: Caller, mark: &mut Mark, call: &Span) {
        let link = if call.is_on_stack { Link::Called } else { Link::Awaited };
        let part = by.part.unwrap_or_else(|| self.begin_part(link, call));
        (mark.part, mark.is_own) = (Some(part), by.is_own);
        let under = by.node.map_or(Under::Top(part + 1), Under::Node);
        mark.node = self.add_node(under, caller, call);
        if !by.is_own {
            self.note_beginning(call);
            return;
        }
        let account = self.account(part, mark.node);
        if !call.is_on_stack {
            let is_waited_for = by.part.is_none() || by.claim.is_some();
            mark.claim = is_waited_for
                .then(|| self.ledger.claim_awaited(call.start_ns, call.end_ns, account, by.claim));
        } else if by.part.is_none() || !by.is_on_stack {
            // What lies within another call on the stack is entered with that one.
            self.ledger.enter_busy(call.start_ns, call.end_ns, account);
        }
    }

    /// Adds a call on the stack that the call did not make, as far as is known, while its thread
    /// was to be had. `by` is who made it.
    fn add_other(&mut self, by: Option<Mark>, mark: &mut Mark, call: &Span) {
        if call.end_ns <= self.call.start_ns {
            return;
        }
        let link = match by {
            _ if call.start_ns < self.call.start_ns => Link::Began,
            Some(by) => Link::Blocked(by.first_function),
            None => Link::Busy,
        };
        let part = self.begin_part(link, call);
        mark.part = Some(part);
        mark.node = self.add_node(Under::Top(part + 1), Caller::None, call);
        let account = self.account(part, mark.node);
        self.ledger.enter_busy(call.start_ns, call.end_ns, account);
        self.note_beginning(call);
    }

    /// Adds a call to the tree with what of it lies within the time that is explained.
    fn add_node(&mut self, under: Under, caller: Caller, call: &Span) -> Option<u32> {
        let start_ns = call.start_ns.max(self.call.start_ns);
        let end_ns = call.end_ns.min(self.call.end_ns).max(start_ns);
        let clipped = Span { start_ns, end_ns, ..*call };
        let within_ns = self.thread.count_within(caller, &clipped);
        self.tree.add(under, (call.function, call.kind), end_ns.abs_diff(start_ns), within_ns)
    }

    /// The node at the top of a part.
    pub fn top_of(&self, part: usize) -> Option<u32> {
        let FoundPart { link, function, .. } = self.parts.get(part)?;
        let is_own = matches!(link, Link::Called | Link::Awaited);
        let nodes =
            self.accounts.keys().filter(|(of, _)| *of == part).filter_map(|(_, node)| *node);
        let is_top = |node: &u32| {
            let node = &self.tree.nodes[*node as usize];
            node.function == *function && node.depth == u32::from(is_own)
        };
        nodes.filter(is_top).min()
    }

    /// Who time is entered for: calls of a part that stand in one node.
    fn account(&mut self, part: usize, node: Option<u32>) -> Account {
        let next = self.accounts.len();
        *self.accounts.entry((part, node)).or_insert(next)
    }

    /// The time that was entered for each part, and for each node of the tree.
    pub fn amounts(&self) -> (Vec<u64>, Vec<u64>) {
        let mut of_parts = vec![0; self.parts.len()];
        let mut of_nodes = vec![0; self.tree.nodes.len()];
        for ((part, node), account) in &self.accounts {
            let amount_ns = self.ledger.amount(*account);
            of_parts[*part] += amount_ns;
            if let Some(node) = node {
                of_nodes[*node as usize] += amount_ns;
            }
        }
        (of_parts, of_nodes)
    }

    /// The part that a call begins.
    fn begin_part(&mut self, link: Link, call: &Span) -> usize {
        let function = call.function;
        let parts = &mut self.parts;
        let place = *self.places.entry((link, function)).or_insert_with(|| {
            parts.push(FoundPart { link, function, rows: 0, weight_max: 1 });
            parts.len() - 1
        });
        parts[place].rows += 1;
        place
    }

    /// Notes calls of the same function that overlap.
    fn note_overlaps(&mut self, piece: &Piece<'_>) {
        let own_seq = self.call.seq;
        for (seq, row) in piece.rows.iter().filter(|(seq, _)| *seq != own_seq) {
            let Some(span) = self.series.span_of(*seq, row) else { continue };
            if span.function == self.call.function {
                let (start_ns, end_ns) = (self.call.start_ns, self.call.end_ns);
                let is_under_way = span.start_ns <= start_ns && span.end_ns > start_ns;
                self.started_among += u64::from(is_under_way);
                let (start_ns, end_ns) = (span.start_ns.max(start_ns), span.end_ns.min(end_ns));
                self.overlap_ns += u128::from(end_ns.abs_diff(start_ns.min(end_ns)));
            }
        }
    }

    /// Notes who was on the stack when the call began, if it outlived them.
    fn note_beginning(&mut self, call: &Span) {
        let was_there = call.start_ns <= self.call.start_ns && self.call.start_ns <= call.end_ns;
        if was_there && call.is_on_stack && !self.call.is_on_stack {
            self.callers.insert(0, FoundCaller { call: *call, is_certain: true });
        }
    }
}

impl Mark {
    const fn new(call: &Span) -> Self {
        let &Span { seq, function, is_on_stack, .. } = call;
        let (node, part, is_own, claim) = (None, None, false, None);
        Self { seq, first_function: function, is_on_stack, node, part, is_own, claim }
    }
}
