//! Errors of the engine as errors of JavaScript: `CODE: text`, which the facade takes apart.

use kronicler::Error;

/// An error of the engine as one of JavaScript.
pub(crate) fn to_js(error: impl Into<Error>) -> napi::Error {
    let error = error.into();
    napi::Error::from_reason(format!("{}: {error}", error.code()))
}
