//! What the secrets of the scenarios sign: a file cannot sign.

use crate::shop::{key, secret};
use dure_testing::{Account, contract_address};
use ed25519_dalek::Signer;
use voucher::voucher::claim_message;

const VOUCHER: &str = include_str!("../../../../tests/vectors/scenario/voucher.json");
const CULTURE: &str = include_str!("../../../../tests/vectors/scenario/culture.json");

#[test]
fn keys_and_signatures_of_the_scenarios_are_those_of_their_secrets() {
    let link = secret(3);
    // The third contract that the issuer makes.
    let contract = contract_address(Account::named("issuer").address(), &3u64.to_be_bytes());
    let hex = |bytes: &[u8]| -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("0x{digits}")
    };
    let mut missing = Vec::new();
    let mut look = |scenario: &str, name: &str, value: String| {
        if !scenario.contains(&format!("\"{name}\": \"{value}\"")) {
            missing.push(format!("\"{name}\": \"{value}\""));
        }
    };
    for scenario in [VOUCHER, CULTURE] {
        look(scenario, "link", hex(&key(&link).0));
    }
    for (scenario, name, (voucher, count), who) in [
        (VOUCHER, "ben's claim", (2, 1), "ben"),
        (CULTURE, "the child's claim", (1, 1), "child"),
        (CULTURE, "the friend's claim", (1, 5), "friend"),
        (CULTURE, "the child's second claim", (2, 1), "child"),
    ] {
        let [holder, phone] =
            [who.to_owned(), format!("{who}'s phone")].map(|name| Account::named(&name).address());
        let claim = claim_message(contract, voucher, count, holder, phone);
        look(scenario, name, hex(&link.sign(&claim).to_bytes()));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
