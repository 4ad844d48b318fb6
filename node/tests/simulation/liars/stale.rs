//! Says that blocks were decided which were not: under certificates of other blocks or heights, with
//! too few signatures, or with one signature many times.

use super::Liar;
use crate::host::{Host, Shared};
use dure_consensus::Message;
use dure_node::{machine::Wire, store::ledger};
use dure_types::{CommitCertificate, Header, Height};

#[derive(Default)]
pub(crate) struct Stale {
    sent: usize,
}

impl Liar for Stale {
    fn sends(
        &mut self,
        shared: &Shared,
        host: &Host,
        to: usize,
        wire: &Wire,
    ) -> Vec<(usize, Wire)> {
        let mut sent = vec![(to, wire.clone())];
        if let (Wire::Consensus(Message::Vote(_)), Some((header, certificate))) =
            (wire, ledger::tip(&host.store).unwrap())
        {
            self.sent += 1;
            let lie = next(shared, &header, &certificate, self.sent);
            sent.push((to, Wire::Consensus(Message::Decided(vec![lie]))));
        }
        sent
    }
}

/// A block after the newest decided one, with a certificate that does not hold.
fn next(
    shared: &Shared,
    parent: &Header,
    certificate: &CommitCertificate,
    kind: usize,
) -> (Header, CommitCertificate) {
    let height = Height(parent.height.0 + 1);
    let header = Header {
        height,
        parent: certificate.block,
        parent_certificate: Some(certificate.clone()),
        batches: Vec::new(),
        roots: Vec::new(),
        ..parent.clone()
    };
    let mut lie = CommitCertificate { height, ..certificate.clone() };
    if kind.is_multiple_of(2) {
        lie.block = header.id(shared.chain);
    }
    match kind % 4 {
        1 => lie.signatures.truncate(2),
        2 => lie.signatures = vec![lie.signatures[0].clone(); 4],
        3 => lie.height = parent.height,
        _ => {}
    }
    (header, lie)
}
