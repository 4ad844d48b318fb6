//! The rules of vouchers, and what went wrong elsewhere, by name.
#![allow(clippy::result_large_err, reason = "the errors are those that the contracts return")]

mod shop;

use dure_sdk::{
    Address, Amount, Hash, TimestampMs,
    domain::{
        registry::{MerchantsError, NotPermitted, RegistryError},
        split::ReceivablesError,
    },
    native::Sandbox,
    prelude::CallError,
};
use dure_testing::codec::Decode;
use merchants::merchants::call as registry;
use shop::{
    DAY, ISSUER, PAYEES, REGISTRY, START, VOUCHERS, better_terms, codes, holder, id, sandbox, shop,
    terms, tokens,
};
use voucher::voucher::{Error, RefundKind, State, call};

struct Scene(Sandbox);

impl Scene {
    fn new() -> Self {
        Self(sandbox())
    }

    fn by<T: Decode>(
        &mut self,
        caller: Address,
        call: &dure_sdk::Invocation<T, Error>,
    ) -> Result<T, Error> {
        self.0.caller(caller).send(VOUCHERS, call).map_err(|error| match error {
            CallError::Contract(error) => error,
            other => panic!("{other:?}"),
        })
    }

    fn at(&mut self, time: u64) -> &mut Self {
        self.0.time(TimestampMs(START + time));
        self
    }

    /// Issues one to the first holder and answers its number and codes.
    fn issue(&mut self, product: u32, paid: u128) -> (u64, Vec<Hash>) {
        let (first, codes) = codes(&mut self.0, id(1_000));
        let issue = call::issue(product, holder(0), Amount(paid), vec![first]);
        (self.by(ISSUER, &issue).unwrap(), codes)
    }

    fn redeem(
        &mut self,
        at: usize,
        voucher: u64,
        code: Hash,
        amount: u128,
        receipt: u64,
    ) -> Result<[u128; 5], Error> {
        let redeem = call::redeem(voucher, code, Amount(amount), id(receipt));
        self.by(shop(at), &redeem).map(|done| done.parts.map(|part| part.0))
    }

    fn left(&mut self, voucher: u64) -> u128 {
        self.0.ask(VOUCHERS, &call::voucher(voucher)).unwrap().unwrap().remaining.0
    }

    fn books_balance(&mut self) {
        self.0.ask(VOUCHERS, &call::audit()).unwrap();
    }
}

#[test]
fn a_redemption_is_settled_to_all_five_in_the_same_call() {
    let mut scene = Scene::new();
    let (voucher, codes) = scene.issue(0, 9_500);
    // Largest remainder: 4,999 at 92, 3, 2.5, 1.5 and 1 %.
    assert_eq!(scene.redeem(0, voucher, codes[0], 4_999, 1), Ok([4_599, 150, 125, 75, 50]));
    let owed = |scene: &mut Scene, of| scene.0.ask(VOUCHERS, &call::owed(of)).unwrap();
    // It can be undone today, so nobody takes it today; tomorrow all do.
    for (payee, part) in [shop(0)].into_iter().chain(PAYEES).zip([4_599, 150, 125, 75, 50]) {
        assert_eq!(owed(&mut scene, payee), (Amount(part), Amount(0)));
    }
    let collect = call::collect(Amount(4_599));
    assert!(matches!(scene.by(shop(0), &collect), Err(Error::Receivables(_))));
    scene.at(DAY).by(shop(0), &collect).unwrap();
    assert_eq!(tokens(&mut scene.0, shop(0)), 4_599);
    scene.books_balance();
}

#[test]
fn a_screenshot_that_is_scanned_twice_pays_once() {
    let mut scene = Scene::new();
    let (voucher, codes) = scene.issue(0, 10_000);
    scene.redeem(0, voucher, codes[0], 3_000, 1).unwrap();
    let wrong = Err(Error::WrongCode { voucher });
    assert_eq!(scene.redeem(0, voucher, codes[0], 3_000, 2), wrong);
    assert_eq!(scene.redeem(1, voucher, codes[0], 3_000, 1), wrong);
    // Nor does a code that is not next.
    assert_eq!(scene.redeem(0, voucher, codes[2], 3_000, 2), wrong);
    // The terminal asks again under its receipt: the same answer, and nothing moves.
    assert!(scene.redeem(0, voucher, codes[0], 3_000, 1).is_ok());
    assert_eq!(scene.left(voucher), 7_000);
    scene.redeem(0, voucher, codes[1], 7_000, 2).unwrap();
    assert_eq!(scene.redeem(0, voucher, codes[2], 1, 3), Err(Error::Ended { voucher }));
    scene.books_balance();
}

