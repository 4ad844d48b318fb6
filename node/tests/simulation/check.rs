//! What must hold in every run, whatever is done to the nodes.

use crate::{
    clients::Sent,
    host::Host,
    token::{self, HOLDERS, START},
    world::World,
};
use codec::{Decode, DecodeAll};
use dure_consensus::{BATCHES_LAG_MAX, Message};
use dure_node::{
    execution::Executed,
    machine::Wire,
    store::{Column, WriteBatch, ledger},
    view::View,
};
use dure_runtime::{
    StateRead,
    system::{self, NonceState},
};
use dure_types::{
    Acknowledgement, Address, BatchHeader, BatchReference, CommitCertificate, Evidence, Hash,
    Header, Height, Outcome, Roots, ValidatorId, ValidatorSet, VoteKind, limits, vote::Round,
};
use std::collections::{BTreeMap, BTreeSet};

/// Where one signature is made: validator, kind, height, round.
type Place = (ValidatorId, u8, Height, Round);

/// What happened so far, as far as it must not happen in another way.
#[derive(Default)]
pub(crate) struct Checks {
    decided: BTreeMap<Height, Hash>,
    results: BTreeMap<Height, (Roots, Vec<(Hash, bool)>)>,
    /// From when on there is money.
    money: Option<Height>,
    /// Where a transaction ran.
    ran: BTreeMap<Hash, Height>,
    /// Where a batch was named, by its id, with its author.
    named: BTreeMap<Hash, (Height, ValidatorId)>,
    /// Who said to hold a batch.
    acknowledged: BTreeMap<BatchReference, BTreeSet<ValidatorId>>,
    /// Which batch of a number a validator said to hold: who said it, author, number.
    said: BTreeMap<(ValidatorId, ValidatorId, u64), Hash>,
    /// The last height that may name a batch, by its id.
    expiries: BTreeMap<Hash, Height>,
    signed: BTreeMap<Place, Option<Hash>>,
    /// Of which numbers of an author headers have evidence, by the first that does.
    pub(crate) evidence: BTreeMap<(ValidatorId, u64), Height>,
    /// Which batch an author sent with a number.
    sealed: BTreeMap<(ValidatorId, u64), Hash>,
    /// The newest height at which a client read at a node, over all its lives.
    seen: BTreeMap<usize, Height>,
    /// How often clients read after they were told an outcome.
    pub(crate) reads: usize,
    /// The most heights that a header was ahead of what it certified.
    pub(crate) lag: u64,
    /// Validators of whom nothing is known.
    pub(crate) liars: BTreeSet<ValidatorId>,
}

impl Checks {
    /// One history: nobody decides another block at a height, durable or not, nor a batch twice;
    /// and no block runs further ahead of execution than it may.
    pub(crate) fn written(&mut self, writes: &WriteBatch) {
        for (column, key, value) in writes.operations() {
            match (column, value) {
                (Column::Certificates, Some(bytes)) => {
                    let decided = CommitCertificate::decode_all(&mut bytes.as_slice()).unwrap();
                    let first = *self.decided.entry(decided.height).or_insert(decided.block);
                    assert_eq!(first, decided.block, "two blocks at height {}", decided.height);
                }
                (Column::Headers, Some(bytes)) => {
                    let header = Header::decode_all(&mut bytes.as_slice()).unwrap();
                    let lag = header.height.0 - header.executed.0;
                    assert!(lag <= limits::CERTIFY_LAG_MAX, "{lag} heights are not certified");
                    let named = !header.batches.is_empty() && self.liars.is_empty();
                    assert!(!named || lag <= BATCHES_LAG_MAX, "batches named with lag {lag}");
                    self.lag = self.lag.max(lag);
                    self.accused(&header);
                    for batch in &header.batches {
                        let own = (header.height, batch.author);
                        let first = *self.named.entry(batch.id).or_insert(own);
                        assert_eq!(first, own, "batch {} named twice", batch.seq);
                        let expiry = self.expiries.get(&batch.id);
                        let late = expiry.is_some_and(|expiry| *expiry < header.height);
                        assert!(!late, "batch {} named after its expiry", batch.seq);
                    }
                }
                (Column::Batches, Some(bytes)) => {
                    let header = BatchHeader::decode(&mut bytes.as_slice()).unwrap();
                    let (_, _, id) = <(ValidatorId, [u8; 8], Hash)>::decode(&mut key.as_slice())
                        .expect("author, number, id");
                    self.expiries.insert(id, header.expiry_height);
                }
                _ => {}
            }
        }
    }

