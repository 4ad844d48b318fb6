//! A registry, a token and the vouchers of an issuer: in the memory of the test, or on a chain
//! where each call runs as WASM and natively.

use dure_sdk::{
    Invocation,
    domain::{
        calendar::Period,
        policy::{Bracket, Brackets},
        registry::{Category, Merchant, MerchantSet, Status},
        split::Legs,
    },
    native::{Sandbox, Touched},
    prelude::CallError,
};
use dure_testing::{
    Account, Address, Amount, Chain, Gas, Hash, Outcome, Refusal, TimestampMs, codec::Decode,
    invoke,
};
use ed25519_dalek::{Signer, SigningKey};
use merchants::merchants::{Registry, call as registry};
use token::token::{Conditions, PurposeToken, call as money};
use voucher::voucher::{
    ClaimKey, Error, Kind, Product, Redemption, VoucherTerms, Vouchers, call, claim_message,
};

pub(crate) const LEGS: [u16; 5] = [9_200, 300, 250, 150, 100];
/// 2026-03-01 00:00 in Korea.
pub(crate) const START: u64 = 1_772_290_800_000;
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1_000;
/// A sum of 10,000, a sum of 60,000, and a cake with a face of 5,000 supplied at 4,200.
pub(crate) const FACES: [u128; 3] = [10_000, 60_000, 5_000];
pub(crate) const PRICE: u128 = 4_200;
/// The least of one redemption of a sum.
pub(crate) const LEAST: u128 = 100;
pub(crate) const HOLDERS: usize = 3;
/// The second one is of another category.
pub(crate) const SHOPS: usize = 2;

pub(crate) fn issuer() -> Account {
    Account::named("issuer")
}

pub(crate) fn holder(index: usize) -> Account {
    Account::named(["ana", "ben", "cho"][index])
}

pub(crate) fn shop(index: usize) -> Account {
    Account::named(["bakery", "bookshop"][index])
}

/// Headquarters, issuer, distributor, platform.
pub(crate) fn payees() -> [Account; 4] {
    ["headquarters", "issuer", "distributor", "platform"].map(Account::named)
}

pub(crate) fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Hash(bytes)
}

/// What signs codes: its account is all that the chain knows of it.
pub(crate) fn phone(number: u64) -> Account {
    Account::named(&format!("phone {number}"))
}

/// A secret that signs claims.
pub(crate) fn secret(number: u64) -> SigningKey {
    SigningKey::from_bytes(&id(number).0)
}

pub(crate) fn key(secret: &SigningKey) -> ClaimKey {
    ClaimKey(secret.verifying_key().to_bytes())
}

/// The terms of 2020: 90 % of what expired, 60 % used (80 % up to 10,000), seven days.
pub(crate) fn terms() -> VoucherTerms {
    let up_to = |up_to, rate_bp| Bracket { up_to: Amount(up_to), rate_bp };
    VoucherTerms {
        withdrawal_days: 7,
        used_bp: Brackets::new(vec![up_to(10_000, 8_000), up_to(u128::MAX, 6_000)]).unwrap(),
        expired_bp: VoucherTerms::flat(9_000),
        claims: Period::Years(5),
        extension: Period::Months(3),
        extensions: 1,
        notice_days: vec![30, 14, 7],
        claim_days: 10,
        expired_to_purchaser: false,
    }
}

/// The terms of 2025: 95 % above 50,000.
pub(crate) fn better_terms() -> VoucherTerms {
    let up_to = |up_to, rate_bp| Bracket { up_to: Amount(up_to), rate_bp };
    let expired_bp = Brackets::new(vec![up_to(50_000, 9_000), up_to(u128::MAX, 9_500)]).unwrap();
    VoucherTerms { expired_bp, ..terms() }
}

pub(crate) fn product(number: u32) -> Product {
    let thing = number == 2;
    Product {
        kind: if thing {
            Kind::Goods { price: Amount(PRICE) }
        } else {
            Kind::Amount { least: Amount(LEAST) }
        },
        face: Amount(FACES[number as usize]),
        validity: if thing { Period::Months(3) } else { Period::Years(1) },
        short_lived: thing,
        set: 1,
        identified: true,
        undo_days: 1,
        legs: Legs::new(LEGS).unwrap(),
        payees: payees().map(|payee| payee.address()),
    }
}

