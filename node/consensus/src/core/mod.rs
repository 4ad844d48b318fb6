//! Malachite's core, one for each height: the only place that names it.
//!
//! The core is a coroutine over its state. It stops where a signature is needed, and goes on when
//! the host has made it; what comes in meanwhile waits in line. Everything that comes in was
//! verified, so every question of the core about a signature is answered with yes.
//!
//! The crate promises no stable interface and panics on some inputs that we never give it; a panic
//! is caught and told as [`CoreError`], after which this core is not used again.

mod context;

use crate::{
    drill::{self, Drill},
    event::SignRequest,
    log::Record,
    message::{Polka, RoundProof},
    rotation::Proposers,
    timeout::Timeout,
};
use context::{
    Address, Block, Context, MalachiteProposal, MalachiteVote, Validators, from_proposal,
    from_timeout, from_vote, to_proposal, to_timeout, to_vote,
};
use dure_types::{
    CommitCertificate, CommitSignature, Evidence, Hash, Height, Proposal, ValidatorId,
    ValidatorSet, Vote, vote::Round,
};
use genawaiter::{GeneratorState, sync::GenBoxed};
use malachitebft_core_consensus as malachite;
use malachitebft_core_consensus::{Effect as Asked, Resume};
use malachitebft_core_types::{
    PolkaCertificate, PolkaSignature, Round as MalachiteRound, RoundCertificate,
    RoundCertificateType, RoundSignature, SignedMessage, ThresholdParam, Validity, ValueOrigin,
    ValuePayload, VoteExtensionPolicy,
};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Rounds ahead of its own from which the core takes votes and proposals.
pub(crate) const ROUNDS_AHEAD: Round = malachite::MAX_FUTURE_ROUND_LOOKAHEAD;

/// What the core takes in. All of it is verified and of the core's height.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Enter round 0.
    Begin,
    Vote(Vote),
    Proposal(Proposal),
    /// Our verdict on a block that was proposed.
    Verdict {
        round: Round,
        proposer: ValidatorId,
        block: Hash,
        valid: bool,
    },
    /// Our own block, in answer to [`Effect::Wanted`].
    Propose(Round, Hash),
    Timeout(Timeout),
    Polka(Polka),
    Rounds(RoundProof),
    /// The log is replayed.
    Replayed,
}

/// What the core wants done, in order.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Wait for the end of a step.
    Wait(Timeout),
    /// Wait no longer.
    Forget(Timeout),
    ForgetAll,
    /// A round began.
    Entered(Round),
    /// We propose in this round: give a block.
    Wanted(Round),
    /// Must be durable before anything of ours that follows is sent.
    Record(Record),
    /// The coroutine stands until [`Core::signed`].
    Sign(SignRequest),
    SendVote(Vote),
    SendProposal(Proposal),
    SendPolka(Polka),
    SendRounds(RoundProof),
    Decide(CommitCertificate),
}

/// The core failed; it is not used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreError(pub(crate) String);

type State = malachite::State<Context>;
type Done = (Box<State>, Result<(), malachite::Error<Context>>);
type Running = GenBoxed<Asked<Context>, Resume<Context>, Done>;

enum Task {
    Idle(Box<State>),
    Signing(Running, SignRequest),
    Failed,
}

/// The core of one height.
pub(crate) struct Core {
    task: Task,
    inbox: VecDeque<Input>,
    me: ValidatorId,
    evidence: Vec<Evidence>,
}

impl Core {
    /// A core that has not begun. It signs nothing unless `signs`; `log` is what will be replayed.
    pub(crate) fn new(
        me: ValidatorId,
        height: Height,
        validators: &ValidatorSet,
        proposers: Arc<Proposers>,
        signs: bool,
    ) -> Self {
        let params = malachite::Params {
            address: Address(me),
            threshold_params: thresholds(),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: signs,
        };
        let (height, set) = (context::Height(height.0), Validators::new(validators));
        let state = State::new(Context { proposers }, height, set, params, 1, 1);
        Self { task: Task::Idle(Box::new(state)), inbox: VecDeque::new(), me, evidence: Vec::new() }
    }

    /// Tells the core what will be replayed, before it is.
    pub(crate) fn index(&mut self, log: &[Record]) {
        let entries: Vec<_> = log.iter().filter_map(|record| self.replayed(record)).collect();
        if let Task::Idle(state) = &mut self.task {
            state.index_wal_entries(entries.iter());
        }
    }

