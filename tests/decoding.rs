//! Bytes from outside: never a panic, never memory that was not sent, one encoding for one value.
//!
//! The allocator of this binary counts, so that the bound on memory is measured and not believed.

use codec::{DecodeWithMemTracking, Encode};
use dure_tests::sample;
use dure_types::{
    Batch, CommitCertificate, ExecutionError, Genesis, Header, ModuleError, Outcome, Proposal,
    StateProof, SystemError, Transaction, Vote, VoteKind,
    account::Policy,
    decode::{DecodeError, decode},
    limits,
};
use dure_types::{Evidence, Hash, MerkleProof, ProofLeaf};
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fmt::Debug,
};

struct Counting;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn count(change: isize) {
    let now = NOW.get().wrapping_add_signed(change);
    NOW.set(now);
    PEAK.set(PEAK.get().max(now));
}

// SAFETY: every call is handed to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Greatest number of bytes that `work` held at once, with its result.
fn peak<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = NOW.get();
    PEAK.set(before);
    let value = work();
    (PEAK.get().saturating_sub(before), value)
}

/// Twice the documented bound, since a growing list is held twice for a moment, and the error text.
const fn memory_max(length: usize) -> usize {
    2 * (16 * length + 65_536) + 1_024
}

/// Decodes bytes as a type; when it accepts, they must be the value's one encoding.
fn probe<T: DecodeWithMemTracking + Encode>(bytes: &[u8]) {
    let (held, result) = peak(|| decode::<T>(bytes, limits::BATCH_BYTES_MAX));
    assert!(
        held <= memory_max(bytes.len()),
        "{} of {} bytes held {held} bytes",
        std::any::type_name::<T>(),
        bytes.len()
    );
    if let Ok(value) = result {
        assert_eq!(value.encode(), bytes, "{} has two encodings", std::any::type_name::<T>());
    }
}

fn probe_all(bytes: &[u8]) {
    probe::<Transaction>(bytes);
    probe::<Batch>(bytes);
    probe::<Header>(bytes);
    probe::<CommitCertificate>(bytes);
    probe::<Vote>(bytes);
    probe::<Proposal>(bytes);
    probe::<Evidence>(bytes);
    probe::<Genesis>(bytes);
    probe::<Outcome>(bytes);
    probe::<StateProof>(bytes);
    probe::<MerkleProof>(bytes);
    probe::<Policy>(bytes);
    probe::<ExecutionError>(bytes);
    probe::<SystemError>(bytes);
    probe::<ModuleError>(bytes);
}

/// Valid bytes to start mutations from.
fn seeds() -> Vec<Vec<u8>> {
    let state_proof = StateProof {
        leaf: ProofLeaf::Other { key: Hash([1; 32]), value: Hash([2; 32]) },
        depth: 3,
        present: vec![0b101],
        siblings: vec![Hash([3; 32]), Hash([4; 32])],
    };
    let path = MerkleProof { index: 2, count: 5, path: vec![Hash([5; 32]); 3] };
    vec![
        sample::transaction().encode(),
        sample::batch().encode(),
        sample::header_full().encode(),
        sample::certificate().encode(),
        sample::vote(0, VoteKind::Prevote, None).encode(),
        sample::proposal(Hash([9; 32]), Some(1)).encode(),
        sample::genesis().encode(),
        sample::outcomes()[0].encode(),
        sample::outcomes()[1].encode(),
        state_proof.encode(),
        path.encode(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_048)) {
        probe_all(&bytes);
    }

    #[test]
    fn mutated_bytes_never_panic(
        seed in 0usize..11,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        truncate in any::<bool>(),
    ) {
        let mut bytes = seeds().swap_remove(seed);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        probe_all(&bytes);
    }
}

fn back<T: DecodeWithMemTracking + Encode + PartialEq + Debug>(value: &T) -> TestCaseResult {
    let decoded = decode::<T>(&value.encode(), limits::BATCH_BYTES_MAX);
    prop_assert_eq!(decoded.as_ref(), Ok(value));
    Ok(())
}

mod generated {
    //! Strategies of whole values: any lengths, any numbers, any variants.

    use dure_types::{
        Address, BatchHeader, BatchReference, Call, CommitCertificate, CommitSignature, Event,
        ExecutionError, Failure, Gas, Hash, Header, Height, Outcome, Receipt, Roots, Selector,
        Signature, SkipReason, TimestampMs, Transaction, TransactionBody, ValidatorId,
    };
    use proptest::{collection::vec, option, prelude::*};

