//! A voucher for lunch: merchants of certain regions and categories take it, and no others.
// ANCHOR: contract
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod lunch {
    use dure_sdk::{
        domain::registry::{Merchant, MerchantSet, Merchants, MerchantsError},
        prelude::*,
    };

    /// The number of the one set that there is.
    const PERMITTED: u32 = 1;

    #[storage]
    pub struct Lunch {
        issuer: Item<Address>,
        merchants: Merchants,
        held: Map<Address, Balance>,
        taken: Map<Address, Balance>,
    }

    /// A holder paid a merchant.
    #[event]
    pub struct Paid {
        #[index]
        pub from: Address,
        #[index]
        pub merchant: Address,
        pub amount: Amount,
    }

    /// Why a call was refused.
    #[error]
    pub enum Error {
        NotIssuer { issuer: Address },
        Merchants(MerchantsError),
        Short { left: Amount, wanted: Amount },
    }

    impl Lunch {
        /// `permitted` says for good where the voucher may be spent.
        #[init]
        pub fn new(&mut self, cx: &Cx, permitted: MerchantSet) -> Result<(), Error> {
            self.issuer.set(&cx.caller());
            self.merchants.define_set(PERMITTED, &permitted).map_err(Error::Merchants)
        }

        /// Registers a merchant at the account that takes its payments.
        #[call]
        pub fn register(
            &mut self,
            cx: &Cx,
            account: Address,
            merchant: Merchant,
        ) -> Result<(), Error> {
            self.only_issuer(cx)?;
            self.merchants.register(account, &merchant).map_err(Error::Merchants)
        }

        /// Hands units out.
        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            self.only_issuer(cx)?;
            self.held.at(&to).add(amount);
            Ok(())
        }

        /// Pays a merchant with the caller's units.
        #[call]
        pub fn pay(&mut self, cx: &Cx, merchant: Address, amount: Amount) -> Result<(), Error> {
            let known = self.merchants.active(merchant).map_err(Error::Merchants)?;
            let permitted = self.merchants.permits(PERMITTED, merchant, &known);
            permitted.map_err(Error::Merchants)?;
            let from = cx.caller();
            let short = |short: Short| Error::Short { left: short.left, wanted: short.wanted };
            self.held.at(&from).sub(amount).map_err(short)?;
            self.taken.at(&merchant).add(amount);
            cx.emit(&Paid { from, merchant, amount });
            Ok(())
        }

        /// What a holder may spend.
        #[query]
        pub fn balance(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }

        /// What a merchant took.
        #[query]
        pub fn taken(&self, merchant: Address) -> Amount {
            self.taken.at(&merchant).get()
        }

        /// What is known of a merchant.
        #[query]
        pub fn merchant(&self, account: Address) -> Option<Merchant> {
            self.merchants.merchant(account).ok()
        }
    }

    impl Lunch {
        fn only_issuer(&self, cx: &Cx) -> Result<(), Error> {
            let issuer = self.issuer.get();
            ensure!(cx.caller() == issuer, Error::NotIssuer { issuer });
            Ok(())
        }
    }
}
// ANCHOR_END: contract
