//! Proposes roots that nobody computed.

use super::{Liar, own_proposal, propose};
use crate::host::{Host, Shared};
use dure_node::machine::Wire;
use dure_types::Hash;

pub(crate) struct OtherRoots;

impl Liar for OtherRoots {
    fn sends(
        &mut self,
        shared: &Shared,
        host: &Host,
        to: usize,
        wire: &Wire,
    ) -> Vec<(usize, Wire)> {
        let Some((proposal, header)) = own_proposal(host, wire) else {
            return vec![(to, wire.clone())];
        };
        let mut header = header.clone();
        if let Some(last) = header.roots.last_mut() {
            last.state = Hash([66; 32]);
        }
        vec![(to, propose(shared, host, proposal, header))]
    }
}
