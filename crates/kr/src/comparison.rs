//! Two sides, compared: which functions differ, which are new, which have vanished.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use kronicler_compare::{
    JudgedFunction, Limits, MeasuredFunction, Measurer, SAMPLE_SIZE_BYTES, Sample, Verdict, judge,
};
use kronicler_query::{FunctionRows, FunctionSample, function_rows, samples};

use crate::database::Database;
use crate::failure::Failure;
use crate::progress::{Progress, Unit};
use crate::sides::Side;

/// Bytes of the samples that are in memory at once. More functions are read by further passes.
const SAMPLES_SIZE_BYTES: u64 = 48 << 20;
/// Bytes of a row of a small sample.
const ROW_SIZE_BYTES: u64 = 16;

/// A side with the database it speaks of.
pub struct Place<'a> {
    pub side: &'a Side,
    pub database: &'a Database,
}

/// A function that both sides have.
pub struct Compared {
    pub a: FunctionRows,
    pub b: FunctionRows,
    pub measured: MeasuredFunction,
    pub judged: JudgedFunction,
}

/// Two sides, compared.
pub struct Comparison {
    /// The worst first.
    pub functions: Vec<Compared>,
    /// Functions that only B has.
    pub new: Vec<FunctionRows>,
    /// Functions that only A has.
    pub vanished: Vec<FunctionRows>,
    pub is_partial: bool,
}

impl Comparison {
    /// How many functions have this verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        let with = self.functions.iter().filter(|one| one.judged.verdict == verdict);
        with.count() as u64
    }

    /// Functions of which more or fewer calls fail.
    pub fn with_errors(&self) -> impl Iterator<Item = &Compared> {
        let is_found = |one: &&Compared| {
            let errors = one.judged.errors.as_ref();
            errors.is_some_and(|errors| errors.verdict != Verdict::NoDifference)
        };
        self.functions.iter().filter(is_found)
    }
}

