//! The Node edge of Kronicler: converts, never decides.
//!
//! [`hot`] holds the functions that a captured call goes through, registered with Node-API
//! directly; all else goes through `#[napi]`. The contract is `src-ts/native.ts`.

// `#[napi]` registers nothing in a test build, which would leave everything unused.
#![cfg(not(test))]

mod error;
mod exit;
mod first_thread;
mod options;
mod rows;
mod stats;
mod groups;
mod pictures;
mod outliers;
mod why;
mod health;
mod work;
mod stream;
mod source;
mod store;
mod thread_state;
mod hot;
mod setup;
