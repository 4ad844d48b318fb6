//! Whether a proposed header may be voted for (DESIGN D1).
//!
//! Refused is only what is wrong whenever it is looked at. What may come right (a batch on its way,
//! a result not yet computed, a clock ahead of ours) waits, and the round's timeout bounds it.

use crate::{
    Limits, Now, Signatures, Start,
    drill::{self, Drill},
    named::{Named, in_time},
    offences::Offences,
    proposal::Results,
    ready::Ready,
    sets::Sets,
};
use dure_light::CertificateError;
use dure_types::{
    BatchReference, Hash, Header, Height, TimestampMs, ValidatorId, ValidatorSet,
    header::HeaderError,
};

/// A validator waits until a block's time is this close to its own clock.
pub(crate) const CLOCK_DRIFT_MS_MAX: u64 = 500;

/// What comes of a look at a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Valid,
    Invalid(Invalid),
    /// Look again when something changes, at the latest when the clock shows this.
    Wait(Option<TimestampMs>),
}

/// The rule that a proposed header breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Judged from the bytes alone.
    #[error(transparent)]
    Shape(#[from] HeaderError),
    /// Another height, or built upon another block.
    #[error("height {height} upon {parent}, not the block that was decided")]
    Parent {
        /// Its height.
        height: Height,
        /// The block it names.
        parent: Hash,
    },
    /// The parent's certificate does not hold.
    #[error("parent's certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// Not later than the parent.
    #[error("time {time} is not after the parent's {parent}")]
    Time {
        /// Its time.
        time: TimestampMs,
        /// The parent's.
        parent: TimestampMs,
    },
    /// Roots are not of exactly the heights after those that the parent certified.
    #[error("{count} roots for the heights from {first} to {last}")]
    Roots {
        /// Roots listed.
        count: usize,
        /// The first height to list.
        first: Height,
        /// The last.
        last: Height,
    },
    /// A root differs from that of our own execution: one of the two is wrong.
    #[error("other roots of height {height} than our own execution gave")]
    OtherRoots {
        /// The height.
        height: Height,
    },
    /// The hash of a validator set is not that of the set.
    #[error("validator sets of height {height} are not the chain's")]
    Validators {
        /// Its height.
        height: Height,
    },
    /// A batch of nobody in the set, or with a number that its author used before or that is below
    /// the author's window.
    #[error("batch {seq} of {} may not be named any more", Hash(author.0))]
    Named {
        /// Its author.
        author: ValidatorId,
        /// Its sequence number.
        seq: u64,
    },
    /// A batch may not be named any more, or not yet: it is valid for longer than batches may be.
    #[error("batch {seq} of height {height} expires at {expiry}")]
    Expired {
        /// Height of the header.
        height: Height,
        /// Its sequence number.
        seq: u64,
        /// Last height that could name it.
        expiry: Height,
    },
    /// The batches are too many for one block.
    #[error("batches of {bytes} bytes and {gas} gas")]
    TooMuch {
        /// Bytes of all batches.
        bytes: usize,
        /// Gas limits of all.
        gas: u64,
    },
    /// Evidence that does not hold, is too old, is of the future, or was there before.
    #[error("evidence against {}", Hash(accused.0))]
    Evidence {
        /// Whom it accuses.
        accused: ValidatorId,
    },
}

/// What a header is held against.
pub(crate) struct Judge<'a> {
    pub(crate) chain: Hash,
    pub(crate) signatures: &'a Signatures,
    pub(crate) start: &'a Start,
    pub(crate) validators: &'a ValidatorSet,
    pub(crate) sets: &'a Sets,
    pub(crate) results: &'a Results,
    pub(crate) ready: &'a Ready,
    pub(crate) named: &'a Named,
    pub(crate) offences: &'a Offences,
    pub(crate) genesis_time: TimestampMs,
    pub(crate) limits: Limits,
    pub(crate) now: Now,
}

