//! Gift vouchers: issued against an escrow, given and claimed, redeemed with settlement to all five
//! payees in the same call.
//!
//! A voucher is one thing with a number. Its barcode is a *code* whose hash lies in the voucher;
//! who shows the code redeems it, and the code becomes the hash of the next one (Lamport 1981, a
//! chain of hashes): a code works once, so a screenshot that is scanned twice pays once, and its
//! holder makes all codes from one secret.
//!
//! What is paid in lies in escrow until it is redeemed, paid back by the terms of the purchase, or
//! falls to the issuer.
//!
//! **Invariants.** The escrow is what is left of all vouchers. Of each voucher, its value is what was
//! redeemed, paid back, left to the issuer, and remains. Each redemption's parts sum to it. What the
//! contract owes, in escrow and to payees, it has in tokens.
#![no_std]

mod book;
mod error;
mod event;
mod state;
mod terms;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod voucher {
    use dure_sdk::{
        domain::{calendar::Day, freeze::FreezeOrder, policy::Version, roles::Role},
        prelude::*,
        standard::TokenClient,
    };

    pub use crate::book::{BATCH_MAX, LIMITS_MAX, code_before};
    #[error]
    pub use crate::error::Error;
    pub use crate::event::RefundKind;
    #[event]
    pub use crate::event::{
        Collected, ExpiryNotice, Extended, HolderChanged, Issued, Limited, Offered, ProductDefined,
        Redeemed, Refunded, RoleChanged, TermsScheduled, Undone,
    };
    #[storage]
    pub use crate::state::Vouchers;
    pub use crate::state::{Books, Kind, Product, Redemption, State, Voucher};
    pub use crate::terms::{TermsError, VoucherTerms};

    impl Vouchers {
        /// The creator administers and issues. `registry` is the contract `merchants` of the scheme,
        /// `token` what is settled in.
        #[init]
        pub fn new(
            &mut self,
            cx: &Cx,
            registry: Address,
            token: Address,
            terms: VoucherTerms,
        ) -> Result<(), Error> {
            terms.check()?;
            let (creator, now) = (cx.caller(), cx.time());
            self.registry.set(&registry);
            self.token.set(&token);
            self.last.set(&0);
            self.terms.schedule(&terms, now, now, 0, false)?;
            self.roles.found(creator);
            for role in [Role::Issuer, Role::Pauser] {
                self.roles.grant(creator, creator, role)?;
            }
            Ok(())
        }

        /// Defines a product, for good.
        #[call]
        pub fn define_product(
            &mut self,
            cx: &Cx,
            product: u32,
            terms: Product,
        ) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            self.define(product, &terms, cx.time())?;
            cx.emit(&ProductDefined { product, terms });
            Ok(())
        }

        /// Issues a voucher for each code's hash, `paid` having been paid for each. What is behind
        /// them is taken from the caller by allowance. Answers the number of the first.
        #[call]
        pub fn issue(
            &mut self,
            cx: &Cx,
            product: u32,
            holder: Address,
            paid: Amount,
            codes: Vec<Hash>,
        ) -> Result<u64, Error> {
            self.only(cx, Role::Issuer)?;
            self.freeze.running()?;
            let count = codes.len() as u32;
            let (first, value) = self.make(product, holder, paid, &codes, cx.time())?;
            let token = TokenClient::at(self.token.get());
            let (from, own) = (cx.caller(), cx.address());
            token.transfer_from(from, own, value, None).map_err(Error::Token)?;
            cx.emit(&Issued { holder, product, first, count, paid });
            Ok(first)
        }

        /// Gives a voucher: who knows the secret whose hash is `claim` claims it, or it goes back.
        /// `limit` is a set of the registry where it has to be good, too; `guardian` may add more.
        #[call]
        pub fn offer(
            &mut self,
            cx: &Cx,
            voucher: u64,
            claim: Hash,
            limit: Option<u32>,
            guardian: Option<Address>,
        ) -> Result<(), Error> {
            self.freeze.running()?;
            let from = cx.caller();
            self.freeze.check(from)?;
            let until = self.put_up(voucher, from, claim, limit, guardian, cx.time())?;
            if let Some(set) = limit {
                cx.emit(&Limited { voucher, set });
            }
            cx.emit(&Offered { voucher, from, until });
            Ok(())
        }