/// Compares B with A.
pub fn compare(
    places: &[Place<'_>; 2],
    limits: &Limits,
    rows_min: u64,
) -> Result<Comparison, Failure> {
    let [a, b] = places
        .each_ref()
        .map(|place| place.database.ask(|snapshot| function_rows(snapshot, &place.side.filter)));
    let (a, b) = (a?, b?);
    let mut is_partial = a.is_partial || b.is_partial;
    let mut functions: BTreeMap<String, [Option<FunctionRows>; 2]> = BTreeMap::new();
    for (side, rows) in [a.value, b.value].into_iter().enumerate() {
        if rows.is_empty() {
            let label = &places[side].side.label;
            let text =
                format!("{label} has no calls to compare; see kr names, kr stats --by version");
            return Err(Failure::NoSuchRow(text));
        }
        for one in rows {
            let of_name = functions.entry(one.name.name.to_string()).or_default();
            of_name[side] = Some(one);
        }
    }
    let (mut both, mut new, mut vanished) = (Vec::new(), Vec::new(), Vec::new());
    for sides in functions.into_values() {
        match sides {
            [Some(a), Some(b)] => both.push((a, b)),
            [Some(a), None] => vanished.push(a),
            [None, Some(b)] => new.push(b),
            [None, None] => {}
        }
    }
    let progress = Progress::new("comparing", Unit::Count("function"), Some(both.len() as u64));
    let mut measured = Vec::with_capacity(both.len());
    for group in groups(&both, rows_min) {
        measured.extend(measure(places, group, rows_min, &mut is_partial)?);
        progress.add(group.len() as u64);
    }
    drop(progress);
    let judged = judge(&measured, limits);
    let judged = both.into_iter().zip(measured).zip(judged);
    let mut functions: Vec<Compared> =
        judged.map(|(((a, b), measured), judged)| Compared { a, b, measured, judged }).collect();
    functions.sort_by(|left, right| order(left).total_cmp(&order(right)));
    Ok(Comparison { functions, new, vanished, is_partial })
}

/// Regressions by how much slower they are, improvements by how much faster, then the others.
fn order(compared: &Compared) -> f64 {
    let JudgedFunction { verdict, metrics, .. } = &compared.judged;
    let of_verdict = metrics.iter().filter(|one| one.counts && one.verdict == *verdict);
    let change = of_verdict.map(|one| one.change.abs()).fold(0.0, f64::max);
    match verdict {
        Verdict::Regression => -change - 1.0,
        Verdict::Improvement => 1.0 / (1.0 + change),
        Verdict::NoDifference => 2.0,
        Verdict::NotEnoughData => 3.0,
    }
}

/// Functions whose samples fit into memory together.
fn groups(
    both: &[(FunctionRows, FunctionRows)],
    rows_min: u64,
) -> Vec<&[(FunctionRows, FunctionRows)]> {
    let size = |one: &FunctionRows| (one.rows * ROW_SIZE_BYTES).min(SAMPLE_SIZE_BYTES as u64);
    let (mut groups, mut first, mut bytes) = (Vec::new(), 0, 0);
    for (index, (a, b)) in both.iter().enumerate() {
        let of_both = if has_enough(a, b, rows_min) { size(a) + size(b) } else { 0 };
        if bytes + of_both > SAMPLES_SIZE_BYTES && index > first {
            groups.push(&both[first..index]);
            (first, bytes) = (index, 0);
        }
        bytes += of_both;
    }
    groups.push(&both[first..]);
    groups
}

fn has_enough(a: &FunctionRows, b: &FunctionRows, rows_min: u64) -> bool {
    a.rows.min(b.rows) >= rows_min
}

fn measure(
    places: &[Place<'_>; 2],
    group: &[(FunctionRows, FunctionRows)],
    rows_min: u64,
    is_partial: &mut bool,
) -> Result<Vec<MeasuredFunction>, Failure> {
    let enough = group.iter().filter(|(a, b)| has_enough(a, b, rows_min));
    let wanted: HashSet<&str> = enough.map(|(a, _)| &*a.name.name).collect();
    let read = |place: &Place<'_>| {
        let wants = |name: &str| wanted.contains(name);
        place.database.ask(|snapshot| samples(snapshot, &place.side.filter, wants))
    };
    let [a, b] = std::thread::scope(|scope| {
        let b = scope.spawn(|| read(&places[1]));
        let a = read(&places[0]);
        [a, b.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))]
    });
    let (a, b) = (a?, b?);
    *is_partial |= a.is_partial || b.is_partial;
    let by_name = |functions: Vec<FunctionSample>| -> BTreeMap<String, Sample> {
        functions.into_iter().map(|one| (one.name.name.to_string(), one.sample)).collect()
    };
    let (a, b) = (by_name(a.value), by_name(b.value));
    let nothing = Sample::new();
    let pairs: Vec<[&Sample; 2]> = group
        .iter()
        .map(|(of_a, _)| [&a, &b].map(|side| side.get(&*of_a.name.name).unwrap_or(&nothing)))
        .collect();
    Ok(measure_pairs(&pairs, rows_min))
}

fn measure_pairs(pairs: &[[&Sample; 2]], rows_min: u64) -> Vec<MeasuredFunction> {
    let next = AtomicUsize::new(0);
    let measured = Mutex::new(Vec::with_capacity(pairs.len()));
    let work = || {
        let mut measurer = Measurer::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(pair) = pairs.get(index) else { return };
            let one = measurer.measure(*pair, rows_min);
            measured.lock().unwrap_or_else(PoisonError::into_inner).push((index, one));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, Into::into).min(pairs.len());
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut measured = measured.into_inner().unwrap_or_else(PoisonError::into_inner);
    measured.sort_by_key(|(index, _)| *index);
    measured.into_iter().map(|(_, one)| one).collect()
}