    fn replayed(&self, record: &Record) -> Option<malachite::Input<Context>> {
        match record {
            Record::Vote(vote) => Some(malachite::Input::Vote(to_vote(vote))),
            Record::Proposal(proposal) => Some(malachite::Input::Proposal(to_proposal(proposal))),
            _ => None,
        }
    }

    /// Takes an input in, once those before it are done.
    pub(crate) fn input(&mut self, input: Input, out: &mut Vec<Effect>) -> Result<(), CoreError> {
        self.inbox.push_back(input);
        self.drain(out)
    }

    /// Goes on with a signature. One that was not asked for changes nothing.
    pub(crate) fn signed(
        &mut self,
        request: SignRequest,
        signature: [u8; 64],
        out: &mut Vec<Effect>,
    ) -> Result<(), CoreError> {
        let running = match std::mem::replace(&mut self.task, Task::Failed) {
            Task::Signing(running, asked)
                if asked == request || drill::is(Drill::LockForgotten) =>
            {
                running
            }
            other => {
                self.task = other;
                return Ok(());
            }
        };
        let me = self.me;
        let resume = match request {
            SignRequest::Vote(_) => {
                let vote = request.vote(me, signature);
                vote.map(|vote| Resume::SignedVote(to_vote(&vote)))
            }
            SignRequest::Proposal(_) => {
                let proposal = request.proposal(me, signature);
                proposal.map(|proposal| Resume::SignedProposal(to_proposal(&proposal)))
            }
        };
        let resume = resume.ok_or_else(|| CoreError("a signature of nothing".into()))?;
        self.advance(running, resume, out)?;
        self.drain(out)
    }

    fn drain(&mut self, out: &mut Vec<Effect>) -> Result<(), CoreError> {
        while let Task::Idle(_) = self.task {
            let Some(input) = self.inbox.pop_front() else { return Ok(()) };
            let Task::Idle(mut state) = std::mem::replace(&mut self.task, Task::Failed) else {
                return Ok(());
            };
            let Some(input) = to_input(input, &mut state) else {
                self.task = Task::Idle(state);
                continue;
            };
            let running = Running::new_boxed(|co| async move {
                let result = malachite::handle(co, &mut *state, &(), input).await;
                (state, result)
            });
            self.advance(running, Resume::Start, out)?;
        }
        Ok(())
    }

    fn advance(
        &mut self,
        mut running: Running,
        mut resume: Resume<Context>,
        out: &mut Vec<Effect>,
    ) -> Result<(), CoreError> {
        loop {
            let stepped = catch_unwind(AssertUnwindSafe(|| running.resume_with(resume)));
            match stepped.map_err(|panic| CoreError(said(panic.as_ref())))? {
                GeneratorState::Yielded(Asked::SignVote(vote, _)) => {
                    let unsigned = from_vote(&MalachiteVote::new(vote, [0; 64]));
                    return self.stand(running, SignRequest::of_vote(&unsigned), out);
                }
                GeneratorState::Yielded(Asked::SignProposal(proposal, _)) => {
                    let unsigned = from_proposal(&MalachiteProposal::new(proposal, [0; 64]));
                    return self.stand(running, SignRequest::of_proposal(&unsigned), out);
                }
                GeneratorState::Yielded(asked) => resume = self.answer(asked, out)?,
                GeneratorState::Complete((state, result)) => {
                    result.map_err(|error| CoreError(error.to_string()))?;
                    self.task = Task::Idle(state);
                    return Ok(());
                }
            }
        }
    }

    fn stand(
        &mut self,
        running: Running,
        request: SignRequest,
        out: &mut Vec<Effect>,
    ) -> Result<(), CoreError> {
        self.task = Task::Signing(running, request);
        out.push(Effect::Sign(request));
        Ok(())
    }