        /// Claims a given voucher by its secret; `code` is the hash of the new holder's first code.
        #[call]
        pub fn claim(
            &mut self,
            cx: &Cx,
            voucher: u64,
            secret: Hash,
            code: Hash,
        ) -> Result<(), Error> {
            self.freeze.running()?;
            let holder = cx.caller();
            self.freeze.check(holder)?;
            self.claimed(voucher, holder, secret, code, cx.time())?;
            cx.emit(&HolderChanged { voucher, holder });
            Ok(())
        }

        /// Takes a given voucher back: the giver at any time before it is claimed, anybody once the
        /// time to claim it is over.
        #[call]
        pub fn take_back(&mut self, cx: &Cx, voucher: u64) -> Result<(), Error> {
            let holder = self.returned(voucher, cx.caller(), cx.time())?;
            cx.emit(&HolderChanged { voucher, holder });
            Ok(())
        }

        /// Makes a voucher good in fewer places: its giver, or the guardian.
        #[call]
        pub fn limit(&mut self, cx: &Cx, voucher: u64, set: u32) -> Result<(), Error> {
            self.narrow(voucher, cx.caller(), set)?;
            cx.emit(&Limited { voucher, set });
            Ok(())
        }

        /// A merchant redeems a voucher whose code was shown. Repeated under the receipt, it changes
        /// nothing and answers the same.
        #[call]
        pub fn redeem(
            &mut self,
            cx: &Cx,
            voucher: u64,
            code: Hash,
            amount: Amount,
            receipt: Hash,
        ) -> Result<Redemption, Error> {
            let merchant = cx.caller();
            if let Some(done) = self.redeemed_before(merchant, receipt, voucher, amount)? {
                return Ok(done);
            }
            self.freeze.running()?;
            let done = self.redeem_at(merchant, voucher, Some(code), amount, receipt, cx.time())?;
            let parts = done.parts;
            cx.emit(&Redeemed { voucher, merchant, receipt, amount, parts });
            Ok(done)
        }

        /// The holder pays a merchant with a voucher, without a code. Repeated under the receipt, it
        /// changes nothing and answers the same.
        #[call]
        pub fn pay(
            &mut self,
            cx: &Cx,
            voucher: u64,
            merchant: Address,
            amount: Amount,
            receipt: Hash,
        ) -> Result<Redemption, Error> {
            let holder = self.voucher_of(voucher)?.holder;
            ensure!(holder == cx.caller(), Error::NotHolder { voucher, holder });
            if let Some(done) = self.redeemed_before(merchant, receipt, voucher, amount)? {
                return Ok(done);
            }
            self.freeze.running()?;
            let done = self.redeem_at(merchant, voucher, None, amount, receipt, cx.time())?;
            let parts = done.parts;
            cx.emit(&Redeemed { voucher, merchant, receipt, amount, parts });
            Ok(done)
        }

        /// The merchant undoes a redemption: every leg is reversed, the voucher is good again.
        #[call]
        pub fn undo(&mut self, cx: &Cx, receipt: Hash) -> Result<(), Error> {
            let merchant = cx.caller();
            let done = self.undone(merchant, receipt, cx.time())?;
            let (voucher, amount) = (done.voucher, done.amount);
            cx.emit(&Undone { voucher, merchant, receipt, amount });
            Ok(())
        }

        /// A payee takes what it is owed and what can no longer be undone.
        #[call]
        pub fn collect(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            let payee = cx.caller();
            self.freeze.running()?;
            self.freeze.check(payee)?;
            ensure!(amount > Amount::ZERO, Error::Zero);
            self.receivables.take(payee, amount, Day::of(cx.time()))?;
            self.pay_out(payee, amount)?;
            cx.emit(&Collected { payee, amount });
            Ok(())
        }

        /// Ends a voucher other than by use: the holder takes it back unused, has the balance of one
        /// that was used enough paid out, or an expired one in money or points; anybody leaves what
        /// nobody claimed to the issuer. Answers what its holder is paid.
        #[call]
        pub fn refund(&mut self, cx: &Cx, voucher: u64, kind: RefundKind) -> Result<Amount, Error> {
            self.freeze.running()?;
            let refund = self.refunded(voucher, cx.caller(), kind, cx.time())?;
            let (holder, to_holder, to_issuer) = refund;
            cx.emit(&Refunded { voucher, holder, kind, to_holder, to_issuer });
            Ok(to_holder)
        }

        /// The holder postpones the expiry.
        #[call]
        pub fn extend(&mut self, cx: &Cx, voucher: u64) -> Result<TimestampMs, Error> {
            let expiry = self.extended(voucher, cx.caller(), cx.time())?;
            cx.emit(&Extended { voucher, expiry });
            Ok(expiry)
        }

