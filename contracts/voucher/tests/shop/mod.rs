//! A registry, a token and the vouchers of an issuer, in the memory of the test.

use currency::currency::{Currency, call as money};
use dure_sdk::{
    Address, Amount, Hash, TimestampMs,
    domain::{
        calendar::Period,
        policy::{Bracket, Brackets},
        registry::{Category, Merchant, MerchantSet, Status},
        split::Legs,
    },
    native::Sandbox,
};
use merchants::merchants::{Registry, call as registry};
use voucher::voucher::{Kind, Product, VoucherTerms, Vouchers, call, code_before};

pub(crate) const ISSUER: Address = Address([90; 32]);
pub(crate) const REGISTRY: Address = Address([91; 32]);
pub(crate) const MONEY: Address = Address([92; 32]);
pub(crate) const VOUCHERS: Address = Address([93; 32]);
/// Headquarters, issuer, distributor, platform.
pub(crate) const PAYEES: [Address; 4] =
    [Address([81; 32]), ISSUER, Address([83; 32]), Address([84; 32])];
pub(crate) const LEGS: [u16; 5] = [9_200, 300, 250, 150, 100];
/// 2026-03-01 00:00 in Korea.
pub(crate) const START: u64 = 1_772_290_800_000;
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1_000;
/// A sum of 10,000, a sum of 60,000, and a cake with a face of 5,000 supplied at 4,200.
pub(crate) const FACES: [u128; 3] = [10_000, 60_000, 5_000];
pub(crate) const PRICE: u128 = 4_200;
pub(crate) const HOLDERS: usize = 3;
/// The second one is of another category.
pub(crate) const SHOPS: usize = 2;
/// Codes that a holder makes for a voucher.
pub(crate) const CODES: usize = 12;

pub(crate) fn holder(index: usize) -> Address {
    Address([10 + index as u8; 32])
}

pub(crate) fn shop(index: usize) -> Address {
    Address([50 + index as u8; 32])
}

pub(crate) fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Hash(bytes)
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
        undo_days: 1,
    }
}

/// The terms of 2025: 95 % above 50,000.
pub(crate) fn better_terms() -> VoucherTerms {
    let up_to = |up_to, rate_bp| Bracket { up_to: Amount(up_to), rate_bp };
    let expired_bp = Brackets::new(vec![up_to(50_000, 9_000), up_to(u128::MAX, 9_500)]).unwrap();
    VoucherTerms { expired_bp, ..terms() }
}

pub(crate) fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.time(TimestampMs(START)).caller(ISSUER);
    sandbox.deploy::<Registry>(REGISTRY, ()).unwrap();
    let everywhere = MerchantSet::EVERYWHERE;
    let food = MerchantSet { allowed: vec![Category([1, 0, 0, 0])], ..MerchantSet::EVERYWHERE };
    sandbox.send(REGISTRY, &registry::define_set(1, everywhere)).unwrap();
    sandbox.send(REGISTRY, &registry::define_set(2, food)).unwrap();
    for index in 0..SHOPS {
        let merchant = Merchant {
            owner: Hash([200 + index as u8; 32]),
            region: 1,
            category: Category([1 + index as u8, 0, 0, 0]),
            tier: 0,
            status: Status::Active,
        };
        sandbox.send(REGISTRY, &registry::register(shop(index), merchant, vec![])).unwrap();
    }
    for index in 0..HOLDERS {
        sandbox.send(REGISTRY, &registry::link(holder(index), Hash(holder(index).0))).unwrap();
    }
    sandbox.deploy::<Currency>(MONEY, ("Won".to_owned(), "W".to_owned(), 0u8)).unwrap();
    let plenty = Amount(1_000_000_000);
    sandbox.send(MONEY, &money::book_deposit(plenty)).unwrap();
    sandbox.send(MONEY, &money::issue(ISSUER, plenty)).unwrap();
    sandbox.deploy::<Vouchers>(VOUCHERS, (REGISTRY, MONEY, terms())).unwrap();
    sandbox.send(MONEY, &money::approve(VOUCHERS, plenty, None)).unwrap();
    for (number, face) in (0u32..).zip(FACES) {
        let kind = if number == 2 { Kind::Goods { price: Amount(PRICE) } } else { Kind::Amount };
        let product = Product {
            kind,
            face: Amount(face),
            validity: if number == 2 { Period::Months(3) } else { Period::Years(1) },
            short_lived: number == 2,
            set: 1,
            identified: true,
            legs: Legs::new(LEGS).unwrap(),
            payees: PAYEES,
        };
        sandbox.send(VOUCHERS, &call::define_product(number, product)).unwrap();
    }
    sandbox
}

/// The codes of a secret, in the order in which they are shown; the hash of the first lies in the
/// voucher.
pub(crate) fn codes(sandbox: &mut Sandbox, secret: Hash) -> (Hash, Vec<Hash>) {
    sandbox.run(|_| {
        let mut codes = vec![secret];
        for _ in 1..CODES {
            codes.extend(codes.last().map(|code| code_before(*code)));
        }
        let first = codes.last().map(|code| code_before(*code)).unwrap();
        codes.reverse();
        (first, codes)
    })
}

pub(crate) fn tokens(sandbox: &mut Sandbox, of: Address) -> u128 {
    sandbox.ask(MONEY, &money::balance(of)).unwrap().0
}
