//! `kr` alone: what is here, the functions worth a look, and what to type next.

use std::collections::BTreeMap;

use kronicler_format::{Counters, Run};
use kronicler_query::{Answer, Filter, FunctionStats, Outlier, OutlierLimits, outliers, stats};
use kronicler_store::Snapshot;
use serde_json::Value;

use crate::commands::stats_text::show_top;
use crate::context::{Context, Format, array};
use crate::escape;
use crate::failure::Failure;
use crate::findings;
use crate::next;
use crate::record::{Record, sum_ns};
use crate::units::{count, counted, span};
use crate::when::iso;

/// Functions worth a look that are shown unless `--limit` says otherwise.
const OUTLIER_LIMIT: usize = 3;
/// Functions in which most time was spent that are shown.
const TOP_COUNT: usize = 5;
/// Services that are shown: the ones that started last.
const SERVICE_LIMIT: usize = 4;

/// What is in a database, in short.
struct Summary {
    functions: Vec<FunctionStats>,
    outliers: Vec<Outlier>,
    is_partial: bool,
    call_count: u64,
    error_count: u64,
    /// Earliest and latest end of all rows, whatever the filter.
    ends_ns: Option<(i64, i64)>,
    services: Vec<Service>,
    counters: Counters,
}

/// Runs of one version of a service on one machine.
struct Service {
    last: Run,
    run_count: u64,
}

/// Tells what is here.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    let summary = summarize(context)?;
    match context.format {
        Format::Text => show(context, &summary),
        Format::Json => {
            let fields = fields(context, &summary);
            context.document("overview", summary.is_partial, fields)
        }
        Format::Csv => {
            let text = "the overview has no CSV form; ask kr stats, kr names or kr health for CSV";
            Err(Failure::Usage(text.to_owned()))
        }
    }
}

fn summarize(context: &Context) -> Result<Summary, Failure> {
    let snapshot = &context.database.snapshot;
    let answer = stats(snapshot, &context.filter)?;
    let is_partial = answer.is_partial;
    let functions = context.take(answer);
    let Answer { value: outliers, .. } =
        outliers(snapshot, &context.filter, OutlierLimits::default())?;
    let mut counters = Counters::default();
    for view in &snapshot.lanes {
        counters.merge(&view.state.counters);
    }
    Ok(Summary {
        call_count: functions.iter().map(|function| function.moments.count()).sum(),
        error_count: functions.iter().map(|function| function.errors).sum(),
        functions,
        outliers,
        is_partial,
        ends_ns: context.database.ends_ns(),
        services: services(snapshot),
        counters,
    })
}

/// The services that wrote, the one that started last first.
fn services(snapshot: &Snapshot) -> Vec<Service> {
    let mut found: BTreeMap<[&str; 3], (&Run, u64)> = BTreeMap::new();
    for run in snapshot.lanes.iter().flat_map(|view| view.state.runs.iter()) {
        let service = found.entry([&run.service, &run.version, &run.host]).or_insert((run, 0));
        service.1 += 1;
        if run.start_ns >= service.0.start_ns {
            service.0 = run;
        }
    }
    let services = found.into_values();
    let mut services: Vec<Service> =
        services.map(|(last, run_count)| Service { last: last.clone(), run_count }).collect();
    services.sort_by_key(|service| std::cmp::Reverse(service.last.start_ns));
    services
}

fn show(context: &mut Context, summary: &Summary) -> Result<(), Failure> {
    show_facts(context, summary)?;
    if summary.call_count == 0 {
        context.out.line("")?;
        return show_nothing(context);
    }
    show_outliers(context, summary)?;
    heading(context, "Where the time goes")?;
    show_top(context, &summary.functions, TOP_COUNT)?;
    show_next(context, summary)
}

fn heading(context: &mut Context, text: &str) -> Result<(), Failure> {
    let text = context.out.strong(text);
    context.out.line("")?;
    context.out.line(text)
}

fn show_facts(context: &mut Context, summary: &Summary) -> Result<(), Failure> {
    let dir = context.database.dir.display().to_string();
    let title = context.out.strong("Kronicler database");
    context.out.line(format!("{title} {}", escape::escape(&dir)))?;
    let lanes = context.database.snapshot.lanes.len() as u64;
    let failed = match summary.error_count {
        0 => ", none failed".to_owned(),
        errors => format!(", {} failed", count(errors)),
    };
    let failed = if summary.call_count == 0 { String::new() } else { failed };
    let functions = counted(summary.functions.len() as u64, "function");
    let calls = counted(summary.call_count, "call");
    let lanes = counted(lanes, "lane");
    let text = if context.filter == Filter::default() {
        format!("{calls} of {functions} in {lanes}{failed}")
    } else {
        format!("{calls} of {functions} match{failed}; in all there are {lanes}")
    };
    context.out.paragraph(2, &text)?;
    if let Some((first, last)) = summary.ends_ns {
        let length = span(last.abs_diff(first));
        let (first, last) = (context.times.second(first), context.times.second(last));
        context.out.paragraph(2, &format!("from {first} to {last} ({length})"))?;
    }
    for service in summary.services.iter().take(SERVICE_LIMIT) {
        let line = service_words(service, &context.times.second(service.last.start_ns));
        context.out.paragraph(2, &line)?;
    }
    let more = summary.services.len().saturating_sub(SERVICE_LIMIT) as u64;
    if more > 0 {
        context.out.line(format!("  and {} before", counted(more, "other version")))?;
    }
    show_losses(context, &summary.counters)
}

