//! Gift vouchers: issued against an escrow, given and claimed, redeemed with settlement to all five
//! payees in the same call.
//!
//! A voucher is one thing with a number and a *key*, of which the chain knows the account. Its
//! barcode is a transaction of that account: `redeem`, signed, for one merchant, one sum and one
//! count of the voucher. So what is seen in the pool before a block is good for nobody else, and
//! since each use changes the count, a screenshot that is scanned twice pays once. A bare secret
//! printed on paper works too: the till signs with it for its own merchant. A present is claimed by
//! a secret in a link, which signs for who claims it.
//!
//! What is paid in lies in escrow until it is redeemed, paid back by the terms of the purchase, or
//! falls to the issuer.
//!
//! **Invariants.** The escrow is what is left of all vouchers. Of each voucher, its value is what
//! was redeemed, paid back, left to the issuer, and remains. Each redemption's parts sum to it.
//! What the contract owes, in escrow and to payees, it has in tokens. All of it can be counted
//! again by anybody, page by page.
#![no_std]

mod audit;
mod book;
mod error;
mod event;
mod redeem;
mod refund;
mod state;
mod terms;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod voucher {
    use dure_sdk::{
        domain::{
            calendar::Day, freeze::FreezeOrder, policy::Version, recovery::Request, roles::Role,
        },
        prelude::*,
        standard::TokenClient,
    };

    pub use crate::book::{BATCH_MAX, LIMITS_MAX, RECOVERY_DELAY_MS, UNDO_DAYS_MAX, claim_message};
    #[error]
    pub use crate::error::Error;
    pub use crate::event::RefundKind;
    #[event]
    pub use crate::event::{
        Collected, ExpiryNotice, Extended, FreezeChanged, HolderChanged, Issued, KeyChanged,
        Limited, Offered, Opened, PauseChanged, ProductDefined, ProductWithdrawn, Recovered,
        RecoveryDropped, RecoveryRequested, Redeemed, Refunded, Returned, RoleChanged,
        TermsScheduled, TermsWithdrawn, Undone,
    };
    #[storage]
    pub use crate::state::Vouchers;
    pub use crate::state::{
        Audit, Books, ClaimKey, Counted, Issue, Kind, Product, Redemption, State, Uncounted,
        Voucher,
    };
    pub use crate::terms::{TermsError, VoucherTerms};

    impl Vouchers {
        /// The creator administers, issues and pauses. `registry` is the contract `merchants` of
        /// the scheme, `token` what is settled in.
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
            cx.emit(&Opened { registry, token });
            self.last.set(&0);
            let from = self.terms.schedule(&terms, now, now, 0, false)?;
            cx.emit(&TermsScheduled { from, terms, retroactive: false });
            self.roles.found(creator);
            for role in [Role::Issuer, Role::Pauser] {
                self.roles.grant(creator, creator, role)?;
            }
            for role in [Role::Administrator, Role::Issuer, Role::Pauser] {
                cx.emit(&RoleChanged { account: creator, role, has: true });
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
            self.define(product, &terms)?;
            cx.emit(&ProductDefined { product, terms });
            Ok(())
        }

        /// Says that a product is not to be had any more, for good: no more of it are issued, and
        /// holders have their money back, all of it.
        #[call]
        pub fn withdraw_product(&mut self, cx: &Cx, product: u32) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            self.withdraw(product, cx.time())?;
            cx.emit(&ProductWithdrawn { product });
            Ok(())
        }

        /// Issues a voucher for each key, named by its account, `paid` having been paid for each.
        /// What is behind them is taken from the caller by allowance. Answers the number of the first. Repeated under the
        /// id, it changes nothing and answers the same.
        #[call]
        pub fn issue(
            &mut self,
            cx: &Cx,
            id: Hash,
            product: u32,
            holder: Address,
            paid: Amount,
            keys: Vec<Address>,
        ) -> Result<u64, Error> {
            self.only(cx, Role::Issuer)?;
            let by = cx.caller();
            if let Some(first) = self.issued_before(by, id, (product, holder, paid), &keys)? {
                return Ok(first);
            }
            self.freeze.running()?;
            let wanted = (product, holder, paid);
            let (made, first, all) = self.make((by, id), wanted, &keys, cx.time())?;
            let token = TokenClient::at(self.token.get());
            token.transfer_from(by, cx.address(), all, None).map_err(Error::Token)?;
            let (value, expiry) = (made.value, made.expiry);
            cx.emit(&Issued { holder, product, id, by, first, keys, paid, value, expiry });
            Ok(first)
        }

