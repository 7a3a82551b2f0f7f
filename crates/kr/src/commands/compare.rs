//! `kr compare` and `kr gate`: whether a version, a time or a database is slower than another.

use kronicler_compare::{Limits, Metric, Verdict};

use crate::commands::{compare_records, compare_text};
use crate::comparison::{Comparison, Place, compare};
use crate::context::{Context, Format, note_partial};
use crate::database::Database;
use crate::failure::Failure;
use crate::options::Options;
use crate::output::note;
use crate::sides::{Side, dir_of, resolve, version_words, versions};
use crate::units::parse_duration;

/// What `kr compare` takes.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// What was: a version, a time range (2h..1h), a directory [default: the last version but one]
    #[arg(value_name = "A")]
    pub a: Option<String>,

    /// What is compared with it [default: the last version]
    #[arg(value_name = "B")]
    pub b: Option<String>,

    /// Metrics that count: median, p95, p99, mean.
    #[arg(long, value_delimiter = ',', default_value = "median,p99", value_parser = parse_metric)]
    pub metric: Vec<Metric>,

    /// The least change that counts, in percent.
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = parse_percent)]
    pub min_change: f64,

    /// The least change that counts, as a duration.
    #[arg(long, value_name = "DURATION", default_value = "50us", value_parser = parse_duration)]
    pub min_difference: u64,

    /// Calls that a function needs on each side.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub min_calls: u64,

    /// If nothing has changed, the chance in percent of saying so for all functions together.
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = parse_confidence)]
    pub confidence: f64,

    /// Markdown, to be pasted into a pull request.
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    pub markdown: bool,

    /// Also show functions without a difference.
    #[arg(long)]
    pub all: bool,
}

/// What `kr gate` takes.
#[derive(Debug, clap::Args)]
pub struct GateArgs {
    /// What is compared, and how.
    #[command(flatten)]
    pub compare: CompareArgs,

    /// What was, as A; then the last version is compared with it.
    #[arg(long, value_name = "A", conflicts_with = "a")]
    pub base: Option<String>,

    /// Exit code 4 if no function has enough data.
    #[arg(long)]
    pub fail_on_no_data: bool,
}

impl CompareArgs {
    /// The options with the directory that A names, unless there is one.
    pub fn place(&self, options: Options) -> Options {
        let dir = options.dir.clone().or_else(|| self.a.as_deref().and_then(dir_of));
        Options { dir, ..options }
    }

    fn limits(&self) -> Limits {
        #[expect(clippy::cast_precision_loss, reason = "a duration somebody typed")]
        let difference_ns_min = self.min_difference as f64;
        Limits {
            confidence: self.confidence,
            change_min: self.min_change,
            difference_ns_min,
            metrics: self.metric.clone(),
            ..Limits::default()
        }
    }
}

/// Compares and tells.
pub fn run(context: &mut Context, args: &CompareArgs) -> Result<(), Failure> {
    answer(context, args, "compare").map(|_| ())
}

/// Compares and tells; fails when there is a regression.
pub fn gate(context: &mut Context, args: GateArgs) -> Result<(), Failure> {
    let GateArgs { mut compare, base, fail_on_no_data } = args;
    compare.a = compare.a.or(base);
    let comparison = answer(context, &compare, "gate")?;
    context.out.flush()?;
    if comparison.count(Verdict::Regression) > 0 {
        return Err(Failure::Regression);
    }
    let all = comparison.functions.len() as u64;
    if comparison.count(Verdict::NotEnoughData) == all {
        let text =
            "no function has enough data to be compared; record more calls, or see --min-calls";
        if fail_on_no_data {
            return Err(Failure::NoSuchRow(text.to_owned()));
        }
        note(text);
    }
    Ok(())
}

fn answer(context: &mut Context, args: &CompareArgs, command: &str) -> Result<Comparison, Failure> {
    if context.limit.is_some() {
        let text = "a comparison is about all functions; leave out -n, choose some with --name";
        return Err(Failure::Usage(text.to_owned()));
    }
    let (a, b) = operands(context, args)?;
    let other = |text: &str| dir_of(text).map(|dir| Database::open(Some(&dir))).transpose();
    let others = [other(&a)?, other(&b)?];
    let databases = others.each_ref().map(|other| other.as_ref().unwrap_or(&context.database));
    let side =
        |text: &str, at: usize| resolve(text, databases[at], &context.filter, &context.times);
    let sides: [Side; 2] = [side(&a, 0)?, side(&b, 1)?];
    if sides[0].filter == sides[1].filter && databases[0].dir == databases[1].dir {
        let text =
            format!("{a} and {b} are the same calls; compare two versions, times or directories");
        return Err(Failure::Usage(text));
    }
    let places = [0, 1].map(|at: usize| Place { side: &sides[at], database: databases[at] });
    let limits = args.limits();
    let comparison = compare(&places, &limits, args.min_calls.max(1))?;
    note_partial(comparison.is_partial);
    match context.format {
        Format::Text if args.markdown => {
            compare_text::markdown(&mut context.out, &comparison, &sides, &limits)?;
        }
        Format::Text => compare_text::show(context, &comparison, &sides, &limits, args.all)?,
        Format::Json => {
            let fields = compare_records::document(&comparison, &sides, &limits, args.min_calls);
            context.document(command, comparison.is_partial, fields)?;
        }
        Format::Csv => {
            let records = compare_records::lines(&comparison);
            context.csv(&compare_records::KEYS, &records)?;
        }
    }
    Ok(comparison)
}

/// Both sides as they were asked for, or the last two versions.
fn operands(context: &Context, args: &CompareArgs) -> Result<(String, String), Failure> {
    if let (Some(a), Some(b)) = (&args.a, &args.b) {
        return Ok((a.clone(), b.clone()));
    }
    let mut known = versions(&context.database)?;
    known.retain(|(_, version)| !version.is_empty());
    let words: Vec<String> = known.iter().map(|one| version_words(&known, one)).collect();
    let is_a = |word: &&String| {
        args.a.as_ref().is_some_and(|a| word.trim_start_matches('v') == a.trim_start_matches('v'))
    };
    match (&args.a, words.as_slice()) {
        (Some(a), [.., last]) if !is_a(&last) => Ok((a.clone(), last.clone())),
        (None, [.., a, b]) => Ok((a.clone(), b.clone())),
        _ => {
            let there = match words.as_slice() {
                [] => "calls have no version here (it is set by KRONICLER_VERSION)".to_owned(),
                words => format!("the last version is {}", words[words.len() - 1]),
            };
            Err(Failure::NoSuchRow(format!(
                "there are no two versions to compare: {there}; name two versions, two time ranges \
                 such as 2h..1h 1h.., or two directories"
            )))
        }
    }
}

fn parse_metric(text: &str) -> Result<Metric, String> {
    let known = Metric::ALL.into_iter().find(|metric| metric.name() == text);
    known.ok_or_else(|| "write median, p95, p99 or mean, several with commas".to_owned())
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').trim().parse::<f64>().ok();
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    number.map(|number| number / 100.0).ok_or_else(|| "write a percentage, such as 5".to_owned())
}

fn parse_confidence(text: &str) -> Result<f64, String> {
    let remedy = "write a percentage from 50 to 99.99, such as 99";
    parse_percent(text).ok().filter(|share| (0.5..=0.9999).contains(share)).ok_or(remedy.to_owned())
}
