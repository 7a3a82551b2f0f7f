//! `kr doctor`: whether capturing goes well here, and what to do where it does not.

use crate::checks::{self, Check, Level};
use crate::context::{Context, Format, array, refuse_choice};
use crate::escape;
use crate::failure::Failure;
use crate::hooked;
use crate::record::Record;
use crate::units::counted;

const KEYS: [&str; 5] = ["check", "level", "fact", "remedy", "file"];

/// Looks at everything and tells; fails when there is a problem.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    refuse_choice(context, "doctor")?;
    let checks = checks::look(context)?;
    let number = |level| checks.iter().filter(|check| check.level == level).count() as u64;
    let (problems, warnings) = (number(Level::Problem), number(Level::Warning));
    match context.format {
        Format::Text => show(context, &checks, problems, warnings)?,
        Format::Csv => {
            let records: Vec<Record> = checks.iter().map(fields).collect();
            context.csv(&KEYS, &records)?;
        }
        Format::Json => {
            let partial = context.database.snapshot.is_partial();
            let document = vec![
                ("problems", problems.into()),
                ("warnings", warnings.into()),
                ("checks", array(checks.iter().map(fields).collect())),
                ("hooked", hooked::records(&context.database.snapshot)),
            ];
            context.document("doctor", partial, document)?;
        }
    }
    context.out.flush()?;
    if problems > 0 { Err(Failure::Damage) } else { Ok(()) }
}

fn show(
    context: &mut Context,
    checks: &[Check],
    problems: u64,
    warnings: u64,
) -> Result<(), Failure> {
    let dir = context.database.dir.display().to_string();
    let title = context.out.strong("Kronicler database");
    context.out.line(format!("{title} {}", escape::escape(&dir)))?;
    for check in checks {
        let mut text = format!("{}: {}", check.what, check.fact);
        if !check.remedy.is_empty() {
            text = format!("{text}; {}", check.remedy);
        }
        let text = escape::escape(&text);
        match check.level {
            Level::Fine => context.out.paragraph(2, &format!("ok       {text}"))?,
            Level::Warning => context.out.paragraph(2, &format!("warning  {text}"))?,
            Level::Problem => context.out.alert_paragraph(2, &format!("problem  {text}"))?,
        }
    }
    context.out.line("")?;
    let summary = match (problems, warnings) {
        (0, 0) => "All is well.".to_owned(),
        _ => format!("{}, {}", counted(problems, "problem"), counted(warnings, "warning")),
    };
    context.out.line(format!("  {summary}"))
}

fn fields(check: &Check) -> Record {
    let file = check.file.as_ref().map(|file| file.to_string_lossy().into_owned());
    let remedy = (!check.remedy.is_empty()).then(|| check.remedy.clone());
    vec![
        ("check", check.what.into()),
        ("level", check.level.word().into()),
        ("fact", check.fact.clone().into()),
        ("remedy", remedy.into()),
        ("file", file.into()),
    ]
}
