//! Which blocks were on the stack: they may be sync or not, and their rows do not say.
//!
//! A block was on the stack unless an async call ended while it was under way on its thread:
//! promises settle on an empty stack.

use std::collections::{HashMap, HashSet};

use kronicler_format::Kind;

use crate::lane_rows::Piece;
use crate::span::SeriesTable;

/// Blocks that were not on the stack.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    process: Option<u64>,
    /// By thread: blocks that were still under way at the moment that has been reached.
    open: HashMap<u32, Vec<Open>>,
    off_stack: HashSet<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    seq: u64,
    start_ns: i64,
    end_ns: i64,
}

impl Blocks {
    /// Looks at rows from the last to the first, piece by piece; at those alone that ended at
    /// `since_ns` or later.
    pub(crate) fn note(&mut self, series: &SeriesTable, piece: &Piece<'_>, since_ns: Option<i64>) {
        if self.process != Some(piece.process) {
            self.process = Some(piece.process);
            self.open.clear();
        }
        for (seq, row) in piece.rows.iter().rev() {
            if since_ns.is_some_and(|since| row.end_ns < since) {
                continue;
            }
            let Some(call) = series.span_of(*seq, row) else { continue };
            let open = self.open.entry(row.thread).or_default();
            open.retain(|block| block.start_ns < call.end_ns);
            match call.kind {
                Kind::Block => {
                    let (start_ns, end_ns) = (call.start_ns, call.end_ns);
                    open.push(Open { seq: *seq, start_ns, end_ns });
                }
                Kind::Async | Kind::Http => settle(open, call.end_ns, &mut self.off_stack),
                Kind::Sync | Kind::Generator | Kind::Manual | Kind::Signal => {}
            }
        }
    }

    /// Whether a block was on the stack, as far as was seen.
    pub(crate) fn is_on_stack(&self, seq: u64) -> bool {
        !self.off_stack.contains(&seq)
    }
}

/// Something ended on an empty stack: the blocks that were under way then were not on it.
fn settle(open: &mut Vec<Open>, end_ns: i64, off_stack: &mut HashSet<u64>) {
    open.retain(|block| {
        let is_around = block.start_ns < end_ns && end_ns < block.end_ns;
        if is_around {
            off_stack.insert(block.seq);
        }
        !is_around
    });
}
