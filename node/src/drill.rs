//! Mistakes that can be switched on, to see that the simulator of whole nodes finds them.
//!
//! As those of the agreement (`dure_consensus::Drill`): with the feature `drills` a thread plays one
//! of them; without it `is` is the constant `false`, and nothing of this is left in the program.
//! One that was built with the feature does nothing but say so. `cargo xtask simulate --drills` plays
//! them all; `docs/consensus.md` lists what finds them.

/// Whether this program can make the mistakes.
pub const DRILLS: bool = cfg!(feature = "drills");

macro_rules! drills {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Drill {
            $($(#[$doc])* $name,)*
        }

        #[cfg(feature = "drills")]
        impl Drill {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

drills! {
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

#[cfg(feature = "drills")]
mod on {
    use super::Drill;
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<Option<Drill>> = const { Cell::new(None) };
    }

    /// Makes this thread play a mistake, or none.
    pub fn play(drill: Option<Drill>) {
        ON.set(drill);
    }

    pub(crate) fn is(drill: Drill) -> bool {
        ON.get() == Some(drill)
    }
}

#[cfg(feature = "drills")]
pub use on::play;

#[cfg(feature = "drills")]
pub(crate) use on::is;

/// Whether the mistake is to be made.
#[cfg(not(feature = "drills"))]
pub(crate) const fn is(_: Drill) -> bool {
    false
}
