//! Reading what another contract publishes, without calling it.

// ANCHOR: listing
use dure_sdk::{native::Sandbox, prelude::*, published::ReadError};

#[dure::contract]
pub mod office {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Office {
        /// Others may read these two.
        #[published]
        rate: Item<Ratio>,
        #[published]
        budget: Map<u8, Balance>,
        clerk: Item<Address>,
    }

    impl Office {
        #[init]
        pub fn new(&mut self, cx: &Cx, rate: Ratio) {
            self.clerk.set(&cx.caller());
            self.rate.set(&rate);
            self.budget.at(&1).add(Amount(900));
        }
    }
}

#[dure::contract]
pub mod shop {
    use super::office::OfficePublished;
    use dure_sdk::{prelude::*, published::ReadError};

    #[storage]
    pub struct Shop {
        office: Item<Address>,
    }

    #[error]
    pub enum Error {
        Office(ReadError),
        NoRate,
    }

    impl Shop {
        #[init]
        pub fn new(&mut self, office: Address) {
            self.office.set(&office);
        }

        /// What the office pays of a price.
        #[query]
        pub fn subsidy(&self, price: Amount) -> Result<Amount, Error> {
            let rate = OfficePublished::at(self.office.get()).rate().get();
            let rate = rate.map_err(Error::Office)?.ok_or(Error::NoRate)?;
            rate.of_rounded_down(price).ok_or(Error::NoRate)
        }

        #[query]
        pub fn budget(&self) -> Result<Amount, Error> {
            OfficePublished::at(self.office.get()).budget().amount(&1).map_err(Error::Office)
        }
    }
}

#[test]
fn a_shop_reads_the_rate_of_the_office() {
    let (office, shop) = (Address([8; 32]), Address([9; 32]));
    let mut sandbox = Sandbox::new();
    sandbox.deploy::<office::Office>(office, (Ratio::new(6, 100).unwrap(),)).unwrap();
    sandbox.deploy::<shop::Shop>(shop, (office,)).unwrap();
    assert_eq!(sandbox.ask(shop, &shop::call::subsidy(Amount(4_500))), Ok(Amount(270)));
    assert_eq!(sandbox.ask(shop, &shop::call::budget()), Ok(Amount(900)));

    let nowhere = Address([10; 32]);
    sandbox.deploy::<shop::Shop>(nowhere, (Address([7; 32]),)).unwrap();
    let refused = sandbox.ask(nowhere, &shop::call::budget());
    let unknown = shop::Error::Office(ReadError::UnknownContract);
    assert_eq!(refused, Err(CallError::Contract(unknown)));
}
// ANCHOR_END: listing
