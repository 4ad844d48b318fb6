//! How batches spread (DESIGN D13): received, checked, made durable, acknowledged, asked for.
//!
//! ```text
//! author: sealed ─► to all, and Persist ─► durable    holder: Batch ─► Verify ─► Persist ─► durable
//!                                             │                                              │
//!   Hand ◄─ Fetch, from who lacks it          └───► Acknowledgements to all ◄────────────────┘
//! ```
//! Held is enough for a vote; a header of ours names what a quorum says to hold. What is not named
//! soon is acknowledged again, and who hears of a batch that it lacks asks for it: so a lost message
//! costs a while, and a batch that nobody acknowledges costs its author alone.

use super::{
    Action, BadBatch, Blame, Machine, Ticket, VerifiedBatch, Wire,
    acknowledged::acknowledgement,
    batches::{REFUSE_FOR, Refusal, SignedHeader},
    fetching::WANTED_MAX,
    home::homes,
    verified::is_signed,
    wire::FETCH_MAX,
};
use crate::{
    drill::{self, Drill},
    fault::Fault,
    mempool::Admissible,
    store::ledger,
};
use dure_consensus::{Event as Happening, HEARTBEAT, Now};
use dure_runtime::VerifiedTransaction;
use dure_types::{
    Acknowledgement, Batch, BatchReference, Evidence, Height, ValidatorId,
    limits::ACKNOWLEDGEMENTS_MAX,
};
use std::time::Duration;

/// A validator is passed over as a home when nothing came from it for so long: it says something at
/// every height, and there is one every second at least.
const SILENT_AFTER: Duration = Duration::from_secs(3);
const _: () = assert!(SILENT_AFTER.as_secs() >= 3 * HEARTBEAT.as_secs());
/// What is not named after this time is acknowledged again.
const SAY_AGAIN: Duration = Duration::from_millis(300);

impl Machine {
    /// Takes in what a validator sent.
    pub(super) fn received(
        &mut self,
        now: Now,
        from: ValidatorId,
        wire: Wire,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        if from == self.me || self.validators.get(from).is_none() {
            return Ok(());
        }
        self.heard.insert(from, now.elapsed);
        match wire {
            Wire::Consensus(message) => {
                self.order(now, Happening::Received(from, Box::new(message)), out)
            }
            Wire::Batch(batch) => self.batch_received(now, from, batch, out),
            Wire::Acknowledgements(said) => self.acknowledged(now, from, &said, out),
            Wire::Fetch(batches) => {
                let (batches, bytes_max) = self.fetching.serve(from, batches, now.elapsed);
                if !batches.is_empty() {
                    out.push(Action::Hand { to: from, batches, bytes_max });
                }
                Ok(())
            }
            Wire::Transactions(mut transactions) => {
                transactions.truncate(self.forwarding.room(from, transactions.len(), now.elapsed));
                if !transactions.is_empty() {
                    out.push(Action::Admit(transactions));
                }
                Ok(())
            }
        }
    }

    fn batch_received(
        &mut self,
        now: Now,
        from: ValidatorId,
        batch: Box<Batch>,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let header = &batch.header;
        let (author, seq, reference) = (header.author, header.seq, header.reference(self.chain));
        if self.batches.knows_from(&reference, from) || self.fetching.is_bad(&reference) {
            return Ok(());
        }
        if !self.needs(&reference) {
            if header.expiry_height <= self.decided {
                // The id covers the expiry: it is over, whoever sends it.
                self.over(reference);
                return Ok(());
            }
            let refused = self.refused.get(&author).is_some_and(|until| now.elapsed < *until);
            // While one copy is checked, another may be the true one.
            let asked = self.fetching.wants(&reference) || self.batches.knows(&reference);
            if refused || (from != author && !asked) {
                return Ok(());
            }
            let (gas_max, named) = (self.limits.block_gas_max, &self.named);
            match self.batches.admits((&reference, header), named, self.decided, gas_max) {
                Ok(()) => {}
                Err(Refusal::Bounds) => return Ok(()),
                Err(Refusal::Twice) if is_signed(self.chain, &self.validators, &batch) => {
                    self.blame(now, author, Blame::Twice { seq }, out);
                    return self.accuse(now, &reference, (batch.header, batch.signature), out);
                }
                Err(Refusal::Twice) => return Ok(()),
            }
        }
        // What anybody may have made up must not hold the place of a number.
        if from != author && !is_signed(self.chain, &self.validators, &batch) {
            return Ok(());
        }
        let bytes = usize::try_from(header.length).unwrap_or(usize::MAX);
        self.batches.verifying(reference, bytes, from);
        out.push(Action::Verify(reference, from, batch));
        Ok(())
    }

