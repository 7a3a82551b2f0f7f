//! What a call belongs to: the call that made it, and the request that both are for.
//!
//! Numbers are given out by each thread, in the order in which calls begin: they tell calls of one
//! thread of one process apart. The calls that made others therefore have smaller ones, and the
//! field of a detail holds how much smaller:
//!
//! ```text
//! call, call - parent (0: nobody who is known), call - request (0: itself)
//! ```
//!
//! All three are varints.

use crate::varint::{Cursor, put_u64};
use crate::{FormatError, Record};

/// What a call belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallContext {
    /// The call, from 1 on.
    pub call: u64,
    /// The call that made it; 0 when that is not known.
    pub parent: u64,
    /// The first of the calls that led to it: itself, when it has no parent.
    pub request: u64,
}

/// The lowest byte of a record that tells of the call in the next one: no flags of a call.
const FLAGS: u8 = 0xFF;

impl CallContext {
    /// What a record of this stands for: the context of the call in the next record of its ring.
    #[must_use]
    pub const fn to_record(self) -> Record {
        let Self { call, parent, request } = self;
        Record { context: request, ..Record::new(call, parent, 0, FLAGS) }
    }

    /// The context that a record holds; none when it holds a call.
    #[must_use]
    #[inline]
    pub const fn of_record(record: &Record) -> Option<Self> {
        let &Record { start, end, lap_and_flags, context, .. } = record;
        if lap_and_flags.to_le_bytes()[0] == FLAGS {
            Some(Self { call: start, parent: end, request: context })
        } else {
            None
        }
    }

    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        put_u64(out, self.call);
        put_u64(out, self.call.saturating_sub(self.parent) * u64::from(self.parent > 0));
        put_u64(out, self.call.saturating_sub(self.request));
    }

    pub(crate) fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let call = cursor.u64()?;
        let (to_parent, to_request) = (cursor.u64_at_most(call)?, cursor.u64_at_most(call)?);
        let parent = if to_parent == 0 { 0 } else { call - to_parent };
        Ok(Self { call, parent, request: call - to_request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Flags, Kind, Outcome};

    #[test]
    fn a_context_is_told_from_a_call() {
        // Promise: what a call belongs to is never taken for a call, nor a call for that.
        let context = CallContext { call: 1 << 53, parent: 7, request: 3 };
        assert_eq!(CallContext::of_record(&context.to_record()), Some(context));
        assert!(context.to_record().flags().is_err());
        for outcome in [Outcome::Ok, Outcome::Error, Outcome::Aborted] {
            for kind in [Kind::Sync, Kind::Http, Kind::Signal, Kind::Manual] {
                let flags = Flags::new(outcome, kind).bits();
                assert_eq!(CallContext::of_record(&Record::new(1, 2, 3, flags)), None);
            }
        }
    }

    #[test]
    fn a_context_comes_back() {
        // Promise: who made a call, and for which request, is what was stored, or an error.
        let contexts = [(1, 0, 1), (2, 1, 1), (300, 299, 1), (u64::MAX, 1, u64::MAX)];
        for (call, parent, request) in contexts {
            let context = CallContext { call, parent, request };
            let mut out = Vec::new();
            context.encode(&mut out);
            let mut cursor = Cursor::new("context", &out);
            assert_eq!(CallContext::decode(&mut cursor), Ok(context));
            let cut = &out[..out.len() - 1];
            assert!(CallContext::decode(&mut Cursor::new("context", cut)).is_err());
        }
        assert!(CallContext::decode(&mut Cursor::new("context", &[5, 6, 0])).is_err());
    }
}
