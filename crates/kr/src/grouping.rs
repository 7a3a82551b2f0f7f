//! Statistics split by one thing more than the function: how a person asks for it and reads it.

use clap::ValueEnum;
use kronicler_query::{Filter, Group, GroupBy, Periods, status_word};
use serde_json::Value;

use crate::context::Context;
use crate::escape;
use crate::failure::Failure;
use crate::record::Record;
use crate::when::iso;

const HOUR_NS: i64 = 3_600_000_000_000;

/// What statistics are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Hours of the clock that is shown.
    Hour,
    /// Days of the calendar.
    Day,
    /// Versions of a service.
    Version,
    /// Instances of a service.
    Instance,
    /// How calls ended.
    Outcome,
    /// What kind of calls they were.
    Kind,
    /// Classes of http status: 2xx, 4xx, 5xx.
    Status,
    /// Threads.
    Thread,
}

impl By {
    /// The word for it, as heading and key.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Version => "version",
            Self::Instance => "instance",
            Self::Outcome => "outcome",
            Self::Kind => "kind",
            Self::Status => "status",
            Self::Thread => "thread",
        }
    }

    /// The question behind it.
    pub fn question(self, context: &Context) -> Result<GroupBy, Failure> {
        Ok(match self {
            Self::Version => GroupBy::Version,
            Self::Instance => GroupBy::Instance,
            Self::Outcome => GroupBy::Outcome,
            Self::Kind => GroupBy::Kind,
            Self::Status => GroupBy::Status,
            Self::Thread => GroupBy::Thread,
            Self::Hour | Self::Day => GroupBy::Periods(self.periods(context)?),
        })
    }

    fn periods(self, context: &Context) -> Result<Periods, Failure> {
        let Some((since_ns, until_ns)) = range(context) else {
            return Ok(Periods::between(Vec::new()));
        };
        let periods = if self == Self::Day {
            context.times.days(since_ns, until_ns).map(Periods::between)
        } else {
            let origin_ns = -context.times.offset_ns(since_ns);
            Periods::of_width(since_ns, until_ns, HOUR_NS, origin_ns)
        };
        periods.ok_or_else(|| {
            let text = "there are too many hours or days in that time; give --since and --until";
            Failure::Usage(text.to_owned())
        })
    }
}

/// The times that a question is about: those asked for, else those of the rows there are. The end
/// is not among them.
pub fn range(context: &Context) -> Option<(i64, i64)> {
    let ends = context.database.ends_ns();
    let since_ns = context.filter.since_ns.or(ends.map(|ends| ends.0))?;
    let last_ns = ends.map(|ends| ends.1.saturating_add(1));
    let until_ns = match (context.filter.until_ns, last_ns) {
        // A future is not shown.
        (Some(until_ns), Some(last_ns)) => until_ns.min(last_ns.max(since_ns.saturating_add(1))),
        (until_ns, last_ns) => until_ns.or(last_ns)?,
    };
    (since_ns < until_ns).then_some((since_ns, until_ns))
}

/// What the calls of a group share, as a person reads it.
pub fn label(context: &Context, by: By, group: &Group) -> String {
    match group {
        Group::Period { start_ns, .. } if by == By::Day => context.times.day(*start_ns),
        Group::Period { start_ns, .. } => context.times.minute(*start_ns),
        Group::Version { service, version } => joined(service, version),
        Group::Instance { service, instance } => joined(service, instance),
        Group::Outcome(outcome) => outcome.name().to_owned(),
        Group::Kind(kind) => kind.name().to_owned(),
        Group::Status(class) => status_word(*class).unwrap_or_else(|| "-".to_owned()),
        Group::Thread(thread) => thread.to_string(),
    }
}

fn joined(service: &str, what: &str) -> String {
    let words = [service, what].into_iter().filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "-".to_owned() } else { escape::escape(&words.join(" ")).into_owned() }
}

/// Names of [`fields`].
pub const KEYS: [&str; 4] = ["group", "group_end", "group_service", "by"];

/// What the calls of a group share, for programs.
pub fn fields(by: By, group: &Group) -> Record {
    let (value, end, service): (Value, Value, Value) = match group {
        Group::Period { start_ns, end_ns } => {
            (iso(*start_ns).into(), iso(*end_ns).into(), Value::Null)
        }
        Group::Version { service, version } => {
            (version.as_str().into(), Value::Null, service.as_str().into())
        }
        Group::Instance { service, instance } => {
            (instance.as_str().into(), Value::Null, service.as_str().into())
        }
        Group::Outcome(outcome) => (outcome.name().into(), Value::Null, Value::Null),
        Group::Kind(kind) => (kind.name().into(), Value::Null, Value::Null),
        Group::Status(class) => (status_word(*class).into(), Value::Null, Value::Null),
        Group::Thread(thread) => ((*thread).into(), Value::Null, Value::Null),
    };
    vec![
        ("group", value),
        ("group_end", end),
        ("group_service", service),
        ("by", by.title().into()),
    ]
}

/// The calls of a group among those of a filter.
pub fn within(filter: &Filter, group: &Group) -> Filter {
    let mut filter = filter.clone();
    match group {
        Group::Period { start_ns, end_ns } => {
            filter.since_ns = Some(filter.since_ns.map_or(*start_ns, |ns| ns.max(*start_ns)));
            filter.until_ns = Some(filter.until_ns.map_or(*end_ns, |ns| ns.min(*end_ns)));
        }
        Group::Version { service, version } => {
            filter.service = Some(service.clone());
            filter.version = Some(version.clone());
        }
        Group::Instance { service, instance } => {
            filter.service = Some(service.clone());
            filter.instance = Some(instance.clone());
        }
        Group::Outcome(outcome) => filter.outcome = Some(*outcome),
        Group::Kind(kind) => filter.kind = Some(*kind),
        Group::Status(class) => filter.status_class = Some(*class),
        Group::Thread(thread) => filter.thread = Some(*thread),
    }
    filter
}
