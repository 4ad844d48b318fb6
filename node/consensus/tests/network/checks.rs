//! What must hold in every run, whatever goes wrong in it.
//!
//! The checks know no scenario and trust no code that they check: they see everything that honest
//! validators say, sign, decide and keep, and hold it against the rules of `docs/consensus.md`,
//! computed anew. What liars do is looked at only as far as honest validators act on it.

use crate::{
    node::{EPOCH_MS, execute},
    sets::Sets,
};
use codec::Encode;
use dure_consensus::{Message, Polka, Report, RoundProof, SignRequest};
use dure_light::{verify_certificate_by, verify_signature};
use dure_types::{
    CommitCertificate, Evidence, Hash, Header, Height, Proposal, Roots, ValidatorId, Vote,
    VoteKind, domain::blake3_hash, vote::Round,
};
use ed25519_dalek::{Signer, SigningKey};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Block time may be this far ahead of the true time: the drift that is allowed, and the greatest
/// skew of a clock in these runs.
const AHEAD_MS_MAX: u64 = 700;
/// Heights within which evidence may enter.
const EVIDENCE_HEIGHTS: u64 = 64;

/// Ends the run: a rule does not hold. What runs seeds reads the rule's name up to the colon.
pub(crate) fn broken(rule: &'static str, text: impl fmt::Display) -> ! {
    panic!("{rule}: {text}")
}

/// Signatures that the simulator made or a check verified itself. Both runs of a seed share them:
/// to make or verify them twice would find nothing more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verified(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    hold: HashSet<Hash>,
    made: HashMap<Hash, [u8; 64]>,
}

impl Verified {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs; what was just made need not be verified.
    pub(crate) fn sign(&self, key: &SigningKey, message: &[u8]) -> [u8; 64] {
        let public = key.verifying_key().to_bytes();
        let mut known = self.known();
        let asked = blake3_hash(&(public, message).encode());
        let signature = *known.made.entry(asked).or_insert_with(|| key.sign(message).to_bytes());
        known.hold.insert(blake3_hash(&(public, message, signature).encode()));
        signature
    }

    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let hash = blake3_hash(&(key, message, signature).encode());
        let mut known = self.known();
        known.hold.contains(&hash)
            || (verify_signature(key, message, signature) && known.hold.insert(hash))
    }
}

/// A batch that came to be.
#[derive(Clone, Debug)]
pub(crate) struct Born {
    pub(crate) at: Duration,
    pub(crate) expiry: Height,
    /// Who holds it.
    pub(crate) holders: BTreeSet<ValidatorId>,
}

/// Everything that was seen, and what must hold of it.
pub(crate) struct Checks {
    chain: Hash,
    pub(crate) sets: Sets,
    /// Validators that lie.
    pub(crate) liars: BTreeSet<ValidatorId>,
    /// A scenario spoils a disk on purpose: a core may find that out.
    pub(crate) tampered: bool,
    pub(crate) verified: Verified,
    blocks: BTreeMap<Height, (Header, Hash)>,
    pub(crate) decided_at: BTreeMap<Height, Duration>,
    results: BTreeMap<Height, Roots>,
    /// Where batches were named, and when they came.
    pub(crate) named: BTreeMap<Hash, Height>,
    pub(crate) born: BTreeMap<Hash, Born>,
    offences: BTreeSet<(ValidatorId, u8, Height, Round)>,
    signed: BTreeMap<(ValidatorId, u8, Height, Round), Option<Hash>>,
    /// Prevotes that honest validators asked their key for: they count them before they say them.
    pub(crate) prevotes: BTreeSet<(ValidatorId, Height, Round, Hash)>,
    pub(crate) proposers: BTreeMap<(Height, Round), ValidatorId>,
    /// Blocks that honest validators proposed.
    proposed: BTreeSet<Hash>,
    /// Validators whose signatures were sent.
    pub(crate) signed_by: BTreeSet<ValidatorId>,
    durable: BTreeMap<ValidatorId, Height>,
    /// Who signs nothing; and who signs again from a height on, until its log reaches that.
    silent: BTreeMap<ValidatorId, Option<Height>>,
}

impl Checks {
    pub(crate) fn new(chain: Hash, sets: Sets) -> Self {
        Self {
            chain,
            sets,
            liars: BTreeSet::new(),
            tampered: false,
            verified: Verified::default(),
            blocks: BTreeMap::new(),
            decided_at: BTreeMap::new(),
            results: BTreeMap::new(),
            named: BTreeMap::new(),
            born: BTreeMap::new(),
            offences: BTreeSet::new(),
            signed: BTreeMap::new(),
            prevotes: BTreeSet::new(),
            proposers: BTreeMap::new(),
            proposed: BTreeSet::new(),
            signed_by: BTreeSet::new(),
            durable: BTreeMap::new(),
            silent: BTreeMap::new(),
        }
    }

