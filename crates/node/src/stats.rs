//! Statistics on their way to JavaScript: as columns, never object by object.

use std::collections::HashMap;

use kronicler::query::FunctionStats;
use napi_derive::napi;

use crate::rows::Columns;

/// Values of a function, in the order of `native.ts`.
const VALUE_COUNT: usize = 19;

/// Statistics of functions; times in nanoseconds.
#[napi(object, object_from_js = false)]
pub struct NativeStats {
    /// How many there are.
    pub count: u32,
    /// Names that the values speak of.
    pub names: Vec<String>,
    /// Where each was wrapped.
    pub sources: Vec<String>,
    /// Numbers (f64) of one function after the other.
    #[napi(ts_type = "ArrayBuffer")]
    pub values: Columns,
}

impl NativeStats {
    pub(crate) fn new<'a>(all: impl ExactSizeIterator<Item = &'a FunctionStats>) -> Self {
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(all.len() * VALUE_COUNT * 8);
        let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
        let (mut names, mut sources) = (Vec::new(), Vec::new());
        for stats in all {
            let name = &stats.name;
            let number = *numbers.entry((&name.name, &name.source)).or_insert_with(|| {
                names.push(name.name.to_string());
                sources.push(name.source.to_string());
                names.len() - 1
            });
            put_numbers(&mut bytes, &values(stats, number));
        }
        Self { count, names, sources, values: Columns::new(bytes) }
    }
}

/// Appends numbers as JavaScript's typed arrays have them.
pub(crate) fn put_numbers(bytes: &mut Vec<u8>, numbers: &[f64]) {
    numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles")]
fn values(stats: &FunctionStats, number: usize) -> [f64; VALUE_COUNT] {
    let moments = &stats.moments;
    let quantile = |q| stats.quantile(q).unwrap_or(0) as f64;
    [
        number as f64,
        moments.count() as f64,
        stats.rows as f64,
        stats.errors as f64,
        moments.sum() as f64,
        moments.mean().unwrap_or(0.0),
        moments.min().unwrap_or(0) as f64,
        moments.max().unwrap_or(0) as f64,
        moments.std_dev().unwrap_or(0.0),
        stats.std_err().unwrap_or(0.0),
        quantile(0.5),
        quantile(0.75),
        quantile(0.9),
        quantile(0.95),
        quantile(0.99),
        quantile(0.999),
        stats.slowest.map_or(-1.0, |id| id.number() as f64),
        stats.expired as f64,
        match stats.resolution.map(|resolution| resolution.name()) {
            None => 0.0,
            Some("hour") => 1.0,
            Some(_) => 2.0,
        },
    ]
}
