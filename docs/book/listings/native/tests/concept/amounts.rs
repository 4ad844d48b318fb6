//! Amounts that are changed without being read.

// ANCHOR: contract
use dure_sdk::{native::Sandbox, prelude::*};

#[dure::contract]
pub mod card {
    use dure_sdk::prelude::*;

    /// What one card may hold.
    const LIMIT: Amount = Amount(500);

    #[storage]
    pub struct Card {
        held: Map<Address, Balance>,
        taken: Balance,
        payments: Map<Address, Counter>,
    }

    #[error]
    pub enum Error {
        Short { left: Amount, wanted: Amount },
        AboveLimit { room: Amount, wanted: Amount, limit: Amount },
    }

    impl Card {
        #[init]
        pub fn new(&mut self) {}

        /// Loads the caller's card.
        #[call]
        pub fn load(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            let above = |above: Above| Error::AboveLimit {
                room: above.room,
                wanted: above.added,
                limit: above.bound,
            };
            self.held.at(&cx.caller()).add_within(amount, LIMIT).map_err(above)
        }

        /// Pays from the caller's card. Reads nothing, so that payments do not wait for each other.
        #[call]
        pub fn pay(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            let payer = cx.caller();
            let short = |short: Short| Error::Short { left: short.left, wanted: short.wanted };
            self.held.at(&payer).sub(amount).map_err(short)?;
            self.taken.add(amount);
            self.payments.at(&payer).add(1);
            Ok(())
        }

        /// Three per cent of what was taken, rounded down.
        #[query]
        pub fn fee(&self) -> Option<Amount> {
            Ratio::new(3, 100)?.of_rounded_down(self.taken.get())
        }
    }
}
// ANCHOR_END: contract

// ANCHOR: test
use card::{Card, Error, call};

#[test]
fn a_card_is_neither_overloaded_nor_overdrawn() {
    let address = Address([9; 32]);
    let mut sandbox = Sandbox::new();
    sandbox.deploy::<Card>(address, ()).unwrap();
    sandbox.send(address, &call::load(Amount(400))).unwrap();

    let refused = sandbox.send(address, &call::load(Amount(101)));
    let (room, wanted, limit) = (Amount(100), Amount(101), Amount(500));
    let above = Error::AboveLimit { room, wanted, limit };
    assert_eq!(refused, Err(CallError::Contract(above)));

    sandbox.send(address, &call::pay(Amount(399))).unwrap();
    let refused = sandbox.send(address, &call::pay(Amount(2)));
    let short = Error::Short { left: Amount(1), wanted: Amount(2) };
    assert_eq!(refused, Err(CallError::Contract(short)));
    assert_eq!(sandbox.ask(address, &call::fee()), Ok(Some(Amount(11))));
}
// ANCHOR_END: test
