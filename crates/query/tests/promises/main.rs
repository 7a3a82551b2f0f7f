//! Promises of the queries to their users, held through the public API only.

mod checks;
mod counting;
mod damage;
mod expired;
mod following;
mod model;
mod outliers;
mod samples;
mod segments;
mod statistics;
mod world;