        /// Signs codes with another key from now on: the holder, who fears for the secret. Codes
        /// that were shown and not used are over.
        #[call]
        pub fn set_key(&mut self, cx: &Cx, voucher: u64, key: Address) -> Result<(), Error> {
            self.rekey(voucher, cx.caller(), key)?;
            cx.emit(&KeyChanged { voucher, key });
            Ok(())
        }

        /// Gives a voucher: who has the secret of the key `claim` claims it, or it goes back. Once
        /// it is claimed, `limit` is a set of the registry where it has to be good, too, and
        /// `guardian` may add more.
        #[call]
        pub fn offer(
            &mut self,
            cx: &Cx,
            voucher: u64,
            claim: ClaimKey,
            limit: Option<u32>,
            guardian: Option<Address>,
        ) -> Result<(), Error> {
            self.freeze.running()?;
            let from = cx.caller();
            self.freeze.check(from)?;
            let until = self.put_up(voucher, from, (claim, limit, guardian), cx.time())?;
            cx.emit(&Offered { voucher, from, claim, until, limit, guardian });
            Ok(())
        }

        /// Claims a given voucher: `signature` is by the secret of the present, over
        /// [`claim_message`], for the caller; `key` signs codes from now on.
        #[call]
        pub fn claim(
            &mut self,
            cx: &Cx,
            voucher: u64,
            key: Address,
            signature: [u8; 64],
        ) -> Result<(), Error> {
            self.freeze.running()?;
            let holder = cx.caller();
            self.freeze.check(holder)?;
            let from = self.claimed(cx, voucher, key, &signature)?;
            cx.emit(&HolderChanged { voucher, from, holder, key });
            Ok(())
        }

        /// Takes a given voucher back: the giver at any time before it is claimed, anybody once the
        /// time to claim it is over.
        #[call]
        pub fn take_back(&mut self, cx: &Cx, voucher: u64) -> Result<(), Error> {
            let holder = self.returned(voucher, cx.caller(), cx.time())?;
            cx.emit(&Returned { voucher, holder });
            Ok(())
        }

        /// Makes a voucher good in fewer places: the guardian whom its giver named.
        #[call]
        pub fn limit(&mut self, cx: &Cx, voucher: u64, set: u32) -> Result<(), Error> {
            self.narrow(voucher, cx.caller(), set)?;
            cx.emit(&Limited { voucher, set });
            Ok(())
        }

        /// Redeems a voucher at a merchant: a code, which the key of the voucher signs for its
        /// count. Repeated under the receipt, it changes nothing and answers the same.
        #[call]
        pub fn redeem(
            &mut self,
            cx: &Cx,
            voucher: u64,
            count: u32,
            merchant: Address,
            amount: Amount,
            receipt: Hash,
        ) -> Result<Redemption, Error> {
            if let Some(done) = self.redeemed_before(voucher, merchant, receipt, amount)? {
                return Ok(done);
            }
            let found = self.shown(voucher, count, cx.caller())?;
            self.redeem_at(cx, merchant, (voucher, found), amount, receipt)
        }

        /// The holder pays a merchant with a voucher, whatever its count. Repeated under the
        /// receipt, it changes nothing and answers the same.
        #[call]
        pub fn pay(
            &mut self,
            cx: &Cx,
            voucher: u64,
            merchant: Address,
            amount: Amount,
            receipt: Hash,
        ) -> Result<Redemption, Error> {
            let found = self.voucher_of(voucher)?;
            let holder = found.holder;
            ensure!(holder == cx.caller(), Error::NotHolder { voucher, holder });
            if let Some(done) = self.redeemed_before(voucher, merchant, receipt, amount)? {
                return Ok(done);
            }
            self.redeem_at(cx, merchant, (voucher, found), amount, receipt)
        }