    /// The greatest height that was decided.
    pub(crate) fn newest(&self) -> Height {
        self.blocks.keys().next_back().copied().unwrap_or(Height::ZERO)
    }

    /// An honest validator decided, durably or not: one history, of headers that keep every rule.
    pub(crate) fn decided(
        &mut self,
        now: (Duration, u64),
        header: &Header,
        certificate: &CommitCertificate,
    ) {
        let (height, block) = (header.height, certificate.block);
        if header.id(self.chain) != block || certificate.height != height {
            broken("certificate", format_args!("of {block}, not of header {height}"));
        }
        self.certified(certificate);
        match self.blocks.get(&height) {
            Some((_, first)) if *first != block => {
                broken("one history", format_args!("{first} and {block} at height {height}"))
            }
            Some(_) => {}
            None => {
                self.first_decided(now.1, header, block);
                self.decided_at.insert(height, now.0);
            }
        }
    }

    fn certified(&self, certificate: &CommitCertificate) {
        let set = self.sets.at(certificate.height);
        let verify = |key: &[u8; 32], message: &[u8], signature: &[u8; 64]| {
            self.verified.verify(key, message, signature)
        };
        if let Err(error) = verify_certificate_by(self.chain, set, certificate, verify) {
            broken("certificate", format_args!("of height {}: {error}", certificate.height));
        }
    }

    fn first_decided(&mut self, now_ms: u64, header: &Header, block: Hash) {
        let height = header.height;
        let fail = |what: &str| -> ! { broken("header", format_args!("{height}: {what}")) };
        let parent = self.blocks.get(&Height(height.0 - 1));
        let (upon, time, executed) = match parent {
            Some((parent, id)) => (*id, parent.time.0, parent.executed),
            None if height == Height(1) => (self.chain, EPOCH_MS - 1_000, Height::ZERO),
            None => fail("its parent was never decided"),
        };
        if header.parent != upon || header.check_shape().is_err() {
            fail("parent or shape");
        }
        if let Some(certificate) = &header.parent_certificate {
            self.certified(certificate);
        }
        if header.time.0 <= time || header.time.0 > now_ms + AHEAD_MS_MAX {
            fail("time");
        }
        let sets = (self.sets.at(height).hash(), self.sets.at(Height(height.0 + 1)).hash());
        if (header.validators, header.next_validators) != sets {
            fail("validator sets");
        }
        let own: Vec<Option<&Roots>> =
            (executed.0 + 1..=header.executed.0).map(|h| self.results.get(&Height(h))).collect();
        if own != header.roots.iter().map(Some).collect::<Vec<_>>() {
            broken("same roots", format_args!("height {height}"));
        }
        self.check_batches(header);
        header.evidence.iter().for_each(|evidence| self.check_evidence(height, evidence));
        let before = self.results.get(&Height(height.0 - 1)).map_or(self.chain, |r| r.state);
        self.results.insert(height, execute(before, block));
        self.blocks.insert(height, (header.clone(), block));
    }

    fn check_batches(&mut self, header: &Header) {
        let set = self.sets.at(header.height);
        for batch in &header.batches {
            let fail = |what: &str| -> ! {
                broken("batches", format_args!("{} of height {}: {what}", batch.seq, header.height))
            };
            let Some(born) = self.born.get(&batch.id) else { fail("never came to be") };
            let honest = born.holders.iter().filter(|id| !self.liars.contains(*id));
            let power: u64 = honest.filter_map(|id| set.get(*id)).map(|record| record.power).sum();
            if !set.is_quorum(power + self.liars_power(header.height)) {
                fail("no quorum holds it");
            }
            if born.expiry < header.height {
                fail("expired");
            }
            if self.named.insert(batch.id, header.height).is_some() {
                fail("named before");
            }
        }
    }

    /// Evidence is true, of a liar, fresh, and enters once.
    fn check_evidence(&mut self, height: Height, evidence: &Evidence) {
        let fail = |what: &str| -> ! { broken("evidence", format_args!("{height}: {what}")) };
        let Ok(accused) = evidence.check_shape() else { fail("shape") };
        if !self.liars.contains(&accused) {
            fail("accuses the innocent");
        }
        let (kind, of, round, holds) = match evidence {
            Evidence::Votes(a, b) => {
                (kind(a.kind), a.height, a.round, [a, b].iter().all(|vote| self.vote_holds(vote)))
            }
            Evidence::Proposals(a, b) => {
                (2, a.height, a.round, [a, b].iter().all(|one| self.proposal_holds(one)))
            }
            Evidence::Batches(..) => fail("about batches"),
        };
        if !holds {
            fail("a signature does not hold");
        }
        if of >= height || of.0 + EVIDENCE_HEIGHTS < height.0 {
            fail("of too old a height, or of a later one");
        }
        if !self.offences.insert((accused, kind, of, round)) {
            fail("of an offence that entered before");
        }
    }