    /// Hands the ordering the proof that an author signed two batches with one number, when another
    /// one is held beside this.
    fn accuse(
        &mut self,
        now: Now,
        reference: &BatchReference,
        signed: SignedHeader,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let other = self.batches.signed_beside(reference).filter(|_| reference.author != self.me);
        let Some(other) = other else { return Ok(()) };
        let evidence = Box::new(Evidence::Batches(other.clone(), signed));
        self.order(now, Happening::Evidence(evidence), out)
    }

    /// Forgets a batch that no later header may name.
    fn over(&mut self, reference: BatchReference) {
        self.acknowledged.forget(&reference, None);
        if self.fetching.wants(&reference) {
            self.fetching.bad(reference);
        }
    }

    /// Whether a proposed or a decided block names a batch that is not here.
    fn needs(&self, reference: &BatchReference) -> bool {
        self.backlog.lacks(reference)
            || self.ordering.missing().iter().any(|(missing, _)| missing == reference)
    }

    fn blame(&mut self, now: Now, who: ValidatorId, blame: Blame, out: &mut Vec<Action>) {
        self.refused.insert(who, now.elapsed + REFUSE_FOR);
        out.push(Action::Blame(who, blame));
    }

    /// The host checked a batch.
    pub(super) fn batch_verified(
        &mut self,
        now: Now,
        (reference, from): (BatchReference, ValidatorId),
        verdict: Result<VerifiedBatch, BadBatch>,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        self.batches.verified(&reference, from);
        if self.batches.get(&reference).is_some() {
            // Another copy was as good, and sooner.
            return Ok(());
        }
        let mut batch = match verdict {
            Ok(batch) => batch,
            Err(bad) => {
                // Unsigned bytes prove nothing, and the true batch may still come.
                if let Some(author) = bad.culprit() {
                    self.fetching.bad(reference);
                    self.blame(now, author, Blame::Bad(bad), out);
                }
                return Ok(());
            }
        };
        if drill::is(Drill::ExpiredNamed) {
            let later = self.decided.saturating_add(Height(16));
            batch.ready.expiry = batch.ready.expiry.max(later);
        }
        let open =
            self.named.allows(reference.author, reference.seq) && batch.ready.expiry > self.decided;
        if !open && !self.needs(&reference) {
            return Ok(());
        }
        // One that a header names is held beside another.
        let signed = batch.signed.clone();
        let bytes = self.batches.hold(batch, now.elapsed);
        let writes = ledger::put_batch(&reference, bytes);
        out.push(Action::Persist { ticket: Ticket::Batch(reference), writes });
        let first = self.batches.get(&reference).is_some_and(|held| held.first);
        if first && drill::is(Drill::AcknowledgedEarly) {
            self.unsaid.push(acknowledgement(reference));
        }
        self.accuse(now, &reference, signed, out)
    }

    /// A batch is durable: we hold it from now on.
    pub(super) fn batch_durable(
        &mut self,
        now: Now,
        reference: BatchReference,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        if reference.author == self.me {
            self.written = self.written.max(reference.seq);
            let sent = self.unsent.take_if(|batch| batch.header.seq == reference.seq);
            out.extend(sent.map(|batch| Action::Send(None, Box::new(Wire::Batch(batch)))));
        }
        let first = self.batches.durable(&reference).is_some_and(|held| held.first)
            || drill::is(Drill::BothAcknowledged);
        if self.backlog.lacks(&reference) {
            if let Some(transactions) = self.batches.take(&reference) {
                self.backlog.fill(&reference, transactions);
            }
            return Ok(());
        }
        if first {
            self.acknowledged.add(self.me, reference);
            if !self.is_alone() {
                self.unsaid.push(acknowledgement(reference));
            }
        }
        self.offer(now, &reference, out)
    }

