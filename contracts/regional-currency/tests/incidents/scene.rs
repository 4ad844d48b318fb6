//! A city with a discount, cashback and an allowance, and what its people do.

use crate::city::{
    CITY, DAY, PROGRAMME, REGISTRY, START, WON, account, city, id, merchant, person,
};
use dure_sdk::{
    Address, Amount, Invocation, TimestampMs,
    codec::Decode,
    domain::{
        calendar::{Month, Period},
        policy::{Bracket, Brackets},
        pool::OnShort,
    },
    native::Sandbox,
    prelude::CallError,
};
use merchants::merchants::call as registry;
use regional_currency::regional::{Cashback, Error, Holding, Scheme, call};

pub(crate) const HOUR: u64 = 60 * 60 * 1_000;

/// 10 % discount on 100,000 a month, 10 % cashback on 50,000, all money lives for 30 days.
pub(crate) fn scheme() -> Scheme {
    let validity = Period::Days(30);
    Scheme {
        discount: Brackets::new(vec![Bracket { up_to: Amount(100_000), rate_bp: 1_000 }]).unwrap(),
        discount_on_short: OnShort::Reject,
        top_up: None,
        cashback: Some(Cashback {
            tiers_bp: vec![1_000, 500],
            base_cap: Amount(50_000),
            validity,
            set: 1,
            on_short: OnShort::Zero,
        }),
        purchase_cap: Amount(100_000),
        holding_cap: Amount(500_000),
        validity,
        own_set: 1,
        refund_percent: 60,
        gift_cap: Some(Amount(50_000)),
        cash_out_cap: None,
        funded_alone: Amount(150_000),
        supply_cap: Amount(1_000_000),
    }
}

pub(crate) struct Scene(pub(crate) Sandbox);

impl Scene {
    /// The allowance is over after 20 days; the pool of March and April has 50,000 each.
    pub(crate) fn new() -> Self {
        let mut sandbox = city(scheme(), START + 20 * DAY, 20_000_000);
        for number in [0, 1] {
            let month = Month::of(TimestampMs(START)).plus(number);
            let fund = call::fund_pool(id(1 << 32 | u64::from(number)), month, Amount(50_000));
            sandbox.send(WON, &fund).unwrap();
        }
        Self(sandbox)
    }

    pub(crate) fn at(&mut self, time: u64) -> &mut Self {
        self.0.time(TimestampMs(START + time));
        self
    }

    pub(crate) fn buy(&mut self, number: u64, face: u128) -> Result<Amount, Error> {
        let sell = call::sell(id(number), account(0), Amount(face));
        refusal(self.0.caller(CITY).send(WON, &sell)).map(|sale| sale.paid)
    }

    pub(crate) fn pay(&mut self, at: usize, number: u64, amount: u128) -> Result<Amount, Error> {
        let pay = call::pay(merchant(at), Amount(amount), id(number));
        refusal(self.0.caller(account(0)).send(WON, &pay))
    }

    pub(crate) fn cancel(
        &mut self,
        at: usize,
        number: u64,
        receipt: u64,
        amount: u128,
    ) -> Result<(), Error> {
        let cancel = call::cancel(id(number), account(0), id(receipt), Amount(amount));
        refusal(self.0.caller(merchant(at)).send(WON, &cancel))
    }

    pub(crate) fn grant(&mut self, number: u64, amount: u128) -> Result<(), Error> {
        let grant = call::grant(id(number), PROGRAMME, account(0), Amount(amount));
        refusal(self.0.caller(CITY).send(WON, &grant))
    }

    pub(crate) fn city<T: Decode>(&mut self, call: &Invocation<T, Error>) -> Result<T, Error> {
        self.by(CITY, call)
    }

    pub(crate) fn by<T: Decode>(
        &mut self,
        who: Address,
        call: &Invocation<T, Error>,
    ) -> Result<T, Error> {
        refusal(self.0.caller(who).send(WON, call))
    }

    /// Gives the first person one more account, without money.
    pub(crate) fn another_account(&mut self, number: u8) -> Address {
        let account = Address([number; 32]);
        let link = registry::link(account, person(0));
        self.0.caller(CITY).send(REGISTRY, &link).unwrap();
        account
    }

    /// Own, bonus, allowances, debt, unclaimed.
    pub(crate) fn holding(&mut self) -> [u128; 5] {
        self.holding_of(account(0))
    }

    pub(crate) fn holding_of(&mut self, who: Address) -> [u128; 5] {
        let Holding { own, bonus, policy, debt, unclaimed, .. } =
            self.0.ask(WON, &call::holding(who)).unwrap();
        [own, bonus, policy, debt, unclaimed].map(|amount| amount.0)
    }

    pub(crate) fn pool(&mut self, month: u32) -> u128 {
        let month = Month::of(TimestampMs(START)).plus(month);
        self.0.ask(WON, &call::pool_left(month)).unwrap().0
    }

    /// Counts everything again, page by page.
    pub(crate) fn audit(&mut self) -> Result<(), CallError<Error>> {
        let mut counted = None;
        loop {
            counted = self.0.ask(WON, &call::audit(counted, 1))?.next;
            if counted.is_none() {
                return Ok(());
            }
        }
    }

    pub(crate) fn books_balance(&mut self) {
        let first = Month::of(TimestampMs(START));
        self.0.ask(WON, &call::books(first, first.plus(3))).unwrap();
        self.audit().unwrap();
    }
}

pub(crate) fn refusal<T>(result: Result<T, CallError<Error>>) -> Result<T, Error> {
    result.map_err(|error| match error {
        CallError::Contract(error) => error,
        other => panic!("{other:?}"),
    })
}