#[test]
fn an_undo_reverses_every_leg_and_makes_the_voucher_good_again() {
    let mut scene = Scene::new();
    let (voucher, codes) = scene.issue(0, 10_000);
    scene.redeem(0, voucher, codes[0], 10_000, 1).unwrap();
    assert_eq!(scene.by(shop(1), &call::undo(id(1))), Err(Error::NoRedemption { receipt: id(1) }));
    scene.by(shop(0), &call::undo(id(1))).unwrap();
    assert_eq!(scene.left(voucher), 10_000);
    assert!(scene.by(shop(0), &call::undo(id(1))).is_err(), "once");
    // The code is used up all the same.
    assert_eq!(scene.redeem(0, voucher, codes[0], 1, 2), Err(Error::WrongCode { voucher }));
    scene.redeem(0, voucher, codes[1], 5_000, 2).unwrap();
    let closed = scene.at(DAY).by(shop(0), &call::undo(id(2)));
    assert!(matches!(closed, Err(Error::Receivables(ReceivablesError::Closed { .. }))));
    scene.books_balance();
}

#[test]
fn an_undo_after_payees_cashed_out_finds_every_leg() {
    let mut scene = Scene::new();
    let (voucher, codes) = scene.issue(1, 60_000);
    scene.redeem(0, voucher, codes[0], 20_000, 1).unwrap();
    scene.at(DAY).redeem(0, voucher, codes[1], 10_000, 2).unwrap();
    // Everybody takes all that is free: yesterday's part, none of today's.
    for payee in [shop(0)].into_iter().chain(PAYEES) {
        let free = scene.0.ask(VOUCHERS, &call::owed(payee)).unwrap().1;
        scene.by(payee, &call::collect(free)).unwrap();
        assert!(scene.by(payee, &call::collect(Amount(1))).is_err());
    }
    scene.by(shop(0), &call::undo(id(2))).unwrap();
    assert_eq!(scene.left(voucher), 40_000);
    scene.books_balance();
}

#[test]
fn a_present_is_claimed_by_its_secret_or_goes_back() {
    let mut scene = Scene::new();
    let (voucher, codes) = scene.issue(0, 10_000);
    let (claim, secret) = scene.0.run(|_| (voucher::voucher::code_before(id(7)), id(7)));
    let offer = call::offer(voucher, claim, None, None);
    scene.by(holder(0), &offer).unwrap();
    // While it waits nobody redeems it, not even the giver.
    assert!(matches!(scene.redeem(0, voucher, codes[0], 1, 1), Err(Error::IsOffered { .. })));
    let mine = call::claim(voucher, id(8), id(9));
    assert_eq!(scene.by(holder(1), &mine), Err(Error::WrongCode { voucher }));
    let early = scene.by(holder(2), &call::take_back(voucher));
    assert!(matches!(early, Err(Error::NotBackYet { .. })));
    let (first, theirs) = self::codes(&mut scene.0, id(2_000));
    scene.by(holder(1), &call::claim(voucher, secret, first)).unwrap();
    // The giver's screenshot is worth nothing any more.
    assert_eq!(scene.redeem(0, voucher, codes[0], 1, 1), Err(Error::WrongCode { voucher }));
    scene.redeem(0, voucher, theirs[0], 4_000, 1).unwrap();
    // The next present is not claimed in ten days.
    scene.by(holder(1), &offer).unwrap();
    let late = scene.at(10 * DAY).by(holder(2), &call::claim(voucher, secret, first));
    assert!(matches!(late, Err(Error::OfferOver { .. })));
    scene.by(holder(2), &call::take_back(voucher)).unwrap();
    let found = scene.0.ask(VOUCHERS, &call::voucher(voucher)).unwrap().unwrap();
    assert_eq!((found.holder, found.state), (holder(1), State::Held));
}

#[test]
fn a_merchants_owner_does_not_redeem_in_the_own_shop() {
    let mut scene = Scene::new();
    let owner = Address([70; 32]);
    let link = registry::link(owner, Hash([200; 32]));
    scene.0.caller(ISSUER).send(REGISTRY, &link).unwrap();
    let (first, codes) = codes(&mut scene.0, id(5));
    let issue = call::issue(0, owner, Amount(9_000), vec![first]);
    let voucher = scene.by(ISSUER, &issue).unwrap();
    let own = Err(Error::OwnShop { merchant: shop(0) });
    assert_eq!(scene.redeem(0, voucher, codes[0], 1_000, 1), own);
    let pay = call::pay(voucher, shop(0), Amount(1_000), id(1));
    assert!(matches!(scene.by(owner, &pay), Err(Error::OwnShop { .. })));
    assert!(scene.redeem(1, voucher, codes[0], 1_000, 1).is_ok());
}

