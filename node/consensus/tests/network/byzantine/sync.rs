//! Lies to who catches up: another header under a true certificate, and a certificate of its own
//! making. It does not wait to be asked.

use super::{Byzantine, Said, forge};
use crate::node::Node;
use dure_consensus::Message;
use dure_types::{CommitCertificate, Header, Height, TimestampMs};

/// Heights that whoever catches up may be at by now.
const GUESSES: usize = 16;

#[derive(Default)]
pub(crate) struct LyingSync {
    /// Where somebody asked to begin.
    asked: Option<Height>,
}

impl Byzantine for LyingSync {
    fn heard(&mut self, _me: &Node, message: &Message) {
        if let Message::Pull(height) = message {
            self.asked = Some(*height);
        }
    }

    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let ledger = &me.disk.ledger;
        let (mut said, first) = match message {
            Message::Decided(decided) => (lies(me, decided), ledger.len()),
            other => (vec![Said::all(other)], ledger.len().saturating_sub(1)),
        };
        // Whatever height anybody is at, something false begins there.
        let asked = self.asked.map_or(first, |height| (height.0 as usize).saturating_sub(1));
        for from in (asked..ledger.len()).take(GUESSES).chain([first]) {
            said.extend(lies(
                me,
                ledger.get(from..(from + 2).min(ledger.len())).unwrap_or_default(),
            ));
        }
        said
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
