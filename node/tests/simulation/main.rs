//! The whole node, many times, on virtual time: the real machine, executor and store of every
//! validator, with a network, disks and clocks that misbehave, and validators that lie.
//!
//! One seed is one run. What must hold in every run stands in `check.rs`, apart from what is done to
//! the nodes; the rules are in `docs/consensus.md`.

#[path = "../../consensus/tests/network/bound.rs"]
mod bound;
mod catch_up;
mod chaos;
mod check;
mod clients;
#[cfg(feature = "drills")]
mod drills;
mod faults;
mod figures;
mod home;
mod host;
#[cfg(feature = "drills")]
#[path = "../../consensus/tests/network/hunt.rs"]
mod hunt;
mod liars;
mod real;
#[path = "../../consensus/tests/network/seeded.rs"]
mod seeded;
mod spread;
mod token;
mod verdicts;
mod world;