    /// Tells the ordering of a batch that is held.
    pub(super) fn offer(
        &mut self,
        now: Now,
        reference: &BatchReference,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let spread = self.acknowledged.is_quorum(reference, &self.validators)
            || drill::is(Drill::UnspreadNamed);
        let Some(held) = self.batches.offer(reference, spread) else { return Ok(()) };
        let ready = held.ready;
        if spread {
            self.unspread.remove(reference);
            self.forwarding.seen(&held.transactions, now.elapsed);
        }
        let happening = if spread { Happening::BatchReady } else { Happening::BatchHeld };
        self.order(now, happening(ready), out)
    }

    fn acknowledged(
        &mut self,
        now: Now,
        by: ValidatorId,
        said: &[Acknowledgement],
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        for Acknowledgement { author, seq, id } in said.iter().copied() {
            if self.validators.get(author).is_none() || !self.named.allows(author, seq) {
                continue;
            }
            let reference = BatchReference { author, seq, id };
            let waits = self.batches.get(&reference).is_some_and(|held| !held.spread);
            if self.acknowledged.add(by, reference)
                && waits
                && self.acknowledged.is_quorum(&reference, &self.validators)
            {
                self.offer(now, &reference, out)?;
            }
        }
        Ok(())
    }

    /// Says what is held, and asks for what is not.
    pub(super) fn spread(&mut self, now: Now, out: &mut Vec<Action>) {
        if now.elapsed >= self.say_again {
            self.say_again = now.elapsed + SAY_AGAIN;
            self.look_again(now.elapsed);
        }
        while !self.unsaid.is_empty() {
            let count = self.unsaid.len().min(ACKNOWLEDGEMENTS_MAX);
            let said = self.unsaid.drain(..count).collect();
            out.push(Action::Send(None, Box::new(Wire::Acknowledgements(said))));
        }
        self.fetch(now, out);
        while let Some((transaction, tries)) = self.forwarding.overdue(now.elapsed) {
            match transaction.body().valid_until < now.wall {
                true => self.pool.forget(transaction.id()),
                false => self.route(now, transaction, tries),
            }
        }
        for (home, transactions) in self.forwarding.unsent() {
            out.push(Action::Send(Some(home), Box::new(Wire::Transactions(transactions))));
        }
    }

    /// Puts a transaction in line for our next batch, or sends it to the author that is its home.
    pub(super) fn route(&mut self, now: Now, transaction: VerifiedTransaction, tries: usize) {
        if self.is_alone() {
            return self.pool.enqueue(transaction);
        }
        if self.batches.seals(&transaction.id()) {
            return self.forwarding.sealed(transaction, now.elapsed);
        }
        let homes = self.homes(now, &transaction);
        let ours = self.forwarding.forward(transaction, tries, (&homes, self.me), now.elapsed);
        ours.into_iter().for_each(|transaction| self.pool.enqueue(transaction));
    }

    /// The homes of a transaction's lane, without those that are silent. As long as we hear of a quorum
    /// it is they who are, not we.
    fn homes(&self, now: Now, transaction: &VerifiedTransaction) -> Vec<ValidatorId> {
        let speaks = |id: &ValidatorId| {
            let heard = self.heard.get(id).copied().unwrap_or_default();
            *id == self.me || heard + SILENT_AFTER > now.elapsed
        };
        let body = transaction.body();
        let mut homes = homes(&self.validators, body.account, body.lane);
        let records = self.validators.0.iter().filter(|record| speaks(&record.id));
        let power = records.fold(0u64, |sum, record| sum.saturating_add(record.power));
        if self.validators.is_quorum(power) {
            homes.retain(speaks);
        }
        homes
    }

    /// Takes in a transaction that another validator takes us for the home of.
    pub(super) fn forwarded(&mut self, now: Now, transaction: Admissible) {
        let id = transaction.id();
        // What there is no room for, its sender hands to another.
        let new = self.pool.admit(transaction).ok().and_then(|(_, new)| new);
        match new.or_else(|| self.forwarding.take(&id)) {
            Some(sealed) if self.batches.seals(&id) => {
                self.forwarding.sealed(sealed, now.elapsed);
            }
            Some(ours) => self.pool.enqueue(ours),
            None => {}
        }
    }

