//! Batches, votes, certificates, evidence and headers.

use super::{chain, sign, transaction, transaction_plain, validator_set, validators};
use dure_types::{
    Acknowledgement, Batch, BatchHeader, BatchReference, CommitCertificate, CommitSignature,
    Evidence, Hash, Header, Height, Proposal, Roots, TimestampMs, Vote, VoteKind,
};

/// A batch of both sample transactions.
#[must_use]
pub fn batch() -> Batch {
    let (author, seed) = validators()[0];
    let transactions = vec![transaction_plain(), transaction()];
    let header = BatchHeader::of(author, 17, Height(300), &transactions);
    let signature = sign(seed, &header.signed_bytes(chain()));
    Batch { header, signature, transactions }
}

/// How a header names [`batch`].
#[must_use]
pub fn batch_reference() -> BatchReference {
    batch().header.reference(chain())
}

/// Acknowledges [`batch`].
#[must_use]
pub fn acknowledgement() -> Acknowledgement {
    let BatchReference { author, seq, id } = batch_reference();
    Acknowledgement { author, seq, id }
}

/// A vote of the validator at `index` in the set.
#[must_use]
pub fn vote(index: usize, kind: VoteKind, block: Option<Hash>) -> Vote {
    let (validator, seed) = validators()[index];
    let (height, round) = (Height(5), 2);
    let signature = sign(seed, &Vote::signed_bytes(chain(), kind, height, round, block));
    Vote { kind, height, round, block, validator, signature }
}

/// A proposal of the third validator.
#[must_use]
pub fn proposal(block: Hash, pol_round: Option<u32>) -> Proposal {
    let (validator, seed) = validators()[2];
    let (height, round) = (Height(5), 2);
    let message = Proposal::signed_bytes(chain(), height, round, block, pol_round);
    Proposal { height, round, block, pol_round, validator, signature: sign(seed, &message) }
}

/// Three of four precommits on a block of height 4.
#[must_use]
pub fn certificate() -> CommitCertificate {
    let mut certificate = CommitCertificate {
        height: Height(4),
        round: 1,
        block: Hash([0xb4; 32]),
        signatures: Vec::new(),
    };
    let message = certificate.signed_bytes(chain());
    certificate.signatures = validators()
        .into_iter()
        .skip(1)
        .map(|(validator, seed)| CommitSignature { validator, signature: sign(seed, &message) })
        .collect();
    certificate
}

/// One of each kind; both halves validly signed, the lesser first.
#[must_use]
pub fn evidence() -> [Evidence; 3] {
    let (a, b) = (Some(Hash([0xaa; 32])), Some(Hash([0xbb; 32])));
    let (author, seed) = validators()[0];
    let signed = |expiry| {
        let header = BatchHeader::of(author, 18, Height(expiry), &[transaction_plain()]);
        let signature = sign(seed, &header.signed_bytes(chain()));
        (header, signature)
    };
    [
        Evidence::Votes(vote(1, VoteKind::Precommit, a), vote(1, VoteKind::Precommit, b)),
        Evidence::Proposals(proposal(Hash([0xaa; 32]), None), proposal(Hash([0xbb; 32]), Some(0))),
        Evidence::Batches(signed(300), signed(301)),
    ]
}

/// Roots of one height.
#[must_use]
pub const fn roots() -> Roots {
    Roots { state: Hash([0x57; 32]), receipts: Hash([0x4e; 32]) }
}

/// The first header of the sample chain, empty.
#[must_use]
pub fn header_first() -> Header {
    let validators = validator_set().hash();
    Header {
        version: Header::VERSION,
        height: Height(1),
        parent: chain(),
        parent_certificate: None,
        time: TimestampMs(1_800_000_000_001),
        batches: vec![],
        executed: Height(0),
        roots: vec![],
        validators,
        next_validators: validators,
        evidence: vec![],
    }
}

/// A header with every field filled.
#[must_use]
pub fn header_full() -> Header {
    let parent_certificate = certificate();
    let later = Roots { state: Hash([0x58; 32]), receipts: Hash([0x4f; 32]) };
    Header {
        version: Header::VERSION,
        height: Height(5),
        parent: parent_certificate.block,
        parent_certificate: Some(parent_certificate),
        time: TimestampMs(1_800_000_000_250),
        batches: vec![batch_reference()],
        executed: Height(3),
        roots: vec![roots(), later],
        validators: validator_set().hash(),
        next_validators: Hash([0x2e; 32]),
        evidence: evidence().to_vec(),
    }
}