        /// Tells the holder of a voucher that it will be over, once the next notice is due; anybody
        /// may.
        #[call]
        pub fn notify(&mut self, cx: &Cx, voucher: u64) -> Result<(), Error> {
            let (holder, expiry, refund) = self.noticed(voucher, cx.time())?;
            cx.emit(&ExpiryNotice { voucher, holder, expiry, refund });
            Ok(())
        }

        /// Sets terms that hold from an instant on: for what is bought then, and with `retroactive`
        /// for what was bought before, where they are better in every respect.
        #[call]
        pub fn schedule_terms(
            &mut self,
            cx: &Cx,
            terms: VoucherTerms,
            from: TimestampMs,
            retroactive: bool,
        ) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            terms.check()?;
            let from = self.terms.schedule(&terms, from, cx.time(), 0, retroactive)?;
            cx.emit(&TermsScheduled { from, terms, retroactive });
            Ok(())
        }

        /// Gives a role or takes it.
        #[call]
        pub fn set_role(
            &mut self,
            cx: &Cx,
            account: Address,
            role: Role,
            has: bool,
        ) -> Result<(), Error> {
            let by = cx.caller();
            self.roles.set(by, account, role, has)?;
            cx.emit(&RoleChanged { account, role, has });
            Ok(())
        }

        /// Stops everything for the reason that a document says, whose hash it is; `None` goes on.
        #[call]
        pub fn set_paused(&mut self, cx: &Cx, reason: Option<Hash>) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            match reason {
                Some(reason) => {
                    let order = FreezeOrder::now(cx, reason);
                    self.freeze.pause(order)?;
                }
                None => self.freeze.resume()?,
            }
            Ok(())
        }

        /// Freezes an account for a reason, or frees it.
        #[call]
        pub fn set_frozen(
            &mut self,
            cx: &Cx,
            account: Address,
            reason: Option<Hash>,
        ) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            match reason {
                Some(reason) => {
                    let order = FreezeOrder::now(cx, reason);
                    self.freeze.freeze(account, order)?;
                }
                None => self.freeze.unfreeze(account)?,
            }
            Ok(())
        }

        /// A voucher.
        #[query]
        pub fn voucher(&self, voucher: u64) -> Option<Voucher> {
            self.vouchers.get(&voucher)
        }

        /// A product.
        #[query]
        pub fn product(&self, product: u32) -> Option<Product> {
            self.products.get(&product)
        }

        /// A redemption by the merchant's receipt.
        #[query]
        pub fn redemption(&self, merchant: Address, receipt: Hash) -> Option<Redemption> {
            self.redemptions.get(&(merchant, receipt))
        }

        /// The terms that apply to a voucher now.
        #[query]
        pub fn terms_of(&self, cx: &Cx, voucher: u64) -> Result<VoucherTerms, Error> {
            let bought = self.voucher_of(voucher)?.terms;
            Ok(self.terms.frozen(bought, cx.time())?)
        }

        /// What a payee is owed, and what of it it can take today.
        #[query]
        pub fn owed(&self, cx: &Cx, payee: Address) -> (Amount, Amount) {
            (self.receivables.owed(payee), self.receivables.free(payee, Day::of(cx.time())))
        }

        /// What a refund would pay its holder now, or why it would be refused.
        #[query]
        pub fn refund_of(&self, cx: &Cx, voucher: u64, kind: RefundKind) -> Result<Amount, Error> {
            let found = self.voucher_of(voucher)?;
            Ok(self.judge(voucher, &found, found.holder, kind, cx.time())?.0)
        }

        /// The books, checked: what is owed is there in tokens, and the escrow is part of it.
        #[query]
        pub fn audit(&self, cx: &Cx) -> Result<Books, Error> {
            let token = TokenClient::at(self.token.get());
            let tokens = token.balance_of(cx.address()).map_err(Error::Token)?;
            let (escrow, cash) = (self.escrow.total(), self.cash.get());
            let right = escrow <= cash && cash <= tokens;
            ensure!(right, Error::Unbacked { escrow, cash, tokens });
            Ok(Books { escrow, cash, tokens })
        }

        /// Who may do what.
        #[query]
        pub fn has_role(&self, account: Address, role: Role) -> bool {
            self.roles.has(account, role)
        }

        /// The version of the terms that hold now.
        #[query]
        pub fn terms(&self, cx: &Cx) -> Result<(Version, VoucherTerms), Error> {
            Ok(self.terms.at(cx.time())?)
        }
    }
}
