//! A voucher that expires and is taken by registered merchants alone.
//!
//! An issuer hands units out to holders; a holder pays a merchant with them until they expire; a
//! merchant redeems what it took, also afterwards. What a holder did not spend in time is taken
//! back by the issuer.
//!
//! **Invariant.** What is held and what merchants took is what was issued and not redeemed
//! (`is_conserved`).
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod template_voucher {
    use dure_sdk::prelude::*;

    /// Fields may stand in any order: `dure.lock` pins the id of each.
    #[storage]
    pub struct TemplateVoucher {
        issuer: Item<Address>,
        expires: Item<TimestampMs>,
        open: Balance,
        held: Map<Address, Balance>,
        taken: Map<Address, Balance>,
        merchants: Map<Address, bool>,
    }

    /// Units were handed out.
    #[event]
    pub struct Issued {
        #[index]
        pub to: Address,
        pub amount: Amount,
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

    /// A merchant gave units back for money.
    #[event]
    pub struct Redeemed {
        #[index]
        pub merchant: Address,
        pub amount: Amount,
    }

    /// Why a call was refused.
    #[error]
    pub enum Error {
        NotIssuer { issuer: Address },
        NoMerchant { who: Address },
        Expired { at: TimestampMs },
        NotExpired { at: TimestampMs },
        Zero,
        Short { left: Amount, wanted: Amount },
        TooMany { open: Amount, wanted: Amount },
    }

    impl TemplateVoucher {
        /// Who instantiates it becomes the issuer.
        #[init]
        pub fn new(&mut self, cx: &Cx, expires: TimestampMs) {
            self.issuer.set(&cx.caller());
            self.expires.set(&expires);
        }

        /// Lets a merchant take vouchers, or no longer.
        #[call]
        pub fn set_merchant(
            &mut self,
            cx: &Cx,
            merchant: Address,
            active: bool,
        ) -> Result<(), Error> {
            self.only_issuer(cx)?;
            if active {
                self.merchants.set(&merchant, &true);
            } else {
                self.merchants.remove(&merchant);
            }
            Ok(())
        }

        /// Hands units out.
        #[call]
        pub fn issue(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            self.only_issuer(cx)?;
            self.not_expired(cx)?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            let open = self.open.get();
            ensure!(open.checked_add(amount).is_some(), Error::TooMany { open, wanted: amount });
            self.open.add(amount);
            self.held.at(&to).add(amount);
            cx.emit(&Issued { to, amount });
            Ok(())
        }

        /// Pays a merchant with the caller's units.
        #[call]
        pub fn pay(&mut self, cx: &Cx, merchant: Address, amount: Amount) -> Result<(), Error> {
            self.not_expired(cx)?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            let known = self.merchants.contains(&merchant);
            ensure!(known, Error::NoMerchant { who: merchant });
            let from = cx.caller();
            self.held.at(&from).sub(amount).map_err(short)?;
            self.taken.at(&merchant).add(amount);
            cx.emit(&Paid { from, merchant, amount });
            Ok(())
        }

        /// Gives back what the calling merchant took; the issuer pays it out.
        #[call]
        pub fn redeem(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            ensure!(amount > Amount::ZERO, Error::Zero);
            let merchant = cx.caller();
            self.taken.at(&merchant).sub(amount).map_err(short)?;
            self.open.sub(amount).map_err(short)?;
            cx.emit(&Redeemed { merchant, amount });
            Ok(())
        }

        /// Takes back what a holder did not spend in time.
        #[call]
        pub fn take_back(&mut self, cx: &Cx, holder: Address) -> Result<Amount, Error> {
            self.only_issuer(cx)?;
            let at = self.expires.get();
            ensure!(cx.time() >= at, Error::NotExpired { at });
            let amount = self.held.at(&holder).get();
            self.held.at(&holder).sub(amount).map_err(short)?;
            self.open.sub(amount).map_err(short)?;
            Ok(amount)
        }

        /// What a holder may spend.
        #[query]
        pub fn balance(&self, holder: Address) -> Amount {
            self.held.at(&holder).get()
        }

        /// What a merchant took and did not redeem.
        #[query]
        pub fn taken(&self, merchant: Address) -> Amount {
            self.taken.at(&merchant).get()
        }

        /// When units can no longer be spent.
        #[query]
        pub fn expires(&self) -> TimestampMs {
            self.expires.get()
        }

        /// Whether what is held and taken is what is open.
        #[query]
        pub fn is_conserved(&self) -> bool {
            let held = self.held.amounts(None, Order::Ascending);
            let mut all = held.chain(self.taken.amounts(None, Order::Ascending));
            let sum = all.try_fold(Amount::ZERO, |sum, (_, amount)| sum.checked_add(amount));
            sum == Some(self.open.get())
        }
    }

    impl TemplateVoucher {
        fn only_issuer(&self, cx: &Cx) -> Result<(), Error> {
            let issuer = self.issuer.get();
            ensure!(cx.caller() == issuer, Error::NotIssuer { issuer });
            Ok(())
        }

        fn not_expired(&self, cx: &Cx) -> Result<(), Error> {
            let at = self.expires.get();
            ensure!(cx.time() < at, Error::Expired { at });
            Ok(())
        }
    }

    fn short(short: Short) -> Error {
        Error::Short { left: short.left, wanted: short.wanted }
    }
}
