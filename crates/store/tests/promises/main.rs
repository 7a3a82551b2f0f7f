//! Promises of the store to its users, held through the public API only.

mod gaps;
mod clearing;
mod compacting;
mod damage;
mod details;
mod expiring;
mod forged;
mod heads;
mod heeding;
mod hooks;
mod lanes;
mod mortal;
mod names;
mod paths;
mod power_cut;
mod racing;
mod sealing;
mod space;
mod truncation;
mod verifying;
mod world;
