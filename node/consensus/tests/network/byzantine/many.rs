//! Proposes three or four blocks in one round, to one validator in another order, and lets one validator
//! alone know of its prevote: who is locked on a block, another saw last. Else it votes nil.

use super::{Byzantine, Said, own, proposal_of, vote_for};
use crate::{node::Node, seeded::Dice};
use dure_consensus::Message;
use dure_types::{Header, Height, Proposal, TimestampMs, VoteKind};

pub(crate) struct ManyProposals {
    dice: Dice,
    /// Whom it tells, of those that it speaks to.
    one: usize,
}

impl ManyProposals {
    pub(crate) fn new(mut dice: Dice) -> Self {
        let one = dice.pick(3);
        Self { dice, one }
    }
}

impl Byzantine for ManyProposals {
    fn says(&mut self, me: &Node, to: &[usize], message: &Message) -> Vec<Said> {
        if let Message::Vote(vote) = message {
            let nil = Message::Vote(vote_for(me, vote, None));
            let first = (vote.kind, vote.round) == (VoteKind::Prevote, 0);
            let one = to.get(self.one).copied().filter(|_| first);
            let say = |to: &usize| Said::one(*to, if one == Some(*to) { message } else { &nil });
            return to.iter().map(say).collect();
        }
        let (proposal, header) = match own(me, message) {
            Ok(own) => own,
            Err(said) => return said,
        };
        let mut blocks = others(me, proposal, &header, 2 + self.dice.below(2));
        blocks.push(message.clone());
        let third = to.get((self.one + 1) % to.len().max(1));
        let mut said = Vec::new();
        for to in to {
            // The honest block is the last here.
            let first = if third == Some(to) { 0 } else { blocks.len() - 1 };
            let (rest, start) = blocks.split_at(first);
            said.extend(start.iter().chain(rest).map(|block| Said::one(*to, block)));
        }
        said
    }
}

/// Validators that take turns.
const TURNS: u64 = 4;

/// The schedule that once ended a chain. To two validators it proposes one block, to the third two
/// others before it, for which the core has no room then. One of the two becomes locked on it.
/// From then on the liar is silent, so that nothing is decided at this height without the third.
#[derive(Default)]
pub(crate) struct ThirdBlock {
    at: Option<Height>,
}

impl Byzantine for ThirdBlock {
    fn says(&mut self, me: &Node, to: &[usize], message: &Message) -> Vec<Said> {
        let &[locked, free, third] = to else { return vec![Said::all(message)] };
        if let Ok((proposal, header)) = own(me, message)
            && proposal.round == 0
        {
            // Its prevote leaves before its proposal: so the next turn of its own is the one.
            let at = *self.at.get_or_insert(Height(proposal.height.0 + TURNS));
            if at == proposal.height {
                let mut said: Vec<Said> =
                    [locked, free].into_iter().map(|to| Said::one(to, message)).collect();
                let before = others(me, proposal, &header, 2);
                said.extend(before.iter().chain([message]).map(|block| Said::one(third, block)));
                return said;
            }
        }
        match message {
            Message::Vote(vote) if Some(vote.height) == self.at => match (vote.kind, vote.round) {
                (VoteKind::Prevote, 0) => vec![Said::one(locked, message)],
                _ => vec![Said::all(&Message::Vote(vote_for(me, vote, None)))],
            },
            other if other.height().is_some() && other.height() == self.at => Vec::new(),
            other => vec![Said::all(other)],
        }
    }
}

/// Proposals of other blocks in the place of one.
fn others(me: &Node, proposal: &Proposal, header: &Header, count: u64) -> Vec<Message> {
    let later = |ms| Header { time: TimestampMs(header.time.0 + ms), ..header.clone() };
    (1..=count).map(|ms| proposal_of(me, proposal, later(ms))).collect()
}
