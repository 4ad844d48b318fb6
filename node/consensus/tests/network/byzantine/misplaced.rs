//! Says everything that is easy to make: other people's votes, far rounds and heights, proposals
//! out of turn, proofs without a quorum.

use super::{Byzantine, Said, proposal_of, vote_for};
use crate::node::Node;
use dure_consensus::{Message, Polka, RoundProof};
use dure_types::{CommitSignature, Height, Vote};

#[derive(Default)]
pub(crate) struct Misplaced {
    old: Vec<Message>,
}

impl Byzantine for Misplaced {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let mut all = vec![message.clone()];
        match message {
            Message::Vote(vote) => all.extend(around(me, vote)),
            Message::Proposal(proposal, header) => {
                let mut mine = proposal.clone();
                mine.round = proposal.round + 1;
                mine.pol_round = Some(proposal.round);
                all.push(proposal_of(me, &mine, *header.clone()));
                self.old.push(message.clone());
                all.extend(self.old.iter().rev().take(5).cloned());
            }
            _ => {}
        }
        all.iter().map(Said::all).collect()
    }
}

fn around(me: &Node, vote: &Vote) -> Vec<Message> {
    let mut forged = vote.clone();
    forged.validator.0[0] ^= 1;
    let far = |height: u64, round: u32| {
        let far = Vote { height: Height(height), round, ..vote.clone() };
        Message::Vote(vote_for(me, &far, vote.block))
    };
    let one = CommitSignature { validator: vote.validator, signature: vote.signature };
    let block = vote.block.unwrap_or_default();
    let (height, round) = (vote.height, vote.round);
    let polka = Polka { height, round, block, signatures: vec![one; 3] };
    let proof = RoundProof { height, round, skip: false, votes: vec![vote.clone(); 4] };
    vec![
        Message::Vote(forged),
        far(height.0, u32::MAX),
        far(height.0, round + 9),
        far(u64::MAX, 0),
        far(height.0 + 1, 0),
        Message::Polka(polka),
        Message::Rounds(proof),
        Message::Pull(Height(0)),
        Message::Decided(Vec::new()),
    ]
}
