//! The rules of the desk, and that no sequence of exchanges gains at its cost. Each test runs on
//! WASM and natively.

use currency::currency::{Currency, Error as TokenError, call as token};
use desk::desk::{Error, Rate, call};
use dure_testing::{
    Account, Address, Amount, Chain, Refusal, TestFailure, dure_abi::Selector, invoke,
};
use proptest::prelude::*;

struct Desk {
    chain: Chain,
    owner: Account,
    customer: Account,
    takes: Address,
    gives: Address,
    desk: Address,
}

impl Desk {
    fn new(give: u128, take: u128, inventory: u128) -> Self {
        let mut chain = Chain::new();
        let (owner, customer) = (chain.account("owner"), chain.account("customer"));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../currency");
        let mut currency = |symbol: &str, holder: Account, amount: u128| {
            let init = (symbol.to_owned(), symbol.to_owned(), 0u8);
            chain.shadow::<Currency>(chain.next_address(owner));
            let address = chain.deploy(folder, owner, init).unwrap();
            chain.send(owner, address, &token::book_deposit(Amount(amount))).unwrap();
            chain.send(owner, address, &token::issue(holder.address(), Amount(amount))).unwrap();
            address
        };
        let takes = currency("TAKE", customer, 1_000_000);
        let gives = currency("GIVE", owner, 1_000_000);
        let rate = Rate { give: Amount(give), take: Amount(take) };
        chain.shadow::<desk::desk::Desk>(chain.next_address(owner));
        let desk = chain.deploy(env!("CARGO_MANIFEST_DIR"), owner, (takes, gives, rate)).unwrap();
        let fund = token::transfer(desk, Amount(inventory), None);
        if inventory > 0 {
            chain.send(owner, gives, &fund).unwrap();
        }
        Self { chain, owner, customer, takes, gives, desk }
    }

    /// Allows and exchanges in one transaction.
    fn exchange(&mut self, taken: u128, least: u128) -> Result<Amount, Refusal<Error>> {
        let approve = token::approve(self.desk, Amount(taken), None);
        let exchange = call::exchange(Amount(taken), Amount(least));
        let calls = vec![invoke(self.takes, &approve), invoke(self.desk, &exchange)];
        let executed = self.chain.transact(self.customer, calls);
        let executed = executed.map_err(|failure| failure.typed())?;
        Ok(executed.output(1).unwrap())
    }

    fn holds(&self, token: Address, who: Address) -> u128 {
        self.chain.ask(token, &token::balance(who)).unwrap().0
    }
}

#[test]
fn an_exchange_moves_both_tokens_or_neither() {
    let mut d = Desk::new(3, 2, 100);
    let customer = d.customer.address();
    assert_eq!(d.exchange(5, 7), Ok(Amount(7)), "5 x 3 / 2, rounded down");
    assert_eq!((d.holds(d.takes, d.desk), d.holds(d.gives, d.desk)), (5, 93));
    assert_eq!((d.holds(d.takes, customer), d.holds(d.gives, customer)), (999_995, 7));
    let refusals = [
        (d.exchange(5, 8), Error::Worse { given: Amount(7), least: Amount(8) }),
        (d.exchange(0, 0), Error::TooLittle { taken: Amount(0) }),
        (d.exchange(64, 0), Error::Inventory { left: Amount(93), wanted: Amount(96) }),
        (d.exchange(u128::MAX / 2, 0), Error::TooMuch { taken: Amount(u128::MAX / 2) }),
    ];
    for (result, error) in refusals {
        assert_eq!(result, Err(Refusal::Contract(error)));
    }
    assert_eq!((d.holds(d.takes, d.desk), d.holds(d.gives, d.desk)), (5, 93));
}

#[test]
fn without_allowance_the_reason_of_the_token_comes_through() {
    let mut d = Desk::new(1, 1, 100);
    let exchange = call::exchange(Amount(5), Amount(0));
    let result = d.chain.send(d.customer, d.desk, &exchange);
    let short = TokenError::AllowanceShort { left: Amount(0), wanted: Amount(5) };
    let expected = Error::Taking(dure_sdk::CallError::Contract(short));
    assert_eq!(result, Err(Refusal::Contract(expected)));
    // The innermost error, and the calls that led to it.
    assert_eq!(
        d.chain.why(),
        "currency::Error::AllowanceShort { left: 0, wanted: 5 } \
         at desk.exchange -> currency.transfer_from"
    );
}

#[test]
fn only_the_owner_sets_the_rate_and_withdraws() {
    let mut d = Desk::new(1, 1, 100);
    let owner = d.owner.address();
    let rate = call::set_rate(Rate { give: Amount(2), take: Amount(1) });
    let withdraw = call::withdraw(d.gives, Amount(40));
    let not_owner = Err(Refusal::Contract(Error::NotOwner { owner }));
    assert_eq!(d.chain.send(d.customer, d.desk, &rate), not_owner);
    assert_eq!(d.chain.send(d.customer, d.desk, &withdraw), not_owner);
    d.chain.send(d.owner, d.desk, &rate).unwrap();
    d.chain.send(d.owner, d.desk, &withdraw).unwrap();
    assert_eq!(d.holds(d.gives, d.desk), 60);
    assert_eq!(d.exchange(10, 20), Ok(Amount(20)));
    let bad = call::set_rate(Rate { give: Amount(2), take: Amount(0) });
    assert_eq!(d.chain.send(d.owner, d.desk, &bad), Err(Refusal::Contract(Error::BadRate)));
    let stranger = Address([9; 32]);
    let unknown = d.chain.send(d.owner, d.desk, &call::withdraw(stranger, Amount(1)));
    assert_eq!(unknown, Err(Refusal::Contract(Error::UnknownToken { token: stranger })));
    assert_ne!(Selector::default(), call::quote(Amount(1)).selector);
}

#[test]
fn a_token_that_the_desk_asks_needs_a_shadow_as_well() {
    let mut chain = Chain::new();
    let owner = chain.account("owner");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../currency");
    let init = ("Won".to_owned(), "KRW".to_owned(), 0u8);
    let coin = chain.deploy(folder, owner, init).unwrap();
    chain.shadow::<desk::desk::Desk>(chain.next_address(owner));
    let rate = Rate { give: Amount(1), take: Amount(1) };
    let desk = chain.deploy(env!("CARGO_MANIFEST_DIR"), owner, (coin, coin, rate)).unwrap();
    let missing = TestFailure::NotShadowed { contract: coin };
    assert_eq!(chain.ask(desk, &call::inventory()), Err(Refusal::Other(missing)));
    chain.shadow::<Currency>(coin);
    assert_eq!(chain.ask(desk, &call::inventory()), Ok(Amount(0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_desk_never_gives_more_than_the_rate(
        give in 1u128..50, take in 1u128..50, amounts in prop::collection::vec(0u128..200, 1..20)
    ) {
        let mut d = Desk::new(give, take, 5_000);
        for taken in amounts {
            let before = (d.holds(d.takes, d.desk), d.holds(d.gives, d.desk));
            let given = d.exchange(taken, 0);
            let after = (d.holds(d.takes, d.desk), d.holds(d.gives, d.desk));
            match given {
                Ok(given) => {
                    prop_assert!(given.0 * take <= taken * give);
                    prop_assert!((given.0 + 1) * take > taken * give, "rounded down by one at most");
                    prop_assert_eq!(after, (before.0 + taken, before.1 - given.0));
                }
                Err(_) => prop_assert_eq!(after, before),
            }
            prop_assert!(after.1 * take >= 5_000 * take - after.0 * give);
        }
    }
}
