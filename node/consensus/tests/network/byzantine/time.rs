//! Proposes a time far ahead, to drag block time along; or that of the parent, or before.

use super::{Byzantine, Said, own, proposal_of};
use crate::{node::Node, seeded::Dice};
use dure_consensus::Message;
use dure_types::TimestampMs;

pub(crate) struct WrongTime {
    dice: Dice,
}

impl WrongTime {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice }
    }
}

impl Byzantine for WrongTime {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let (proposal, mut header) = match own(me, message) {
            Ok(own) => own,
            Err(said) => return said,
        };
        let parent = me.disk.ledger.last().map_or(0, |(parent, _)| parent.time.0);
        header.time = TimestampMs(match self.dice.below(4) {
            0 => parent,
            1 => parent.saturating_sub(self.dice.below(10_000)),
            2 => header.time.0 + 1_500,
            _ => header.time.0 + 3_600_000,
        });
        vec![Said::all(&proposal_of(me, proposal, header))]
    }
}
