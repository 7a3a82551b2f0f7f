//! `kr export`: rows as a file for other programs.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::context::{Context, Format, note_partial};
use crate::export::{FileFormat, Rows, Selection, Target, Written, write};
use crate::failure::Failure;
use crate::progress::{Progress, Unit};
use crate::remarks::note;
use crate::units::{counted, duration, size};

/// What `kr export` takes.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// The format; else what the name of the file ends in.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FileFormat>,

    /// The file; - or nothing is the standard output.
    ///
    /// It appears when it is complete, in the place of an older one with its name.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Only these columns, in this order: name,start_ns,duration_ns.
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub columns: Vec<String>,
}

/// Writes what was asked for.
pub fn run(context: &mut Context, args: &ExportArgs) -> Result<(), Failure> {
    let begin = Instant::now();
    let file = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let format = format(args.format, file)?;
    refuse(context, format, file)?;
    let mut selection = Selection::new(format, &args.columns)?;
    let mut target = match file {
        Some(path) => Target::file(path, &context.database.dir)?,
        None => Target::standard_output(),
    };
    if target.is_stream() {
        selection = selection.in_pipe();
    }
    let (written, is_partial) = write_rows(context, &selection, file, &mut target)?;
    target.commit()?;
    note_partial(is_partial);
    match file {
        Some(path) => tell(context, path, selection.format(), written, is_partial, begin),
        None => Ok(()),
    }
}

fn write_rows(
    context: &Context,
    selection: &Selection,
    file: Option<&Path>,
    target: &mut Target,
) -> Result<(Written, bool), Failure> {
    let what = match file {
        Some(path) => format!("writing {}", path.display()),
        None => "writing".to_owned(),
    };
    let lanes = context.database.snapshot.lanes.iter();
    let total = lanes.map(|view| view.end_seq() - view.state.floor_seq).sum();
    let limit = context.limit.map_or(u64::MAX, |limit| limit as u64);
    let progress = Progress::beside_output(what, Unit::Count("rows"), Some(limit.min(total)));
    let mut rows = Rows::new(context, &progress);
    let written = write(context, selection, &mut rows, target)?;
    Ok((written, rows.is_partial()))
}

/// The format that was named, or that the file's name ends in.
fn format(named: Option<FileFormat>, file: Option<&Path>) -> Result<FileFormat, Failure> {
    const REMEDY: &str = "name it with --format parquet, arrow, csv, ndjson or chrome-trace";
    if let Some(format) = named {
        return Ok(format);
    }
    let Some(path) = file else {
        return Err(Failure::Usage(format!("it is not said in which format to write; {REMEDY}")));
    };
    FileFormat::of_name(path).ok_or_else(|| {
        let path = path.display();
        Failure::Usage(format!("the name {path} does not tell the format; {REMEDY}"))
    })
}

fn refuse(context: &Context, format: FileFormat, file: Option<&Path>) -> Result<(), Failure> {
    let text = match (context.format, file) {
        (Format::Csv, _) => "--csv is of answers; write --format csv to have rows in it",
        (Format::Json, None) => {
            "--json tells what was written, which needs a file; name one with -o, or write \
             --format ndjson to have rows in it"
        }
        (_, None) if format.is_binary() && io::stdout().is_terminal() => {
            return Err(Failure::Usage(format!(
                "{} is nothing for a terminal; name a file with -o, or send it into a pipe",
                format.name()
            )));
        }
        _ => return Ok(()),
    };
    Err(Failure::Usage(text.to_owned()))
}

/// Says what was written.
fn tell(
    context: &mut Context,
    path: &Path,
    format: FileFormat,
    written: Written,
    is_partial: bool,
    begin: Instant,
) -> Result<(), Failure> {
    let seconds = begin.elapsed().as_secs_f64();
    let path = path.to_string_lossy();
    note(&format!(
        "wrote {} to {path}: {} in {}",
        counted(written.rows, "row"),
        size(written.bytes),
        duration(seconds * 1e9)
    ));
    if context.format != Format::Json {
        return Ok(());
    }
    let fields = vec![
        ("file", (*path).into()),
        ("format", format.name().into()),
        ("rows", written.rows.into()),
        ("bytes", written.bytes.into()),
        ("seconds", seconds.into()),
    ];
    context.document("export", is_partial, fields)
}
