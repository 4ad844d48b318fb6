//! What host functions answer: exact codes, values and what is stored after them.

#[path = "hostile/module.rs"]
mod module;

use curve25519_dalek::{
    Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
};
use dure_abi::ReadFault;
use dure_testing::{Account, Address, Chain, codec::Decode};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use module::{Module, module, put};
use sha2::{Digest, Sha512};

/// Where the results of a module lie; each takes 8 bytes.
const RESULTS: u32 = 4_096;
/// Where values that a module reads end up.
const OUT: u32 = 8_192;

struct Scene {
    chain: Chain,
    caller: Account,
}

impl Scene {
    fn new() -> Self {
        let mut chain = Chain::new();
        let caller = chain.account("caller");
        Self { chain, caller }
    }

    fn deploy(&mut self, module: &Module) -> Address {
        self.chain.deploy_wasm(&module.bytes(), self.caller, ()).expect("it is a valid contract")
    }

    /// Runs functions that return a number in one call of a new contract, after `setup`.
    fn results(&mut self, setup: &str, calls: &[String]) -> (Address, Vec<i64>) {
        let mut text = setup.to_owned();
        for (place, call) in (RESULTS..).step_by(8).zip(calls) {
            text += &format!("(i64.store (i32.const {place}) {call})");
        }
        let bytes = calls.len() * 8;
        text += &format!("(call $ret (i32.const {RESULTS}) (i32.const {bytes}))");
        let contract = self.deploy(&module(&text));
        (contract, self.numbers(contract))
    }

    fn numbers(&mut self, contract: Address) -> Vec<i64> {
        let mut numbers = Vec::new();
        let output = self.call(contract);
        for bytes in output.chunks(8) {
            numbers.push(i64::decode(&mut &*bytes).expect("8 bytes"));
        }
        numbers
    }

    /// The bytes that `hit` returns.
    fn call(&mut self, contract: Address) -> Vec<u8> {
        let call = dure_testing::call(contract, "hit", ());
        let done = self.chain.transact(self.caller, vec![call]).expect("it succeeds");
        done.outputs.into_iter().next().expect("one output")
    }

    fn stored(&self, contract: Address, key: &[u8]) -> Option<u128> {
        let bytes = self.chain.storage(contract, key).expect("state can be read")?;
        Some(u128::from_le_bytes(bytes.try_into().expect("16 bytes")))
    }
}

/// A number in two halves.
fn halves(number: u128) -> String {
    format!("(i64.const {}) (i64.const {})", number as u64 as i64, (number >> 64) as u64 as i64)
}

/// The key `mark` in the memory of every module.
const MARK: &str = "(i32.const 256) (i32.const 4)";

fn add(amount: u128, bound: u128) -> String {
    format!("(call $storage_add {MARK} {} {})", halves(amount), halves(bound))
}

fn sub(amount: u128) -> String {
    format!("(call $storage_sub {MARK} {})", halves(amount))
}

/// Runs additions and subtractions on one key, all in one call; checks codes and what is stored.
#[track_caller]
fn check_amount(calls: &[String], codes: &[i64], stored: Option<u128>) {
    let mut scene = Scene::new();
    let (contract, results) = scene.results("", calls);
    assert_eq!(results, codes, "{calls:?}");
    assert_eq!(scene.stored(contract, b"mark"), stored, "{calls:?}");
}

#[test]
fn an_amount_stays_within_its_bounds() {
    const MAX: u128 = u128::MAX;
    const WIDE: u128 = 1 << 64;
    check_amount(&[add(5, 5)], &[0], Some(5));
    check_amount(&[add(6, 5)], &[-1], None);
    check_amount(&[add(3, 5), add(3, 5), add(2, 5)], &[0, -1, 0], Some(5));
    check_amount(&[add(0, 0), add(1, 0)], &[0, -1], None);
    check_amount(&[add(5, MAX), add(0, 4)], &[0, -1], Some(5));
    check_amount(&[add(MAX, MAX), add(1, MAX), add(0, MAX)], &[0, -1, 0], Some(MAX));
    check_amount(&[add(WIDE - 1, MAX), add(1, WIDE)], &[0, 0], Some(WIDE));
    check_amount(&[add(WIDE, MAX), sub(1)], &[0, 0], Some(WIDE - 1));
    check_amount(&[sub(1)], &[-1], None);
    check_amount(&[sub(0)], &[0], None);
    check_amount(&[add(5, MAX), sub(6), sub(MAX), sub(4)], &[0, -1, -1, 0], Some(1));
    check_amount(&[add(5, MAX), sub(5)], &[0, 0], None);
    check_amount(&[add(5, MAX), sub(5), add(2, MAX)], &[0, 0, 0], Some(2));
}