fn service_words(service: &Service, since: &str) -> String {
    let run = &service.last;
    let mut words = vec!["written by".to_owned()];
    let name = if run.service.is_empty() { "a service without name" } else { &run.service };
    words.push(escape::escape(name).into_owned());
    if !run.version.is_empty() {
        words.push(escape::escape(&run.version).into_owned());
    }
    if !run.host.is_empty() {
        words.push(format!("on {}", escape::escape(&run.host)));
    }
    let runs = match service.run_count {
        1 => format!("started {since}"),
        runs => format!("{} runs, the last started {since}", count(runs)),
    };
    format!("{} ({runs})", words.join(" "))
}

fn show_losses(context: &mut Context, counters: &Counters) -> Result<(), Failure> {
    let mut losses = Vec::new();
    if counters.dropped() > 0 {
        losses.push(format!("{} dropped", counted(counters.dropped(), "call")));
    }
    if counters.lost_clock > 0 {
        losses.push(format!("{} lost", counted(counters.lost_clock, "call")));
    }
    if counters.lost_at_most > 0 {
        losses.push(format!("at most {} lost", counted(counters.lost_at_most, "call")));
    }
    if losses.is_empty() {
        return Ok(());
    }
    let program = &context.database.program;
    let text = format!("{}; `{program} health` says why", losses.join(", "));
    let text = context.out.alert(&text);
    context.out.line(format!("  {text}"))
}

fn show_nothing(context: &mut Context) -> Result<(), Failure> {
    if context.filter == Filter::default() {
        let text = "No calls are stored yet: wrap a function with capture(), call it, and look \
                    again a second later.";
        return context.out.paragraph(0, text);
    }
    context.say_nothing("There are no calls")
}

fn show_outliers(context: &mut Context, summary: &Summary) -> Result<(), Failure> {
    heading(context, "Worth a look")?;
    if summary.outliers.is_empty() {
        let text = "no function has calls that are far slower than its usual ones";
        return context.out.paragraph(2, text);
    }
    let limit = context.limit.unwrap_or(OUTLIER_LIMIT);
    for (index, outlier) in summary.outliers.iter().take(limit).enumerate() {
        if index > 0 {
            context.out.line("")?;
        }
        findings::show(context, outlier)?;
    }
    Ok(())
}

fn show_next(context: &mut Context, summary: &Summary) -> Result<(), Failure> {
    let program = context.database.program.clone();
    let worst =
        summary.outliers.first().map(|outlier| &outlier.stats).or(summary.functions.first());
    let mut hints = Vec::new();
    let more = summary.outliers.len().saturating_sub(context.limit.unwrap_or(OUTLIER_LIMIT));
    if more > 0 {
        let what = format!("{} more functions whose slow calls are far off", count(more as u64));
        hints.push((format!("{program} outliers"), what));
    }
    if let Some(name) = worst.map(|function| &*function.name.name) {
        let slow = next::about(context, "slow --name", name);
        hints.extend(slow.map(|command| (command, "its slowest calls".to_owned())));
        let stats = next::about(context, "stats", name);
        hints.extend(stats.map(|command| (command, "all its numbers".to_owned())));
    }
    hints.push((format!("{program} stats"), "all functions by time spent".to_owned()));
    hints.push((format!("{program} --help"), "all commands".to_owned()));
    next::show(context, &hints)
}

fn fields(context: &Context, summary: &Summary) -> Record {
    let sum = summary.functions.iter().map(|function| function.moments.sum()).sum();
    let end = |ns: Option<i64>| ns.map_or(Value::Null, |ns| iso(ns).into());
    let outliers = summary.outliers.iter().take(context.limit.unwrap_or(OUTLIER_LIMIT));
    vec![
        ("lanes", context.database.snapshot.lanes.len().into()),
        ("functions", summary.functions.len().into()),
        ("count", summary.call_count.into()),
        ("errors", summary.error_count.into()),
        ("sum_ns", sum_ns(sum)),
        ("first_end", end(summary.ends_ns.map(|ends| ends.0))),
        ("last_end", end(summary.ends_ns.map(|ends| ends.1))),
        ("services", array(summary.services.iter().map(service_fields).collect())),
        ("worth_a_look", array(outliers.map(super::outliers::fields).collect())),
    ]
}

fn service_fields(service: &Service) -> Record {
    let run = &service.last;
    vec![
        ("service", run.service.as_str().into()),
        ("version", run.version.as_str().into()),
        ("host", run.host.as_str().into()),
        ("runs", service.run_count.into()),
        ("last_pid", run.pid.into()),
        ("last_start", iso(run.start_ns).into()),
    ]
}
