//! Promises kept on a real disk, by real processes that are killed, starved and damaged.
//!
//! A test starts this executable again in another role, see `child`. What a machine cannot do
//! (mount, change the user) makes a test say so on stderr and pass.

#![cfg(target_os = "linux")]

mod content;
mod place;
mod watched;
mod check;
mod child;
mod kills;
mod readers;
mod users;
mod full_disk;
mod slow_disk;
mod damage;
