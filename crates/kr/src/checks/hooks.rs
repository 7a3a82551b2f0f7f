//! What services have hooked besides what they capture themselves, and what they could not.

use kronicler_format::{Hook, HookKind};

use super::{Check, Patient};
use crate::hooked::{Hooked, hooked};
use crate::units::{count, counted};

/// Patterns, and what was left alone, that are told one by one.
const SHOWN_MAX: usize = 5;

pub fn look(patient: &Patient<'_>) -> Vec<Check> {
    let all = hooked(patient.snapshot);
    if all.is_empty() {
        let fact = "none that a process told of: calls come from `capture` in the programs, or an \
                    older version wrote them";
        return vec![Check::fine("hooks", fact)];
    }
    all.iter().flat_map(of_processes).collect()
}

fn of_processes(hooked: &Hooked<'_>) -> Vec<Check> {
    let who = who(hooked);
    let list = &hooked.hooks.list;
    let of_kind = |kind| list.iter().filter(move |hook| hook.kind == kind).collect::<Vec<_>>();
    let (met, unmet): (Vec<&Hook>, Vec<&Hook>) =
        of_kind(HookKind::Pattern).into_iter().partition(|hook| hook.functions > 0);
    let mut checks: Vec<Check> = parts(&who, hooked).into_iter().collect();
    checks.extend(captured(&who, &met));
    checks.extend(captures_nothing(&who, &unmet));
    checks.extend(left_alone(&who, &of_kind(HookKind::LeftAlone)));
    checks
}

fn who(hooked: &Hooked<'_>) -> String {
    let run = hooked.run;
    let service = if run.service.is_empty() { "a program" } else { &run.service };
    let name = format!("{service} {}", run.version);
    let others = match hooked.process_count {
        1 => String::new(),
        all => format!(" and {} more like it", count(all - 1)),
    };
    format!("{} (process {}{others})", name.trim_end(), run.pid)
}

/// What it listens to, records and uses.
fn parts(who: &str, hooked: &Hooked<'_>) -> Option<Check> {
    let kinds = [
        (HookKind::Channel, "listens to"),
        (HookKind::Signal, "records the signals"),
        (HookKind::Entry, "uses"),
    ];
    let hooks = hooked.hooks;
    let subjects = |wanted| {
        let list = hooks.list.iter().filter(move |hook| hook.kind == wanted);
        list.map(|hook| hook.subject.as_str()).collect::<Vec<_>>()
    };
    let mut facts: Vec<String> = kinds
        .into_iter()
        .map(|(kind, verb)| (verb, subjects(kind)))
        .filter(|(_, subjects)| !subjects.is_empty())
        .map(|(verb, subjects)| format!("{verb} {}", subjects.join(", ")))
        .collect();
    if hooks.left_out > 0 {
        facts.push(format!("{} more are not told one by one", count(hooks.left_out)));
    }
    (!facts.is_empty()).then(|| Check::fine("hooks", format!("{who} {}", facts.join("; "))))
}

/// Patterns of the include list by which functions are captured.
fn captured(who: &str, met: &[&Hook]) -> Option<Check> {
    let (shown, more) = shown(met, |hook| {
        let functions = counted(hook.functions, "function");
        format!("{} ({functions}: {}{})", hook.subject, hook.remark, and_others(hook))
    });
    let fact = format!("{who} captures by {shown}{more}");
    (!met.is_empty()).then(|| Check::fine("include list", fact))
}

/// Whether more functions were captured than are named.
fn and_others(hook: &Hook) -> &'static str {
    let named = hook.remark.split(", ").count() as u64;
    if hook.functions > named { ", ..." } else { "" }
}

/// Patterns by which nothing is captured so far, each by itself.
fn captures_nothing(who: &str, unmet: &[&Hook]) -> Vec<Check> {
    const WHAT: &str = "include list";
    let remedy = "check path and member; what is loaded before kronicler/register is not captured";
    let shown = unmet.iter().take(SHOWN_MAX).map(|hook| {
        let why = match hook.remark.as_str() {
            "" => "no module that was loaded exports such a function",
            remark => remark,
        };
        Check::warning(WHAT, format!("{who} captures nothing by {}: {why}", hook.subject), remedy)
    });
    let mut checks: Vec<Check> = shown.collect();
    if unmet.len() > SHOWN_MAX {
        let fact = format!("{} more like these", count((unmet.len() - SHOWN_MAX) as u64));
        checks.push(Check::warning(WHAT, fact, remedy));
    }
    checks
}

/// What was asked for and could not be captured.
fn left_alone(who: &str, hooks: &[&Hook]) -> Option<Check> {
    let (shown, more) = shown(hooks, |hook| format!("{} ({})", hook.subject, hook.remark));
    let fact = format!("{who} had to leave alone {shown}{more}");
    let remedy = "name others in the include list, or use `capture` in the program";
    (!hooks.is_empty()).then(|| Check::warning("left alone", fact, remedy))
}

/// The first of them in words, and how many more there are.
fn shown(hooks: &[&Hook], words: impl Fn(&Hook) -> String) -> (String, String) {
    let list: Vec<String> = hooks.iter().take(SHOWN_MAX).map(|hook| words(hook)).collect();
    let more = hooks.len().saturating_sub(SHOWN_MAX) as u64;
    let more = if more > 0 { format!(", and {} more", count(more)) } else { String::new() };
    (list.join(", "), more)
}