    /// Turns what the core asks for into an effect, and says how it goes on.
    fn answer(
        &mut self,
        asked: Asked<Context>,
        out: &mut Vec<Effect>,
    ) -> Result<Resume<Context>, CoreError> {
        let effect = match asked {
            Asked::VerifySignature(..) => return Ok(Resume::SignatureValidity(true)),
            Asked::VerifyCommitCertificate(..)
            | Asked::VerifyExtendedCommitCertificate(..)
            | Asked::VerifyPolkaCertificate(..)
            | Asked::VerifyRoundCertificate(..) => return Ok(Resume::CertificateValidity(Ok(()))),
            Asked::CancelAllTimeouts(_) => Some(Effect::ForgetAll),
            Asked::CancelTimeout(timeout, _) => from_timeout(timeout).map(Effect::Forget),
            Asked::ScheduleTimeout(timeout, _) => from_timeout(timeout).map(Effect::Wait),
            Asked::StartRound(_, round, ..) => round.as_u32().map(Effect::Entered),
            Asked::GetValue(_, round, ..) => round.as_u32().map(Effect::Wanted),
            Asked::PublishConsensusMsg(message, _) => Some(match message {
                malachite::SignedConsensusMsg::Vote(vote) => Effect::SendVote(from_vote(&vote)),
                malachite::SignedConsensusMsg::Proposal(proposal) => {
                    Effect::SendProposal(from_proposal(&proposal))
                }
            }),
            Asked::PublishLivenessMsg(message, _) => Some(match message {
                malachite::LivenessMsg::Vote(vote) => Effect::SendVote(from_vote(&vote)),
                malachite::LivenessMsg::PolkaCertificate(polka) => {
                    Effect::SendPolka(from_polka(&polka))
                }
                malachite::LivenessMsg::SkipRoundCertificate(proof) => {
                    Effect::SendRounds(from_rounds(&proof))
                }
            }),
            Asked::WalAppend(_, input, _) => recorded(input).map(Effect::Record),
            Asked::Decide(certificate, ..) => {
                let mut signatures: Vec<_> = certificate
                    .commit_signatures
                    .iter()
                    .map(|commit| CommitSignature {
                        validator: commit.address.0,
                        signature: commit.signature,
                    })
                    .collect();
                signatures.sort_by_key(|signature| signature.validator);
                Some(Effect::Decide(CommitCertificate {
                    height: Height(certificate.height.0),
                    round: certificate.round.as_u32().unwrap_or(0),
                    block: certificate.value_id.0,
                    signatures,
                }))
            }
            Asked::Finalize(_, _, evidence, _) => {
                self.evidence.extend(from_evidence(&evidence));
                None
            }
            // The header travels with the proposal; the rest we never cause.
            Asked::RestreamProposal(..)
            | Asked::RepublishVote(..)
            | Asked::RepublishRoundCertificate(..)
            | Asked::CertVerifiedSyncValue(..)
            | Asked::CertRejectedSyncValue(..) => None,
            // Signatures are asked for where the coroutine stands still; votes carry no extension.
            Asked::SignVote(..)
            | Asked::SignProposal(..)
            | Asked::ExtendVote(..)
            | Asked::VerifyVoteExtension(..) => {
                return Err(CoreError("asked for what nobody answers".into()));
            }
        };
        out.extend(effect);
        Ok(Resume::Continue)
    }

    /// What proves that validators signed two things: seen until now, each once.
    pub(crate) fn take_evidence(&mut self) -> Vec<Evidence> {
        if let Task::Idle(state) = &mut self.task {
            let proposals = state.driver.take_proposal_evidence();
            let votes = state.driver.take_vote_evidence();
            let evidence = malachite::MisbehaviorEvidence { proposals, votes };
            self.evidence.extend(from_evidence(&evidence));
        }
        std::mem::take(&mut self.evidence)
    }

    /// What lets others follow our lock: the newest block that a quorum prevoted for, as far as we
    /// know, the proposal in which it did, and the polka.
    pub(crate) fn valid(&self) -> Option<(Proposal, Polka)> {
        let Task::Idle(state) = &self.task else { return None };
        let valid = state.driver.round_state().valid.as_ref()?;
        let proposal = state.driver.valid_proposal_for_round_and_value(valid.round, valid.value)?;
        let polka = state.polka_certificate(valid.round, &valid.value)?;
        Some((from_proposal(proposal), from_polka(polka)))
    }

    /// The proposal of the present round, if we hold it.
    pub(crate) fn proposal(&self) -> Option<Proposal> {
        let Task::Idle(state) = &self.task else { return None };
        let of_round = state.driver.proposals_and_validities_for_round(state.round());
        of_round.first().map(|(proposal, _)| from_proposal(proposal))
    }

    /// What lets others enter our round.
    pub(crate) fn rounds(&self) -> Option<RoundProof> {
        let Task::Idle(state) = &self.task else { return None };
        let entered = state.round_certificate()?;
        (entered.enter_round == state.round()).then(|| from_rounds(&entered.certificate))
    }
}

fn thresholds() -> malachite::ThresholdParams {
    let mut thresholds = malachite::ThresholdParams::default();
    if drill::is(Drill::QuorumInCore) {
        thresholds.quorum = ThresholdParam::new(1, 2);
    }
    thresholds
}

