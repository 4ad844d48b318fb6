//! What others say: their messages, and what they decided where we lag behind.

use super::{Consensus, FIRST, Resting, Stage, Step};
use crate::{
    Action, Message, Now, Report,
    drill::{self, Drill},
    observing::{Fresh, Observing},
};
use dure_types::{CommitCertificate, Header, Height, ValidatorId};
use std::time::Duration;

impl Consensus {
    /// When a node that found nothing on its disk asks whether the others decided anything.
    pub(super) fn ask_due(&self, resting: &Resting) -> Option<Duration> {
        self.fresh.as_ref()?.ask_due(self.setup.me, &resting.verifier.validators)
    }

    pub(super) fn ask_around(&mut self, now: Now, out: &mut Vec<Action>) {
        let Stage::Resting(resting) = &self.stage else { return };
        let due = self.ask_due(resting).is_some_and(|due| due <= now.elapsed);
        if let Some(fresh) = self.fresh.as_mut().filter(|_| due) {
            fresh.asked(now);
            out.push(Action::Broadcast(Box::new(Message::Pull(self.begun))));
        }
    }

    /// Makes durable that the chain was new when this node was: all others say so. After a crash
    /// before the first signature this node would else be taken for one whose disk was lost.
    pub(super) fn mark_birth(&mut self) {
        let Stage::Resting(resting) = &self.stage else { return };
        let validators = &resting.verifier.validators;
        let level = |fresh: &Fresh| fresh.is_level(self.setup.me, validators);
        let signs = self.observing.is_none() && self.is_signer(validators);
        if signs && self.fresh.as_ref().is_some_and(level) && !drill::is(Drill::BirthUnmarked) {
            self.fresh = None;
            self.outbox.begin(FIRST, self.setup.chain, None);
            self.outbox.urge();
        }
    }

    /// Takes in what was kept for the height that is begun.
    pub(super) fn receive_early(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        for (from, message) in self.peers.take() {
            self.received(now, from, message, out)?;
        }
        Ok(())
    }

    /// Decides what others decided, once their certificate holds.
    pub(super) fn catch_up(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        let at = match &self.stage {
            Stage::Decided | Stage::Waiting(_) => return Ok(()),
            Stage::Resting(resting) => (&resting.start, &resting.verifier.validators, true),
            Stage::Active(active) => (&active.start, &active.verifier.validators, false),
        };
        let (start, validators, resting) = at;
        let chain = self.setup.chain;
        let upon = start.parent.as_ref().map_or(chain, |(_, certificate)| certificate.block);
        let (header, certificate) = loop {
            let Some((from, header, certificate)) = self.peers.caught(self.begun) else {
                return Ok(());
            };
            let certified = || {
                let newest = self.sets.announced().filter(|_| drill::is(Drill::NewestSetCertifies));
                let set = newest.unwrap_or(validators);
                self.setup.signatures.certificate(chain, set, &certificate).is_ok()
            };
            let holds = header.parent == upon
                && certificate.height == self.begun
                && header.id(chain) == certificate.block
                && certified();
            if holds || drill::is(Drill::DecidedUnchecked) {
                break (header, certificate);
            }
            self.peers.forget(from);
        };
        let signer = self.is_signer(validators);
        let old = |fresh: &Fresh| fresh.is_of_old_chain(&header, now, validators);
        if self.fresh.as_ref().is_some_and(old) {
            self.observing.get_or_insert_with(|| Observing::new(now));
            out.push(Action::Report(Report::Observing));
        }
        if resting && !drill::is(Drill::CaughtUpNotLogged) {
            // The log must not end before the ledger.
            match signer && self.observing.is_none() {
                true => self.outbox.begin(self.begun, upon, None),
                false => self.outbox.begin_silent(self.begun),
            }
        }
        self.decide(now, header, certificate, out)
    }

    /// Notes that a validator works on a height, or says so.
    fn hear(&mut self, now: Now, from: ValidatorId, height: Height) {
        if let Some(observing) = &mut self.observing {
            observing.hear(height, now);
        }
        if let Some(fresh) = self.fresh.as_mut().filter(|_| height > self.begun) {
            fresh.hear(from, height);
        }
    }

    /// Keeps what a validator says was decided, unverified.
    fn told(&mut self, now: Now, from: ValidatorId, decided: Vec<(Header, CommitCertificate)>) {
        match (decided.last(), &mut self.fresh) {
            (Some((header, _)), _) => {
                self.hear(now, from, header.height.saturating_add(Height(1)));
            }
            (None, Some(fresh)) => fresh.hear_nothing(from),
            (None, None) => {}
        }
        // Who tells without being asked may be far ahead.
        if decided.first().is_some_and(|(first, _)| first.height > self.begun)
            && let Some((last, _)) = decided.last()
        {
            let next = last.height.saturating_add(Height(1));
            self.peers.saw_ahead(from, (self.begun, next), now.elapsed);
        }
        self.peers.catch(from, self.begun, decided);
    }

    pub(super) fn received(
        &mut self,
        now: Now,
        from: ValidatorId,
        message: Message,
        out: &mut Vec<Action>,
    ) -> Step {
        let message = match message {
            Message::Pull(height) => {
                if height < self.begun {
                    out.extend(self.peers.serve(from, height, now.elapsed));
                } else if height == FIRST && !matches!(self.stage, Stage::Decided) {
                    let nothing = Box::new(Message::Decided(Vec::new()));
                    out.push(Action::Send(from, nothing));
                }
                return Ok(());
            }
            Message::Decided(decided) => {
                self.told(now, from, decided);
                return Ok(());
            }
            other => other,
        };
        let Some(height) = message.height() else { return Ok(()) };
        self.hear(now, from, height);
        if height < self.begun {
            out.extend(self.peers.serve(from, height, now.elapsed));
            return Ok(());
        }
        if height > self.begun {
            self.peers.saw_ahead(from, (self.begun, height), now.elapsed);
            if height.0 == self.begun.0 + 1 {
                self.peers.keep(from, message);
            }
            return Ok(());
        }
        match &mut self.stage {
            Stage::Decided => Ok(()),
            Stage::Waiting(_) => {
                self.peers.keep(from, message);
                Ok(())
            }
            Stage::Resting(resting) => {
                // Verified once more when the height begins: until then nothing is to be fed.
                let holds = resting.verifier.clone().verify(0, message.clone()).is_some();
                resting.called |= holds;
                if holds {
                    self.peers.keep(from, message);
                }
                Ok(())
            }
            Stage::Active(active) => {
                let Some(verified) = active.verifier.verify(active.round, message) else {
                    return Ok(());
                };
                let inputs = active.take(verified);
                inputs.into_iter().try_for_each(|input| self.feed(now, input, out))
            }
        }
    }
}
