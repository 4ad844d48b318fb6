//! Mistakes that can be switched on, to see that the simulator finds them.
//!
//! Each is one that people make: a barrier skipped, a lock forgotten, a quorum miscounted. With the
//! feature `drills` a thread plays one of them; without it [`is`] is the constant `false`, and
//! nothing of this is left in the program. A node refuses to be compiled with the feature.
//! `cargo xtask simulate --drills` plays them all; `docs/consensus.md` lists what finds them.

/// Makes `Drill`, an enum of mistakes, and what switches them on, in the crate that asks: with its
/// feature `drills` its `Drill::ALL` and `play`; with and without, `DRILLS` and `is`.
#[macro_export]
macro_rules! drills {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Whether this program can make the mistakes.
        pub const DRILLS: bool = cfg!(feature = "drills");

        /// A mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Drill {
            $($(#[$doc])* $name,)*
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

            impl Drill {
                /// All of them.
                pub const ALL: &[Self] = &[$(Self::$name,)*];
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
    };
}

drills! {
    /// What we sign leaves before it is durable.
    VoteBeforeBarrier,
    /// A decision is handed on before the log of its height is durable.
    DecisionBeforeBarrier,
    /// Only what we signed is logged, not what it followed from.
    ReasonsNotLogged,
    /// After a restart the log is replayed whatever its height.
    LogOfAnotherHeight,
    /// After a restart what we signed ourselves is not replayed.
    OwnForgotten,
    /// A height that was caught up with has no log.
    CaughtUpNotLogged,
    /// In a later round the lock of an earlier one does not count.
    LockForgotten,
    /// The core takes more than half of the power for a quorum.
    QuorumInCore,
    /// The quorum of a certificate is not counted.
    QuorumInCertificate,
    /// The signatures of a certificate are verified as `ed25519-dalek` verifies a batch.
    BatchOfDalek,
    /// The quorum of a polka is not counted.
    QuorumInPolka,
    /// The votes of a polka are taken of any earlier round.
    PolkaOfAnotherRound,
    /// The votes that end a round are not verified.
    RoundsUnverified,
    /// The certificate that a node holds itself tells who missed, not that in a header.
    RotationFromLocal,
    /// A header may certify a height whose root it does not list.
    RootSkipped,
    /// Roots are not compared with our own.
    RootsUnchecked,
    /// A batch may be named after its expiry.
    ExpiredBatch,
    /// A named batch stays ready.
    BatchTwice,
    /// A batch that is not held is no obstacle.
    BatchUnheld,
    /// A batch that is held is named at once, whoever else holds it.
    BatchUnspread,
    /// The time of a header may be that of its parent, or before.
    TimeBackwards,
    /// A header ahead of our clock is voted for at once.
    TimeAhead,
    /// A header may have another parent than the block decided.
    ParentUnchecked,
    /// A header may name other validators than the chain's.
    SetsUnchecked,
    /// The certificate of the parent is not verified.
    ParentCertificateUnchecked,
    /// The certificate of the parent is verified with the validators of this height.
    ParentSetMixedUp,
    /// A change of validators acts one height early.
    SetChangeEarly,
    /// What others decided is verified with the newest validators that were announced.
    NewestSetCertifies,
    /// A validator that has not got its new key signs with the old one.
    KeyUnchecked,
    /// The verdict on a block is told the core once only.
    VerdictOnce,
    /// That a node began with the chain is not kept.
    BirthUnmarked,
    /// Evidence may enter the chain again.
    EvidenceTwice,
    /// The signatures in evidence are not verified.
    EvidenceUnchecked,
    /// What others say was decided is taken over as it is.
    DecidedUnchecked,
    /// The memory of signatures does not bind what was signed.
    MemoUnbound,
    /// Nothing is ever said again.
    HealNever,
    /// With a log older than the ledger we vote at once.
    ObservesNever,
    /// An empty disk is taken for a new chain.
    EmptyDiskVotes,
}
