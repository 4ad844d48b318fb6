//! A token, the market, its two zones and four participants, in the memory of the test.

use dure_sdk::{
    Address, Amount, Hash, Invocation, TimestampMs, codec::Decode, native::Sandbox,
    prelude::CallError,
};
use ed25519_dalek::{Signer as _, SigningKey};
use energy::energy::{
    EnergyTerms, Error, Market, Meter, Reading, Signed, Signer, Slot, Zone, call,
};
use token::token::{Conditions, PurposeToken, call as money};

pub(crate) const OPERATOR: Address = Address([90; 32]);
pub(crate) const MONEY: Address = Address([92; 32]);
pub(crate) const MARKET: Address = Address([93; 32]);
pub(crate) const UTILITY: Address = Address([81; 32]);
pub(crate) const ROUNDING: Address = Address([82; 32]);
pub(crate) const GRIDS: [Address; 2] = [Address([83; 32]), Address([84; 32])];
pub(crate) const NAME: Hash = Hash([77; 32]);
/// 2026-03-01 00:00 in Korea, where a slot begins.
pub(crate) const START: u64 = 1_772_290_800_000;
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const SLOT: u64 = 15 * MINUTE;
pub(crate) const PEOPLE: usize = 4;
/// What each participant and the utility pay in.
pub(crate) const PAID_IN: u128 = 10_000;

pub(crate) fn person(index: usize) -> Address {
    Address([10 + index as u8; 32])
}

/// The meter of a participant, who lives in the first zone or the second by turns.
pub(crate) fn meter(index: usize) -> u32 {
    index as u32 + 1
}

pub(crate) fn slot(number: u64) -> Slot {
    Slot(START / SLOT + number)
}

pub(crate) fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Hash(bytes)
}

/// Gate five minutes before, readings for an hour; 120 won retail, 60 feed-in.
pub(crate) fn terms() -> EnergyTerms {
    let zone = |operator, import_mwon, export_mwon| Zone { operator, import_mwon, export_mwon };
    EnergyTerms {
        gate_ms: 5 * MINUTE,
        reading_ms: 60 * MINUTE,
        retail_mwon: 120_000,
        feed_in_mwon: 60_000,
        least_wh: 10,
        most_wh: 100_000,
        substitute_export_bp: 0,
        substitute_import_bp: 10_000,
        utility: UTILITY,
        rounding: ROUNDING,
        zones: vec![zone(GRIDS[0], 5_000, 2_000), zone(GRIDS[1], 9_000, 4_000)],
    }
}

fn key(meter: u32, signer: usize) -> SigningKey {
    SigningKey::from_bytes(&[meter as u8 * 4 + signer as u8; 32])
}

pub(crate) const SIGNERS: [Signer; 3] = [Signer::Meter, Signer::GridOperator, Signer::Aggregator];

/// Signatures of some of a meter's signers under a reading.
pub(crate) fn signed(meter: u32, slot: Slot, reading: &Reading, by: &[usize]) -> Vec<Signed> {
    let mut message = b"dure/energy/reading".to_vec();
    message.extend(NAME.0);
    message.extend(MARKET.0);
    message.extend(meter.to_le_bytes());
    message.extend(slot.0.to_le_bytes());
    message.extend(reading.import_wh.to_le_bytes());
    message.extend(reading.export_wh.to_le_bytes());
    message.extend(reading.revision.to_le_bytes());
    let sign = |signer: &usize| Signed {
        by: SIGNERS[*signer],
        signature: key(meter, *signer).sign(&message).to_bytes(),
    };
    by.iter().map(sign).collect()
}

pub(crate) struct Scene(pub(crate) Sandbox);

impl Scene {
    pub(crate) fn new() -> Self {
        Self::under(terms())
    }

    pub(crate) fn under(terms: EnergyTerms) -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.time(TimestampMs(START)).caller(OPERATOR);
        let won = ("Won".to_owned(), "W".to_owned(), 0u8, Conditions::NONE);
        sandbox.deploy::<PurposeToken>(MONEY, won).unwrap();
        let plenty = Amount(1_000_000);
        sandbox.deploy::<Market>(MARKET, (NAME, MONEY, terms)).unwrap();
        for index in 0..PEOPLE {
            let keys = [0, 1, 2].map(|signer| key(meter(index), signer).verifying_key().to_bytes());
            let zone = index as u16 % 2;
            let made = Meter { owner: person(index), zone, keys, renewable: index != 3 };
            let number = sandbox.send(MARKET, &call::register_meter(made)).unwrap();
            assert_eq!(number, meter(index));
        }
        for account in (0..PEOPLE).map(person).chain([UTILITY]) {
            let issue = money::issue(account, Amount(PAID_IN * 2));
            sandbox.caller(OPERATOR).send(MONEY, &issue).unwrap();
            sandbox.caller(account).send(MONEY, &money::approve(MARKET, plenty, None)).unwrap();
            sandbox.send(MARKET, &call::deposit(id(0), Amount(PAID_IN))).unwrap();
        }
        Self(sandbox)
    }

    pub(crate) fn by<T: Decode>(
        &mut self,
        caller: Address,
        call: &Invocation<T, Error>,
    ) -> Result<T, Error> {
        self.0.caller(caller).send(MARKET, call).map_err(|error| match error {
            CallError::Contract(error) => error,
            other => panic!("{other:?}"),
        })
    }

    pub(crate) fn ask<T: Decode>(&mut self, call: &Invocation<T, Error>) -> T {
        self.0.ask(MARKET, call).unwrap()
    }

    /// Goes to a time after the start.
    pub(crate) fn at(&mut self, time: u64) -> &mut Self {
        self.0.time(TimestampMs(START + time));
        self
    }

    pub(crate) fn read(
        &mut self,
        who: usize,
        slot: Slot,
        (import_wh, export_wh): (u64, u64),
        by: &[usize],
    ) -> Result<(), Error> {
        let reading = Reading { import_wh, export_wh, revision: 0 };
        let signatures = signed(meter(who), slot, &reading, by);
        self.by(OPERATOR, &call::read(meter(who), slot, reading, signatures))
    }

    /// What an account has free, and owes.
    pub(crate) fn account(&mut self, account: Address) -> (u128, u128) {
        let (free, owed) = self.ask(&call::account(account));
        (free.0, owed.0)
    }

    /// Counts everything again, page by page.
    pub(crate) fn audit(&mut self) -> Result<(), CallError<Error>> {
        let mut counted = None;
        loop {
            counted = self.0.ask(MARKET, &call::audit(counted, 3))?.next;
            if counted.is_none() {
                return Ok(());
            }
        }
    }

    pub(crate) fn books_balance(&mut self, slots: impl IntoIterator<Item = u64>) {
        self.ask(&call::books());
        self.audit().unwrap();
        for number in slots {
            self.ask(&call::audit_slot(slot(number)));
        }
    }
}
