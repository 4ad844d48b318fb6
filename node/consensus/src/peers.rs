//! Who is ahead of us, who is behind, and what came too early.

use crate::{Action, DECIDED_MAX, MESSAGE_BYTES_MAX, Message};
use codec::Encode;
use dure_types::{CommitCertificate, Header, Height, ValidatorId};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// Messages of the next height that are kept of one validator.
const EARLY_MAX: usize = 8;
/// Who is one height ahead is asked only after this time: the decision may be on its way.
const PULL_AFTER: Duration = Duration::from_millis(100);
/// Between two pulls, and between two answers to one validator that did not ask.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What we know of others beyond the messages of this height. Everything is kept by validator: one
/// that lies takes nothing from the others.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    early: BTreeMap<ValidatorId, Kept<Message>>,
    /// Heights that validators work on, after ours as far as we know.
    ahead: BTreeMap<ValidatorId, Height>,
    /// When the first of these was noted.
    since: Option<Duration>,
    /// Who was asked last, and when.
    pulled: Option<(ValidatorId, Duration)>,
    served: BTreeMap<ValidatorId, Duration>,
    /// Decided headers that are kept until their turn.
    caught: BTreeMap<ValidatorId, Kept<(Header, CommitCertificate)>>,
}

/// What is kept of one validator: not more bytes than one message may have.
#[derive(Debug)]
struct Kept<T> {
    bytes: usize,
    items: VecDeque<T>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { bytes: 0, items: VecDeque::new() }
    }
}

impl<T: Encode> Kept<T> {
    /// Keeps one more, if it fits; whether it did.
    fn push(&mut self, item: T) -> bool {
        let bytes = self.bytes.saturating_add(item.encoded_size());
        let fits = bytes <= MESSAGE_BYTES_MAX;
        if fits {
            self.bytes = bytes;
            self.items.push_back(item);
        }
        fits
    }

    /// Takes out the first, where that is as wanted.
    fn pop_if(&mut self, wanted: impl FnOnce(&mut T) -> bool) -> Option<T> {
        let item = self.items.pop_front_if(wanted)?;
        self.bytes = self.bytes.saturating_sub(item.encoded_size());
        Some(item)
    }
}

impl Peers {
    /// Keeps a message of the next height, or of this one before it begins.
    pub(crate) fn keep(&mut self, from: ValidatorId, message: Message) {
        let kept = self.early.entry(from).or_default();
        if kept.items.len() < EARLY_MAX && !kept.items.contains(&message) {
            kept.push(message);
        }
    }

