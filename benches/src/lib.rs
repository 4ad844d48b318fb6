//! dure-benches.
