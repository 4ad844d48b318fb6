//! A voucher for lunch: merchants of certain regions and categories take it, until a day; then what is
//! left goes back.
// ANCHOR: contract
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod lunch {
    use dure_sdk::{
        domain::{
            lots::{Class, LotKey, Lots, LotsError},
            registry::{Merchant, MerchantSet, Merchants, MerchantsError},
        },
        prelude::*,
    };

    /// The number of the one set that there is.
    const PERMITTED: u32 = 1;
    /// Lots that a holder is asked for at once: more than one can have.
    const LOTS_MAX: u32 = 64;

    #[storage]
    pub struct Lunch {
        issuer: Item<Address>,
        merchants: Merchants,
        lots: Lots,
        taken: Map<Address, Balance>,
        /// What the issuer paid merchants for.
        redeemed: Balance,
        /// What nobody spent in time.
        returned: Balance,
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

    /// A merchant gave up what it took: the issuer pays it.
    #[event]
    pub struct Redeemed {
        #[index]
        pub merchant: Address,
        pub amount: Amount,
    }

    /// What a holder had left went back to the issuer.
    #[event]
    pub struct Returned {
        #[index]
        pub holder: Address,
        pub amount: Amount,
    }

    /// Why a call was refused.
    #[error]
    pub enum Error {
        NotIssuer { issuer: Address },
        Merchants(MerchantsError),
        Lots(LotsError),
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

        /// Hands units out, to be spent while the block's time is before `until`.
        #[call]
        pub fn issue(
            &mut self,
            cx: &Cx,
            to: Address,
            amount: Amount,
            until: TimestampMs,
        ) -> Result<(), Error> {
            self.only_issuer(cx)?;
            let class = Class::Policy;
            let key = LotKey { class, expiry: until, programme: 1, set: PERMITTED, purchase: 0 };
            self.lots.grant(to, key, amount, cx.time()).map_err(Error::Lots)
        }

        /// Pays a merchant with the caller's units, those first that end first.
        #[call]
        pub fn pay(&mut self, cx: &Cx, merchant: Address, amount: Amount) -> Result<(), Error> {
            let known = self.merchants.active(merchant).map_err(Error::Merchants)?;
            let permitted = self.merchants.permits(PERMITTED, merchant, &known);
            permitted.map_err(Error::Merchants)?;
            let from = cx.caller();
            self.lots.take(from, amount, cx.time(), |set| set == PERMITTED).map_err(Error::Lots)?;
            self.taken.at(&merchant).add(amount);
            cx.emit(&Paid { from, merchant, amount });
            Ok(())
        }

        /// A merchant has the issuer pay for what it took.
        #[call]
        pub fn redeem(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            let merchant = cx.caller();
            let short = |short: Short| Error::Short { left: short.left, wanted: short.wanted };
            self.taken.at(&merchant).sub(amount).map_err(short)?;
            self.redeemed.add(amount);
            cx.emit(&Redeemed { merchant, amount });
            Ok(())
        }

        /// Ends what a holder did not spend in time, and says how much that was. Anybody may.
        #[call]
        pub fn expire(&mut self, cx: &Cx, holder: Address) -> Amount {
            let ended = self.lots.expire(holder, cx.time(), LOTS_MAX);
            let amount = ended.iter().map(|ended| ended.lot.amount);
            let amount = amount.fold(Amount::ZERO, Amount::saturating_add);
            if amount > Amount::ZERO {
                self.returned.add(amount);
                cx.emit(&Returned { holder, amount });
            }
            amount
        }

        /// What a holder may spend now.
        #[query]
        pub fn balance(&self, cx: &Cx, holder: Address) -> Amount {
            let lots = self.lots.lots(holder, None, LOTS_MAX).into_iter();
            let open = lots.filter(|(key, _)| cx.time() < key.expiry);
            open.map(|(_, lot)| lot.remaining).fold(Amount::ZERO, Amount::saturating_add)
        }

        /// What a merchant took.
        #[query]
        pub fn taken(&self, merchant: Address) -> Amount {
            self.taken.at(&merchant).get()
        }

        /// What the issuer paid for, and what came back.
        #[query]
        pub fn ended(&self) -> (Amount, Amount) {
            (self.redeemed.get(), self.returned.get())
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