#[test]
fn sixteen_stored_zeros_are_nought_and_go_away() {
    let mut scene = Scene::new();
    let set = format!("(call $storage_set {MARK} (i32.const 0) (i32.const 16))");
    let (contract, results) = scene.results(&set, &[sub(1)]);
    assert_eq!(results, [-1]);
    assert_eq!(scene.stored(contract, b"mark"), Some(0));
    let (contract, results) = scene.results(&set, &[add(0, 0)]);
    assert_eq!(results, [0]);
    assert_eq!(scene.stored(contract, b"mark"), None);
}

/// Reads `mark` of a contract, then says the code and shows what was read.
fn reader(contract: Address, key: &str) -> Module {
    let text = format!(
        "{} (i64.store (i32.const {RESULTS})
            (call $storage_read (i32.const 512) {key} (i32.const {OUT}) (i32.const 8)))
        (i64.store (i32.const {}) (i64.load (i32.const {OUT})))
        (call $ret (i32.const {RESULTS}) (i32.const 16))",
        put(512, &contract.0),
        RESULTS + 8,
    );
    module(&text)
}

#[test]
fn published_storage_is_read_and_nothing_else() {
    let mut scene = Scene::new();
    let write = format!("(call $storage_set {MARK} (i32.const 256) (i32.const 3))");
    let open = scene.deploy(&Module { published: true, ..module(&write) });
    let closed = scene.deploy(&module(&write));
    let read = |scene: &mut Scene, contract, key: &str| {
        let reader = scene.deploy(&reader(contract, key));
        scene.numbers(reader)
    };
    assert_eq!(read(&mut scene, open, MARK), [-1, 0], "absent");
    scene.call(open);
    scene.call(closed);
    let mar = i64::from_le_bytes(*b"mar\0\0\0\0\0");
    assert_eq!(read(&mut scene, open, MARK), [3, mar]);
    let field = "(i32.const 256) (i32.const 2)";
    assert_eq!(read(&mut scene, open, field), [-1, 0], "another key of the field");
    let not_published = ReadFault::NotPublished as i64;
    assert_eq!(read(&mut scene, closed, MARK), [not_published, 0]);
    for key in [
        "(i32.const 0) (i32.const 2)",
        "(i32.const 256) (i32.const 1)",
        "(i32.const 0) \
         (i32.const 0)",
    ] {
        assert_eq!(read(&mut scene, open, key), [not_published, 0], "{key}");
    }
    let unknown = ReadFault::UnknownContract as i64;
    assert_eq!(read(&mut scene, Address([9; 32]), MARK), [unknown, 0]);
    assert_eq!(read(&mut scene, Address::SYSTEM, MARK), [unknown, 0]);
}

#[test]
fn a_value_above_the_capacity_is_measured_and_not_copied() {
    let mut scene = Scene::new();
    let write = format!("(call $storage_set {MARK} (i32.const 256) (i32.const 9))");
    let open = scene.deploy(&Module { published: true, ..module(&write) });
    scene.call(open);
    let reader = scene.deploy(&reader(open, MARK));
    assert_eq!(scene.numbers(reader), [9, 0]);
}

#[test]
fn published_storage_of_a_contract_on_the_stack_is_not_read() {
    let mut scene = Scene::new();
    let itself = format!(
        "(call $self_address (i32.const 512)) (i64.store (i32.const {RESULTS})
            (call $storage_read (i32.const 512) {MARK} (i32.const {OUT}) (i32.const 8)))
        (call $ret (i32.const {RESULTS}) (i32.const 8))"
    );
    let contract = scene.deploy(&Module { published: true, ..module(&itself) });
    assert_eq!(scene.numbers(contract), [ReadFault::Reentrant as i64]);
    // The one that is called reads the one that calls.
    let caller = format!(
        "(call $storage_set {MARK} (i32.const 256) (i32.const 3)) (call $input (i32.const 0))
        (i64.store (i32.const {RESULTS}) (call $call (i32.const 512) (i32.const 0) (i32.const 4)
            (i64.const 0) (i32.const 0)))
        (call $output (i32.const {RESULTS})) (call $ret (i32.const {RESULTS}) (i32.const 16))"
    );
    // The reader is the next instance, and names the one after it.
    let mut ahead = Scene::new();
    ahead.deploy(&module(""));
    ahead.deploy(&module("(nop)"));
    let later = ahead.chain.next_address(ahead.caller);
    let reader = scene.deploy(&reader(later, MARK));
    let code = format!("{} {caller}", put(512, &reader.0));
    let contract = scene.deploy(&Module { published: true, ..module(&code) });
    assert_eq!(contract, later);
    assert_eq!(scene.numbers(contract), [ReadFault::Reentrant as i64, 0]);
}

