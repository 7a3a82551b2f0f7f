//! Where the time of one call went: every nanosecond is entered once.
//!
//! The time is gone through from the end to the start. What kept the thread busy is entered first,
//! as it comes. A stretch in which nothing did goes to a signal of the runtime that lies there;
//! else to the awaited call that lies there and ended last, since that was what there was to wait
//! for, and to what that one awaited; else to the rest.

/// Claims within claims that are told apart: more are taken to be of the one that holds them.
const DEPTH_MAX: u32 = 64;

/// Who time is entered for.
pub(super) type Account = usize;

/// A stretch of time that belongs to an account, if nothing before it takes it.
#[derive(Debug, Clone)]
struct Claim {
    start_ns: i64,
    end_ns: i64,
    account: Account,
    depth: u32,
    /// Those that lie within, in the order of [`insert`].
    within: Vec<usize>,
}

/// Where the time of one call went.
#[derive(Debug)]
pub(super) struct Ledger {
    start_ns: i64,
    /// From here to the end of the call all is entered.
    entered_to_ns: i64,
    claims: Vec<Claim>,
    /// Indices of claims, in the order of [`insert`].
    signals: Vec<usize>,
    awaited: Vec<usize>,
    books: Books,
}

/// What is entered.
#[derive(Debug, Default)]
struct Books {
    /// Nanoseconds by account.
    amounts: Vec<u64>,
    rest_ns: u64,
}

impl Ledger {
    pub fn new(start_ns: i64, end_ns: i64) -> Self {
        Self {
            start_ns,
            entered_to_ns: end_ns,
            claims: Vec::new(),
            signals: Vec::new(),
            awaited: Vec::new(),
            books: Books::default(),
        }
    }

    /// What was entered for an account, in nanoseconds.
    pub fn amount(&self, account: Account) -> u64 {
        self.books.amounts.get(account).copied().unwrap_or(0)
    }

    /// What was entered for nobody, in nanoseconds.
    pub const fn rest_ns(&self) -> u64 {
        self.books.rest_ns
    }

    /// Enters time in which the thread could do nothing else. It comes after all that ended later.
    pub fn enter_busy(&mut self, start_ns: i64, end_ns: i64, account: Account) {
        let (start_ns, end_ns) = (start_ns.max(self.start_ns), end_ns.min(self.entered_to_ns));
        if start_ns >= end_ns {
            return;
        }
        self.enter_free(end_ns);
        self.books.add(account, start_ns, end_ns);
        self.entered_to_ns = start_ns;
    }

    /// Says that a signal lies here. It comes before what is busy and ended earlier.
    pub fn claim_signal(&mut self, start_ns: i64, end_ns: i64, account: Account) {
        let claim = self.claims.len();
        self.claims.push(Claim { start_ns, end_ns, account, depth: 0, within: Vec::new() });
        insert(&self.claims, &mut self.signals, claim);
    }

    /// Says that a call lies here that was awaited, in another claim if there is one. It comes
    /// before what is busy and ended earlier. Returns the claim.
    pub fn claim_awaited(
        &mut self,
        start_ns: i64,
        end_ns: i64,
        account: Account,
        within: Option<usize>,
    ) -> usize {
        let depth = within.map_or(0, |outer| self.claims[outer].depth + 1);
        if let Some(outer) = within.filter(|_| depth > DEPTH_MAX) {
            return outer;
        }
        let claim = self.claims.len();
        self.claims.push(Claim { start_ns, end_ns, account, depth, within: Vec::new() });
        match within {
            Some(outer) => {
                let mut list = std::mem::take(&mut self.claims[outer].within);
                insert(&self.claims, &mut list, claim);
                self.claims[outer].within = list;
            }
            None => insert(&self.claims, &mut self.awaited, claim),
        }
        claim
    }

    /// Enters what is left: the amounts of all accounts and the rest make up the whole call.
    pub fn finish(&mut self) {
        self.enter_free(self.start_ns);
    }

    /// Enters the time from `to_ns` to where all is entered: nothing busy lies there.
    fn enter_free(&mut self, to_ns: i64) {
        let from_ns = std::mem::replace(&mut self.entered_to_ns, to_ns);
        let Self { claims, signals, awaited, books, .. } = self;
        enter(claims, signals, (to_ns, from_ns), books, &mut |books, stretch| {
            enter_awaited(claims, awaited, stretch, books, None);
        });
        let is_ahead = |claim: &usize| self.claims[*claim].start_ns < to_ns;
        self.signals.retain(is_ahead);
        self.awaited.retain(is_ahead);
    }
}

impl Books {
    fn add(&mut self, account: Account, start_ns: i64, end_ns: i64) {
        if self.amounts.len() <= account {
            self.amounts.resize(account + 1, 0);
        }
        self.amounts[account] += end_ns.abs_diff(start_ns);
    }
}

/// Keeps claims in the order of their ends, the latest first, of equals the one that came first.
fn insert(claims: &[Claim], list: &mut Vec<usize>, claim: usize) {
    let end_ns = claims[claim].end_ns;
    let place = list.partition_point(|other| claims[*other].end_ns >= end_ns);
    list.insert(place, claim);
}

