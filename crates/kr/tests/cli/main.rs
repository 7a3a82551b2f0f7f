//! Promises of `kr` to its users, kept by the built program on databases made by the store.

mod answers;
mod bad_input;
mod comparing;
mod control;
#[cfg(feature = "export")]
mod details;
mod examples;
#[cfg(feature = "export")]
mod export;
mod fixture;
mod following;
mod hooked;
mod manners;
mod pictures;
mod reasons;
mod refusals;
mod service;
mod snapshots;
mod statistics;
#[cfg(unix)]
mod terminal;
mod upkeep;
