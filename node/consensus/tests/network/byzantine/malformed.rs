//! Says what is no message: noise, torn and bent messages, and one longer than any may be.

use super::{Byzantine, Said};
use crate::{node::Node, seeded::Dice};
use codec::Encode;
use dure_consensus::{MESSAGE_BYTES_MAX, Message};

pub(crate) struct Malformed {
    dice: Dice,
}

impl Malformed {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice }
    }
}

impl Byzantine for Malformed {
    fn says(&mut self, _me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let whole = message.encode();
        let mut bytes = whole.clone();
        match self.dice.below(6) {
            0 => bytes.truncate(self.dice.below(whole.len() as u64) as usize),
            1 => bytes = (0..self.dice.below(300)).map(|_| self.dice.next() as u8).collect(),
            // A count of elements that nobody could hold.
            2 => bytes = [vec![self.dice.below(7) as u8], vec![0xff; 40]].concat(),
            3 if self.dice.percent(2) => bytes = vec![1; MESSAGE_BYTES_MAX + 1],
            _ => {
                let place = self.dice.below(bytes.len() as u64) as usize;
                bytes[place] ^= 1 << self.dice.below(8);
            }
        }
        let mut said = vec![Said { only: None, bytes }];
        if self.dice.percent(50) {
            said.push(Said { only: None, bytes: whole });
        }
        said
    }
}