    fn liars_power(&self, height: Height) -> u64 {
        let set = self.sets.at(height);
        self.liars.iter().filter_map(|id| set.get(*id)).map(|record| record.power).sum()
    }

    fn vote_holds(&self, vote: &Vote) -> bool {
        let Vote { kind, height, round, block, validator, signature } = vote;
        let bytes = Vote::signed_bytes(self.chain, *kind, *height, *round, *block);
        self.holds((*validator, *height), &bytes, signature)
    }

    fn proposal_holds(&self, proposal: &Proposal) -> bool {
        let Proposal { height, round, block, pol_round, validator, signature } = proposal;
        let bytes = Proposal::signed_bytes(self.chain, *height, *round, *block, *pol_round);
        self.holds((*validator, *height), &bytes, signature)
    }

    /// By the validators of the height that it is about.
    fn holds(
        &self,
        (validator, height): (ValidatorId, Height),
        bytes: &[u8],
        signature: &[u8; 64],
    ) -> bool {
        let key = self.sets.key(validator, height);
        key.is_some_and(|key| self.verified.verify(&key, bytes, signature))
    }

    /// An honest validator asks its key for a signature.
    pub(crate) fn asked(&mut self, me: ValidatorId, request: SignRequest) {
        if let SignRequest::Vote((VoteKind::Prevote, height, round, Some(block))) = request {
            self.prevotes.insert((me, height, round, block));
        }
    }

    /// An honest validator says something: it is true, it contradicts nothing that it said before,
    /// and it follows from what others said.
    pub(crate) fn said(&mut self, me: ValidatorId, message: &Message) {
        let holds = match message {
            Message::Vote(vote) => self.vote_holds(vote),
            Message::Proposal(proposal, header) => {
                self.proposal_holds(proposal) && header.id(self.chain) == proposal.block
            }
            Message::Polka(polka) => self.polka_holds(polka),
            Message::Rounds(proof) => self.rounds_hold(proof),
            Message::Pull(_) | Message::Decided(_) => true,
        };
        if !holds {
            broken("truth", format_args!("an honest validator says {message:?}"));
        }
        match message {
            Message::Vote(vote) if vote.validator == me => self.voted(vote),
            Message::Proposal(proposal, header) if proposal.validator == me => {
                self.proposed(proposal);
                if proposal.pol_round.is_none() && self.proposed.insert(proposal.block) {
                    self.names_what_is_spread(header);
                }
            }
            _ => {}
        }
    }

    fn polka_holds(&self, polka: &Polka) -> bool {
        let set = self.sets.at(polka.height);
        let voters: BTreeSet<ValidatorId> = polka.signatures.iter().map(|s| s.validator).collect();
        let power: u64 = voters.iter().filter_map(|id| set.get(*id)).map(|r| r.power).sum();
        voters.len() == polka.signatures.len()
            && set.is_quorum(power)
            && polka.votes().all(|vote| self.vote_holds(&vote))
    }

    fn rounds_hold(&self, proof: &RoundProof) -> bool {
        let set = self.sets.at(proof.height);
        let voters: BTreeSet<ValidatorId> = proof.votes.iter().map(|v| v.validator).collect();
        let power: u64 = voters.iter().filter_map(|id| set.get(*id)).map(|r| r.power).sum();
        let enough = if proof.skip { power * 3 > set.total_power() } else { set.is_quorum(power) };
        enough && proof.votes.iter().all(|vote| self.vote_holds(vote))
    }

    fn proposed(&mut self, proposal: &Proposal) {
        let Proposal { height, round, validator, block, .. } = *proposal;
        self.signs((validator, 2, height, round), Some(block));
        let first = *self.proposers.entry((height, round)).or_insert(validator);
        if first != validator {
            broken("one proposer", format_args!("two at height {height}, round {round}"));
        }
    }

    /// Who proposes names only what a quorum holds, as far as anybody can know: of sets that take
    /// turns, a quorum of one of them.
    fn names_what_is_spread(&self, header: &Header) {
        for batch in &header.batches {
            let holders = self.born.get(&batch.id).map(|born| &born.holders);
            let holds = |id| {
                self.liars.contains(&id) || holders.is_some_and(|holders| holders.contains(&id))
            };
            if !self.sets.is_quorum_of_any(holds) {
                let place = format_args!("batch {} at {}", batch.seq, header.height).to_string();
                broken("spread", format_args!("{place}: proposed, and no quorum holds it"));
            }
        }
    }

