//! Statistics by function and by one thing more: period, version, instance, outcome, kind,
//! http status, thread.
//!
//! A group is a filter that wants a part of what the question wants: footers, totals and histories
//! answer for it as far as they do for any filter. Threads alone are found in the rows.

use std::collections::BTreeSet;

use kronicler_format::{Kind, Outcome};
use kronicler_store::{Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::filter::Filter;
use crate::function_stats::FunctionStats;
use crate::history::{Histories, add_histories, histories, reaches_back, unplaced};
use crate::name_table::NameTable;
use crate::periods::{Periods, steps};
use crate::runs::instance_name;
use crate::split::Split;
use crate::stats::{all_of, by_name, stats, stats_by_group};
use crate::who::runs;

/// Functions times periods whose statistics are in memory at a time, some 4 KB each.
const CELL_COUNT_MAX: usize = 4_096;

/// What statistics are grouped by, besides the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// When calls ended. Calls outside of all periods are left out.
    Periods(Periods),
    /// Version of the service.
    Version,
    /// Instance of the service, see [`instance_name`]. Not of expired rows.
    Instance,
    /// How calls ended.
    Outcome,
    /// What kind of call it was.
    Kind,
    /// First digit of the status of http answers.
    Status,
    /// Thread, in whatever process. Not of expired rows.
    Thread,
}

/// What the calls of a group share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// They ended from `start_ns` to before `end_ns`.
    Period {
        /// When it begins, nanoseconds since the Unix epoch.
        start_ns: i64,
        /// When the next may begin.
        end_ns: i64,
    },
    /// They were made by this version.
    Version {
        /// Name of the service, empty when not set.
        service: String,
        /// Its version, empty when not set.
        version: String,
    },
    /// They were made by this instance.
    Instance {
        /// Name of the service, empty when not set.
        service: String,
        /// What the instance is called.
        instance: String,
    },
    /// They ended so.
    Outcome(Outcome),
    /// They are of this kind.
    Kind(Kind),
    /// They are http answers whose status has this first digit; 0 if they are none.
    Status(u8),
    /// They were made by this thread.
    Thread(u32),
}

/// Statistics of a function within a group.
#[derive(Debug, Clone)]
pub struct GroupStats {
    /// What the calls share.
    pub group: Group,
    /// Their statistics.
    pub stats: FunctionStats,
}

/// Statistics by group.
#[derive(Debug, Clone, Default)]
pub struct Grouped {
    /// By the name of the function, then by group: periods as they follow each other, versions
    /// and instances in the order in which they first began.
    pub rows: Vec<GroupStats>,
    /// Expired calls that are in no group, since their times are only known by hours or days that
    /// do not lie within one of the periods.
    pub unplaced: u64,
}

/// Statistics of every function that the filter wants, by group: each as [`stats`] gives it.
///
/// # Errors
/// When a file cannot be read.
pub fn stats_by(
    snapshot: &Snapshot,
    filter: &Filter,
    by: &GroupBy,
) -> Result<Answer<Grouped>, StoreError> {
    let mut rows: Vec<GroupStats> = Vec::new();
    let answer = visit_groups(snapshot, filter, by, |group, functions| {
        let of_group = functions.into_iter();
        rows.extend(of_group.map(|stats| GroupStats { group: group.clone(), stats }));
    })?;
    // Groups came in their order, which stays within a function.
    rows.sort_by(|left, right| left.stats.name.name.cmp(&right.stats.name.name));
    Ok(answer.map(|unplaced| Grouped { rows, unplaced }))
}

/// As [`stats_by`], but hands out the functions of one group after the other, so that not all of
/// them need to be in memory. Gives the number of unplaced calls.
///
/// # Errors
/// When a file cannot be read.
pub fn visit_groups(
    snapshot: &Snapshot,
    filter: &Filter,
    by: &GroupBy,
    mut visit: impl FnMut(&Group, Vec<FunctionStats>),
) -> Result<Answer<u64>, StoreError> {
    let mut gaps = Gaps::of(snapshot);
    if let GroupBy::Periods(periods) = by {
        return visit_periods(snapshot, filter, periods, visit);
    }
    if *by == GroupBy::Thread {
        let table = NameTable::new(snapshot);
        let answer = stats_by_group(snapshot, filter, &table, Split::Threads)?;
        return Ok(answer.map(|threads| {
            for (thread, functions) in threads {
                visit(&Group::Thread(thread), by_name(functions.into_values().collect()));
            }
            0
        }));
    }
    let groups = groups(snapshot, filter, by)?;
    for (group, filter) in groups {
        let Answer { value, is_partial, is_stale } = stats(snapshot, &filter)?;
        gaps.add(Gaps { is_partial, is_stale });
        if !value.is_empty() {
            visit(&group, value);
        }
    }
    Ok(gaps.answer(0))
}

