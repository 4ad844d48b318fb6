//! Keeps back one kind of message: votes, proposals, or precommits of blocks.

use super::{Byzantine, Said, vote_for};
use crate::node::Node;
use dure_consensus::Message;
use dure_types::VoteKind;

/// What is kept back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quiet {
    Votes,
    Proposals,
    /// It precommits nil whatever a quorum prevoted for.
    Precommits,
}

impl Byzantine for Quiet {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        match (*self, message) {
            (Self::Votes, Message::Vote(_)) => Vec::new(),
            (Self::Proposals, Message::Proposal(proposal, _)) if proposal.validator == me.id => {
                Vec::new()
            }
            (Self::Precommits, Message::Vote(vote)) if vote.kind == VoteKind::Precommit => {
                vec![Said::all(&Message::Vote(vote_for(me, vote, None)))]
            }
            (_, other) => vec![Said::all(other)],
        }
    }
}
