//! Promises about what is told of single calls: what called what, and why one was slow.

#[expect(dead_code, reason = "the other promises use the rest")]
#[path = "../promises/model.rs"]
mod model;
#[expect(dead_code, reason = "the other promises use the rest")]
#[path = "../promises/world.rs"]
mod world;

mod program;
mod nesting;
mod contexts;
mod ranges;
mod service;
mod amounts;
mod reasons;
mod reach;
