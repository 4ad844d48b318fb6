//! Run natively, the contract does what its WASM does on the executor: results, events, storage.

use currency::currency::{Currency, Error, call};
use dure_sdk::{CallError, Invocation, native::Sandbox};
use dure_testing::{Account, Address, Amount, Chain, Refusal, codec::Decode};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeSet;

/// The same contract twice.
struct Twins {
    chain: Chain,
    sandbox: Sandbox,
    token: Address,
    accounts: Vec<Account>,
    keys: BTreeSet<Vec<u8>>,
}

impl Twins {
    fn new() -> Self {
        let mut chain = Chain::new();
        let names = ["issuer", "ana", "ben"];
        let accounts: Vec<_> = names.iter().map(|name| chain.account(name)).collect();
        let issuer = accounts[0];
        let init = ("Won".to_owned(), "KRW".to_owned(), 0u8);
        let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init.clone()).unwrap();
        let mut sandbox = Sandbox::new();
        sandbox.caller(issuer.address()).deploy::<Currency>(token, init).unwrap();
        Self { chain, sandbox, token, accounts, keys: BTreeSet::new() }
    }

    /// Sends the same call to both.
    fn send<T: Decode + PartialEq + std::fmt::Debug>(
        &mut self,
        by: usize,
        invocation: &Invocation<T, Error>,
    ) {
        let by = self.accounts[by];
        let events = self.chain.events().len();
        let wasm = match self.chain.send(by, self.token, invocation) {
            Ok(value) => Ok(value),
            Err(Refusal::Contract(error)) => Err(CallError::Contract(error)),
            Err(Refusal::Other(other)) => panic!("{other}"),
        };
        self.sandbox.caller(by.address()).time(self.chain.time()).height(self.chain.height());
        let before = self.sandbox.events().len();
        let native = self.sandbox.send(self.token, invocation);
        assert_eq!(native, wasm, "{}", invocation.method);
        let native = self.sandbox.events()[before..].iter();
        let native: Vec<_> =
            native.map(|event| (event.contract, event.topic, &event.data)).collect();
        let wasm = self.chain.events()[events..].iter();
        let wasm: Vec<_> = wasm.map(|event| (event.contract, event.topic, &event.data)).collect();
        assert_eq!(native, wasm, "{}", invocation.method);
    }

    /// What lies under every key that was ever written is the same.
    fn check_storage(&mut self) {
        let native = self.sandbox.storage_of(self.token);
        self.keys.extend(native.keys().cloned());
        for key in &self.keys {
            let wasm = self.chain.storage(self.token, key).unwrap();
            assert_eq!(native.get(key), wasm.as_ref(), "{key:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn native_and_wasm_agree(
        acts in vec((0u8..8, 0usize..3, 0usize..3, 0u128..30, 0u64..9), 1..40),
    ) {
        let mut twins = Twins::new();
        for (act, by, other, amount, wait) in acts {
            let (to, amount) = (twins.accounts[other].address(), Amount(amount));
            twins.chain.advance(wait);
            let expires = (wait > 4).then(|| dure_testing::TimestampMs(twins.chain.time().0 + 3_000));
            match act {
                0 => twins.send(by, &call::book_deposit(amount)),
                1 => twins.send(by, &call::withdraw_deposit(amount)),
                2 => twins.send(0, &call::issue(to, amount)),
                3 => twins.send(by, &call::transfer(to, amount, Some(vec![1, 2]))),
                4 => twins.send(by, &call::approve(to, amount, expires)),
                5 => {
                    let from = twins.accounts[(other + 1) % 3].address();
                    twins.send(by, &call::transfer_from(from, to, amount, None));
                }
                6 => twins.send(0, &call::set_merchant(to, "Ana".into(), wait > 2)),
                _ => {
                    twins.send(by, &call::pay(to, amount, None));
                    twins.send(other, &call::redeem(Amount(1), None));
                }
            }
            twins.check_storage();
        }
        let holders = call::holders(None, 10);
        let native = twins.sandbox.ask(twins.token, &holders).ok();
        prop_assert_eq!(native, twins.chain.ask(twins.token, &holders).ok());
    }
}
