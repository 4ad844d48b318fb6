//! Validators that lie: less than a third of the power. Each way to lie is a file; chaos picks some
//! of them by its seed. Checks that hold for every run are in `checks.rs`.

mod amnesia;
mod evidence;
mod headers;
mod malformed;
mod many;
mod misplaced;
mod proposals;
mod quiet;
mod replay;
mod roots;
mod selective;
mod stale;
mod sync;
mod time;
mod torsion;
mod votes;
mod withheld;

pub(crate) use self::{
    many::ThirdBlock, misplaced::Misplaced, proposals::TwoProposals, quiet::Quiet,
    roots::WrongRoots, sync::LyingSync, time::WrongTime, votes::TwoVotes,
};

use crate::{node::Node, seeded::Dice};
use codec::Encode;
use dure_consensus::Message;
use dure_types::{CommitCertificate, Hash, Header, Proposal, Vote, VoteKind, domain::blake3_hash};
use ed25519_dalek::Signer;

/// What a liar says.
pub(crate) struct Said {
    /// To whom; none: to whom the honest message was meant.
    pub(crate) only: Option<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Said {
    /// To whom the honest message was meant.
    pub(crate) fn all(message: &Message) -> Self {
        Self { only: None, bytes: message.encode() }
    }

    /// To one.
    pub(crate) fn one(only: usize, message: &Message) -> Self {
        Self { only: Some(only), bytes: message.encode() }
    }
}

/// A way to lie: runs beside an honest node, and says something else than that would.
pub(crate) trait Byzantine {
    /// Takes in what comes.
    fn heard(&mut self, _me: &Node, _message: &Message) {}

    /// What leaves in the place of a message; `to` are those whom it was meant for.
    fn says(&mut self, me: &Node, to: &[usize], message: &Message) -> Vec<Said>;
}

/// Lies in several ways, one at a time.
pub(crate) struct Several {
    ways: Vec<Box<dyn Byzantine>>,
    /// Percent of what it says that is honest.
    honest: u64,
    dice: Dice,
}

/// Number of ways to lie.
const WAYS: u64 = 17;

impl Several {
    /// One to three ways that the dice choose.
    pub(crate) fn new(mut dice: Dice) -> Self {
        let count = 1 + dice.below(3);
        let ways = (0..count).map(|_| way(dice.below(WAYS), Dice::new(dice.next()))).collect();
        // Half of them are honest now and then, so that others go on counting on them.
        Self { ways, honest: 20 * dice.below(2), dice }
    }
}

fn way(number: u64, dice: Dice) -> Box<dyn Byzantine> {
    match number {
        0 => Box::new(amnesia::Amnesia::default()),
        1 => Box::new(evidence::FalseEvidence::new(dice)),
        2 => Box::new(headers::WrongHeaders::new(dice)),
        3 => Box::new(malformed::Malformed::new(dice)),
        4 => Box::new(Misplaced::default()),
        5 => Box::new(TwoProposals),
        6 => Box::new(replay::Replay::new(dice)),
        7 => Box::new(WrongRoots::new(dice)),
        8 => Box::new(selective::Selective::new(dice)),
        9 => Box::new(stale::Stale::new(dice)),
        10 => Box::new(LyingSync::default()),
        11 => Box::new(WrongTime::new(dice)),
        12 => Box::new(TwoVotes),
        14 => Box::new(torsion::Torsion),
        // It takes several things at once to tell: so it comes twice as often.
        13 | 15 => Box::new(many::ManyProposals::new(dice)),
        _ => Box::new(withheld::Withheld::new(dice)),
    }
}

impl Byzantine for Several {
    fn heard(&mut self, me: &Node, message: &Message) {
        self.ways.iter_mut().for_each(|way| way.heard(me, message));
    }

    fn says(&mut self, me: &Node, to: &[usize], message: &Message) -> Vec<Said> {
        if self.dice.percent(self.honest) {
            return vec![Said::all(message)];
        }
        let way = self.dice.below(self.ways.len() as u64) as usize;
        self.ways[way].says(me, to, message)
    }
}

pub(crate) fn chain() -> Hash {
    blake3_hash(b"a chain")
}

/// The same vote for another block, signed by `node`.
fn vote_for(node: &Node, vote: &Vote, block: Option<Hash>) -> Vote {
    let Vote { kind, height, round, .. } = *vote;
    let bytes = Vote::signed_bytes(chain(), kind, height, round, block);
    let signature = node.key.sign(&bytes).to_bytes();
    Vote { kind, height, round, block, validator: node.id, signature }
}

/// The same proposal of another header, signed by `node`.
fn proposal_of(node: &Node, proposal: &Proposal, header: Header) -> Message {
    let Proposal { height, round, pol_round, .. } = *proposal;
    let block = header.id(chain());
    let bytes = Proposal::signed_bytes(chain(), height, round, block, pol_round);
    let signature = node.key.sign(&bytes).to_bytes();
    let validator = node.id;
    let proposal = Proposal { height, round, block, pol_round, validator, signature };
    Message::Proposal(proposal, Box::new(header))
}

/// Puts the key of `node` under every name in a certificate of a header.
fn forge(node: &Node, header: &Header, certificate: &mut CommitCertificate) {
    let (height, round) = (certificate.height, certificate.round);
    certificate.block = header.id(chain());
    let block = Some(certificate.block);
    let bytes = Vote::signed_bytes(chain(), VoteKind::Precommit, height, round, block);
    for signature in &mut certificate.signatures {
        signature.signature = node.key.sign(&bytes).to_bytes();
    }
}

/// A proposal of the liar's own, to be changed; everything else is said as it is.
fn own<'a>(me: &Node, message: &'a Message) -> Result<(&'a Proposal, Header), Vec<Said>> {
    match message {
        Message::Proposal(proposal, header) if proposal.validator == me.id => {
            Ok((proposal, *header.clone()))
        }
        other => Err(vec![Said::all(other)]),
    }
}
