//! Speaks to some only, so that what one knows the others do not: locks that nobody sees.

use super::{Byzantine, Said};
use crate::{node::Node, seeded::Dice};
use dure_consensus::Message;

pub(crate) struct Selective {
    dice: Dice,
}

impl Selective {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice }
    }
}

impl Byzantine for Selective {
    fn says(&mut self, _me: &Node, to: &[usize], message: &Message) -> Vec<Said> {
        let chosen = to.iter().filter(|_| self.dice.percent(40));
        chosen.map(|to| Said::one(*to, message)).collect()
    }
}
