//! Votes for two things in one place, to split the others.

use super::{Byzantine, Said, vote_for};
use crate::node::Node;
use dure_consensus::Message;
use dure_types::Hash;

pub(crate) struct TwoVotes;

impl Byzantine for TwoVotes {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        match message {
            Message::Vote(vote) => {
                let other = vote.block.map_or(Some(Hash([7; 32])), |_| None);
                let lie = vote_for(me, vote, other);
                vec![Said::all(message), Said::all(&Message::Vote(lie))]
            }
            other => vec![Said::all(other)],
        }
    }
}