#[test]
fn hashes_are_those_of_their_standards() {
    let mut scene = Scene::new();
    let hash = |function: &str, length: u32| {
        module(&format!(
            "(call ${function} (i32.const 256) (i32.const {length}) (i32.const {OUT}))
            (call $ret (i32.const {OUT}) (i32.const 32))"
        ))
    };
    // FIPS 180-4: the empty message; and BLAKE3's own first vector.
    let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let empty = scene.deploy(&hash("sha256", 0));
    assert_eq!(hex::encode(scene.call(empty)), sha256);
    let blake3 = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    let empty = scene.deploy(&hash("blake3", 0));
    assert_eq!(hex::encode(scene.call(empty)), blake3);
    // Data and digest may overlap, and the data is more than one block.
    let data: Vec<u8> = [b"mark".as_slice(), &[0; 996]].concat();
    let long = scene.deploy(&module(
        "(call $blake3 (i32.const 256) (i32.const 1000) (i32.const 256))
        (call $ret (i32.const 256) (i32.const 32))",
    ));
    assert_eq!(scene.call(long), blake3::hash(&data).as_bytes());
    let mark = scene.deploy(&hash("sha256", 4));
    let expected = "6201eb4dccc956cc4fa3a78dca0c2888177ec52efd48f125df214f046eb43138";
    assert_eq!(hex::encode(scene.call(mark)), expected);
}

#[test]
fn signatures_are_judged_as_those_of_transactions() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let signature = key.sign(b"mark").to_bytes();
    let public = key.verifying_key().to_bytes();
    let verify = |key: &[u8; 32], signature: &[u8; 64], length: u32| {
        let call = format!(
            "(call $ed25519_verify (i32.const 512) (i32.const 256) (i32.const {length})
                (i32.const 544))"
        );
        let mut scene = Scene::new();
        let setup = put(512, key) + &put(544, signature);
        scene.results(&setup, &[call]).1
    };
    assert_eq!(verify(&public, &signature, 4), [1]);
    assert_eq!(verify(&public, &signature, 3), [0], "another message");
    let mut other = signature;
    other[40] ^= 1;
    assert_eq!(verify(&public, &other, 4), [0], "another signature");
    // R = the identity, s = 0 satisfies the equation for every message under a key of order 1.
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut forged = [0; 64];
    forged[0] = 1;
    assert_eq!(verify(&identity, &forged, 4), [0], "a weak key signs nothing");
    let (key, odd) = signed_with_torsion();
    let without_cofactor = VerifyingKey::from_bytes(&key).expect("it is a point");
    assert!(without_cofactor.verify(b"mark", &Signature::from_bytes(&odd)).is_err());
    assert_eq!(verify(&key, &odd, 4), [1], "the cofactored equation decides");
    assert_eq!(verify(&key, &odd, 3), [0], "another message");
}

/// A key and a signature of `mark` with a point of order 8 added to the key and to R: the equation
/// holds only times the cofactor, by which ZIP-215 checks it.
fn signed_with_torsion() -> ([u8; 32], [u8; 64]) {
    let (torsion, a, r) = (EIGHT_TORSION[1], Scalar::from(3u64), Scalar::from(78u64));
    let [key, big_r] = [a, r].map(|secret| ED25519_BASEPOINT_POINT * secret + torsion);
    let [key, big_r] = [key, big_r].map(|point| point.compress().to_bytes());
    let digest = Sha512::new().chain_update(big_r).chain_update(key).chain_update(b"mark");
    let k = Scalar::from_bytes_mod_order_wide(&digest.finalize().into());
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&big_r);
    signature[32..].copy_from_slice((r + k * a).as_bytes());
    (key, signature)
}

#[test]
fn audit_paths_are_those_of_receipts() {
    let leaves = [b"mark".as_slice(), b"b", b"c", b"d", b"e"];
    let root = dure_runtime::merkle::root(leaves);
    let proof = dure_runtime::merkle::path(leaves, 0).expect("there is such a leaf");
    let path: Vec<u8> = proof.path.iter().flat_map(|hash| hash.0).collect();
    let setup = put(512, &root.0) + &put(544, &path);
    let verify = |leaf_len: u32, index: u64, count: u64, path_len: usize| {
        format!(
            "(call $merkle_verify (i32.const 512) (i32.const 256) (i32.const {leaf_len})
                (i64.const {index}) (i64.const {count}) (i32.const 544) (i32.const {path_len}))"
        )
    };
    let mut scene = Scene::new();
    let calls = [
        verify(4, 0, 5, 3),
        verify(3, 0, 5, 3),
        verify(4, 1, 5, 3),
        verify(4, 0, 5, 2),
        verify(4, 0, 5, 4),
        verify(4, 5, 5, 3),
        verify(4, 0, 0, 3),
        verify(4, u64::MAX, u64::MAX, 64),
    ];
    assert_eq!(scene.results(&setup, &calls).1, [1, 0, 0, 0, 0, 0, 0, 0]);
}
