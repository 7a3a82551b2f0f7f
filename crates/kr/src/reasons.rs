//! Why a call took as long as it did, in words.

use kronicler_format::{Argument, CallContext, Detail, LoopUse};
use kronicler_query::{Among, Part, PartKind, SLOW_RATIO, Why};

use crate::escape;
use crate::rows::lane_and_seq;
use crate::units::{count, counted, duration_ns, percent, times};
use crate::when::Times;

/// Up to so many calls that were as slow are counted rather than told as a share.
const FEW: u64 = 10;

/// One sentence that says where most of the time went, without its full stop.
pub fn verdict(why: &Why) -> String {
    kronicler_query::verdict(why, escape::is_not_shown)
}

#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn ratio(ns: u64, usual_ns: u64) -> f64 {
    ns as f64 / usual_ns.max(1) as f64
}

fn part_name(part: &Part) -> String {
    part.name.as_ref().map_or_else(String::new, |name| escape::name(&name.name).into_owned())
}

/// A part in the words of a table.
pub fn part_words(part: &Part, why: &Why) -> String {
    let name = part_name(part);
    let of =
        part.of.as_ref().map_or_else(String::new, |of| format!(" in {}", escape::name(&of.name)));
    match part.kind {
        PartKind::Called => name,
        PartKind::Awaited if why.is_on_stack => format!("while {name} ran"),
        PartKind::Awaited => format!("waiting for {name}"),
        PartKind::Blocked => format!("blocked by {name}{of}"),
        PartKind::Busy => format!("thread in {name}"),
        PartKind::Began => format!("thread still in {name}"),
        PartKind::Signal => format!("signal {name}"),
        PartKind::Own => "its own code".to_owned(),
        PartKind::Unknown => "unknown".to_owned(),
    }
}

/// What the thread of a call told of it when it ended, a sentence each.
pub fn told(detail: &Detail) -> Vec<String> {
    let mut told = Vec::new();
    let text = |text: &str| escape::escape(text).into_owned();
    match (&detail.error, &detail.message) {
        (Some(error), Some(message)) => {
            told.push(format!("It failed with {}: {}", text(error), text(message)));
        }
        (Some(error), None) => told.push(format!("It failed with {}.", text(error))),
        (None, Some(message)) => told.push(format!("It failed: {}", text(message))),
        (None, None) => {}
    }
    if let Some(LoopUse { busy_thousandths, window_ns }) = detail.event_loop {
        #[expect(clippy::cast_precision_loss, reason = "it is at most 1,000")]
        let share = busy_thousandths as f64 / 1_000.0;
        let (share, window) = (percent(share), duration_ns(window_ns));
        told.push(format!("The event loop was busy for {share} of the {window} up to its end."));
    }
    if let Some(in_flight) = detail.in_flight {
        let calls = match in_flight {
            0 => "No other captured call".to_owned(),
            1 => "One other captured call".to_owned(),
            _ => counted(in_flight, "other captured call"),
        };
        let were = if in_flight > 1 { "were" } else { "was" };
        told.push(format!("{calls} of its thread {were} under way when it ended."));
    }
    for Argument { path, value } in &detail.arguments {
        told.push(format!("Argument {}: {}", text(path), text(value)));
    }
    if let Some(ids) = &detail.trace {
        let (trace, span) = ids.hex();
        told.push(format!("Span {span} of trace {trace}."));
    }
    if let Some(CallContext { call, parent, request }) = detail.context {
        let by = if parent > 0 { format!(", made by call {parent}") } else { String::new() };
        told.push(format!("Call {call} of its thread{by}, for request {request}."));
    }
    told
}

/// What else is known, and what is not, a paragraph each.
pub fn remarks(why: &Why, times: &Times) -> Vec<String> {
    let mut remarks = vec![facts(why, times)];
    remarks.extend(why.row.detail.iter().flat_map(|detail| told(detail)));
    remarks.extend(callers(why));
    remarks.push(rank(why));
    remarks.extend(minute(why));
    remarks.push(in_flight(why));
    remarks.extend(doubts(why));
    remarks
}

fn facts(why: &Why, times: &Times) -> String {
    let row = &why.row;
    let (id, kind, outcome) = (lane_and_seq(row.id), row.kind.name(), row.outcome.name());
    let begun = times.millisecond(row.start_ns());
    let source = escape::escape(&row.name.source);
    let source = if source.is_empty() { String::new() } else { format!(", {source}") };
    format!("{id}: {kind}, {outcome}, thread {}, began {begun}{source}.", row.thread)
}

