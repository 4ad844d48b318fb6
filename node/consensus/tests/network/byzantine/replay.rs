//! Says again what others said, and puts their signatures under something else.

use super::{Byzantine, Said};
use crate::{node::Node, seeded::Dice};
use dure_consensus::Message;
use dure_types::Hash;

/// Messages that are kept to be said again.
const KEPT: usize = 64;

pub(crate) struct Replay {
    dice: Dice,
    kept: Vec<Message>,
}

impl Replay {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice, kept: Vec::new() }
    }

    /// One that was kept, as it was or with another content under the same signature.
    fn again(&mut self) -> Option<Message> {
        let count = self.kept.len() as u64;
        let mut message = self.kept.get(self.dice.below(count) as usize)?.clone();
        if let Message::Vote(vote) = &mut message {
            match self.dice.below(4) {
                0 => vote.block = vote.block.map_or(Some(Hash([7; 32])), |_| None),
                1 => vote.round += 1,
                2 => vote.height.0 += 1,
                _ => {}
            }
        }
        Some(message)
    }
}

impl Byzantine for Replay {
    fn heard(&mut self, _me: &Node, message: &Message) {
        if self.kept.len() < KEPT {
            self.kept.push(message.clone());
        } else {
            let place = self.dice.below(KEPT as u64) as usize;
            self.kept[place] = message.clone();
        }
    }

    fn says(&mut self, _me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let mut said = vec![Said::all(message)];
        for _ in 0..self.dice.below(4) {
            said.extend(self.again().as_ref().map(Said::all));
        }
        said
    }
}