    fn bytes32() -> impl Strategy<Value = [u8; 32]> {
        any::<[u8; 32]>()
    }

    fn bytes64() -> impl Strategy<Value = [u8; 64]> {
        (bytes32(), bytes32()).prop_map(|(a, b)| {
            let mut all = [0; 64];
            all[..32].copy_from_slice(&a);
            all[32..].copy_from_slice(&b);
            all
        })
    }

    fn call() -> impl Strategy<Value = Call> {
        (bytes32(), any::<[u8; 4]>(), vec(any::<u8>(), 0..200)).prop_map(|(c, m, args)| Call {
            contract: Address(c),
            method: Selector(m),
            args,
        })
    }

    fn signature() -> impl Strategy<Value = Signature> {
        let ed25519 =
            (bytes32(), bytes64()).prop_map(|(key, s)| Signature::Ed25519 { key, signature: s });
        let passkey = (bytes32(), vec(any::<u8>(), 0..80), vec(any::<u8>(), 0..80), bytes64());
        let passkey = passkey.prop_map(|(x, authenticator_data, client_data, signature)| {
            let mut key = [3; 33];
            key[1..].copy_from_slice(&x);
            Signature::WebAuthn { key, authenticator_data, client_data, signature }
        });
        prop_oneof![ed25519, passkey]
    }

    pub(super) fn transaction() -> impl Strategy<Value = Transaction> {
        let numbers = (any::<u16>(), any::<u64>(), any::<u64>(), any::<u64>());
        let lists = (vec(call(), 0..5), vec(signature(), 0..4));
        (bytes32(), numbers, option::of(bytes32()), lists).prop_map(
            |(account, (lane, nonce, valid, gas), sponsor, (calls, witness))| Transaction {
                body: TransactionBody {
                    account: Address(account),
                    lane,
                    nonce,
                    valid_until: TimestampMs(valid),
                    gas_limit: Gas(gas),
                    sponsor: sponsor.map(Address),
                    calls,
                },
                witness,
            },
        )
    }

    pub(super) fn batch_header() -> impl Strategy<Value = BatchHeader> {
        (bytes32(), any::<u64>(), any::<u64>(), vec(transaction(), 0..3)).prop_map(
            |(author, seq, expiry, list)| {
                BatchHeader::of(ValidatorId(author), seq, Height(expiry), &list)
            },
        )
    }

    fn certificate() -> impl Strategy<Value = CommitCertificate> {
        let one = (bytes32(), bytes64()).prop_map(|(validator, signature)| CommitSignature {
            validator: ValidatorId(validator),
            signature,
        });
        (any::<u64>(), any::<u32>(), bytes32(), vec(one, 0..70)).prop_map(
            |(height, round, block, signatures)| CommitCertificate {
                height: Height(height),
                round,
                block: Hash(block),
                signatures,
            },
        )
    }

    pub(super) fn header() -> impl Strategy<Value = Header> {
        let roots = (bytes32(), bytes32())
            .prop_map(|(state, receipts)| Roots { state: Hash(state), receipts: Hash(receipts) });
        let batch = (bytes32(), any::<u64>(), bytes32()).prop_map(|(author, seq, id)| {
            BatchReference { author: ValidatorId(author), seq, id: Hash(id) }
        });
        let numbers = (any::<u16>(), any::<u64>(), any::<u64>(), any::<u64>());
        let lists = (option::of(certificate()), vec(batch, 0..70), vec(roots, 0..20));
        (numbers, bytes32(), lists).prop_map(
            |((version, height, time, executed), hash, (certificate, batches, roots))| Header {
                version,
                height: Height(height),
                parent: Hash(hash),
                parent_certificate: certificate,
                time: TimestampMs(time),
                batches,
                executed: Height(executed),
                roots,
                validators: Hash(hash),
                next_validators: Hash(hash),
                evidence: dure_tests::sample::evidence().to_vec(),
            },
        )
    }

    pub(super) fn outcome() -> impl Strategy<Value = Outcome> {
        let failure =
            (any::<u16>(), bytes32(), vec(any::<u8>(), 0..40)).prop_map(|(call, c, e)| Failure {
                call,
                error: ExecutionError::Contract { contract: Address(c), error: e },
            });
        let outputs = vec(vec(any::<u8>(), 0..40), 0..64);
        let result = prop_oneof![outputs.prop_map(Ok), failure.prop_map(Err)];
        let receipt = (result, any::<[u64; 2]>(), any::<u32>(), bytes32()).prop_map(
            |(result, [used, charged], events, root)| {
                Outcome::Receipt(Receipt {
                    result,
                    gas_used: Gas(used),
                    gas_charged: Gas(charged),
                    events,
                    events_root: Hash(root),
                })
            },
        );
        prop_oneof![receipt, Just(Outcome::Skipped(SkipReason::BlockFull))]
    }

