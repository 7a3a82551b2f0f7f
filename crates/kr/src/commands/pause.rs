//! `kr pause` and `kr resume`: all processes of a database capture nothing for a while, or go on.

use kronicler_store::{Disk, change_control};

use crate::context::{Context, Format, refuse_choice};
use crate::escape;
use crate::failure::Failure;
use crate::record::Record;
use crate::when::iso;

/// Pauses captures of all processes, or lets them go on; says since when it is so.
pub fn run(context: &mut Context, is_paused: bool) -> Result<(), Failure> {
    let command = if is_paused { "pause" } else { "resume" };
    refuse_choice(context, command)?;
    let now_ns = crate::when::now_ns();
    let mut before = None;
    let control = change_control(&Disk, &context.database.dir, now_ns, |control| {
        before = control.paused_ns;
        control.paused_ns = is_paused.then(|| before.unwrap_or(now_ns));
        Ok(())
    })?;
    let has_changed = before.is_some() != is_paused;
    let since_ns = control.paused_ns;
    match context.format {
        Format::Text => show(context, since_ns, before, has_changed),
        Format::Csv => context.csv(&KEYS, &[fields(since_ns, has_changed)]),
        Format::Json => context.document(command, false, fields(since_ns, has_changed)),
    }
}

const KEYS: [&str; 3] = ["paused", "since", "changed"];

fn fields(since_ns: Option<i64>, has_changed: bool) -> Record {
    vec![
        ("paused", since_ns.is_some().into()),
        ("since", since_ns.map(iso).into()),
        ("changed", has_changed.into()),
    ]
}

fn show(
    context: &mut Context,
    since_ns: Option<i64>,
    before_ns: Option<i64>,
    has_changed: bool,
) -> Result<(), Failure> {
    let dir = context.database.dir.display().to_string();
    let title = context.out.strong("Kronicler database");
    context.out.line(format!("{title} {}", escape::escape(&dir)))?;
    let since = |ns: i64| context.times.second(ns);
    let program = &context.database.program;
    let text = match (since_ns, before_ns) {
        (Some(ns), _) if !has_changed => {
            format!("captures are paused since {} already; {program} resume goes on", since(ns))
        }
        (Some(_), _) => format!(
            "captures are paused: processes see it within a second, those that have nothing to do \
             with their next call; {program} resume goes on"
        ),
        (None, Some(ns)) => {
            format!("captures go on within a second; they were paused since {}", since(ns))
        }
        (None, None) => "captures were not paused".to_owned(),
    };
    context.out.paragraph(2, &text)
}
