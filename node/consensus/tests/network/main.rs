//! Validators on virtual time: agreement under loss, partitions, crashes at every barrier, and
//! validators that lie. Every rule that is tested here stands in `docs/consensus.md`.

mod byzantine;
mod faults;
mod healthy;
mod node;
mod world;