/// Every group there may be, with the filter for its calls.
fn groups(
    snapshot: &Snapshot,
    filter: &Filter,
    by: &GroupBy,
) -> Result<Vec<(Group, Filter)>, StoreError> {
    let of = |group: Group, change: &dyn Fn(&mut Filter)| {
        let mut filter = filter.clone();
        change(&mut filter);
        (group, filter)
    };
    Ok(match by {
        GroupBy::Outcome => {
            let all = Outcome::ALL.into_iter();
            let all = all.filter(|one| filter.outcome.is_none_or(|wanted| wanted == *one));
            all.map(|one| of(Group::Outcome(one), &|f| f.outcome = Some(one))).collect()
        }
        GroupBy::Kind => {
            let all = Kind::ALL.into_iter();
            let all = all.filter(|one| filter.kind.is_none_or(|wanted| wanted == *one));
            all.map(|one| of(Group::Kind(one), &|f| f.kind = Some(one))).collect()
        }
        GroupBy::Status => {
            let all = status_classes(snapshot, filter)?.into_iter();
            all.map(|one| of(Group::Status(one), &|f| f.status_class = Some(one))).collect()
        }
        GroupBy::Version => {
            let all = versions(snapshot, filter)?.into_iter();
            let all = all.map(|(service, version)| {
                let change = |f: &mut Filter| {
                    (f.service, f.version) = (Some(service.clone()), Some(version.clone()));
                };
                let group = Group::Version { service: service.clone(), version: version.clone() };
                of(group, &change)
            });
            all.collect()
        }
        GroupBy::Instance => {
            let all = instances(snapshot, filter)?.into_iter();
            let all = all.map(|(service, instance)| {
                let change = |f: &mut Filter| {
                    (f.service, f.instance) = (Some(service.clone()), Some(instance.clone()));
                };
                let group =
                    Group::Instance { service: service.clone(), instance: instance.clone() };
                of(group, &change)
            });
            all.collect()
        }
        GroupBy::Periods(_) | GroupBy::Thread => Vec::new(),
    })
}

/// Wanted services and versions in the order in which they first began. What is missing is noted
/// by who reads the rows.
fn versions(snapshot: &Snapshot, filter: &Filter) -> Result<Vec<(String, String)>, StoreError> {
    let mut versions = Vec::new();
    if reaches_back(filter) {
        for (_, history) in &histories(snapshot)?.0 {
            let (since_ns, until_ns) = filter.range();
            let entries = history.entries(since_ns, until_ns);
            for function in entries.map(|entry| entry.series.function) {
                versions.push((function.service.to_owned(), function.version.to_owned()));
            }
        }
    }
    let runs = runs(snapshot)?.value;
    let known = runs.into_iter().filter(|one| filter.wants_run(&one.run));
    versions.extend(known.map(|one| (one.run.service, one.run.version)));
    versions.retain(|(service, version)| filter.wants_version(service, version));
    Ok(distinct(versions))
}

/// Classes of status that wanted series have.
fn status_classes(snapshot: &Snapshot, filter: &Filter) -> Result<BTreeSet<u8>, StoreError> {
    let series = snapshot.lanes.iter().flat_map(|view| view.state.names.series());
    let mut classes: BTreeSet<u8> = series.map(|series| series.status_class).collect();
    if reaches_back(filter) {
        for (_, history) in &histories(snapshot)?.0 {
            let (since_ns, until_ns) = filter.range();
            let entries = history.entries(since_ns, until_ns);
            classes.extend(entries.map(|entry| entry.series.status_class));
        }
    }
    classes.retain(|class| filter.status_class.is_none_or(|wanted| wanted == *class));
    Ok(classes)
}

fn instances(snapshot: &Snapshot, filter: &Filter) -> Result<Vec<(String, String)>, StoreError> {
    let runs = runs(snapshot)?.value;
    let known = runs.into_iter().filter(|one| filter.wants_run(&one.run));
    Ok(distinct(known.map(|one| {
        let instance = instance_name(&one.run).into_owned();
        (one.run.service, instance)
    })))
}

/// The first of each.
fn distinct<T: Ord + Clone>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(value.clone())).collect()
}

fn visit_periods(
    snapshot: &Snapshot,
    filter: &Filter,
    periods: &Periods,
    mut visit: impl FnMut(&Group, Vec<FunctionStats>),
) -> Result<Answer<u64>, StoreError> {
    let mut gaps = Gaps::of(snapshot);
    let (mut past, mut unplaced_count) = (Histories::new(), 0);
    if reaches_back(filter) {
        let (found, lacking) = histories(snapshot)?;
        gaps.add(lacking);
        unplaced_count = unplaced(&found, filter, periods);
        past = found;
    }
    let table = NameTable::new(snapshot);
    let cell_count = table.names().len().max(1);
    let step = (CELL_COUNT_MAX / cell_count).max(1);
    for (some, of_some) in steps(filter, periods, step) {
        let split = Split::Periods(&some);
        let Answer { value: mut groups, is_partial, is_stale } =
            stats_by_group(snapshot, &of_some, &table, split)?;
        gaps.add(Gaps { is_partial, is_stale });
        for (index, (start_ns, end_ns)) in (0..).zip(some.iter()) {
            let functions = groups.remove(&index).unwrap_or_default();
            let functions = if past.is_empty() {
                functions.into_values().collect()
            } else {
                let mut all = all_of(&table, functions);
                add_histories(&past, filter, (start_ns, end_ns), &mut all);
                all
            };
            let functions = by_name(functions);
            if !functions.is_empty() {
                visit(&Group::Period { start_ns, end_ns }, functions);
            }
        }
    }
    Ok(gaps.answer(unplaced_count))
}
