//! What a command works with: the database, what was asked of it and where the answer goes.

use kronicler_query::{Answer, Filter};
use serde_json::Value;

use crate::database::Database;
use crate::failure::Failure;
use crate::options::Options;
use crate::output::{Output, note};
use crate::record::{Record, SCHEMA, csv_header, csv_line, json_text, object};
use crate::remarks::be_quiet;
use crate::when::{Times, When};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// What a command works with.
pub struct Context {
    /// The database.
    pub database: Database,
    /// Which calls it is about.
    pub filter: Filter,
    /// How many lines at most.
    pub limit: Option<usize>,
    /// The form of the answer.
    pub format: Format,
    /// How times are shown.
    pub times: Times,
    /// Where the answer goes.
    pub out: Output,
}

impl Context {
    /// Opens the database and works out what was asked.
    pub fn new(options: Options) -> Result<Self, Failure> {
        if options.quiet {
            be_quiet();
        }
        let times = Times::new(options.utc);
        let filter = filter(&options, &times)?;
        let format = match (options.json, options.csv) {
            (true, _) => Format::Json,
            (_, true) => Format::Csv,
            _ => Format::Text,
        };
        let is_paged = format == Format::Text && !options.no_pager;
        Ok(Self {
            database: Database::open(options.dir.as_deref())?,
            filter,
            limit: options.limit,
            format,
            times,
            out: Output::new(options.color, is_paged),
        })
    }

    /// The answer itself; says so when it lacks something that was stored.
    pub fn take<T>(&self, answer: Answer<T>) -> T {
        note_partial(answer.is_partial);
        answer.value
    }

    /// Writes a JSON document: what all have in common, then `fields`.
    pub fn document(
        &mut self,
        command: &str,
        partial: bool,
        fields: Record,
    ) -> Result<(), Failure> {
        let mut record: Record = vec![
            ("schema", SCHEMA.into()),
            ("command", command.into()),
            ("dir", self.database.dir.to_string_lossy().into()),
            ("partial", partial.into()),
        ];
        record.extend(fields);
        self.out.line(json_text(&record))
    }

    /// Writes records as CSV.
    pub fn csv(&mut self, keys: &[&str], records: &[Record]) -> Result<(), Failure> {
        self.out.line(csv_header(keys))?;
        for record in records {
            self.out.line(csv_line(record))?;
        }
        Ok(())
    }

    /// Says that there is nothing to show, and why that may be.
    pub fn say_nothing(&mut self, what: &str) -> Result<(), Failure> {
        let text = if self.filter == Filter::default() {
            format!("{what}.")
        } else {
            format!("{what} that match; try fewer options, or `{} names`.", self.database.program)
        };
        self.out.line(text)
    }

    /// How many of `all` are shown.
    pub fn shown(&self, all: usize) -> usize {
        self.limit.map_or(all, |limit| limit.min(all))
    }

    /// Says how many more there are than are shown.
    pub fn note_more(&mut self, shown: usize, all: usize, noun: &str) -> Result<(), Failure> {
        if shown < all {
            let text = format!("{} more {noun}; -n {all} shows all", all - shown);
            self.out.line("")?;
            self.out.line(self.out.faint(&text))?;
        }
        Ok(())
    }
}

/// Says on the standard error that an answer lacks something.
pub fn note_partial(is_partial: bool) {
    if is_partial {
        note("some stored rows cannot be read, the answer is about the others; see kr health");
    }
}

/// Refuses options that choose some calls for a command that is about the whole database.
pub fn refuse_choice(context: &Context, command: &str) -> Result<(), Failure> {
    if context.filter != Filter::default() || context.limit.is_some() {
        let text = format!(
            "{command} is about the whole database; leave out the options that choose some"
        );
        return Err(Failure::Usage(text));
    }
    Ok(())
}

/// Records as a JSON array.
pub fn array(records: Vec<Record>) -> Value {
    Value::Array(records.into_iter().map(object).collect())
}

/// Which calls the options choose.
pub fn filter(options: &Options, times: &Times) -> Result<Filter, Failure> {
    let now = times.now();
    let resolve = |name: &str, when: &Option<When>| {
        let ns = when.as_ref().map(|when| when.resolve(&now)).transpose();
        ns.map_err(|error| Failure::Usage(format!("{name}: {error}")))
    };
    let since_ns = resolve("--since", &options.since)?;
    let until_ns = resolve("--until", &options.until)?;
    if let (Some(since), Some(until)) = (since_ns, until_ns)
        && since >= until
    {
        let text = "--since is not before --until, so no call can match; exchange them";
        return Err(Failure::Usage(text.to_owned()));
    }
    Ok(Filter {
        names: options.name.clone(),
        since_ns,
        until_ns,
        min_duration_ns: options.min_duration.unwrap_or(0),
        outcome: options.outcome,
        status_class: options.status,
        ..Filter::default()
    })
}
