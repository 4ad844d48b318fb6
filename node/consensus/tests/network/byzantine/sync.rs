//! Lies to who catches up: another header under a true certificate, and a certificate of its own
//! making. It does not wait to be asked.

use super::{Byzantine, Said, forge};
use crate::node::Node;
use dure_consensus::Message;
use dure_types::{CommitCertificate, Header, Height, TimestampMs};

pub(crate) struct LyingSync;

impl Byzantine for LyingSync {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        match message {
            Message::Decided(decided) => lies(me, decided),
            other => {
                // Whatever height anybody is at, something false begins there.
                let ledger = &me.disk.ledger;
                let mut said = vec![Said::all(other)];
                for back in [1, 4] {
                    let from = Height(me.disk.height().0.saturating_sub(back) + 1);
                    let tail = &ledger[ledger.len().min(from.0 as usize - 1)..];
                    said.extend(lies(me, tail));
                }
                said
            }
        }
    }
}

fn lies(me: &Node, decided: &[(Header, CommitCertificate)]) -> Vec<Said> {
    if decided.is_empty() {
        return Vec::new();
    }
    let mut headers = decided.to_vec();
    for (header, _) in &mut headers {
        header.time = TimestampMs(header.time.0 + 1);
    }
    let mut certificates = headers.clone();
    for (header, certificate) in &mut certificates {
        forge(me, header, certificate);
    }
    vec![Said::all(&Message::Decided(headers)), Said::all(&Message::Decided(certificates))]
}
