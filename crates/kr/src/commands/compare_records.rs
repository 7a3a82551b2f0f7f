//! A comparison for programs: keys of `kr compare` and `kr gate`.

use kronicler_compare::{Judged, Lack, Limits, Verdict};
use kronicler_query::FunctionRows;
use serde_json::Value;

use crate::comparison::{Compared, Comparison};
use crate::context::array;
use crate::record::{Record, object};
use crate::sides::Side;
use crate::when::iso;

/// Keys of a line of CSV: one for each function and metric.
pub const KEYS: [&str; 17] = [
    "name",
    "source",
    "verdict",
    "metric",
    "metric_verdict",
    "counts",
    "a_count",
    "b_count",
    "a_ns",
    "b_ns",
    "change",
    "change_low",
    "change_high",
    "difference_low_ns",
    "difference_high_ns",
    "p",
    "lack",
];

/// The document.
pub fn document(
    comparison: &Comparison,
    sides: &[Side; 2],
    limits: &Limits,
    rows_min: u64,
) -> Record {
    let count = |verdict| Value::from(comparison.count(verdict));
    let metrics = limits.metrics.iter().map(|metric| Value::from(metric.name()));
    vec![
        ("a", object(side(&sides[0]))),
        ("b", object(side(&sides[1]))),
        ("confidence", limits.confidence.into()),
        ("metrics", Value::Array(metrics.collect())),
        ("min_change", limits.change_min.into()),
        ("min_difference_ns", limits.difference_ns_min.into()),
        ("min_calls", rows_min.into()),
        ("regressions", count(Verdict::Regression)),
        ("improvements", count(Verdict::Improvement)),
        ("no_difference", count(Verdict::NoDifference)),
        ("not_enough_data", count(Verdict::NotEnoughData)),
        ("functions", array(comparison.functions.iter().map(function).collect())),
        ("new", array(comparison.new.iter().map(rows).collect())),
        ("vanished", array(comparison.vanished.iter().map(rows).collect())),
    ]
}

/// The lines of CSV.
pub fn lines(comparison: &Comparison) -> Vec<Record> {
    let lines = comparison.functions.iter().flat_map(|one| {
        let of_function = move |metric: &Judged| {
            let mut record = vec![
                ("name", Value::from(&*one.b.name.name)),
                ("source", (&*one.b.name.source).into()),
                ("verdict", one.judged.verdict.name().into()),
            ];
            let mut fields = self::metric(metric);
            fields.insert(3, ("a_count", one.a.count.into()));
            fields.insert(4, ("b_count", one.b.count.into()));
            record.extend(fields);
            record
        };
        one.judged.metrics.iter().map(of_function)
    });
    lines.collect()
}

fn side(side: &Side) -> Record {
    let time = |ns: Option<i64>| ns.map_or(Value::Null, |ns| iso(ns).into());
    let dir = side.dir.as_ref().map(|dir| dir.to_string_lossy().into_owned());
    vec![
        ("label", (&*side.label).into()),
        ("dir", dir.into()),
        ("service", side.filter.service.clone().into()),
        ("version", side.filter.version.clone().into()),
        ("since", time(side.filter.since_ns)),
        ("until", time(side.filter.until_ns)),
    ]
}

fn rows(function: &FunctionRows) -> Record {
    vec![
        ("name", (&*function.name.name).into()),
        ("source", (&*function.name.source).into()),
        ("count", function.count.into()),
        ("errors", function.errors.into()),
    ]
}

fn function(one: &Compared) -> Record {
    let errors = one.judged.errors.as_ref().map_or(Value::Null, |errors| {
        object(vec![
            ("a_share", errors.shares[0].into()),
            ("b_share", errors.shares[1].into()),
            ("low", errors.interval[0].into()),
            ("high", errors.interval[1].into()),
            ("p", errors.p.into()),
            ("verdict", errors.verdict.name().into()),
        ])
    });
    vec![
        ("name", (&*one.b.name.name).into()),
        ("source", (&*one.b.name.source).into()),
        ("verdict", one.judged.verdict.name().into()),
        ("a_count", one.a.count.into()),
        ("b_count", one.b.count.into()),
        ("a_errors", one.a.errors.into()),
        ("b_errors", one.b.errors.into()),
        ("slower_share", one.measured.rank_sum.slower_share.into()),
        ("rank_sum_p", one.measured.rank_sum.p.into()),
        ("error_rate", errors),
        ("metrics", array(one.judged.metrics.iter().map(metric_with_blocks).collect())),
    ]
}

fn metric_with_blocks(judged: &Judged) -> Record {
    let mut record = metric(judged);
    record.push(("a_blocks", judged.blocks[0].into()));
    record.push(("b_blocks", judged.blocks[1].into()));
    record
}

fn metric(judged: &Judged) -> Record {
    let end = |interval: Option<[f64; 2]>, end: usize| -> Value {
        interval.map(|interval| interval[end]).into()
    };
    let lack = judged.lack.map(|lack| match lack {
        Lack::Rows => "too few calls",
        Lack::RowsBeyond => "too few calls beyond the percentile",
        Lack::Blocks => "called in too few stretches of time",
    });
    vec![
        ("metric", judged.metric.name().into()),
        ("metric_verdict", judged.verdict.name().into()),
        ("counts", judged.counts.into()),
        ("a_ns", judged.values_ns[0].into()),
        ("b_ns", judged.values_ns[1].into()),
        ("change", judged.change.into()),
        ("change_low", end(judged.change_interval, 0)),
        ("change_high", end(judged.change_interval, 1)),
        ("difference_low_ns", end(judged.difference_interval_ns, 0)),
        ("difference_high_ns", end(judged.difference_interval_ns, 1)),
        ("p", judged.p.into()),
        ("lack", lack.into()),
    ]
}
