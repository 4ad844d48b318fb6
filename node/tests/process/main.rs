//! The real binary as a process: killed under load, seen from a browser.

mod cafe;
mod kill;
mod node;
mod page;
