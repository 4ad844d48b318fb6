//! Names batches that nobody has, that may not be named any more, or that were named already.

use super::{Byzantine, Said, own, proposal_of};
use crate::{node::Node, seeded::Dice};
use dure_consensus::Message;
use dure_types::{BatchReference, Hash, Height};

pub(crate) struct Withheld {
    dice: Dice,
}

impl Withheld {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice }
    }

    fn batch(&mut self, me: &Node, height: Height) -> BatchReference {
        let known = me.batches.len() as u64;
        let expired = me.batches.iter().rev().find(|batch| batch.expiry < height);
        match (self.dice.below(3), expired) {
            (0, _) => {
                let seq = 1_000_000 + self.dice.below(1_000);
                BatchReference { author: me.id, seq, id: Hash([9; 32]) }
            }
            (1, Some(batch)) => batch.reference,
            _ if known == 0 => BatchReference { author: me.id, seq: 1, id: Hash([8; 32]) },
            // Of the older ones most were named.
            _ => me.batches[self.dice.below(known) as usize].reference,
        }
    }
}

impl Byzantine for Withheld {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let (proposal, mut header) = match own(me, message) {
            Ok(own) => own,
            Err(said) => return said,
        };
        let batch = self.batch(me, header.height);
        if header.batches.iter().all(|b| (b.author, b.seq) != (batch.author, batch.seq)) {
            header.batches.push(batch);
        }
        vec![Said::all(&proposal_of(me, proposal, header))]
    }
}
