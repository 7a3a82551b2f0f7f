//! A stream of rows, batch by batch.

use std::sync::{Arc, Mutex, PoisonError};

use kronicler::query::{Answer, RowStream};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::to_js;
use crate::rows::NativeRows;
use crate::work::Work;

/// A stream of rows in the order of their ids.
#[napi]
pub struct NativeRowStream {
    stream: Arc<Mutex<RowStream>>,
}

fn next(stream: &Mutex<RowStream>, count: u32) -> Result<Option<NativeRows>> {
    let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
    let batch = stream.next_batch(count as usize).map_err(to_js)?;
    let is_partial = stream.is_partial();
    Ok(batch.map(|value| NativeRows::new(&Answer { value, is_partial, is_stale: false })))
}

#[napi]
impl NativeRowStream {
    pub(crate) fn new(stream: RowStream) -> Self {
        Self { stream: Arc::new(Mutex::new(stream)) }
    }

    /// Whether rows so far could not be read.
    #[napi(getter, catch_unwind)]
    pub fn is_partial(&self) -> bool {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).is_partial()
    }

    /// The next rows, about `count`; null at the end.
    #[napi(catch_unwind)]
    pub fn next(&self, count: u32) -> AsyncTask<Work<Option<NativeRows>>> {
        let stream = Arc::clone(&self.stream);
        Work::promise(move || next(&stream, count))
    }

    /// As `next`, on this thread.
    #[napi(catch_unwind)]
    pub fn next_sync(&self, count: u32) -> Result<Option<NativeRows>> {
        next(&self.stream, count)
    }
}
