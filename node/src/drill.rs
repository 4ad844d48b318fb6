//! Mistakes that can be switched on, to see that the simulator of whole nodes finds them.
//!
//! As those of the agreement (`dure_consensus::Drill`): with the feature `drills` a thread plays one
//! of them; without it `is` is the constant `false`, and nothing of this is left in the program.
//! One that was built with the feature does nothing but say so. `cargo xtask simulate --drills` plays
//! them all; `docs/consensus.md` lists what finds them.

dure_consensus::drills! {
    /// A batch is acknowledged when it is on its way to the disk.
    AcknowledgedEarly,
    /// Of two batches with one number both are held and acknowledged.
    BothAcknowledged,
    /// After a restart no numbers are left out.
    NumbersReused,
    /// A block is executed while its header is on its way to the disk.
    ExecutedEarly,
    /// A decided block is executed without the batches that are not here.
    BatchSkipped,
    /// A batch may be named after its expiry.
    ExpiredNamed,
    /// A batch that is held is named, whoever else holds it.
    UnspreadNamed,
    /// Which block the state is after is written before what that block changed.
    AppliedApart,
    /// Batches of others are removed once a header names them.
    NamedRemoved,
    /// What is missing is never asked for.
    FetchNever,
    /// A validator that lost its disk seals as if it had used no number.
    NumbersForgotten,
}