        /// The merchant undoes a redemption: every leg is reversed, the voucher is good again. Not
        /// once it was given away or paid back.
        #[call]
        pub fn undo(&mut self, cx: &Cx, voucher: u64, receipt: Hash) -> Result<(), Error> {
            let merchant = cx.caller();
            let amount = self.undone(voucher, merchant, receipt, cx.time())?.amount;
            cx.emit(&Undone { voucher, merchant, receipt, amount });
            Ok(())
        }

        /// A payee, or the account that is in its place, takes what it is owed and what can no
        /// longer be undone.
        #[call]
        pub fn collect(&mut self, cx: &Cx, payee: Address, amount: Amount) -> Result<(), Error> {
            self.freeze.running()?;
            let to = cx.caller();
            self.collected(payee, to, amount, cx.time())?;
            cx.emit(&Collected { payee, to, amount });
            Ok(())
        }

        /// Ends a voucher other than by use: the holder takes it back unused, has the balance of
        /// one that was used enough paid out, or an expired one in money or points; anybody leaves
        /// what nobody claimed to the issuer. Answers what is paid back.
        #[call]
        pub fn refund(&mut self, cx: &Cx, voucher: u64, kind: RefundKind) -> Result<Amount, Error> {
            self.freeze.running()?;
            let refund = self.refunded(voucher, cx.caller(), kind, cx.time())?;
            let (to, paid_back, to_issuer) = (refund.to, refund.paid_back, refund.to_issuer);
            cx.emit(&Refunded { voucher, to, kind, paid_back, to_issuer });
            Ok(paid_back)
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
            let (found, refund) = self.noticed(voucher, cx.time())?;
            let (holder, expiry, notices) = (found.holder, found.expiry, found.notices);
            cx.emit(&ExpiryNotice { voucher, holder, expiry, refund, notices });
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

        /// Takes terms back that do not hold yet.
        #[call]
        pub fn withdraw_terms(&mut self, cx: &Cx, from: Version) -> Result<(), Error> {
            self.only(cx, Role::Issuer)?;
            self.terms.withdraw(from, cx.time())?;
            cx.emit(&TermsWithdrawn { from });
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

        /// Stops what moves money, for the reason that a document says, whose hash it is; `None`
        /// goes on.
        #[call]
        pub fn set_paused(&mut self, cx: &Cx, reason: Option<Hash>) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            let order = reason.map(|reason| FreezeOrder::now(cx, reason));
            self.freeze.set_paused(order)?;
            if order.is_none() {
                self.freed.set(&Address::SYSTEM, &cx.time());
            }
            cx.emit(&PauseChanged { order });
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
            let order = reason.map(|reason| FreezeOrder::now(cx, reason));
            self.freeze.set_frozen(account, order)?;
            if order.is_none() {
                self.freed.set(&account, &cx.time());
            }
            cx.emit(&FreezeChanged { account, order });
            Ok(())
        }

        /// Asks to put another account in the place of a holder's or payee's whose key is lost: an
        /// administrator. The key has seven days to object.
        #[call]
        pub fn request_recovery(
            &mut self,
            cx: &Cx,
            account: Address,
            to: Address,
            reason: Hash,
        ) -> Result<(), Error> {
            self.only(cx, Role::Administrator)?;
            self.same_person(account, to)?;
            let (by, now) = (cx.caller(), cx.time());
            let asked = self.recovery.request(account, to, by, reason, now, RECOVERY_DELAY_MS);
            cx.emit(&RecoveryRequested { account, request: asked? });
            Ok(())
        }

        /// Drops such a request: the key that was not lost, or an administrator.
        #[call]
        pub fn drop_recovery(&mut self, cx: &Cx, account: Address) -> Result<(), Error> {
            let by = cx.caller();
            if by != account {
                self.only(cx, Role::Administrator)?;
            }
            self.recovery.drop_request(account)?;
            cx.emit(&RecoveryDropped { account, by });
            Ok(())
        }

        /// Completes such a request when its time is over: anybody may. The new account then takes
        /// over vouchers one by one, and collects in the place of the old one.
        #[call]
        pub fn complete_recovery(&mut self, cx: &Cx, account: Address) -> Result<(), Error> {
            let to = self.recovered(account, cx.time())?.to;
            cx.emit(&Recovered { account, to });
            Ok(())
        }

        /// Takes a voucher over from an account that the caller is in the place of.
        #[call]
        pub fn take_over(&mut self, cx: &Cx, voucher: u64, key: Address) -> Result<(), Error> {
            self.freeze.running()?;
            let holder = cx.caller();
            let from = self.taken_over(voucher, holder, key)?;
            cx.emit(&HolderChanged { voucher, from, holder, key });
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
        pub fn redemption(
            &self,
            voucher: u64,
            merchant: Address,
            receipt: Hash,
        ) -> Option<Redemption> {
            self.redemptions.get(&(voucher, merchant, receipt))
        }

        /// What an issuer issued under an id.
        #[query]
        pub fn issued(&self, by: Address, id: Hash) -> Option<Issue> {
            self.issues.get(&(by, id))
        }

        /// Whether a product is not to be had any more.
        #[query]
        pub fn is_withdrawn(&self, product: u32) -> bool {
            self.withdrawn.contains(&product)
        }

        /// The account that is in the place of another, itself unless its key was lost.
        #[query]
        pub fn current(&self, account: Address) -> Address {
            self.recovery.current(account)
        }

        /// The request to put another account in its place.
        #[query]
        pub fn recovery(&self, account: Address) -> Option<Request> {
            self.recovery.pending(account)
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

        /// What a refund would pay back now, or why it would be refused.
        #[query]
        pub fn refund_of(&self, cx: &Cx, voucher: u64, kind: RefundKind) -> Result<Amount, Error> {
            let found = self.voucher_of(voucher)?;
            Ok(self.judge(voucher, &found, kind, cx.time())?.paid_back)
        }

        /// The books, checked: what is owed is there in tokens, and the escrow is part of it.
        #[query]
        pub fn books(&self, cx: &Cx) -> Result<Books, Error> {
            self.checked(cx)
        }

        /// Counts a page of vouchers, at most `limit` (254 at most) after those that were counted,
        /// and then of what payees are owed; refuses unless all of it is in the end what the books
        /// say. Ask for all pages at one height.
        #[query]
        pub fn audit(&self, cx: &Cx, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
            self.audited(cx, counted, limit)
        }

        /// Counts a page of vouchers again: what is left of them, and where to go on. All pages sum
        /// to `escrow` of the books.
        #[query]
        pub fn count_vouchers(&self, after: Option<u64>, limit: u32) -> (Amount, Option<u64>) {
            let page = self.vouchers.page(after.as_ref(), limit, Order::Ascending);
            (sum(page.items.iter().map(|(_, found)| found.remaining)), page.next)
        }

        /// Counts a page of what payees are owed and was found free. With those of
        /// `count_undoable`, all pages sum to what `cash` of the books is above `escrow`.
        #[query]
        pub fn count_owed(&self, after: Option<Address>, limit: u32) -> (Amount, Option<Address>) {
            let page = self.receivables.page(after.as_ref(), limit);
            (sum(page.items.iter().map(|(_, owed)| *owed)), page.next)
        }

        /// Counts a page of what else payees are owed, by the day from which it is free.
        #[query]
        pub fn count_undoable(
            &self,
            after: Option<(Address, Day)>,
            limit: u32,
        ) -> (Amount, Option<(Address, Day)>) {
            let page = self.receivables.undoable_page(after.as_ref(), limit);
            (sum(page.items.iter().map(|(_, owed)| *owed)), page.next)
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

    fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
        amounts.fold(Amount::ZERO, Amount::saturating_add)
    }
}