#[test]
fn a_guardian_makes_a_present_narrower_and_nobody_wider() {
    let mut scene = Scene::new();
    let (voucher, _) = scene.issue(0, 10_000);
    let claim = scene.0.run(|_| voucher::voucher::code_before(id(7)));
    let guardian = holder(2);
    // Food alone (set 2), and the guardian may add to that.
    let offer = call::offer(voucher, claim, Some(2), Some(guardian));
    scene.by(holder(0), &offer).unwrap();
    let (first, codes) = codes(&mut scene.0, id(2_000));
    scene.by(holder(1), &call::claim(voucher, id(7), first)).unwrap();
    let elsewhere = scene.redeem(1, voucher, codes[0], 1_000, 1);
    let NotPermitted::Category { .. } = (match elsewhere {
        Err(Error::Registry(RegistryError::Merchants(MerchantsError::NotPermitted {
            reason,
            ..
        }))) => reason,
        other => panic!("{other:?}"),
    }) else {
        panic!("another reason");
    };
    assert!(scene.redeem(0, voucher, codes[0], 1_000, 1).is_ok());
    for other in [holder(0), holder(1), ISSUER] {
        assert_eq!(scene.by(other, &call::limit(voucher, 1)), Err(Error::NotGuardian { voucher }));
    }
    scene.by(guardian, &call::limit(voucher, 99)).unwrap();
    assert!(scene.redeem(0, voucher, codes[1], 1_000, 2).is_err(), "no such set: nowhere");
    // Passed on, it keeps both its limits and its guardian.
    scene.by(holder(1), &call::offer(voucher, claim, None, Some(holder(1)))).unwrap();
    assert_eq!(scene.by(holder(1), &call::limit(voucher, 1)), Err(Error::NotGuardian { voucher }));
}

#[test]
fn refunds_are_those_of_the_terms() {
    let refund = |scene: &mut Scene, voucher, kind| {
        scene.by(holder(0), &call::refund(voucher, kind)).map(|amount| amount.0)
    };
    // Unused, within seven days: what was paid. The first day does not count.
    let mut scene = Scene::new();
    let (voucher, _) = scene.issue(1, 57_000);
    let withdrawn = RefundKind::Withdrawn;
    scene.at(8 * DAY);
    assert!(matches!(refund(&mut scene, voucher, withdrawn), Err(Error::NotWithdrawable { .. })));
    scene.at(8 * DAY - 1);
    assert_eq!(refund(&mut scene, voucher, withdrawn), Ok(57_000));
    assert_eq!(tokens(&mut scene.0, holder(0)), 57_000);
    assert_eq!(scene.0.ask(VOUCHERS, &call::owed(ISSUER)).unwrap().0, Amount(3_000));
    scene.books_balance();

    // The balance: 60 % used of 60,000, 80 % of 10,000; the share of what was paid.
    for (product, paid, used, least, back) in
        [(1, 57_000, 35_999, 36_000, 22_800), (0, 9_000, 7_999, 8_000, 1_800)]
    {
        let mut scene = Scene::new();
        let (voucher, codes) = scene.issue(product, paid);
        scene.redeem(0, voucher, codes[0], used, 1).unwrap();
        let little = refund(&mut scene, voucher, RefundKind::Balance);
        assert!(matches!(little, Err(Error::UsedTooLittle { .. })));
        scene.redeem(0, voucher, codes[1], least - used, 2).unwrap();
        assert_eq!(refund(&mut scene, voucher, RefundKind::Balance), Ok(back));
        scene.books_balance();
    }

    // Expired: 90 % of what was paid for the rest, or all of it in points.
    let mut scene = Scene::new();
    let (voucher, codes) = scene.issue(1, 57_000);
    scene.redeem(0, voucher, codes[0], 20_000, 1).unwrap();
    let year = 366 * DAY;
    scene.at(year - 1);
    let good = refund(&mut scene, voucher, RefundKind::Expired);
    assert!(matches!(good, Err(Error::NotExpired { .. })));
    scene.at(year);
    assert!(matches!(scene.redeem(0, voucher, codes[1], 1, 2), Err(Error::Expired { .. })));
    let points = scene.0.ask(VOUCHERS, &call::refund_of(voucher, RefundKind::Points)).unwrap();
    assert_eq!(points, Amount(40_000));
    // 40,000 x 57,000 x 9,000 / (60,000 x 10,000).
    assert_eq!(refund(&mut scene, voucher, RefundKind::Expired), Ok(34_200));
    scene.books_balance();
}