    /// Evidence about batches is of liars, and of a number once.
    fn accused(&mut self, header: &Header) {
        for evidence in &header.evidence {
            let who = evidence.check_shape().unwrap();
            assert!(self.liars.contains(&who), "{evidence:?} accuses the innocent");
            if let Evidence::Batches((batch, _), _) = evidence {
                let first = *self.evidence.entry((who, batch.seq)).or_insert(header.height);
                assert_eq!(first, header.height, "number {} is proved twice", batch.seq);
            }
        }
    }

    /// Same results everywhere, no transaction runs twice, and the sum of all money stays.
    pub(crate) fn executed(
        &mut self,
        host: &mut Host,
        executed: &Executed,
        token: Option<Address>,
    ) {
        let height = executed.head.height;
        let own = (executed.roots, executed.outcomes.clone());
        match self.results.get(&height) {
            Some(first) => assert_eq!(*first, own, "other results of height {height}"),
            None => {
                for (id, _) in own.1.iter().filter(|(_, ran)| *ran) {
                    assert_eq!(self.ran.insert(*id, height), None, "{id} ran twice");
                }
                self.results.insert(height, own);
            }
        }
        if let (Some(token), Some(life)) = (token, &host.life) {
            match token::sum(&life.chain.view().unwrap(), token) {
                Some(sum) => {
                    assert_eq!(sum, START * u128::from(HOLDERS), "money at height {height}");
                    self.money.get_or_insert(height);
                }
                // Whoever lost its disk executes again what came before.
                None => assert!(self.money.is_none_or(|since| height < since), "no money"),
            }
        }
        assert!(height > host.told, "reads of one life go forward");
        host.told = height;
    }

    /// What a node signs it signs once; what it names a quorum holds; what it acknowledges it keeps.
    pub(crate) fn sent(&mut self, host: &mut Host, validators: &ValidatorSet, wire: &Wire) {
        match wire {
            Wire::Consensus(Message::Vote(vote)) if vote.validator == host.id => {
                let kind = u8::from(vote.kind == VoteKind::Precommit);
                let place = (host.id, kind, vote.height, vote.round);
                let first = *self.signed.entry(place).or_insert(vote.block);
                assert_eq!(first, vote.block, "two votes: {place:?}");
            }
            Wire::Consensus(Message::Proposal(proposal, header))
                if proposal.validator == host.id =>
            {
                if proposal.pol_round.is_none() {
                    header
                        .batches
                        .iter()
                        .for_each(|batch| self.is_spread(validators, host.id, batch));
                }
                let place = (host.id, 2, proposal.height, proposal.round);
                let first = *self.signed.entry(place).or_insert(Some(proposal.block));
                assert_eq!(first, Some(proposal.block), "two proposals: {place:?}");
            }
            Wire::Batch(batch) if batch.header.author == host.id => {
                let number = (host.id, batch.header.seq);
                let id = batch.header.transactions;
                let first = *self.sealed.entry(number).or_insert(id);
                assert_eq!(first, id, "two batches with number {}", number.1);
            }
            Wire::Acknowledgements(said) => {
                let decided = host.decided();
                for Acknowledgement { author, seq, id } in said.iter().copied() {
                    let first = *self.said.entry((host.id, author, seq)).or_insert(id);
                    assert_eq!(first, id, "acknowledged two batches with number {seq}");
                    let reference = BatchReference { author, seq, id };
                    self.acknowledged.entry(reference).or_default().insert(host.id);
                    if self.liars.contains(&author) {
                        continue;
                    }
                    assert!(ledger::find_batch(&host.store, &reference).unwrap().is_some());
                    host.promised.entry(reference).or_insert(decided);
                }
            }
            _ => {}
        }
    }

    /// A batch that a proposer names is held by a quorum, itself and liars among them.
    fn is_spread(&self, validators: &ValidatorSet, proposer: ValidatorId, batch: &BatchReference) {
        let said = self.acknowledged.get(batch);
        let holds = |id: &ValidatorId| {
            *id == proposer || self.liars.contains(id) || said.is_some_and(|said| said.contains(id))
        };
        let power =
            validators.0.iter().filter(|record| holds(&record.id)).map(|record| record.power);
        assert!(validators.is_quorum(power.sum()), "batch {} named, not spread", batch.seq);
    }

