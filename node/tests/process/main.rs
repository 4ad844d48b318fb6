//! The real binary as a process, killed under load.

mod kill;
mod node;