impl Judge<'_> {
    /// What never changes for a header at its height; the cheap rules first.
    pub(crate) fn check(&self, header: &Header) -> Result<(), Invalid> {
        header.check_shape()?;
        let (height, certified) = crate::proposal::position(self.start);
        let parent = self.start.parent.as_ref();
        let upon = parent.map_or(self.chain, |(_, certificate)| certificate.block);
        let upon = if drill::is(Drill::ParentUnchecked) { header.parent } else { upon };
        if header.height != height || header.parent != upon {
            return Err(Invalid::Parent { height: header.height, parent: header.parent });
        }
        let time = parent.map_or(self.genesis_time, |(parent, _)| parent.time);
        if header.time <= time && !drill::is(Drill::TimeBackwards) {
            return Err(Invalid::Time { time: header.time, parent: time });
        }
        let listed = header.executed.0.checked_sub(certified.0);
        let skips = drill::is(Drill::RootSkipped) && listed > Some(0);
        if listed != u64::try_from(header.roots.len()).ok() && !skips {
            let (count, first) = (header.roots.len(), Height(certified.0 + 1));
            return Err(Invalid::Roots { count, first, last: header.executed });
        }
        let chains = self.sets.hash(height) == Some(header.validators);
        if !chains && !drill::is(Drill::SetsUnchecked) {
            return Err(Invalid::Validators { height });
        }
        for BatchReference { author, seq, .. } in header.batches.iter().copied() {
            if self.validators.get(author).is_none() || !self.named.allows(author, seq) {
                return Err(Invalid::Named { author, seq });
            }
        }
        for evidence in &header.evidence {
            let holds = self.offences.may_enter(evidence, height, self.sets);
            if let (false, Ok(accused)) = (holds, evidence.check_shape()) {
                return Err(Invalid::Evidence { accused });
            }
        }
        if let Some(certificate) = &header.parent_certificate {
            let mixed_up = u64::from(!drill::is(Drill::ParentSetMixedUp));
            let validators = self.sets.at(Height(height.0.saturating_sub(mixed_up)));
            let validators = validators.ok_or(Invalid::Validators { height })?;
            if drill::is(Drill::ParentCertificateUnchecked) {
                return Ok(());
            }
            self.signatures.certificate(self.chain, validators, certificate)?;
        }
        Ok(())
    }

    /// Judges a header that passed [`Judge::check`], by what is known now.
    pub(crate) fn judge(&self, header: &Header) -> Verdict {
        self.look(header).unwrap_or_else(Verdict::Invalid)
    }

    fn look(&self, header: &Header) -> Result<Verdict, Invalid> {
        let (_, certified) = crate::proposal::position(self.start);
        for (height, roots) in (certified.0 + 1..).map(Height).zip(&header.roots) {
            let other = self.results.get(height).is_some_and(|own| own != *roots);
            if other && !drill::is(Drill::RootsUnchecked) {
                return Err(Invalid::OtherRoots { height });
            }
        }
        let next = self.sets.hash(header.height.saturating_add(Height(1)));
        let other = next.is_some_and(|own| own != header.next_validators);
        if other && !drill::is(Drill::SetsUnchecked) {
            return Err(Invalid::Validators { height: header.height });
        }
        let mut missing = false;
        let (mut bytes, mut gas) = (0usize, 0u64);
        for reference in &header.batches {
            let Some(batch) = self.ready.get(reference) else {
                missing = !drill::is(Drill::BatchUnheld);
                continue;
            };
            if !in_time(header.height, batch.expiry) && !drill::is(Drill::ExpiredBatch) {
                let (seq, height) = (reference.seq, header.height);
                return Err(Invalid::Expired { height, seq, expiry: batch.expiry });
            }
            bytes = bytes.saturating_add(batch.bytes);
            gas = gas.saturating_add(batch.gas.0);
        }
        if bytes > dure_types::limits::BLOCK_BYTES_MAX || gas > self.limits.block_gas_max.0 {
            return Err(Invalid::TooMuch { bytes, gas });
        }
        let unknown = header.executed > self.results.newest(self.start) || next.is_none();
        let due = TimestampMs(header.time.0.saturating_sub(CLOCK_DRIFT_MS_MAX));
        let early = due > self.now.wall && !drill::is(Drill::TimeAhead);
        Ok(match missing || unknown || early {
            false => Verdict::Valid,
            true => Verdict::Wait(early.then_some(due)),
        })
    }
}