fn to_input(input: Input, state: &mut State) -> Option<malachite::Input<Context>> {
    let height = state.height();
    Some(match input {
        Input::Begin => malachite::Input::StartHeight(
            height,
            state.validator_set().clone(),
            // Nothing is in line: we keep what comes early ourselves.
            true,
            None,
            VoteExtensionPolicy::Disabled,
        ),
        Input::Vote(vote) => malachite::Input::Vote(to_vote(&vote)),
        Input::Proposal(proposal) => malachite::Input::Proposal(to_proposal(&proposal)),
        Input::Verdict { round, proposer, block, valid } => {
            let value = malachite::ProposedValue {
                height,
                round: MalachiteRound::new(round),
                valid_round: MalachiteRound::Nil,
                proposer: Address(proposer),
                value: Block(block),
                validity: Validity::from_bool(valid),
            };
            malachite::Input::ProposedValue(value, ValueOrigin::Consensus)
        }
        Input::Propose(round, block) => malachite::Input::Propose(
            malachite::LocallyProposedValue::new(height, MalachiteRound::new(round), Block(block)),
        ),
        Input::Timeout(timeout) => malachite::Input::TimeoutElapsed(to_timeout(timeout)),
        Input::Polka(polka) => malachite::Input::PolkaCertificate(PolkaCertificate {
            height,
            round: MalachiteRound::new(polka.round),
            value_id: Block(polka.block),
            polka_signatures: polka
                .signatures
                .iter()
                .map(|one| PolkaSignature::new(Address(one.validator), one.signature))
                .collect(),
        }),
        Input::Rounds(proof) => {
            let signature = |vote: &Vote| {
                let SignedMessage { message, signature } = to_vote(vote);
                RoundSignature::new(message.kind, message.value, message.address, signature)
            };
            malachite::Input::RoundCertificate(RoundCertificate {
                height,
                round: MalachiteRound::new(proof.round),
                cert_type: match proof.skip {
                    true => RoundCertificateType::Skip,
                    false => RoundCertificateType::Precommit,
                },
                round_signatures: proof.votes.iter().map(signature).collect(),
            })
        }
        Input::Replayed => {
            state.reset_entries_index();
            return None;
        }
    })
}

/// What of an input the log keeps.
fn recorded(input: malachite::Input<Context>) -> Option<Record> {
    match input {
        malachite::Input::Vote(vote) => Some(Record::Vote(from_vote(&vote))),
        malachite::Input::Proposal(proposal) => Some(Record::Proposal(from_proposal(&proposal))),
        malachite::Input::ProposedValue(value, _) => Some(Record::Verdict {
            round: value.round.as_u32()?,
            proposer: value.proposer.0,
            block: value.value.0,
            valid: value.validity.is_valid(),
        }),
        malachite::Input::TimeoutElapsed(timeout) => from_timeout(timeout).map(Record::Timeout),
        malachite::Input::PolkaCertificate(polka) => Some(Record::Polka(from_polka(&polka))),
        _ => None,
    }
}

fn from_polka(polka: &PolkaCertificate<Context>) -> Polka {
    let signature = |one: &PolkaSignature<Context>| CommitSignature {
        validator: one.address.0,
        signature: one.signature,
    };
    let mut signatures: Vec<_> = polka.polka_signatures.iter().map(signature).collect();
    signatures.sort_by_key(|one| one.validator);
    Polka {
        height: Height(polka.height.0),
        round: polka.round.as_u32().unwrap_or(0),
        block: polka.value_id.0,
        signatures,
    }
}

fn from_rounds(proof: &RoundCertificate<Context>) -> RoundProof {
    let (height, round) = (Height(proof.height.0), proof.round.as_u32().unwrap_or(0));
    let vote = |one: &RoundSignature<Context>| Vote {
        kind: context::kind(one.vote_type),
        height,
        round,
        block: context::block(one.value_id),
        validator: one.address.0,
        signature: one.signature,
    };
    let mut votes: Vec<_> = proof.round_signatures.iter().map(vote).collect();
    votes.sort_by_key(|vote| vote.validator);
    votes.dedup_by_key(|vote| vote.validator);
    RoundProof { height, round, skip: proof.cert_type == RoundCertificateType::Skip, votes }
}

fn from_evidence(
    evidence: &malachite::MisbehaviorEvidence<Context>,
) -> impl Iterator<Item = Evidence> {
    let votes = evidence.votes.iter().flat_map(|(_, pairs)| pairs);
    let votes = votes.map(|(a, b)| Evidence::Votes(from_vote(a), from_vote(b)));
    let proposals = evidence.proposals.iter().flat_map(|(_, pairs)| pairs);
    let proposals = proposals.map(|(a, b)| Evidence::Proposals(from_proposal(a), from_proposal(b)));
    votes.chain(proposals)
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned()
}