    pub(super) fn event() -> impl Strategy<Value = Event> {
        (bytes32(), any::<[u8; 4]>(), vec(any::<u8>(), 0..300)).prop_map(|(c, topic, data)| Event {
            contract: Address(c),
            topic: Selector(topic),
            data,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn generated_values_decode_to_themselves(
        transaction in generated::transaction(),
        batch_header in generated::batch_header(),
        header in generated::header(),
        outcome in generated::outcome(),
        event in generated::event(),
    ) {
        back(&transaction)?;
        back(&batch_header)?;
        back(&header)?;
        back(&outcome)?;
        back(&event)?;
    }
}

#[test]
fn huge_length_prefixes_allocate_nothing() {
    // The greatest count that a compact u32 holds, after every prefix of every sample: whichever
    // list comes next claims four thousand million entries.
    let huge = [0x03, 0xff, 0xff, 0xff, 0xff];
    for seed in seeds() {
        for length in (0..seed.len()).step_by(1 + seed.len() / 400) {
            probe_all(&[&seed[..length], &huge[..]].concat());
        }
    }
    let body = sample::body().encode();
    let claim = [&body[..], &huge[..], &[0; 1_000]].concat();
    let (held, result) = peak(|| Transaction::from_bytes(&claim));
    assert!(matches!(result, Err(DecodeError::Malformed(_))), "{result:?}");
    assert!(held <= memory_max(claim.len()), "held {held} bytes");
}

#[test]
fn greatest_honest_values_are_not_refused_for_memory() {
    // Many small entries cost most memory for a byte; each list at its limit must still decode.
    let mut transaction = sample::transaction_plain();
    transaction.body.calls[0].args.clear();
    transaction.body.calls = vec![transaction.body.calls[0].clone(); limits::CALLS_MAX];
    let count = limits::BATCH_BYTES_MAX / transaction.encoded_size() - 1;
    let mut batch = sample::batch();
    batch.transactions = vec![transaction; count];
    let bytes = batch.encode();
    assert!(bytes.len() > limits::BATCH_BYTES_MAX - 10_000);
    let (held, result) = peak(|| Batch::from_bytes(&bytes));
    assert_eq!(result.as_ref(), Ok(&batch));
    assert!(held < 8 * bytes.len(), "held {held} bytes for {}", bytes.len());

    let mut genesis = sample::genesis();
    genesis.sponsors[0].contracts = vec![dure_types::SponsoredContract::Any; limits::SPONSORED_MAX];
    genesis.accounts = (0..30_000u64)
        .map(|n| (dure_types::Address(*blake3::hash(&n.to_le_bytes()).as_bytes()), 1))
        .collect();
    assert_eq!(Genesis::from_bytes(&genesis.encode()).as_ref(), Ok(&genesis));
}

#[test]
fn too_long_is_refused_unread() {
    let long = vec![0; limits::VOTE_BYTES_MAX + 1];
    let (held, result) = peak(|| Vote::from_bytes(&long));
    let expected = DecodeError::TooLong { length: long.len(), limit: limits::VOTE_BYTES_MAX };
    assert_eq!((result, held), (Err(expected), 0));
}

#[test]
fn left_over_bytes_are_counted() {
    let mut bytes = sample::transaction().encode();
    bytes.extend_from_slice(&[0; 3]);
    assert_eq!(Transaction::from_bytes(&bytes), Err(DecodeError::LeftOver { extra: 3 }));
}

#[test]
fn long_forms_of_short_numbers_are_refused() {
    // Count 1 in the two-, four- and five-byte forms instead of 04.
    for count in [&[0x05, 0x00][..], &[0x06, 0, 0, 0], &[0x03, 1, 0, 0, 0]] {
        let bytes = [count, &[7]].concat();
        assert!(decode::<Vec<u8>>(&bytes, 16).is_err(), "{count:02x?} is accepted");
    }
    assert_eq!(decode::<Vec<u8>>(&[0x04, 7], 16), Ok(vec![7]));
}