    /// What a client reads after it was told an outcome: the same outcome at any node, with its
    /// effects, and no node goes back.
    pub(crate) fn read(&mut self, node: usize, view: &View, (id, sent): (Hash, &Sent)) {
        let seen = self.seen.entry(node).or_default();
        assert!(view.height() >= *seen, "node {node} went back from {seen} to {}", view.height());
        *seen = view.height();
        self.reads += 1;
        let (height, index, outcome) = sent.told.as_ref().expect("it was told");
        let located = view.receipt(id).unwrap().expect("what was told final is there");
        assert_eq!((located.height, located.index), (*height, *index));
        assert_eq!(located.outcome, *outcome);
        let body = sent.transaction.body();
        let state: &dyn StateRead = view.state().as_ref();
        let record = system::account_record(state, body.account).unwrap();
        let nonce = record.nonces.state(body.nonce);
        assert!(matches!(nonce, NonceState::Used | NonceState::TooOld), "nonce {nonce:?}");
    }

    /// A node lost its disk: it may go back to where others bring it.
    pub(crate) fn lost(&mut self, node: usize, id: ValidatorId) {
        self.seen.remove(&node);
        self.said.retain(|(by, ..), _| *by != id);
    }

    /// What a node told or promised in an earlier life survived the loss of its power.
    pub(crate) fn restarted(&self, host: &mut Host) {
        let executed = host.executed();
        assert!(executed >= host.told, "{} was final, the node has {executed}", host.told);
        host.told = executed;
        let decided = host.decided();
        for (reference, at) in &host.promised {
            // Sealed by somebody who may have been behind when it was: half the time that is left.
            if decided.0 < at.0 + limits::BATCH_EXPIRY_BLOCKS / 2 {
                let kept = ledger::find_batch(&host.store, reference).unwrap();
                assert!(kept.is_some(), "batch {} was acknowledged and is gone", reference.seq);
            }
        }
    }

    /// The newest height that anybody decided.
    pub(crate) fn newest(&self) -> Height {
        self.decided.keys().next_back().copied().unwrap_or_default()
    }

    /// How many transactions ran.
    pub(crate) fn ran(&self) -> usize {
        self.ran.len()
    }

    /// How many batches of an author others acknowledged.
    pub(crate) fn acknowledged_of(&self, author: ValidatorId) -> usize {
        self.acknowledged.keys().filter(|batch| batch.author == author).count()
    }

    /// How many batches of an author were named.
    pub(crate) fn named_of(&self, author: ValidatorId) -> usize {
        self.named.values().filter(|(_, by)| *by == author).count()
    }
}

/// What holds at the end, when the faults are over and all caught up.
pub(crate) fn judge(world: &World) {
    let honest = || world.honest().map(|node| &world.hosts[node]);
    let mut ledgers = BTreeSet::new();
    for host in honest() {
        let life = host.life.as_ref().unwrap();
        let view = life.chain.view().unwrap();
        let mut parent = world.shared.chain;
        for height in 1..=view.height().0 {
            let header = view.header(Height(height)).unwrap().unwrap();
            assert_eq!(header.parent, parent);
            parent = header.id(world.shared.chain);
            assert_eq!(view.block_id(Height(height)).unwrap(), Some(parent));
            for batch in &header.batches {
                let kept = ledger::find_batch(&host.store, batch).unwrap();
                assert!(kept.is_some(), "batch {} of an executed block is gone", batch.seq);
            }
        }
        for (id, sent) in &world.clients.sent {
            let Some((height, index, outcome)) = &sent.told else { continue };
            // A read at the height of a final receipt sees it.
            if *height <= view.height() {
                let located = view.receipt(*id).unwrap().expect("what was told final is there");
                assert_eq!((located.height, located.index), (*height, *index));
                assert_eq!(located.outcome, *outcome);
                assert!(matches!(outcome, Outcome::Receipt(_)));
            }
        }
        ledgers.insert(host.decided());
        for author in &world.hosts {
            let (open, _) = ledger::unnamed(&host.store, author.id).unwrap();
            assert!(open.len() as u64 <= limits::BATCH_SEQ_WINDOW, "{} open batches", open.len());
        }
    }
    let apart = ledgers.last().unwrap().0 - ledgers.first().unwrap().0;
    assert!(apart <= 2, "ledgers are {apart} heights apart: {ledgers:?}");
}
