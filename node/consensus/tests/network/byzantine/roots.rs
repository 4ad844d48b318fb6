//! Proposes results that nobody else computed, of heights that nobody asked for, or none.

use super::{Byzantine, Said, own, proposal_of};
use crate::{node::Node, seeded::Dice};
use dure_consensus::Message;
use dure_types::{Hash, Header};

pub(crate) struct WrongRoots {
    dice: Dice,
}

impl WrongRoots {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice }
    }

    fn spoil(&mut self, header: &mut Header) {
        match (self.dice.below(4), header.roots.first_mut()) {
            (0, Some(_)) => drop(header.roots.pop()),
            (1, Some(_)) => drop(header.roots.remove(0)),
            (2, _) => header.executed.0 += 1,
            (_, Some(first)) => first.state = Hash([6; 32]),
            (_, None) => header.executed.0 = header.executed.0.saturating_sub(1),
        }
    }
}

impl Byzantine for WrongRoots {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let (proposal, mut header) = match own(me, message) {
            Ok(own) => own,
            Err(said) => return said,
        };
        self.spoil(&mut header);
        vec![Said::all(&proposal_of(me, proposal, header))]
    }
}
