//! Proposes evidence: against the innocent, against itself again and again, and of old.

use super::{Byzantine, Said, own, proposal_of, vote_for};
use crate::{node::Node, seeded::Dice};
use codec::Encode;
use dure_consensus::Message;
use dure_types::{Evidence, Hash, Vote};

pub(crate) struct FalseEvidence {
    dice: Dice,
    heard: Vec<Vote>,
    proposed: Vec<Evidence>,
}

impl FalseEvidence {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice, heard: Vec::new(), proposed: Vec::new() }
    }

    fn evidence(&mut self, me: &Node) -> Option<Evidence> {
        if self.dice.percent(30) && !self.proposed.is_empty() {
            let old = self.dice.below(self.proposed.len() as u64) as usize;
            return Some(self.proposed[old].clone());
        }
        let vote = self.heard[self.dice.below(self.heard.len() as u64) as usize].clone();
        let mut other = vote_for(me, &vote, Some(Hash([5; 32])));
        // Against another, with a signature that is not of its key; or against itself.
        let mut vote = vote;
        match self.dice.percent(50) {
            true => other.validator = vote.validator,
            false => vote = vote_for(me, &vote, None),
        }
        let (a, b) = if vote.encode() < other.encode() { (vote, other) } else { (other, vote) };
        let evidence = Evidence::Votes(a, b);
        self.proposed.push(evidence.clone());
        Some(evidence)
    }
}

impl Byzantine for FalseEvidence {
    fn heard(&mut self, _me: &Node, message: &Message) {
        if let Message::Vote(vote) = message
            && self.heard.len() < 200
        {
            self.heard.push(vote.clone());
        }
    }

    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let (proposal, mut header) = match own(me, message) {
            Ok(own) if !self.heard.is_empty() => own,
            Ok(_) => return vec![Said::all(message)],
            Err(said) => return said,
        };
        header.evidence = self.evidence(me).into_iter().collect();
        vec![Said::all(&proposal_of(me, proposal, header))]
    }
}
