//! Rows on their way to JavaScript: columns in one buffer, never object by object.

use std::collections::HashMap;

use kronicler::query::{Answer, RowBatch};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;

/// Bytes that JavaScript gets as an `ArrayBuffer`, copied: external ones are forbidden where V8
/// has its sandbox (Electron).
pub struct Columns(Vec<u8>);

impl Columns {
    pub(crate) const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl TypeName for Columns {
    fn type_name() -> &'static str {
        "ArrayBuffer"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for Columns {
    #[expect(unsafe_code, reason = "the trait wants it so")]
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        let buffer = ArrayBuffer::copy_from(&Env::from_raw(env), value.0)?;
        // SAFETY: the environment is the one that called.
        unsafe { ArrayBuffer::to_napi_value(env, buffer) }
    }
}

/// Rows as columns, one after the other: ids (f64), ends (i64), durations (u64), name numbers
/// (u32), threads (u32), flags (u8).
#[napi(object, object_from_js = false)]
pub struct NativeRows {
    /// How many rows there are.
    pub count: u32,
    /// The columns.
    #[napi(ts_type = "ArrayBuffer")]
    pub columns: Columns,
    /// The names that name numbers speak of.
    pub names: Vec<String>,
    /// Where each was wrapped.
    pub sources: Vec<String>,
    /// How many calls a row of each stands for.
    pub weights: Vec<u32>,
    /// Whether stored rows could not be read.
    pub partial: bool,
    /// Details as JSON, for each row, where they were asked for and one row has one.
    pub details: Option<Vec<Option<String>>>,
}

impl NativeRows {
    pub(crate) fn new(answer: &Answer<RowBatch>) -> Self {
        let rows = &answer.value;
        let (used, numbers) = used_names(rows);
        let name = |&(name, _): &(usize, u32)| &rows.names()[name];
        Self {
            count: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            columns: Columns(columns(rows, &numbers)),
            names: used.iter().map(|one| name(one).name.to_string()).collect(),
            sources: used.iter().map(|one| name(one).source.to_string()).collect(),
            weights: used.iter().map(|&(_, weight)| weight).collect(),
            partial: answer.is_partial,
            details: details(rows),
        }
    }
}

fn details(rows: &RowBatch) -> Option<Vec<Option<String>>> {
    let detail = |index| rows.detail(index).map(|detail| detail.to_json());
    let all: Vec<Option<String>> = (0..rows.len()).map(detail).collect();
    all.iter().any(Option::is_some).then_some(all)
}

/// The names that occur, each with a weight, and for each row the number of its own among them.
fn used_names(rows: &RowBatch) -> (Vec<(usize, u32)>, Vec<u32>) {
    let mut number_of = vec![u32::MAX; rows.names().len()];
    // Weights other than 1 are rare.
    let mut number_of_weighted = HashMap::new();
    let mut used = Vec::new();
    let numbers = rows.name_numbers.iter().enumerate().map(|(index, &name)| {
        let (name, weight) = (name as usize, rows.weight(index));
        let number = if weight == 1 {
            &mut number_of[name]
        } else {
            number_of_weighted.entry((name, weight)).or_insert(u32::MAX)
        };
        if *number == u32::MAX {
            *number = u32::try_from(used.len()).unwrap_or(u32::MAX);
            used.push((name, weight));
        }
        *number
    });
    let numbers = numbers.collect();
    (used, numbers)
}

fn columns(rows: &RowBatch, numbers: &[u32]) -> Vec<u8> {
    const ROW_SIZE_BYTES: usize = 3 * 8 + 2 * 4 + 1;
    let mut out = Vec::with_capacity(rows.len() * ROW_SIZE_BYTES);
    for &id in &rows.ids {
        #[expect(clippy::cast_precision_loss, reason = "ids are below 2^53")]
        out.extend_from_slice(&(id as f64).to_le_bytes());
    }
    rows.ends_ns.iter().for_each(|end| out.extend_from_slice(&end.to_le_bytes()));
    rows.durations_ns.iter().for_each(|duration| out.extend_from_slice(&duration.to_le_bytes()));
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    rows.threads.iter().for_each(|thread| out.extend_from_slice(&thread.to_le_bytes()));
    out.extend_from_slice(&rows.flags);
    out
}