fn callers(why: &Why) -> Option<String> {
    let callers = why.callers.iter().map(|caller| {
        let doubt = if caller.is_certain { "" } else { ", it seems" };
        let name = escape::name(&caller.name.name);
        format!("{name} ({}, {}{doubt})", lane_and_seq(caller.id), duration_ns(caller.duration_ns))
    });
    let callers: Vec<String> = callers.collect();
    (!callers.is_empty()).then(|| format!("Called by {}.", callers.join(" in ")))
}

fn rank(why: &Why) -> String {
    let (all, minute) = (&why.standing.of_all, &why.standing.of_minute);
    let of_all = place_among(all, "calls of its function");
    if all.count <= 1 {
        return "It is the only call of its function.".to_owned();
    }
    if minute.count == all.count {
        return format!("It is {of_all}, which all ended within its minute.");
    }
    format!("It is {of_all}, and {}.", place_among(minute, "in the minute around it"))
}

/// Where a call stands among others.
fn place_among(among: &Among, noun: &str) -> String {
    let all = count(among.count);
    if among.is_slowest {
        return format!("the slowest of {all} {noun}");
    }
    let others = among.count.saturating_sub(among.faster_count + 1);
    if others <= FEW && among.count > FEW * FEW {
        return format!("slower than all but {} of {all} {noun}", count(others));
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let share = among.faster_count as f64 / among.count.max(1) as f64;
    format!("slower than {} of {all} {noun}", percent(share))
}

fn minute(why: &Why) -> Option<String> {
    let (all, minute) = (&why.standing.of_all, &why.standing.of_minute);
    if minute.count == all.count || minute.count < 2 {
        return None;
    }
    let others = &why.standing.others;
    let is_own_slow = ratio(minute.median_ns, all.median_ns) >= SLOW_RATIO;
    let verdict = match (is_own_slow, others.ratio) {
        (_, Some(ratio)) if ratio >= SLOW_RATIO => "The whole minute was slow",
        (true, Some(_)) => "Its function was slow all that minute, others were not",
        (true, None) => "Its function was slow all that minute",
        (false, _) => "The minute was as usual",
    };
    let (now, usual) = (duration_ns(minute.median_ns), duration_ns(all.median_ns));
    let mut words = format!("{verdict}: its function's median was {now}, usually {usual}");
    if others.function_count > 0 {
        let functions = counted(others.function_count, "other function");
        let slowed = match others.slowed_count {
            0 => "none".to_owned(),
            slowed => count(slowed),
        };
        words.push_str(&format!("; of {functions} {slowed} took twice as long as usual or longer"));
    }
    Some(format!("{words}."))
}

fn in_flight(why: &Why) -> String {
    let flight = &why.in_flight;
    let usual = count(flight.usual);
    if flight.at_start == 1 && flight.mean < 1.05 {
        return format!("No other call of its function ran meanwhile (usually {usual} at once).");
    }
    let at_start = counted(flight.at_start, "call");
    let mean = times(flight.mean);
    format!(
        "{at_start} of its function ran at once when it began, {mean} on average while it ran \
         (usually {usual})."
    )
}

/// What may be missing or wrong.
fn doubts(why: &Why) -> Vec<String> {
    let mut doubts = Vec::new();
    let has = |kind| why.parts.iter().any(|part| part.kind == kind);
    if has(PartKind::Busy) {
        let text = "Whose calls kept its thread, intervals alone do not tell: its own, or those of \
                    others.";
        doubts.push(text.to_owned());
    }
    if why.row.weight > 1 {
        let one_in = count(why.row.weight.into());
        doubts
            .push(format!("1 call of it in {one_in} is recorded: this one stands for the others."));
    }
    for part in why.parts.iter().filter(|part| part.weight_max > 1) {
        let one_in = count(part.weight_max.into());
        doubts.push(format!(
            "In {} 1 call in {one_in} of some function is recorded; the others count as time of \
             who called them.",
            part_name(part)
        ));
    }
    if why.is_cut {
        doubts.push("Calls of that time have expired and may be missing here.".to_owned());
    }
    if why.uncounted > 0 {
        let calls = counted(why.uncounted, "call");
        doubts.push(format!("{calls} of its lane were dropped or lost and may be missing here."));
    }
    doubts
}