#[test]
fn terms_are_frozen_unless_later_ones_are_better_and_say_so() {
    for (retroactive, back) in [(false, 54_000), (true, 57_000)] {
        let mut scene = Scene::new();
        let (voucher, _) = scene.issue(1, 60_000);
        let from = TimestampMs(START + DAY);
        scene.by(ISSUER, &call::schedule_terms(better_terms(), from, retroactive)).unwrap();
        scene.at(366 * DAY);
        let refund = call::refund(voucher, RefundKind::Expired);
        assert_eq!(scene.by(holder(0), &refund), Ok(Amount(back)));
    }
    // Worse ones never, whatever they say.
    let mut scene = Scene::new();
    scene.by(ISSUER, &call::schedule_terms(better_terms(), TimestampMs(START + 1), false)).unwrap();
    scene.at(1);
    let (voucher, _) = scene.issue(1, 60_000);
    scene.by(ISSUER, &call::schedule_terms(terms(), TimestampMs(START + 2), true)).unwrap();
    scene.at(366 * DAY);
    let refund = call::refund(voucher, RefundKind::Expired);
    assert_eq!(scene.by(holder(0), &refund), Ok(Amount(57_000)));
}

#[test]
fn what_nobody_claims_in_five_years_is_the_issuers() {
    let mut scene = Scene::new();
    let (voucher, _) = scene.issue(0, 10_000);
    let breakage = call::refund(voucher, RefundKind::Breakage);
    // Five years from the purchase, the day of it not counted: 2031-03-02.
    let end = (5 * 365 + 1 + 1) * DAY;
    let early = scene.at(end - 1).by(holder(1), &breakage);
    assert!(matches!(early, Err(Error::ClaimsOpen { .. })), "{early:?}");
    assert!(scene.by(holder(0), &call::refund(voucher, RefundKind::Expired)).is_ok());
    let mut scene = Scene::new();
    let (voucher, _) = scene.issue(0, 10_000);
    scene.at(end);
    let late = scene.by(holder(0), &call::refund(voucher, RefundKind::Expired));
    assert!(matches!(late, Err(Error::ClaimsOver { .. })), "{late:?}");
    scene.by(holder(1), &breakage).unwrap();
    assert_eq!(scene.0.ask(VOUCHERS, &call::owed(ISSUER)).unwrap().0, Amount(10_000));
    scene.books_balance();
}

#[test]
fn a_free_voucher_is_used_and_never_paid_back() {
    let mut scene = Scene::new();
    let (voucher, codes) = scene.issue(0, 0);
    let refund = call::refund(voucher, RefundKind::Withdrawn);
    assert_eq!(scene.by(holder(0), &refund), Err(Error::Free { voucher }));
    scene.redeem(0, voucher, codes[0], 10_000, 1).unwrap();
    scene.books_balance();
}

#[test]
fn a_thing_is_redeemed_whole_at_its_supply_price() {
    let mut scene = Scene::new();
    // The cake of 5,000 was paid 4,900 for, and is supplied at 4,200.
    let (voucher, codes) = scene.issue(2, 4_900);
    let whole = Error::Whole { value: Amount(4_200), wanted: Amount(4_000) };
    assert_eq!(scene.redeem(0, voucher, codes[0], 4_000, 1), Err(whole));
    let parts = scene.redeem(0, voucher, codes[0], 4_200, 1).unwrap();
    assert_eq!(parts, [3_864, 126, 105 + 700, 63, 42]);
    scene.by(shop(0), &call::undo(id(1))).unwrap();
    // Nobody used it: within seven days all that was paid comes back.
    let refund = call::refund(voucher, RefundKind::Withdrawn);
    assert_eq!(scene.by(holder(0), &refund), Ok(Amount(4_900)));
    scene.books_balance();
}

#[test]
fn holders_are_told_and_can_extend_once() {
    let mut scene = Scene::new();
    let (voucher, _) = scene.issue(0, 10_000);
    let notify = call::notify(voucher);
    // 2027-03-02 is its first day over.
    for day in [366 - 30, 366 - 14, 366 - 7] {
        let early = scene.at(day * DAY - 1).by(holder(2), &notify);
        assert!(matches!(early, Err(Error::NoticeNotDue { due: Some(_) })), "{day}: {early:?}");
        scene.at(day * DAY).by(holder(2), &notify).unwrap();
        assert!(matches!(scene.by(holder(2), &notify), Err(Error::NoticeNotDue { .. })));
    }
    let expiry = scene.by(holder(0), &call::extend(voucher)).unwrap();
    // Three months on: 2027-06-02.
    assert_eq!(expiry, TimestampMs(START + (366 + 92) * DAY));
    let again = scene.by(holder(0), &call::extend(voucher));
    assert_eq!(again, Err(Error::NoExtension { extensions: 1 }));
    assert!(scene.at((366 + 92 - 30) * DAY).by(holder(1), &notify).is_ok(), "told anew");
}

#[test]
fn a_product_of_less_than_a_year_is_perishable_or_seasonal() {
    let mut scene = Scene::new();
    let product = scene.0.ask(VOUCHERS, &call::product(2)).unwrap().unwrap();
    let long = voucher::voucher::Product { short_lived: false, ..product };
    let refused = scene.by(ISSUER, &call::define_product(9, long));
    assert_eq!(refused, Err(Error::TooShort { least_months: 12 }));
}