    /// What was kept: for a height that begins.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (ValidatorId, Message)> + use<> {
        let early = std::mem::take(&mut self.early);
        early
            .into_iter()
            .flat_map(|(from, kept)| kept.items.into_iter().map(move |message| (from, message)))
    }

    /// Notes that a validator works on a height after ours.
    pub(crate) fn saw_ahead(
        &mut self,
        from: ValidatorId,
        (ours, height): (Height, Height),
        now: Duration,
    ) {
        if self.ahead.values().all(|height| *height <= ours) {
            self.since = Some(now);
        }
        self.ahead.insert(from, height);
    }

    /// When to look whether to pull; none while nobody is ahead of `ours`.
    pub(crate) fn pull_due(&self, ours: Height) -> Option<Duration> {
        let height = self.ahead.values().max().filter(|height| **height > ours)?;
        let wait = if height.0 > ours.0 + 1 { Duration::ZERO } else { PULL_AFTER };
        let again = self.pulled.map_or(Duration::ZERO, |(_, pulled)| pulled + AGAIN_AFTER);
        Some((self.since? + wait).max(again))
    }

    /// Asks who is ahead for what was decided, once that is due. All are asked in turn, whatever
    /// height they claim: one may lie, or not answer.
    pub(crate) fn pull(&mut self, ours: Height, now: Duration) -> Option<Action> {
        self.pull_due(ours).filter(|due| *due <= now)?;
        self.ahead.retain(|_, height| *height > ours);
        let mut after =
            self.ahead.keys().filter(|id| self.pulled.is_none_or(|(last, _)| **id > last));
        let who = *after.next().or_else(|| self.ahead.keys().next())?;
        self.pulled = Some((who, now));
        // Whoever is heard of again is asked again.
        self.ahead.remove(&who);
        Some(Action::Send(who, Box::new(Message::Pull(ours))))
    }

    /// Answers a validator that is behind and did not ask.
    pub(crate) fn serve(&mut self, to: ValidatorId, from: Height, now: Duration) -> Option<Action> {
        if self.served.get(&to).is_some_and(|last| now < *last + AGAIN_AFTER) {
            return None;
        }
        self.served.insert(to, now);
        Some(Action::Serve(to, from))
    }

    /// Keeps decided headers from `height` on, of one validator as many as one message holds.
    pub(crate) fn catch(
        &mut self,
        from: ValidatorId,
        height: Height,
        decided: Vec<(Header, CommitCertificate)>,
    ) {
        let caught = self.caught.entry(from).or_default();
        while caught.pop_if(|(header, _)| header.height < height).is_some() {}
        let last = caught.items.back();
        let mut next = last.map_or(height, |(header, _)| header.height.saturating_add(Height(1)));
        for (header, certificate) in decided {
            if header.height == next && caught.items.len() < DECIDED_MAX {
                if !caught.push((header, certificate)) {
                    return;
                }
                next = next.saturating_add(Height(1));
            }
        }
    }

    /// The decided header of a height, unverified, and who said so.
    pub(crate) fn caught(
        &mut self,
        height: Height,
    ) -> Option<(ValidatorId, Header, CommitCertificate)> {
        for (from, caught) in &mut self.caught {
            while caught.pop_if(|(header, _)| header.height < height).is_some() {}
            if let Some((header, certificate)) =
                caught.pop_if(|(header, _)| header.height == height)
            {
                return Some((*from, header, certificate));
            }
        }
        None
    }

    /// Forgets what a validator said was decided: it lied.
    pub(crate) fn forget(&mut self, from: ValidatorId) {
        self.caught.remove(&from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::{CommitSignature, Hash, Roots, TimestampMs};

    fn header(height: u64, bytes: usize) -> Header {
        let roots = Roots { state: Hash::ZERO, receipts: Hash::ZERO };
        Header {
            version: 1,
            height: Height(height),
            parent: Hash::ZERO,
            parent_certificate: None,
            time: TimestampMs(1),
            batches: Vec::new(),
            executed: Height::ZERO,
            roots: vec![roots; bytes / roots.encoded_size()],
            validators: Hash::ZERO,
            next_validators: Hash::ZERO,
            evidence: Vec::new(),
        }
    }

    /// The attack: messages as long as they may be, each with one header that nobody looks at until
    /// its height comes, or with a certificate as long.
    #[test]
    fn who_sends_long_messages_takes_no_more_than_the_bytes_of_one() {
        let (liar, honest) = (ValidatorId([1; 32]), ValidatorId([2; 32]));
        let mut peers = Peers::default();
        let none = CommitCertificate {
            height: Height(1),
            round: 0,
            block: Hash::ZERO,
            signatures: Vec::new(),
        };
        let one = CommitSignature { validator: liar, signature: [0; 64] };
        let long = CommitCertificate { signatures: vec![one; 3_000], ..none.clone() };
        for height in 1..=64 {
            peers.catch(liar, Height(1), vec![(header(height, 100_000), long.clone())]);
            peers.catch(honest, Height(1), vec![(header(height, 0), none.clone())]);
            let vote = dure_types::Vote {
                kind: dure_types::VoteKind::Prevote,
                height: Height(1),
                round: height as u32,
                block: None,
                validator: liar,
                signature: [0; 64],
            };
            let votes = vec![vote; 3_000];
            let proof = crate::RoundProof { height: Height(1), round: 0, skip: true, votes };
            peers.keep(liar, Message::Rounds(proof));
        }
        let caught: usize = peers.caught[&liar].items.iter().map(Encode::encoded_size).sum();
        let early: usize = peers.early[&liar].items.iter().map(Encode::encoded_size).sum();
        assert!(caught <= MESSAGE_BYTES_MAX && early <= MESSAGE_BYTES_MAX, "{caught} {early}");
        assert_eq!(peers.caught[&honest].items.len(), DECIDED_MAX);
        // What is taken out makes room.
        peers.forget(honest);
        for height in 1..=64 {
            assert!(peers.caught(Height(height)).is_some(), "{height}");
            peers.catch(
                liar,
                Height(height + 1),
                vec![(header(height + 1, 100_000), long.clone())],
            );
        }
    }
}
