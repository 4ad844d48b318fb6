//! Proposes headers that break one rule each: another parent, a parent's certificate that does not
//! hold, other validators.

use super::{Byzantine, Said, forge, own, proposal_of};
use crate::{node::Node, seeded::Dice};
use dure_consensus::Message;
use dure_types::{Hash, Header};

pub(crate) struct WrongHeaders {
    dice: Dice,
}

impl WrongHeaders {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice }
    }

    fn spoil(&mut self, me: &Node, header: &mut Header) {
        let Some(mut certificate) = header.parent_certificate.clone() else {
            header.parent = Hash([3; 32]);
            return;
        };
        match self.dice.below(5) {
            0 => certificate.round += 1,
            1 => certificate.signatures.truncate(1 + self.dice.below(2) as usize),
            2 => {
                let block = certificate.block;
                forge(me, header, &mut certificate);
                certificate.block = block;
            }
            3 => header.validators = Hash([4; 32]),
            _ => {
                certificate.block = Hash([3; 32]);
                header.parent = Hash([3; 32]);
            }
        }
        header.parent_certificate = Some(certificate);
    }
}

impl Byzantine for WrongHeaders {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let (proposal, mut header) = match own(me, message) {
            Ok(own) => own,
            Err(said) => return said,
        };
        self.spoil(me, &mut header);
        vec![Said::all(&proposal_of(me, proposal, header))]
    }
}
