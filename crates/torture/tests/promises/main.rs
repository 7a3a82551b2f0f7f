//! Promises of the simulated disk and of the sweep: that they notice what they are there for.

mod cuts;
mod faults;
mod sweeps;
