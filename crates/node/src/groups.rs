//! Statistics by group on their way to JavaScript, and what JavaScript groups by.

use std::collections::BTreeMap;

use kronicler::query::{Filter, Group, GroupBy, Grouped, Periods, ends, status_word};
use kronicler::{Error, Snapshot};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::to_js;
use crate::rows::Columns;
use crate::stats::{NativeStats, put_numbers};

const MILLISECOND_NS: i64 = 1_000_000;

/// What is asked to be grouped by.
#[derive(Debug, Clone)]
pub(crate) enum Grouping {
    /// Periods of so many milliseconds, from the epoch on.
    Every(i64),
    /// Anything else.
    By(GroupBy),
}

/// What the calls of a group share: what is absent, they do not.
#[napi(object, object_from_js = false)]
pub struct NativeGroup {
    /// When their period began, milliseconds since the Unix epoch.
    pub start: Option<f64>,
    /// When it ended.
    pub end: Option<f64>,
    /// Name of their service.
    pub service: Option<String>,
    /// Version, instance, outcome, kind or class of status.
    pub text: Option<String>,
    /// Thread.
    pub thread: Option<u32>,
}

/// Statistics by group.
#[napi(object, object_from_js = false)]
pub struct NativeGroups {
    /// The groups that have calls.
    pub groups: Vec<NativeGroup>,
    /// For each of the statistics the index of its group (f64).
    #[napi(ts_type = "ArrayBuffer")]
    pub indices: Columns,
    /// One for each function and group.
    pub stats: NativeStats,
    /// Expired calls that are in no group.
    pub unplaced: f64,
}

impl Grouping {
    /// `version`, `instance`, `outcome`, `kind`, `status`, `thread`, or a number of milliseconds.
    pub(crate) fn parse(by: &str) -> Result<Self> {
        let by_what = match by {
            "version" => GroupBy::Version,
            "instance" => GroupBy::Instance,
            "outcome" => GroupBy::Outcome,
            "kind" => GroupBy::Kind,
            "status" => GroupBy::Status,
            "thread" => GroupBy::Thread,
            other => {
                let remedy = "use a number of milliseconds from 1 on";
                let invalid = || {
                    let value = other.to_owned();
                    to_js(Error::InvalidOption { option: "by", value, remedy })
                };
                let every = other.parse().ok().filter(|ms: &i64| *ms > 0).ok_or_else(invalid)?;
                return Ok(Self::Every(every));
            }
        };
        Ok(Self::By(by_what))
    }

    /// The question behind it. Periods without end have no answer.
    pub(crate) fn question(&self, snapshot: &Snapshot, filter: &Filter) -> Option<GroupBy> {
        let every = match self {
            Self::By(by) => return Some(by.clone()),
            Self::Every(every) => *every,
        };
        let rows = ends(snapshot, &Filter { since_ns: None, until_ns: None, ..filter.clone() });
        let (first_ns, last_ns) = rows.unwrap_or((0, 0));
        // What has expired began before the rows that are there.
        let since_ns = filter.since_ns.unwrap_or(first_ns);
        let behind_ns = last_ns.max(since_ns).saturating_add(1);
        let until_ns = filter.until_ns.map_or(behind_ns, |until| until.min(behind_ns));
        let width_ns = every.saturating_mul(MILLISECOND_NS);
        Periods::of_width(since_ns, until_ns, width_ns, 0).map(GroupBy::Periods)
    }
}

impl NativeGroups {
    #[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
    pub(crate) fn new(grouped: &Grouped) -> Self {
        let mut numbers: BTreeMap<&Group, usize> = BTreeMap::new();
        let (mut groups, mut indices) = (Vec::new(), Vec::new());
        for row in &grouped.rows {
            let number = *numbers.entry(&row.group).or_insert_with(|| {
                groups.push(native(&row.group));
                groups.len() - 1
            });
            put_numbers(&mut indices, &[number as f64]);
        }
        Self {
            groups,
            indices: Columns::new(indices),
            stats: NativeStats::new(grouped.rows.iter().map(|row| &row.stats)),
            unplaced: grouped.unplaced as f64,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
fn native(group: &Group) -> NativeGroup {
    let mut native =
        NativeGroup { start: None, end: None, service: None, text: None, thread: None };
    let ms = |ns: i64| ns.div_euclid(MILLISECOND_NS) as f64;
    match group {
        Group::Period { start_ns, end_ns } => {
            (native.start, native.end) = (Some(ms(*start_ns)), Some(ms(*end_ns)));
        }
        Group::Version { service, version: text } | Group::Instance { service, instance: text } => {
            (native.service, native.text) = (Some(service.clone()), Some(text.clone()));
        }
        Group::Outcome(outcome) => native.text = Some(outcome.name().to_owned()),
        Group::Kind(kind) => native.text = Some(kind.name().to_owned()),
        Group::Status(class) => native.text = status_word(*class),
        Group::Thread(thread) => native.thread = Some(*thread),
    }
    native
}
