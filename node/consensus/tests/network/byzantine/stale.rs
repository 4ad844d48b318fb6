//! Certificates, polkas and proofs that once were, or nearly: of earlier rounds under a later one's
//! name, and with too few signatures.

use super::{Byzantine, Said, vote_for};
use crate::{node::Node, seeded::Dice};
use dure_consensus::{Message, Polka, RoundProof};
use dure_types::{CommitSignature, Vote, VoteKind};

pub(crate) struct Stale {
    dice: Dice,
    prevotes: Vec<Vote>,
}

impl Stale {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice, prevotes: Vec::new() }
    }

    /// Precommits of nil by everybody, under the liar's own signature.
    fn forged_end(&self, me: &Node, vote: &Vote) -> RoundProof {
        let Vote { height, round, .. } = *vote;
        let mut votes: Vec<Vote> = self
            .prevotes
            .iter()
            .map(|heard| heard.validator)
            .map(|id| {
                let nil = Vote { kind: VoteKind::Precommit, ..vote.clone() };
                Vote { validator: id, ..vote_for(me, &nil, None) }
            })
            .collect();
        votes.sort_by_key(|vote| vote.validator);
        votes.dedup_by_key(|vote| vote.validator);
        RoundProof { height, round, skip: false, votes }
    }

    /// Prevotes for one block in one round, as far as they were heard.
    fn polka(&mut self, later: u32) -> Option<Message> {
        let at = self.dice.below(self.prevotes.len() as u64) as usize;
        let Vote { height, round, block, .. } = *self.prevotes.get(at)?;
        let same = |vote: &&Vote| (vote.height, vote.round, vote.block) == (height, round, block);
        let one =
            |vote: &Vote| CommitSignature { validator: vote.validator, signature: vote.signature };
        let mut signatures: Vec<_> = self.prevotes.iter().filter(same).map(one).collect();
        signatures.sort_by_key(|one| one.validator);
        signatures.dedup_by_key(|one| one.validator);
        Some(Message::Polka(Polka { height, round: round + later, block: block?, signatures }))
    }
}

impl Byzantine for Stale {
    fn heard(&mut self, _me: &Node, message: &Message) {
        match message {
            Message::Vote(vote) if vote.kind == VoteKind::Prevote && vote.block.is_some() => {
                // Of the newest height only.
                self.prevotes.retain(|kept| kept.height >= vote.height);
                self.prevotes.push(vote.clone());
            }
            _ => {}
        }
    }

    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let mut said = vec![Said::all(message)];
        match message {
            Message::Vote(vote) => {
                self.heard(me, message);
                let later = self.dice.below(4) as u32;
                said.extend(self.polka(later).as_ref().map(Said::all));
                let mine = Vote { round: vote.round + 1, ..vote.clone() };
                let votes = vec![vote_for(me, &mine, vote.block)];
                let (height, round) = (vote.height, vote.round + 1);
                let proof = RoundProof { height, round, skip: true, votes };
                said.push(Said::all(&Message::Rounds(proof)));
                said.push(Said::all(&Message::Rounds(self.forged_end(me, vote))));
            }
            Message::Decided(decided) => {
                let mut thin = decided.clone();
                for (_, certificate) in &mut thin {
                    certificate.signatures.truncate(1 + self.dice.below(2) as usize);
                }
                said.insert(0, Said::all(&Message::Decided(thin)));
            }
            _ => {}
        }
        said
    }
}
