//! Who is ahead of us, who is behind, and what came too early.

use crate::{Action, Message};
use dure_types::{CommitCertificate, Header, Height, ValidatorId};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// Messages of the next height that are kept of one validator.
const EARLY_MAX: usize = 8;
/// Decided headers that are kept until their turn.
const CAUGHT_MAX: usize = 256;
/// Who is one height ahead is asked only after this time: the decision may be on its way.
const PULL_AFTER: Duration = Duration::from_millis(100);
/// Between two pulls, and between two answers to one validator that did not ask.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What we know of others beyond the messages of this height.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    early: BTreeMap<ValidatorId, Vec<Message>>,
    ahead: Option<(ValidatorId, Height, Duration)>,
    pulled: Option<Duration>,
    served: BTreeMap<ValidatorId, Duration>,
    caught: VecDeque<(Header, CommitCertificate)>,
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

    /// Notes that a validator works on a height after ours. Whoever was heard last is asked: one
    /// that claims the greatest height may lie.
    pub(crate) fn saw_ahead(&mut self, from: ValidatorId, height: Height, now: Duration) {
        let (_, seen, since) = self.ahead.unwrap_or((from, height, now));
        self.ahead = Some((from, seen.max(height), since));
    }

    /// When to look whether to pull; none while nobody is ahead of `ours`.
    pub(crate) fn pull_due(&self, ours: Height) -> Option<Duration> {
        let (_, height, since) = self.ahead.filter(|(_, height, _)| *height > ours)?;
        let wait = if height.0 > ours.0 + 1 { Duration::ZERO } else { PULL_AFTER };
        let again = self.pulled.map_or(Duration::ZERO, |pulled| pulled + AGAIN_AFTER);
        Some((since + wait).max(again))
    }

    /// Asks who is ahead for what was decided, once that is due.
    pub(crate) fn pull(&mut self, ours: Height, now: Duration) -> Option<Action> {
        self.pull_due(ours).filter(|due| *due <= now)?;
        self.pulled = Some(now);
        // Whoever is heard next is asked next: one may not answer.
        let (who, _, _) = self.ahead.take()?;
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

    /// Keeps decided headers from `height` on.
    pub(crate) fn catch(&mut self, height: Height, decided: Vec<(Header, CommitCertificate)>) {
        let mut next = self.caught.back().map_or(height, |(header, _)| header.height);
        if !self.caught.is_empty() {
            next = next.saturating_add(Height(1));
        }
        for (header, certificate) in decided {
            if header.height == next && self.caught.len() < CAUGHT_MAX {
                next = next.saturating_add(Height(1));
                self.caught.push_back((header, certificate));
            }
        }
    }

    /// The decided header of a height, unverified.
    pub(crate) fn caught(&mut self, height: Height) -> Option<(Header, CommitCertificate)> {
        while self.caught.front().is_some_and(|(header, _)| header.height < height) {
            self.caught.pop_front();
        }
        self.caught.pop_front_if(|(header, _)| header.height == height)
    }

    /// Forgets what was to be caught up with: its sender lied.
    pub(crate) fn drop_caught(&mut self) {
        self.caught.clear();
    }
}
