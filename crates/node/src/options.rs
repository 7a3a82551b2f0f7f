//! Options and filters as JavaScript gives them.

use std::time::Duration;

use kronicler::format::{Kind, Outcome, fit_name};
use kronicler::query::{Filter, parse_status};
use kronicler::{Error, Options};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::to_js;

/// Options of a database; absent means the default.
#[napi(object, object_to_js = false)]
pub struct NativeOptions {
    /// Directory of the files.
    pub dir: Option<String>,
    /// `sync`, `interval` or `os`.
    pub durability: Option<String>,
    /// Bytes that the rows may take.
    pub max_bytes: Option<f64>,
    /// How long rows are kept, in milliseconds.
    pub max_age_ms: Option<f64>,
    /// Name of the service.
    pub service: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Which instance of it.
    pub instance: Option<String>,
    /// How long an end or a blocking call waits for the disk, in milliseconds.
    pub exit_budget_ms: Option<f64>,
}

impl NativeOptions {
    pub(crate) fn parse(self) -> Result<Options> {
        let mut options = Options::default();
        options.dir = self.dir.map(Into::into).or(options.dir);
        options.service = self.service.unwrap_or(options.service);
        options.version = self.version.unwrap_or(options.version);
        options.instance = self.instance.unwrap_or(options.instance);
        if let Some(word) = self.durability {
            options.durability = word.parse::<kronicler::Durability>().map_err(to_js)?;
        }
        if let Some(bytes) = self.max_bytes {
            options.max_bytes = whole_bytes(bytes);
        }
        if let Some(ms) = self.max_age_ms {
            options.max_age = milliseconds("maxAge", ms)?;
        }
        if let Some(ms) = self.exit_budget_ms {
            options.exit_budget = milliseconds("exitBudgetMs", ms)?;
        }
        Ok(options)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the facade has checked the number; the cast saturates"
)]
const fn whole_bytes(bytes: f64) -> u64 {
    bytes as u64
}

fn milliseconds(option: &'static str, ms: f64) -> Result<Duration> {
    let remedy = "use a number of milliseconds from 0 on";
    let invalid = |_| to_js(Error::InvalidOption { option, value: ms.to_string(), remedy });
    Duration::try_from_secs_f64(ms / 1_000.0).map_err(invalid)
}

/// Which rows a question is about; absent means any.
#[napi(object, object_to_js = false)]
pub struct NativeFilter {
    /// Exactly this name.
    pub name: Option<String>,
    /// Names or patterns.
    pub names: Option<Vec<String>>,
    /// End at this time or later: nanoseconds since the Unix epoch, decimal.
    pub since: Option<String>,
    /// End before this time: nanoseconds since the Unix epoch, decimal.
    pub until: Option<String>,
    /// Least duration in nanoseconds.
    pub min_duration: Option<f64>,
    /// Greatest duration in nanoseconds.
    pub max_duration: Option<f64>,
    /// `ok`, `error` or `aborted`.
    pub outcome: Option<String>,
    /// `sync`, `async` and so on.
    pub kind: Option<String>,
    /// `2xx`, `4xx` and so on.
    pub status: Option<String>,
    /// Exactly this service.
    pub service: Option<String>,
    /// Exactly this version of it.
    pub version: Option<String>,
    /// Exactly this instance.
    pub instance: Option<String>,
    /// A lane.
    pub lane: Option<u32>,
    /// A thread.
    pub thread: Option<u32>,
}

/// How a heatmap is drawn.
#[napi(object, object_to_js = false)]
pub struct NativeShape {
    /// Periods, about.
    pub columns: u32,
    /// Bins of durations at most.
    pub bins: u32,
    /// Quantiles of each period.
    pub quantiles: Vec<f64>,
}

impl NativeFilter {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the facade has checked the duration; the cast saturates"
    )]
    pub(crate) fn parse(self) -> Result<Filter> {
        Ok(Filter {
            // Long names are stored cut, and are asked for as they were given.
            name: self.name.map(|name| fit_name(&name).into_owned()),
            names: self.names.unwrap_or_default().iter().map(|name| pattern(name)).collect(),
            since_ns: self.since.map(|text| parse_time("since", &text)).transpose()?,
            until_ns: self.until.map(|text| parse_time("until", &text)).transpose()?,
            min_duration_ns: self.min_duration.unwrap_or(0.0) as u64,
            max_duration_ns: self.max_duration.map(|ns| ns as u64),
            outcome: self.outcome.map(|word| parse_outcome(&word)).transpose()?,
            kind: self.kind.map(|word| parse_kind(&word)).transpose()?,
            status_class: self.status.map(|word| status_class(&word)).transpose()?,
            service: self.service,
            version: self.version,
            instance: self.instance,
            // No lane is beyond what a number of a lane can be.
            lane: self.lane.map(|lane| u16::try_from(lane).unwrap_or(u16::MAX)),
            thread: self.thread,
        })
    }
}

/// A pattern stays as it is; what can only be a name is cut like one.
fn pattern(text: &str) -> String {
    if text.contains(['*', '?']) { text.to_owned() } else { fit_name(text).into_owned() }
}

fn parse_time(option: &'static str, text: &str) -> Result<i64> {
    let remedy = "use nanoseconds since the Unix epoch";
    let invalid = |_| to_js(Error::InvalidOption { option, value: text.to_owned(), remedy });
    text.parse().map_err(invalid)
}

fn parse_outcome(word: &str) -> Result<Outcome> {
    let (option, remedy) = ("outcome", "use 'ok', 'error' or 'aborted'");
    let invalid = || to_js(Error::InvalidOption { option, value: word.to_owned(), remedy });
    Outcome::parse(word).ok_or_else(invalid)
}

fn status_class(word: &str) -> Result<u8> {
    let (option, remedy) = ("status", "use '2xx', '4xx', '5xx' or the like");
    let invalid = || to_js(Error::InvalidOption { option, value: word.to_owned(), remedy });
    parse_status(word).ok_or_else(invalid)
}

fn parse_kind(word: &str) -> Result<Kind> {
    let remedy = "use 'sync', 'async', 'generator', 'block', 'http', 'manual' or 'signal'";
    let invalid = || to_js(Error::InvalidOption { option: "kind", value: word.to_owned(), remedy });
    Kind::ALL.into_iter().find(|kind| kind.name() == word).ok_or_else(invalid)
}