/// What money is made with.
fn won() -> (String, String, u8, Conditions) {
    ("Won".to_owned(), "W".to_owned(), 0, Conditions::NONE)
}

enum Side {
    Native(Box<Sandbox>),
    Chain(Box<Chain>),
}

pub(crate) struct City {
    side: Side,
    now: u64,
    pub(crate) registry: Address,
    pub(crate) money: Address,
    pub(crate) vouchers: Address,
}

impl City {
    pub(crate) fn native() -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.time(TimestampMs(START)).caller(issuer().address());
        let [registry, money, vouchers] = [91, 92, 93].map(|byte| Address([byte; 32]));
        sandbox.deploy::<Registry>(registry, ()).unwrap();
        sandbox.deploy::<PurposeToken>(money, won()).unwrap();
        sandbox.deploy::<Vouchers>(vouchers, (registry, money, terms())).unwrap();
        let side = Side::Native(Box::new(sandbox));
        Self { side, now: START, registry, money, vouchers }.opened()
    }

    pub(crate) fn chain() -> Self {
        let mut chain = Chain::starting(TimestampMs(START - DAY));
        let names = ["issuer", "ana", "ben", "cho", "bakery", "bookshop"];
        for name in names.into_iter().chain(["headquarters", "distributor", "platform"]) {
            chain.account(name);
        }
        let (here, by) = (env!("CARGO_MANIFEST_DIR"), issuer());
        chain.shadow::<Registry>(chain.next_address(by));
        let registry = chain.deploy(format!("{here}/../merchants"), by, ()).unwrap();
        chain.shadow::<PurposeToken>(chain.next_address(by));
        let money = chain.deploy(format!("{here}/../token"), by, won()).unwrap();
        chain.shadow::<Vouchers>(chain.next_address(by));
        let vouchers = chain.deploy(here, by, (registry, money, terms())).unwrap();
        let now = chain.time().0;
        let side = Side::Chain(Box::new(chain));
        let mut city = Self { side, now, registry, money, vouchers }.opened();
        city.at(START);
        city
    }

    /// Merchants, persons, money and products.
    fn opened(mut self) -> Self {
        let (by, at) = (issuer(), self.registry);
        let everywhere = MerchantSet::EVERYWHERE;
        let food = MerchantSet { allowed: vec![Category([1, 0, 0, 0])], ..MerchantSet::EVERYWHERE };
        self.send(by, at, &registry::define_set(1, everywhere)).unwrap();
        self.send(by, at, &registry::define_set(2, food)).unwrap();
        for index in 0..SHOPS {
            let merchant = Merchant {
                owner: Hash([200 + index as u8; 32]),
                region: 1,
                category: Category([1 + index as u8, 0, 0, 0]),
                tier: 0,
                status: Status::Active,
            };
            let register = registry::register(shop(index).address(), merchant, vec![]);
            self.send(by, at, &register).unwrap();
        }
        for index in 0..HOLDERS {
            let account = holder(index).address();
            self.send(by, at, &registry::link(account, Hash(account.0))).unwrap();
        }
        let (plenty, money) = (Amount(1_000_000_000), self.money);
        self.send(by, money, &money::issue(by.address(), plenty)).unwrap();
        self.send(by, money, &money::approve(self.vouchers, plenty, None)).unwrap();
        for number in 0..3 {
            self.send(by, self.vouchers, &call::define_product(number, product(number))).unwrap();
        }
        self
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// The next call happens then, or on a chain a second after the last at the earliest.
    pub(crate) fn at(&mut self, time: u64) {
        self.now = time;
        if let Side::Native(sandbox) = &mut self.side {
            sandbox.time(TimestampMs(time));
        }
    }

    /// What is refused is refused by the contract, or the test fails.
    pub(crate) fn send<T: Decode, E: Decode + std::fmt::Debug>(
        &mut self,
        by: Account,
        at: Address,
        invocation: &Invocation<T, E>,
    ) -> Result<T, E> {
        match &mut self.side {
            Side::Native(sandbox) => {
                let done = sandbox.caller(by.address()).send(at, invocation);
                done.map_err(|error| match error {
                    CallError::Contract(error) => error,
                    other => panic!("{other:?}"),
                })
            }
            Side::Chain(chain) => {
                if self.now >= chain.time().0 + 1_000 {
                    chain.set_time(TimestampMs(self.now)).unwrap();
                }
                let done = chain.send(by, at, invocation);
                self.now = chain.time().0;
                done.map_err(|error| match error {
                    Refusal::Contract(error) => error,
                    other => panic!("{other:?}"),
                })
            }
        }
    }

    pub(crate) fn ask<T: Decode, E: Decode + std::fmt::Debug>(
        &mut self,
        at: Address,
        invocation: &Invocation<T, E>,
    ) -> T {
        match &mut self.side {
            Side::Native(sandbox) => sandbox.ask(at, invocation).unwrap(),
            Side::Chain(chain) => chain.ask(at, invocation).unwrap(),
        }
    }

    /// The contract's storage in memory.
    pub(crate) fn sandbox(&mut self) -> &mut Sandbox {
        let Side::Native(sandbox) = &mut self.side else { panic!("a chain's is its own") };
        sandbox
    }

    /// What the last call in memory looked at and changed.
    pub(crate) fn touched(&self) -> Touched {
        let Side::Native(sandbox) = &self.side else {
            panic!("only a sandbox says what it touched")
        };
        sandbox.touched().clone()
    }

    pub(crate) fn tokens(&mut self, of: Account) -> u128 {
        self.ask(self.money, &money::balance_of(of.address())).0
    }

    /// The chain, where it runs on one.
    pub(crate) fn on_chain(&self) -> &Chain {
        let Side::Chain(chain) = &self.side else { panic!("it runs in memory") };
        chain
    }

    /// What signs codes, able to send them on a chain.
    pub(crate) fn phone(&mut self, number: u64) -> Account {
        if let Side::Chain(chain) = &mut self.side {
            chain.account(&format!("phone {number}"));
        }
        phone(number)
    }

    /// What becomes of a code that is in a block twice, and in one after its time.
    pub(crate) fn relayed(
        &mut self,
        number: u64,
        code: &Invocation<Redemption, Error>,
    ) -> [Vec<Outcome>; 2] {
        let (by, at) = (self.phone(number), self.vouchers);
        let chain = self.on_chain();
        let signed = chain.verified(by, vec![invoke(at, code)], Gas(10_000_000)).unwrap();
        let (state, context, block) = (chain.state(), chain.context(), [signed.clone(), signed]);
        [0, 60_001].map(|later| {
            let mut context = context;
            context.time.0 += later;
            let done = chain.executor().execute_block(&state, &context, &block).unwrap();
            done.outcomes.into_iter().map(|done| done.outcome).collect()
        })
    }

    /// What the secret of a present signs for who claims it.
    pub(crate) fn claim(
        &self,
        secret: &SigningKey,
        (voucher, count): (u64, u32),
        holder: Account,
        key: Address,
    ) -> [u8; 64] {
        let message = claim_message(self.vouchers, voucher, count, holder.address(), key);
        secret.sign(&message).to_bytes()
    }

    /// What the contract has is what it owes, counted again in pages of two.
    pub(crate) fn audit(&mut self) -> (u128, u128) {
        let at = self.vouchers;
        let books = self.ask(at, &call::books());
        let mut counted = None;
        loop {
            let audit = self.ask(at, &call::audit(counted, 2));
            assert_eq!(audit.books, books);
            counted = audit.next;
            if counted.is_none() {
                break;
            }
        }
        let (mut vouchers, mut owed) = (0, 0);
        let mut next = None;
        loop {
            let (sum, more) = self.ask(at, &call::count_vouchers(next, 2));
            (vouchers, next) = (vouchers + sum.0, more);
            if next.is_none() {
                break;
            }
        }
        let mut next = None;
        loop {
            let (sum, more) = self.ask(at, &call::count_owed(next, 2));
            (owed, next) = (owed + sum.0, more);
            if next.is_none() {
                break;
            }
        }
        let mut next = None;
        loop {
            let (sum, more) = self.ask(at, &call::count_undoable(next, 2));
            (owed, next) = (owed + sum.0, more);
            if next.is_none() {
                break;
            }
        }
        assert_eq!((books.escrow.0, books.cash.0), (vouchers, vouchers + owed), "counted again");
        assert_eq!(books.tokens, books.cash);
        (vouchers, owed)
    }
}
