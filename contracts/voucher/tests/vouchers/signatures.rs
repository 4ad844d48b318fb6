//! What the secrets of the scenario sign: a file cannot sign.

use crate::shop::{key, secret};
use dure_testing::{Account, contract_address};
use ed25519_dalek::Signer;
use voucher::voucher::claim_message;

const SCENARIO: &str = include_str!("../../../../tests/vectors/scenario/voucher.json");

#[test]
fn keys_and_signatures_of_the_scenario_are_those_of_its_secrets() {
    let link = secret(3);
    // The third contract that the issuer makes.
    let contract = contract_address(Account::named("issuer").address(), &3u64.to_be_bytes());
    let [ben, phone] = ["ben", "ben's phone"].map(|name| Account::named(name).address());
    let claim = claim_message(contract, 2, 1, ben, phone);
    let hex = |bytes: &[u8]| -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("0x{digits}")
    };
    let signed =
        [("link", hex(&key(&link).0)), ("ben's claim", hex(&link.sign(&claim).to_bytes()))];
    let missing: Vec<_> = signed.iter().filter(|(_, value)| !SCENARIO.contains(value)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
