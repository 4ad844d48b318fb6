//! Proposes evidence against the next validator: two batches with one number, of which it signs the
//! second in its place.

use super::{Liar, own_proposal, propose};
use crate::host::{Host, Shared};
use codec::Encode;
use dure_node::{machine::Wire, store::ledger};
use dure_types::{Evidence, Height};
use ed25519_dalek::Signer;

pub(crate) struct Accuses;

impl Liar for Accuses {
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
        let named = header.batches.iter().find(|batch| batch.author != host.id);
        let batch = named.and_then(|named| ledger::find_batch(&host.store, named).unwrap());
        let Some(batch) = batch else { return vec![(to, wire.clone())] };
        let mut other = batch.header.clone();
        other.expiry_height = Height(other.expiry_height.0 - 1);
        let signature = host.key.sign(&other.signed_bytes(shared.chain)).to_bytes();
        let (mut a, mut b) = ((batch.header, batch.signature), (other, signature));
        if a.encode() > b.encode() {
            (a, b) = (b, a);
        }
        let mut header = header.clone();
        header.evidence = vec![Evidence::Batches(a, b)];
        vec![(to, propose(shared, host, proposal, header))]
    }
}
