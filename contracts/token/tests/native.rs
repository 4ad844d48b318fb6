//! Whatever is asked of it, the contract does natively what its WASM does: the shadow compares
//! values, errors, events and storage.

mod merchant;

use dure_sdk::{
    Invocation,
    domain::registry::{Merchant, MerchantSet, Status},
};
use dure_testing::{Account, Address, Amount, Chain, Hash, Refusal, TimestampMs, codec::Decode};
use merchant::MERCHANT;
use proptest::{collection::vec, prelude::*};
use token::token::{Conditions, Error, Limits, PurposeToken, call};

/// What is paid to merchants is counted.
fn conditions() -> Conditions {
    Conditions {
        merchants: Some(MerchantSet::EVERYWHERE),
        caps: Limits { spent_per_month: Some(Amount(90)), ..Limits::NONE },
        ..Conditions::NONE
    }
}

struct Twins {
    chain: Chain,
    token: Address,
    accounts: [Account; 3],
}

impl Twins {
    fn new() -> Self {
        let mut chain = Chain::new();
        let accounts = ["issuer", "ana", "ben"].map(|name| chain.account(name));
        let init = ("Won".to_owned(), "KRW".to_owned(), 0u8, conditions());
        chain.shadow::<PurposeToken>(chain.next_address(accounts[0]));
        let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), accounts[0], init).unwrap();
        let mut twins = Self { chain, token, accounts };
        // The third is none.
        for (index, account) in (0..).zip(&accounts[..2]) {
            let merchant = Merchant { owner: Hash([index; 32]), ..MERCHANT };
            twins.send(0, &call::register_merchant(account.address(), merchant, vec![]));
        }
        twins
    }

    fn send<T: Decode>(&mut self, by: usize, invocation: &Invocation<T, Error>) {
        // Whether it is refused is the rules' concern, that nothing else goes wrong is this test's.
        if let Err(Refusal::Other(other)) =
            self.chain.send(self.accounts[by], self.token, invocation)
        {
            panic!("{other}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn native_and_wasm_agree(
        acts in vec((0u8..9, 0usize..3, 0usize..3, 0u128..30, 0u64..9), 1..40),
    ) {
        let mut twins = Twins::new();
        for (act, by, other, amount, wait) in acts {
            let (to, amount) = (twins.accounts[other].address(), Amount(amount));
            twins.chain.advance(wait);
            let expires = (wait > 4).then(|| TimestampMs(twins.chain.time().0 + 3_000));
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
                6 => {
                    let status = if wait > 2 { Status::Active } else { Status::Suspended };
                    twins.send(0, &call::set_status(to, status));
                }
                7 => {
                    let payer = twins.accounts[by].address();
                    twins.send(other, &call::refund(payer, amount, None));
                }
                _ => {
                    twins.send(by, &call::pay(to, amount, None));
                    twins.send(other, &call::redeem(Amount(1), None));
                }
            }
        }
        twins.chain.ask(twins.token, &call::holders(None, 10)).unwrap();
    }
}
