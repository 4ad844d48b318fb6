//! Gas by method: a report to read, and a committed file that fails on unexplained change.

mod report;
mod snapshot;

pub(crate) use report::GasLog;
pub use report::{GasReport, GasRow};
