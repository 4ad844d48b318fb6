//! Validators on virtual time: agreement under loss, partitions, crashes at every barrier, and
//! validators that lie. Every rule that is tested here stands in `docs/consensus.md`.

mod bound;
mod byzantine;
mod changing;
mod chaos;
mod checks;
#[cfg(feature = "drills")]
mod drills;
mod faults;
mod figures;
mod healthy;
#[cfg(feature = "drills")]
mod hunt;
mod liars;
mod node;
mod seeded;
mod sets;
mod world;
