//! Promises of the queries to their users, held through the public API only.

mod checks;
mod damage;
mod model;
mod outliers;
mod statistics;
mod world;
