//! The real binary as a process, killed under load.

mod cut;
mod kill;
mod node;
