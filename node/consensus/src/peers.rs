//! Who is ahead of us, who is behind, and what came too early.

use crate::{Action, DECIDED_MAX, Message};
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
    early: BTreeMap<ValidatorId, Vec<Message>>,
    /// Heights that validators work on, after ours as far as we know.
    ahead: BTreeMap<ValidatorId, Height>,
    /// When the first of these was noted.
    since: Option<Duration>,
    /// Who was asked last, and when.
    pulled: Option<(ValidatorId, Duration)>,
    served: BTreeMap<ValidatorId, Duration>,
    /// Decided headers that are kept until their turn.
    caught: BTreeMap<ValidatorId, VecDeque<(Header, CommitCertificate)>>,
}

impl Peers {
    /// Keeps a message of the next height, or of this one before it begins.
    pub(crate) fn keep(&mut self, from: ValidatorId, message: Message) {
        let kept = self.early.entry(from).or_default();
        if kept.len() < EARLY_MAX && !kept.contains(&message) {
            kept.push(message);
        }
    }

    /// What was kept: for a height that begins.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (ValidatorId, Message)> + use<> {
        let early = std::mem::take(&mut self.early);
        early
            .into_iter()
            .flat_map(|(from, messages)| messages.into_iter().map(move |message| (from, message)))
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
        caught.retain(|(header, _)| header.height >= height);
        let mut next =
            caught.back().map_or(height, |(header, _)| header.height.saturating_add(Height(1)));
        for (header, certificate) in decided {
            if header.height == next && caught.len() < DECIDED_MAX {
                next = next.saturating_add(Height(1));
                caught.push_back((header, certificate));
            }
        }
    }

    /// The decided header of a height, unverified, and who said so.
    pub(crate) fn caught(
        &mut self,
        height: Height,
    ) -> Option<(ValidatorId, Header, CommitCertificate)> {
        for (from, caught) in &mut self.caught {
            while caught.front().is_some_and(|(header, _)| header.height < height) {
                caught.pop_front();
            }
            if let Some((header, certificate)) =
                caught.pop_front_if(|(header, _)| header.height == height)
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