    fn voted(&mut self, vote: &Vote) {
        let Vote { kind: what, height, round, block, validator, .. } = *vote;
        self.signs((validator, kind(what), height, round), block);
        let Some(block) = block else { return };
        match what {
            VoteKind::Precommit if !self.prevoted(height, round, block) => {
                broken("precommit", format_args!("no quorum prevoted at {height}, round {round}"))
            }
            VoteKind::Precommit => {}
            VoteKind::Prevote => self.keeps_its_lock((validator, height, round), block),
        }
    }

    /// Whoever precommitted a block prevotes for another only after a quorum did in between.
    fn keeps_its_lock(&self, (me, height, round): (ValidatorId, Height, Round), block: Hash) {
        let precommits = self.signed.range((me, 1, height, 0)..(me, 1, height, round));
        let mut blocks = precommits.rev().filter_map(|((.., at), block)| Some((*at, (*block)?)));
        let locked = blocks.next();
        let Some((since, locked)) = locked.filter(|(_, locked)| *locked != block) else { return };
        if !(since..round).any(|between| self.prevoted(height, between, block)) {
            let place = format_args!("{block} at {height}, round {round}").to_string();
            broken("lock", format_args!("{place}, locked on {locked} since round {since}"));
        }
    }

    /// Whether a quorum may have prevoted for a block: liars vote for everything.
    fn prevoted(&self, height: Height, round: Round, block: Hash) -> bool {
        let set = self.sets.at(height);
        let said = |id| self.prevotes.contains(&(id, height, round, block));
        let honest = set.0.iter().filter(|record| !self.liars.contains(&record.id));
        let power: u64 = honest.filter(|record| said(record.id)).map(|record| record.power).sum();
        set.is_quorum(power + self.liars_power(height))
    }

    fn signs(&mut self, place: (ValidatorId, u8, Height, Round), block: Option<Hash>) {
        self.signed_by.insert(place.0);
        let first = *self.signed.entry(place).or_insert(block);
        if first != block {
            let (_, kind, height, round) = place;
            broken("one signature", format_args!("two of kind {kind} at {height}, round {round}"));
        }
    }

    /// A validator made a decision durable.
    pub(crate) fn kept(&mut self, me: ValidatorId, height: Height) {
        self.durable.insert(me, height);
    }

    /// A disk was lost: what was on it is missing, and nobody is to blame.
    pub(crate) fn lost(&mut self, me: ValidatorId) {
        self.durable.remove(&me);
    }

    /// A log was lost, or put back as it was once.
    pub(crate) fn lost_log(&mut self, me: ValidatorId) {
        self.silent.insert(me, None);
    }

    /// What a validator logged of a height is durable: from now on its log reaches its ledger.
    pub(crate) fn logged(&mut self, me: ValidatorId, height: Height) {
        if self.silent.get(&me).is_some_and(|from| from.is_some_and(|from| height >= from)) {
            self.silent.remove(&me);
        }
    }

    /// A validator starts on its disk: nothing durable is missing, and the log reaches the ledger
    /// unless nothing was to be signed.
    pub(crate) fn started(&mut self, me: ValidatorId, log: Height, ledger: Height, observe: bool) {
        let kept = self.durable.get(&me).copied().unwrap_or(Height::ZERO);
        if ledger < kept || log.0 > ledger.0 + 1 {
            broken("nothing lost", format_args!("ledger {ledger}, log {log}, kept {kept}"));
        }
        // Who left for some heights writes over the log of the last before.
        let left = (log.0 + 1..=ledger.0).any(|of| self.sets.key(me, Height(of)).is_none());
        if observe && !self.silent.contains_key(&me) && !self.tampered && !left {
            broken("log", format_args!("ends at {log}, the ledger at {ledger}"));
        }
        match observe {
            true => self.silent.insert(me, None),
            false => self.silent.remove(&me),
        };
    }

    /// What an honest validator tells its operator.
    pub(crate) fn reported(&mut self, me: ValidatorId, report: &Report) {
        match report {
            Report::NotSigning { reason } if !self.tampered => broken("core", reason),
            Report::NotSigning { .. } | Report::Observing => drop(self.silent.insert(me, None)),
            Report::Signing { height } => drop(self.silent.insert(me, Some(*height))),
            Report::Invalid { proposer, height, rule } if !self.liars.contains(proposer) => {
                broken("refused", format_args!("an honest proposal at {height}: {rule}"))
            }
            Report::Equivocation { validator } if !self.liars.contains(validator) => {
                broken("evidence", "an honest validator is found to equivocate")
            }
            _ => {}
        }
    }
}

const fn kind(kind: VoteKind) -> u8 {
    match kind {
        VoteKind::Prevote => 0,
        VoteKind::Precommit => 1,
    }
}
