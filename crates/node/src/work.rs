//! Work on a thread of the host's pool, with a promise of its result.

use napi::bindgen_prelude::*;
use napi::{Env, Task};

/// A question that may read much, asked off the JavaScript thread.
pub struct Work<T> {
    compute: Option<Box<dyn FnOnce() -> Result<T> + Send>>,
}

impl<T> Work<T> {
    /// A promise of what `compute` returns.
    pub(crate) fn promise(compute: impl FnOnce() -> Result<T> + Send + 'static) -> AsyncTask<Self>
    where
        T: Send + ToNapiValue + TypeName + 'static,
    {
        AsyncTask::new(Self { compute: Some(Box::new(compute)) })
    }
}

impl<T: Send + ToNapiValue + TypeName + 'static> Task for Work<T> {
    type Output = T;
    type JsValue = T;

    fn compute(&mut self) -> Result<T> {
        let compute = self.compute.take();
        compute.map_or_else(|| Err(Error::from_reason("asked twice")), |compute| compute())
    }

    fn resolve(&mut self, _: Env, output: T) -> Result<T> {
        Ok(output)
    }
}