    /// Finds what should be named by now: ours to be said again, and others' that never came.
    fn look_again(&mut self, now: Duration) {
        let before = now.saturating_sub(SAY_AGAIN);
        let said = self.batches.acknowledged(before).map(acknowledgement);
        self.unsaid.extend(said.take(ACKNOWLEDGEMENTS_MAX));
        let (batches, fetching, named) = (&self.batches, &self.fetching, &self.named);
        let unseen = self.acknowledged.all().filter(|(_, reference)| {
            named.allows(reference.author, reference.seq)
                && !batches.knows(reference)
                && !fetching.is_bad(reference)
        });
        let unseen = unseen.collect();
        self.fetching.unseen(unseen);
    }

    fn fetch(&mut self, now: Now, out: &mut Vec<Action>) {
        let proposed = self.ordering.missing();
        let needs = !proposed.is_empty() || !self.backlog.is_whole();
        if !self.fetching.may_look(now.elapsed, needs) || drill::is(Drill::FetchNever) {
            return;
        }
        // A proposer that names what nobody has must not keep us from what was decided.
        let needed = proposed.iter().take(WANTED_MAX / 2).map(|(reference, _)| *reference);
        let needed = needed.chain(self.backlog.missing()).map(|reference| (reference, true));
        let lost = self.fetching.lost().map(|reference| (reference, false));
        let wanted = needed.chain(lost).filter(|(reference, _)| !self.batches.knows(reference));
        let wanted: Vec<_> = wanted.take(WANTED_MAX).collect();
        let holders = |reference: &BatchReference, needed: bool| {
            let proposer =
                proposed.iter().filter(|(named, _)| named == reference).map(|(_, id)| *id);
            let said = self.acknowledged.holders(reference);
            // Of what nothing names, only those can be asked who say to hold it.
            let all = self.validators.0.iter().map(|record| record.id);
            let all = [reference.author].into_iter().chain(all).filter(|_| needed);
            let mut holders = Vec::new();
            for holder in proposer.chain(said).chain(all) {
                if holder != self.me && !holders.contains(&holder) {
                    holders.push(holder);
                }
            }
            holders
        };
        let (requests, given_up, withheld) = self.fetching.ask(now.elapsed, &wanted, holders);
        for reference in withheld {
            let author = reference.author;
            let says = self.acknowledged.holders(&reference).any(|holder| holder == author);
            let proposer = proposed.iter().find(|(named, _)| *named == reference);
            let who = if says { Some(author) } else { proposer.map(|(_, who)| *who) };
            let seq = reference.seq;
            out.extend(who.map(|who| Action::Blame(who, Blame::Withheld { seq })));
        }
        for reference in given_up {
            self.acknowledged.forget(&reference, None);
        }
        for (who, batches) in requests {
            for part in batches.chunks(FETCH_MAX) {
                out.push(Action::Send(Some(who), Box::new(Wire::Fetch(part.to_vec()))));
            }
        }
    }

    /// When something of this will be due.
    pub(super) fn spread_due(&self) -> Option<Duration> {
        let idle = self.is_alone() || (self.batches.is_empty() && self.acknowledged.is_empty());
        let again = (!idle).then_some(self.say_again);
        let others = [self.fetching.due(), self.forwarding.due()];
        again.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Puts transactions back in line whose batch no header may name any more, and lets go of such
    /// batches of others.
    pub(super) fn expire_batches(&mut self, decided: Height, out: &mut Vec<Action>) {
        let backlog = &self.backlog;
        let expired = self.batches.expire(&self.named, decided, |batch| backlog.lacks(batch));
        let mut gone = Vec::new();
        for (reference, held) in expired {
            self.acknowledged.forget(&reference, None);
            self.fetching.bad(reference);
            if reference.author == self.me {
                self.unspread.remove(&reference);
                self.pool.put_back(held.transactions);
            } else {
                self.forwarding.unsealed(&held.transactions);
                gone.push(reference);
            }
        }
        self.remove(&gone, out);
    }

    /// Removes batches of others from the ledger. Ours stay: they tell which numbers we used.
    pub(super) fn remove(&self, gone: &[BatchReference], out: &mut Vec<Action>) {
        if !gone.is_empty() {
            let writes = ledger::delete_batches(gone);
            out.push(Action::Persist { ticket: Ticket::Removal, writes });
        }
    }

    pub(super) fn is_alone(&self) -> bool {
        self.validators.0.len() == 1
    }
}