/// A stretch of time, from and to.
type Stretch = (i64, i64);

/// Gives a stretch to the claims that lie in it, and each what it takes to those within it; what
/// nobody takes goes to the account, else to the rest.
fn enter_awaited(
    claims: &[Claim],
    list: &[usize],
    stretch: Stretch,
    books: &mut Books,
    account: Option<Account>,
) {
    let mut left_ns = stretch.1;
    let leave = |books: &mut Books, start_ns: i64, end_ns: i64| match account {
        Some(account) => books.add(account, start_ns, end_ns),
        None => books.rest_ns += end_ns.abs_diff(start_ns),
    };
    for claim in list.iter().map(|claim| &claims[*claim]) {
        let (start_ns, end_ns) = (claim.start_ns.max(stretch.0), claim.end_ns.min(left_ns));
        if start_ns < end_ns {
            leave(books, end_ns, left_ns);
            let account = Some(claim.account);
            enter_awaited(claims, &claim.within, (start_ns, end_ns), books, account);
            left_ns = start_ns;
        }
        if left_ns <= stretch.0 {
            return;
        }
    }
    leave(books, stretch.0, left_ns);
}

/// Gives a stretch to the claims that lie in it; what none of them takes is left.
fn enter(
    claims: &[Claim],
    list: &[usize],
    stretch: Stretch,
    books: &mut Books,
    leave: &mut impl FnMut(&mut Books, Stretch),
) {
    let mut left_ns = stretch.1;
    for claim in list.iter().map(|claim| &claims[*claim]) {
        let (start_ns, end_ns) = (claim.start_ns.max(stretch.0), claim.end_ns.min(left_ns));
        if start_ns < end_ns {
            leave(books, (end_ns, left_ns));
            books.add(claim.account, start_ns, end_ns);
            left_ns = start_ns;
        }
    }
    leave(books, (stretch.0, left_ns));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Start, end and part of a stretch; of those that are busy two do not overlap.
    type Stretch = (i64, i64, usize);

    /// Nanosecond by nanosecond.
    fn naive(
        (start, end): (i64, i64),
        busy: &[Stretch],
        signals: &[Stretch],
        awaited: &[Stretch],
    ) -> ([u64; 9], u64) {
        let (mut amounts, mut rest) = ([0; 9], 0);
        let latest = |all: &[Stretch], at: i64| {
            let here = all.iter().filter(|one| one.0 <= at && at < one.1);
            // Of equals the one that came first.
            here.rev().max_by_key(|one| one.1).map(|one| one.2)
        };
        for at in start..end {
            let of_layer = [busy, signals, awaited].map(|all| latest(all, at));
            match of_layer.into_iter().flatten().next() {
                Some(part) => amounts[part] += 1,
                None => rest += 1,
            }
        }
        (amounts, rest)
    }

    fn stretches(first_part: usize) -> impl Strategy<Value = Vec<Stretch>> {
        let one = (-10..60_i64, 0..40_i64, first_part..first_part + 3);
        let one = one.prop_map(|(start, length, part)| (start, start + length, part));
        prop::collection::vec(one, 0..7)
    }

    proptest! {
        #[test]
        fn every_nanosecond_is_entered_once(
            steps in prop::collection::vec((0..9_i64, 0..9_i64, 0..3_usize), 0..9),
            signals in stretches(3),
            awaited in stretches(6),
        ) {
            // Promise: amounts add up to the call, and each goes where the rules say.
            let (start, end) = (0, 50);
            let mut busy: Vec<Stretch> = Vec::new();
            let mut at = -5;
            for (gap, length, part) in steps {
                busy.push((at + gap, at + gap + length, part));
                at += gap + length;
            }
            let mut events: Vec<(usize, Stretch)> = Vec::new();
            for (layer, all) in [&busy, &signals, &awaited].into_iter().enumerate() {
                events.extend(all.iter().map(|one| (layer, *one)));
            }
            // The latest end first; of equals, what is busy comes last.
            events.sort_by_key(|(layer, one)| (-one.1, *layer == 0, -one.0));
            let mut ledger = Ledger::new(start, end);
            for (layer, (start, end, part)) in &events {
                match layer {
                    0 => ledger.enter_busy(*start, *end, *part),
                    1 => ledger.claim_signal(*start, *end, *part),
                    _ => _ = ledger.claim_awaited(*start, *end, *part, None),
                }
            }
            ledger.finish();
            let of_layer = |wanted: usize| -> Vec<Stretch> {
                let of = events.iter().filter(|(layer, _)| *layer == wanted);
                of.map(|(_, one)| *one).collect()
            };
            let expected = naive((start, end), &of_layer(0), &of_layer(1), &of_layer(2));
            let amounts = std::array::from_fn(|account| ledger.amount(account));
            prop_assert_eq!((amounts, ledger.rest_ns()), expected);
            prop_assert_eq!(amounts.iter().sum::<u64>() + ledger.rest_ns(), 50);
        }
    }
}
