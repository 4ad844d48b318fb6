//! What the secrets of the scenario sign: a file cannot sign.

use crate::shop::{key, secret};
use dure_testing::{Account, Amount, TimestampMs, contract_address};
use ed25519_dalek::Signer;
use voucher::voucher::{claim_message, redeem_message};

const SCENARIO: &str = include_str!("../../../../tests/vectors/scenario/voucher.json");

#[test]
fn keys_and_signatures_of_the_scenario_are_those_of_its_secrets() {
    let (ana, ben, link) = (secret(1), secret(2), secret(3));
    // The third contract that the issuer makes.
    let contract = contract_address(Account::named("issuer").address(), &3u64.to_be_bytes());
    let bakery = Account::named("bakery").address();
    // 2026-03-02, 09:03 in Korea.
    let (limit, until) = (Amount(3_000), TimestampMs(1_772_409_780_000));
    let shown = redeem_message(contract, 1, 0, bakery, limit, until);
    let claim = claim_message(contract, 2, 1, Account::named("ben").address(), key(&ben));
    let hex = |bytes: &[u8]| -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("0x{digits}")
    };
    let signed = [
        ("ana's key", hex(&key(&ana).0)),
        ("ben's key", hex(&key(&ben).0)),
        ("link", hex(&key(&link).0)),
        ("ben's claim", hex(&link.sign(&claim).to_bytes())),
        ("shown to the bakery", hex(&ana.sign(&shown).to_bytes())),
    ];
    let missing: Vec<_> = signed.iter().filter(|(_, value)| !SCENARIO.contains(value)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
