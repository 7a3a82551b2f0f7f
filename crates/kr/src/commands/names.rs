//! `kr names`: the functions, how often each was called and where it was wrapped.

use kronicler_query::{FunctionStats, stats};

use crate::context::{Context, Format, array};
use crate::escape;
use crate::failure::Failure;
use crate::record::Record;
use crate::table::{self, Column, Content};
use crate::units;

const COLUMNS: [Column; 3] = [
    Column::essential("name", Content::Name),
    Column::essential("count", Content::Number),
    Column::new("source", Content::Source, 5),
];

/// What `kr names` takes.
#[derive(Debug, clap::Args)]
pub struct NamesArgs {
    /// Only functions with at least so many calls.
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true)]
    pub min_calls: u64,
}

/// Shows the functions in the order of their names.
pub fn run(context: &mut Context, args: &NamesArgs) -> Result<(), Failure> {
    let answer = context.database.ask(|snapshot| stats(snapshot, &context.filter))?;
    let is_partial = answer.is_partial;
    let mut functions = context.take(answer);
    functions.retain(|function| function.moments.count() >= args.min_calls);
    let shown = context.shown(functions.len());
    let functions_shown = &functions[..shown];
    match context.format {
        Format::Text if functions.is_empty() => context.say_nothing("There are no functions"),
        Format::Text => {
            let rows: Vec<Vec<String>> = functions_shown.iter().map(cells).collect();
            let layout = table::show(&mut context.out, &COLUMNS, &rows, 0)?;
            layout.note_hidden(&mut context.out)?;
            context.note_more(shown, functions.len(), "functions")
        }
        Format::Json => {
            let records = functions_shown.iter().map(fields).collect();
            context.document("names", is_partial, vec![("functions", array(records))])
        }
        Format::Csv => {
            let records: Vec<Record> = functions_shown.iter().map(fields).collect();
            context.csv(&["name", "count", "source"], &records)
        }
    }
}

fn cells(function: &FunctionStats) -> Vec<String> {
    vec![
        escape::name(&function.name.name).into_owned(),
        units::count(function.moments.count()),
        escape::escape(&function.name.source).into_owned(),
    ]
}

fn fields(function: &FunctionStats) -> Record {
    vec![
        ("name", (*function.name.name).into()),
        ("count", function.moments.count().into()),
        ("source", (*function.name.source).into()),
    ]
}
