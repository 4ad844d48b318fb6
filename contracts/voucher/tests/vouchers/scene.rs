//! Vouchers of the first holder, and what is done with them in a line.

use crate::shop::{City, DAY, FACES, START, holder, id, issuer, key, phone, secret, shop};
use dure_sdk::Invocation;
use dure_testing::{Account, Address, Amount, Hash, TimestampMs, codec::Decode};
use merchants::merchants::{Error as RegistryRefusal, call as registry};
use voucher::voucher::{Error, Redemption, RefundKind, State, Voucher, call};

/// The phone that signs codes of the first holder's vouchers.
pub(crate) const OWN: u64 = 1_000;
/// The secret of a present.
pub(crate) const LINK: u64 = 7;
/// The phone of who claims it.
pub(crate) const THEIRS: u64 = 2_000;

pub(crate) struct Scene {
    pub(crate) city: City,
    issued: u64,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::of(City::native())
    }

    pub(crate) const fn of(city: City) -> Self {
        Self { city, issued: 0 }
    }

    pub(crate) fn by<T: Decode>(
        &mut self,
        caller: Account,
        invocation: &Invocation<T, Error>,
    ) -> Result<T, Error> {
        self.city.send(caller, self.city.vouchers, invocation)
    }

    pub(crate) fn ask<T: Decode, E: Decode + std::fmt::Debug>(
        &mut self,
        invocation: &Invocation<T, E>,
    ) -> T {
        self.city.ask(self.city.vouchers, invocation)
    }

    pub(crate) fn in_registry<T: Decode>(&mut self, invocation: &Invocation<T, RegistryRefusal>) {
        self.city.send(issuer(), self.city.registry, invocation).unwrap();
    }

    pub(crate) fn link(&mut self, account: Account, person: Hash) {
        self.in_registry(&registry::link(account.address(), person));
    }

    /// So long after the start.
    pub(crate) fn at(&mut self, time: u64) -> &mut Self {
        self.city.at(START + time);
        self
    }

    pub(crate) fn issue_to(&mut self, to: Account, product: u32, paid: u128) -> Result<u64, Error> {
        self.issued += 1;
        let keys = vec![phone(OWN).address()];
        let issue = call::issue(id(self.issued), product, to.address(), Amount(paid), keys);
        self.by(issuer(), &issue)
    }

    /// Issues one to the first holder.
    pub(crate) fn issue(&mut self, product: u32, paid: u128) -> u64 {
        self.issue_to(holder(0), product, paid).unwrap()
    }

    /// One of 10,000 that was paid in full.
    pub(crate) fn ten_thousand(&mut self) -> u64 {
        self.issue(0, FACES[0])
    }

    /// A code of the voucher as it is now.
    pub(crate) fn code(
        &mut self,
        at: usize,
        voucher: u64,
        amount: u128,
        receipt: u64,
    ) -> Invocation<Redemption, Error> {
        let count = self.ask(&call::voucher(voucher)).map_or(0, |found| found.count);
        call::redeem(voucher, count, shop(at).address(), Amount(amount), id(receipt))
    }

    /// A merchant has a code relayed that the phone signs for it now.
    pub(crate) fn redeem_with(
        &mut self,
        number: u64,
        at: usize,
        voucher: u64,
        amount: u128,
        receipt: u64,
    ) -> Result<[u128; 5], Error> {
        let code = self.code(at, voucher, amount, receipt);
        self.by(phone(number), &code).map(|done| done.parts.map(|part| part.0))
    }

    pub(crate) fn redeem(
        &mut self,
        at: usize,
        voucher: u64,
        amount: u128,
        receipt: u64,
    ) -> Result<[u128; 5], Error> {
        self.redeem_with(OWN, at, voucher, amount, receipt)
    }

    pub(crate) fn pay(
        &mut self,
        by: Account,
        at: usize,
        voucher: u64,
        amount: u128,
        receipt: u64,
    ) -> Result<[u128; 5], Error> {
        let pay = call::pay(voucher, shop(at).address(), Amount(amount), id(receipt));
        self.by(by, &pay).map(|done| done.parts.map(|part| part.0))
    }

    pub(crate) fn offer(&mut self, by: Account, voucher: u64) -> Result<(), Error> {
        self.by(by, &call::offer(voucher, key(&secret(LINK)), None, None))
    }

    pub(crate) fn claim(&mut self, by: Account, voucher: u64) -> Result<(), Error> {
        let theirs = phone(THEIRS).address();
        let signature = self.signed_claim(by, voucher, theirs);
        self.by(by, &call::claim(voucher, theirs, signature))
    }

    pub(crate) fn signed_claim(&mut self, by: Account, voucher: u64, theirs: Address) -> [u8; 64] {
        let count = self.voucher(voucher).count;
        self.city.claim(&secret(LINK), (voucher, count), by, theirs)
    }

    /// The first holder's goes to another.
    pub(crate) fn given(&mut self, voucher: u64, to: usize) {
        self.offer(holder(0), voucher).unwrap();
        self.claim(holder(to), voucher).unwrap();
    }

    pub(crate) fn refund(
        &mut self,
        by: Account,
        voucher: u64,
        kind: RefundKind,
    ) -> Result<u128, Error> {
        self.by(by, &call::refund(voucher, kind)).map(|amount| amount.0)
    }

    pub(crate) fn voucher(&mut self, voucher: u64) -> Voucher {
        self.ask(&call::voucher(voucher)).unwrap()
    }

    pub(crate) fn left(&mut self, voucher: u64) -> u128 {
        self.voucher(voucher).remaining.0
    }

    pub(crate) fn held_by(&mut self, voucher: u64) -> Account {
        let found = self.voucher(voucher);
        assert_eq!(found.state, State::Held);
        (0..3).map(holder).find(|account| account.address() == found.holder).unwrap()
    }

    /// What a payee is owed, and what of it it can take now.
    pub(crate) fn owed(&mut self, payee: Account) -> (u128, u128) {
        let (owed, free) = self.ask(&call::owed(payee.address()));
        (owed.0, free.0)
    }

    pub(crate) fn collect(&mut self, payee: Account, amount: u128) -> Result<(), Error> {
        self.by(payee, &call::collect(payee.address(), Amount(amount)))
    }

    pub(crate) fn audit(&mut self) {
        self.city.audit();
    }
}

pub(crate) fn days(count: u64) -> u64 {
    count * DAY
}

pub(crate) fn instant(time: u64) -> TimestampMs {
    TimestampMs(START + time)
}
