//! Why a call took as long as it did, in one sentence.

use std::borrow::Cow;

use super::{Part, PartKind, PathStep, Why};
use crate::words::{self, duration_ns, times};

/// From so many times its median on, a call is said to be slow, and so is a minute.
pub const SLOW_RATIO: f64 = 1.5;

/// One sentence that says where most of the time went, without its full stop. `is_hidden` says
/// which characters of names are shown as `\u{..}`.
#[must_use]
pub fn verdict(why: &Why, is_hidden: fn(char) -> bool) -> String {
    let words = Words { why, is_hidden };
    let name = words.name(&why.row.name.name);
    let took = duration_ns(why.row.duration_ns);
    let all = &why.standing.of_all;
    let ratio = why.row.duration_ns as f64 / all.median_ns.max(1) as f64;
    let median = duration_ns(all.median_ns);
    let compared = if all.count <= 1 {
        "which was its only call".to_owned()
    } else if ratio >= SLOW_RATIO {
        format!("{} times its median of {median}", times(ratio))
    } else {
        format!("about as usual (its median is {median})")
    };
    let reason = why.parts.get(why.reason).map(|part| words.clause(part));
    format!("{name} took {took}, {compared}: {}", reason.unwrap_or_default())
}

/// What is told, and how its names are shown.
struct Words<'a> {
    why: &'a Why,
    is_hidden: fn(char) -> bool,
}

impl Words<'_> {
    fn name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        words::name(name, self.is_hidden)
    }

    /// What a part did to the call.
    fn clause(&self, part: &Part) -> String {
        let last = part.path.last();
        let spent_ns = last.map_or(part.duration_ns, |step| step.duration_ns);
        let amount = amount(spent_ns, self.why.row.duration_ns);
        let place = last.map_or_else(|| self.part_name(part), |step| self.place(step));
        let way = self.way(&part.path);
        match part.kind {
            PartKind::Called => format!("{amount} in {place}{way}"),
            PartKind::Awaited if self.why.is_on_stack => format!("{amount} while {place} ran{way}"),
            PartKind::Awaited => format!("{amount} waiting for {place}{way}"),
            PartKind::Blocked => {
                let of = part.of.as_ref().map_or_else(String::new, |of| {
                    format!(", in a call of {}", self.name(&of.name))
                });
                format!("{amount} blocked by {place}{way}{of}")
            }
            PartKind::Busy => format!("for {amount} its thread was in {place}{way}"),
            PartKind::Began => {
                format!("for {amount} its thread was still in {place}, where it began")
            }
            PartKind::Signal => format!("{amount} under the signal {place}"),
            PartKind::Own => format!("{amount} in its own code, or what that calls uncaptured"),
            PartKind::Unknown => format!("nothing that is captured explains {amount}"),
        }
    }

    fn part_name(&self, part: &Part) -> String {
        part.name.as_ref().map_or_else(String::new, |name| self.name(&name.name).into_owned())
    }

    /// A function with its kind, and where it is.
    fn place(&self, step: &PathStep) -> String {
        let name = self.name(&step.name.name);
        let source = words::escape(&step.name.source, self.is_hidden);
        let kind = step.kind.name();
        if source.is_empty() {
            format!("{name} ({kind})")
        } else {
            format!("{name} ({kind}, {source})")
        }
    }

    /// Through which functions the last one was called.
    fn way(&self, path: &[PathStep]) -> String {
        let Some((_, before)) = path.split_last().filter(|(_, before)| !before.is_empty()) else {
            return String::new();
        };
        let names: Vec<_> = before.iter().map(|step| self.name(&step.name.name)).collect();
        format!(", by way of {}", names.join(" > "))
    }
}

/// An amount of the call's time.
fn amount(ns: u64, of_ns: u64) -> String {
    let (part, whole) = (duration_ns(ns), duration_ns(of_ns));
    match (part.rsplit_once(' '), whole.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number} of {whole}"),
        _ => format!("{part} of {whole}"),
    }
}
