//! Promises of `kr top`: a terminal (tmux) drives it by keys while a service writes known calls.

#![cfg(unix)]

mod keys;
mod life;
mod service;
mod signals;
mod tmux;
