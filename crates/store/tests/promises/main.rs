//! Promises of the store to its users, held through the public API only.

mod clearing;
mod damage;
mod forged;
mod heads;
mod lanes;
mod names;
mod paths;
mod power_cut;
mod space;
mod truncation;
mod world;
