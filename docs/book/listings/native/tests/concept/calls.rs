//! One contract calls another.

// ANCHOR: callee
use dure_sdk::{native::Sandbox, prelude::*};

#[dure::contract]
pub mod purse {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Purse {
        held: Map<Address, Balance>,
    }

    #[error]
    pub enum Error {
        Short { left: Amount, wanted: Amount },
    }

    impl Purse {
        #[init]
        pub fn new(&mut self) {}

        #[call]
        pub fn fill(&mut self, owner: Address, amount: Amount) {
            self.held.at(&owner).add(amount);
        }

        /// Takes from the caller: a contract that calls takes from itself.
        #[call]
        pub fn take(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            let short = |short: Short| Error::Short { left: short.left, wanted: short.wanted };
            self.held.at(&cx.caller()).sub(amount).map_err(short)
        }
    }
}
// ANCHOR_END: callee

// ANCHOR: caller
#[dure::contract]
pub mod kiosk {
    use super::purse::{self, PurseClient};
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Kiosk {
        purse: Item<Address>,
        sold: Counter,
        gifts: Counter,
    }

    #[error]
    pub enum Error {
        /// What the purse said, or why it said nothing.
        Purse(CallError<purse::Error>),
    }

    impl Kiosk {
        #[init]
        pub fn new(&mut self, purse: Address) {
            self.purse.set(&purse);
        }

        /// Fails as a whole when the purse refuses.
        #[call]
        pub fn sell(&mut self, price: Amount) -> Result<(), Error> {
            self.sold.add(1);
            PurseClient::at(self.purse.get()).take(price).map_err(Error::Purse)
        }

        /// Goes on when the purse is short: the purse changed nothing then.
        #[call]
        pub fn sell_or_give(&mut self, price: Amount) -> Result<(), Error> {
            match PurseClient::at(self.purse.get()).take(price) {
                Ok(()) => self.sold.add(1),
                Err(CallError::Contract(purse::Error::Short { .. })) => self.gifts.add(1),
                Err(other) => return Err(Error::Purse(other)),
            }
            Ok(())
        }

        #[query]
        pub fn counts(&self) -> (u64, u64) {
            (self.sold.get(), self.gifts.get())
        }
    }
}
// ANCHOR_END: caller

// ANCHOR: test
#[test]
fn what_the_purse_refuses_the_kiosk_hears_with_its_type() {
    let (purse, kiosk) = (Address([8; 32]), Address([9; 32]));
    let mut sandbox = Sandbox::new();
    sandbox.deploy::<purse::Purse>(purse, ()).unwrap();
    sandbox.deploy::<kiosk::Kiosk>(kiosk, (purse,)).unwrap();
    sandbox.send(purse, &purse::call::fill(kiosk, Amount(5))).unwrap();
    sandbox.send(kiosk, &kiosk::call::sell(Amount(3))).unwrap();

    let refused = sandbox.send(kiosk, &kiosk::call::sell(Amount(3)));
    let short = purse::Error::Short { left: Amount(2), wanted: Amount(3) };
    let expect = kiosk::Error::Purse(CallError::Contract(short));
    assert_eq!(refused, Err(CallError::Contract(expect)));
    assert_eq!(sandbox.ask(kiosk, &kiosk::call::counts()), Ok((1, 0)));

    sandbox.send(kiosk, &kiosk::call::sell_or_give(Amount(3))).unwrap();
    assert_eq!(sandbox.ask(kiosk, &kiosk::call::counts()), Ok((1, 1)));
}
// ANCHOR_END: test
