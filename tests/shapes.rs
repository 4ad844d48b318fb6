//! What can be refused from the bytes alone: each rule of the formats, broken once.

use dure_tests::sample;
use dure_types::{
    Address, Evidence, Gas, Genesis, Hash, Height, Selector, Signature, SponsoredContract,
    TimestampMs, ValidatorId, VoteKind, batch::BatchError, certificate::CertificateError,
    evidence::EvidenceError, genesis::GenesisError, header::HeaderError, limits,
    transaction::ShapeError, validator::SetError,
};
use std::fmt::Debug;

/// A change that breaks a rule, and what is then refused.
type Broken<'a, T, E> = (&'a dyn Fn(&mut T), E);

/// Breaks a good value in one way after another, and compares what is refused.
fn check<T: Clone, E: PartialEq + Debug>(
    good: &T,
    judge: impl Fn(&T) -> Result<(), E>,
    broken: &[Broken<'_, T, E>],
) {
    assert_eq!(judge(good), Ok(()), "the unbroken value");
    for (change, expected) in broken {
        let mut value = good.clone();
        change(&mut value);
        assert_eq!(judge(&value).as_ref(), Err(expected));
    }
}

#[test]
fn transactions_out_of_shape_are_refused() {
    let good = sample::transaction();
    let gas_limit = Gas(limits::TRANSACTION_GAS_MAX + 1);
    let limit = limits::ARGS_BYTES_MAX;
    check(
        &good,
        dure_types::Transaction::check_shape,
        &[
            (&|t| t.body.calls.clear(), ShapeError::Calls { count: 0, limit: limits::CALLS_MAX }),
            (
                &|t| t.body.calls = vec![t.body.calls[0].clone(); limits::CALLS_MAX + 1],
                ShapeError::Calls { count: limits::CALLS_MAX + 1, limit: limits::CALLS_MAX },
            ),
            (
                &|t| t.witness.clear(),
                ShapeError::Signatures { count: 0, limit: limits::SIGNATURES_MAX },
            ),
            (
                &|t| t.witness = vec![t.witness[0].clone(); limits::SIGNATURES_MAX + 1],
                ShapeError::Signatures {
                    count: limits::SIGNATURES_MAX + 1,
                    limit: limits::SIGNATURES_MAX,
                },
            ),
            (
                &|t| t.body.gas_limit = Gas(limits::TRANSACTION_GAS_MAX + 1),
                ShapeError::GasLimit { gas_limit, limit: Gas(limits::TRANSACTION_GAS_MAX) },
            ),
            (&|t| t.body.nonce = 0, ShapeError::NonceZero),
            (
                &|t| t.body.calls[0].args = vec![0; limits::ARGS_BYTES_MAX + 1],
                ShapeError::Args { call: 0, length: limit + 1, limit },
            ),
            (&|t| t.witness.reverse(), ShapeError::KeysUnordered),
            (&|t| t.witness = vec![t.witness[0].clone(); 2], ShapeError::KeysUnordered),
            (
                &|t| {
                    if let Signature::WebAuthn { client_data, .. } = &mut t.witness[1] {
                        *client_data = vec![0; limits::WEBAUTHN_BYTES_MAX + 1];
                    }
                },
                ShapeError::Passkey {
                    length: limits::WEBAUTHN_BYTES_MAX + 1,
                    limit: limits::WEBAUTHN_BYTES_MAX,
                },
            ),
        ],
    );
}

#[test]
fn transaction_too_long_as_a_whole_is_refused() {
    // Each part is within its limit; a transaction built in memory never met the decoder's.
    let mut transaction = sample::transaction_plain();
    transaction.body.calls[0].args = vec![0; limits::ARGS_BYTES_MAX];
    transaction.body.calls = vec![transaction.body.calls[0].clone(); limits::CALLS_MAX];
    let refused = transaction.check_shape();
    assert!(
        matches!(refused, Err(ShapeError::TooLong { limit, .. }) if limit == limits::TRANSACTION_BYTES_MAX)
    );
    // A deploy of the greatest code fits.
    transaction.body.calls.truncate(1);
    transaction.body.calls[0].contract = Address::SYSTEM;
    transaction.body.calls[0].args = vec![0; limits::CODE_BYTES_MAX + 4];
    assert_eq!(transaction.check_shape(), Ok(()));
}

#[test]
fn batches_that_their_header_does_not_describe_are_refused() {
    let limit = limits::BATCH_TRANSACTIONS_MAX;
    check(
        &sample::batch(),
        dure_types::Batch::check_shape,
        &[
            (&|b| b.transactions.clear(), BatchError::Count { count: 0, limit }),
            (&|b| b.header.seq = 0, BatchError::SeqZero),
            (&|b| b.header.gas_limit_sum = Gas(1), BatchError::Header),
            (&|b| b.header.count += 1, BatchError::Header),
            (&|b| b.header.length += 1, BatchError::Header),
            (&|b| b.header.transactions = Hash::ZERO, BatchError::Header),
            (&|b| b.transactions.reverse(), BatchError::Header),
            (
                &|b| {
                    b.transactions[1].body.nonce = 0;
                    let header = &b.header;
                    b.header = dure_types::BatchHeader::of(
                        header.author,
                        header.seq,
                        header.expiry_height,
                        &b.transactions,
                    );
                },
                BatchError::Transaction { index: 1, error: ShapeError::NonceZero },
            ),
        ],
    );
}

#[test]
fn certificates_out_of_order_are_refused() {
    let limit = limits::VALIDATORS_MAX;
    check(
        &sample::certificate(),
        dure_types::CommitCertificate::check_shape,
        &[
            (&|c| c.signatures.clear(), CertificateError::Count { count: 0, limit }),
            (
                &|c| c.signatures = vec![c.signatures[0].clone(); limits::VALIDATORS_MAX + 1],
                CertificateError::Count { count: limit + 1, limit },
            ),
            (&|c| c.signatures.swap(0, 1), CertificateError::Order),
            (&|c| c.signatures[1] = c.signatures[0].clone(), CertificateError::Order),
        ],
    );
}

#[test]
fn evidence_that_proves_nothing_is_refused() {
    let judge = |evidence: &Evidence| evidence.check_shape().map(|_| ());
    let [votes, proposals, batches] = sample::evidence();
    let swapped = |evidence: &mut Evidence| match evidence {
        Evidence::Votes(a, b) => std::mem::swap(a, b),
        Evidence::Proposals(a, b) => std::mem::swap(a, b),
        Evidence::Batches(a, b) => std::mem::swap(a, b),
    };
    let same = |evidence: &mut Evidence| match evidence {
        Evidence::Votes(a, b) => *b = a.clone(),
        Evidence::Proposals(a, b) => b.block = a.block,
        Evidence::Batches(a, b) => b.0 = a.0.clone(),
    };
    let elsewhere = |evidence: &mut Evidence| match evidence {
        Evidence::Votes(_, b) => b.round += 1,
        Evidence::Proposals(_, b) => b.height = Height(6),
        Evidence::Batches(_, b) => b.0.seq += 1,
    };
    let other = |evidence: &mut Evidence| match evidence {
        Evidence::Votes(_, b) => b.validator = ValidatorId([9; 32]),
        Evidence::Proposals(_, b) => b.validator = ValidatorId([9; 32]),
        Evidence::Batches(_, b) => b.0.author = ValidatorId([9; 32]),
    };
    for good in [votes, proposals, batches] {
        check(
            &good,
            judge,
            &[
                (&swapped, EvidenceError::Unordered),
                (&same, EvidenceError::NoContradiction),
                (&elsewhere, EvidenceError::OtherPlace),
                (&other, EvidenceError::TwoValidators),
            ],
        );
    }
    // A prevote and a precommit of one round may differ.
    let kinds = Evidence::Votes(
        sample::vote(0, VoteKind::Prevote, Some(Hash([1; 32]))),
        sample::vote(0, VoteKind::Precommit, None),
    );
    assert_eq!(judge(&kinds), Err(EvidenceError::OtherPlace));
}

#[test]
fn headers_out_of_shape_are_refused() {
    let executed = |height, executed| HeaderError::Executed {
        height: Height(height),
        executed: Height(executed),
    };
    let count = |what, count, limit| HeaderError::Count { what, count, limit };
    check(
        &sample::header_full(),
        dure_types::Header::check_shape,
        &[
            (&|h| h.version = 2, HeaderError::Version { version: 2 }),
            (&|h| h.height = Height(0), HeaderError::HeightZero),
            (&|h| h.parent_certificate = None, HeaderError::Certificate),
            (&|h| h.parent = Hash::ZERO, HeaderError::Certificate),
            (&|h| h.height = Height(6), HeaderError::Certificate),
            (
                &|h| h.parent_certificate.as_mut().unwrap().signatures.swap(0, 1),
                HeaderError::CertificateShape(CertificateError::Order),
            ),
            (&|h| h.executed = h.height, executed(5, 5)),
            (&|h| h.executed = Height(6), executed(5, 6)),
            (&|h| h.roots = vec![sample::roots(); 4], count("roots", 4, 3)),
            (
                &|h| h.batches = vec![h.batches[0]; limits::BLOCK_BATCHES_MAX + 1],
                count("batches", limits::BLOCK_BATCHES_MAX + 1, limits::BLOCK_BATCHES_MAX),
            ),
            (&|h| h.batches = vec![h.batches[0]; 2], HeaderError::BatchTwice { seq: 17 }),
            (
                &|h| h.evidence = vec![h.evidence[0].clone(); limits::EVIDENCE_MAX + 1],
                count("evidence", limits::EVIDENCE_MAX + 1, limits::EVIDENCE_MAX),
            ),
            (
                &|h| {
                    if let Evidence::Votes(a, b) = &mut h.evidence[0] {
                        std::mem::swap(a, b);
                    }
                },
                HeaderError::Evidence(EvidenceError::Unordered),
            ),
        ],
    );
    let mut far = sample::header_full();
    far.height = Height(limits::CERTIFY_LAG_MAX + 4);
    far.parent_certificate.as_mut().unwrap().height = Height(limits::CERTIFY_LAG_MAX + 3);
    assert_eq!(far.check_shape(), Err(executed(limits::CERTIFY_LAG_MAX + 4, 3)));
    far.executed = Height(4);
    assert_eq!(far.check_shape(), Ok(()));
    check(
        &sample::header_first(),
        dure_types::Header::check_shape,
        &[
            (&|h| h.parent_certificate = Some(sample::certificate()), HeaderError::Certificate),
            (&|h| h.roots = vec![sample::roots()], count("roots", 1, 0)),
        ],
    );
}

#[test]
fn genesis_that_contradicts_itself_is_refused() {
    let order = GenesisError::Order;
    let name = |length| GenesisError::Name { length, limit: limits::NAME_BYTES_MAX };
    let sponsor = sample::genesis().sponsors[0].sponsor;
    let sponsored =
        |count| GenesisError::Sponsored { sponsor, count, limit: limits::SPONSORED_MAX };
    let block_gas = GenesisError::BlockGas {
        gas: Gas(limits::BLOCK_GAS_MAX + 1),
        limit: Gas(limits::BLOCK_GAS_MAX),
    };
    check(
        &sample::genesis(),
        Genesis::check,
        &[
            (&|g| g.version = 2, GenesisError::Version { version: 2 }),
            (&|g| g.name = "n".repeat(129), name(129)),
            (&|g| g.validators.0[2].name = "n".repeat(200), name(200)),
            (&|g| g.tiers.clear(), GenesisError::Tiers { count: 0, limit: limits::TIERS_MAX }),
            (&|g| g.tiers.swap(0, 1), order("tiers")),
            (&|g| g.tiers.retain(|tier| tier.tier != 0), GenesisError::TierZero),
            (&|g| g.accounts.swap(0, 1), order("accounts")),
            (&|g| g.accounts[0].1 = 5, GenesisError::UnknownTier { tier: 5 }),
            (&|g| g.sponsors = vec![g.sponsors[0].clone(); 2], order("sponsors")),
            (
                &|g| {
                    g.sponsors[0].contracts =
                        vec![SponsoredContract::Any; limits::SPONSORED_MAX + 1]
                },
                sponsored(limits::SPONSORED_MAX + 1),
            ),
            (
                &|g| {
                    let methods = vec![Selector::default(); limits::SPONSORED_MAX + 2];
                    let contract = Address::SYSTEM;
                    g.sponsors[0].contracts =
                        vec![SponsoredContract::Contract { contract, methods }];
                },
                sponsored(limits::SPONSORED_MAX + 2),
            ),
            (&|g| g.parameters.block_gas_max = Gas(limits::BLOCK_GAS_MAX + 1), block_gas),
        ],
    );
}

#[test]
fn validator_sets_that_are_none_are_refused() {
    let set = sample::validator_set();
    let (first, second) = (set.0[0].id, set.0[1].id);
    check(
        &set,
        dure_types::ValidatorSet::check,
        &[
            (&|s| s.0.clear(), SetError::Count { count: 0, limit: limits::VALIDATORS_MAX }),
            (&|s| s.0[0].power = 0, SetError::Power { id: first, power: 0 }),
            (
                &|s| s.0[0].power = limits::VOTING_POWER_MAX + 1,
                SetError::Power { id: first, power: limits::VOTING_POWER_MAX + 1 },
            ),
            (&|s| s.0.swap(0, 1), SetError::Order { id: first }),
            (&|s| s.0[1] = s.0[0].clone(), SetError::Order { id: first }),
            (&|s| s.0[1].network_key = s.0[0].network_key, SetError::SharedKey { id: second }),
            (&|s| s.0[1].consensus_key = s.0[0].consensus_key, SetError::SharedKey { id: second }),
        ],
    );
    let total = set.total_power();
    assert!(!set.is_quorum(total * 2 / 3), "two thirds are no quorum");
    assert!(set.is_quorum(total * 2 / 3 + 1));
}

/// One joins three with a quorum of four; of two that join one, or of three by another, none stays
/// that can decide alone, unless it has the power.
#[test]
fn a_set_is_followed_by_one_that_those_who_stay_can_decide() {
    let first = sample::validator_set().0.remove(0);
    let set = |powers: &[(u8, u64)]| {
        let record = |&(member, power): &(u8, u64)| dure_types::ValidatorRecord {
            id: dure_types::ValidatorId([member; 32]),
            consensus_key: [member; 32],
            network_key: [member; 32],
            power,
            ..first.clone()
        };
        dure_types::ValidatorSet::new(powers.iter().map(record).collect())
    };
    let three = set(&[(1, 1), (2, 1), (3, 1)]);
    assert_eq!(three.check_next(&set(&[(1, 1), (2, 1), (3, 1), (4, 1)])), Ok(()));
    assert_eq!(three.check_next(&set(&[(2, 1)])), Ok(()), "whoever leaves");
    let replaced = three.check_next(&set(&[(1, 1), (2, 1), (4, 1)]));
    assert_eq!(replaced, Err(SetError::Stay { stay: 2, total: 3 }));
    let one = set(&[(1, 1)]);
    assert_eq!(one.check_next(&set(&[(1, 1), (2, 1)])), Err(SetError::Stay { stay: 1, total: 2 }));
    assert_eq!(one.check_next(&set(&[(1, 3), (2, 1)])), Ok(()));
    assert!(matches!(one.check_next(&set(&[])), Err(SetError::Count { .. })));
}

#[test]
fn chain_id_depends_on_every_field_of_genesis() {
    let changes: [&dyn Fn(&mut Genesis); 8] = [
        &|g| g.name.push('x'),
        &|g| g.time = TimestampMs(1),
        &|g| g.validators.0[0].power += 1,
        &|g| g.tiers[1].capacity = Gas(1),
        &|g| g.accounts[0].1 = 0,
        &|g| g.sponsors[0].tier_min = 1,
        &|g| g.parameters.vm_version += 1,
        &|g| g.parameters.gas_table = Hash::ZERO,
    ];
    let mut ids: Vec<_> = changes
        .iter()
        .map(|change| {
            let mut genesis = sample::genesis();
            change(&mut genesis);
            genesis.chain_id()
        })
        .chain([sample::chain()])
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), changes.len() + 1);
}
