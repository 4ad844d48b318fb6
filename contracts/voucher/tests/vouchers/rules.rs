//! The rules of vouchers, one by one.

use crate::{
    scene::{LINK, OWN, Scene, THEIRS, days, instant},
    shop::{
        City, DAY, better_terms, holder, id, issuer, key, payees, phone, product, secret, shop,
        terms,
    },
};
use dure_sdk::domain::{calendar::Period, policy::Version, split::ReceivablesError};
use dure_testing::{Address, Amount};
use std::collections::BTreeSet;
use voucher::voucher::{Error, Kind, Product, RefundKind, State, TermsError, VoucherTerms, call};

#[test]
fn a_redemption_is_settled_to_all_five_in_the_same_call() {
    let mut scene = Scene::new();
    let voucher = scene.issue(0, 9_500);
    // Largest remainder: 4,999 at 92, 3, 2.5, 1.5 and 1 %.
    assert_eq!(scene.redeem(0, voucher, 4_999, 1), Ok([4_599, 150, 125, 75, 50]));
    // It can be undone today, so nobody takes it today; tomorrow all do.
    for (payee, part) in [shop(0)].into_iter().chain(payees()).zip([4_599, 150, 125, 75, 50]) {
        assert_eq!(scene.owed(payee), (part, 0));
    }
    assert!(matches!(scene.collect(shop(0), 4_599), Err(Error::Receivables(_))));
    scene.at(DAY).collect(shop(0), 4_599).unwrap();
    assert_eq!(scene.city.tokens(shop(0)), 4_599);
    scene.audit();
}

#[test]
fn a_window_of_nought_frees_the_money_at_once_and_is_never_undone() {
    let mut scene = Scene::new();
    let define = call::define_product(9, Product { undo_days: 0, ..product(0) });
    scene.by(issuer(), &define).unwrap();
    let voucher = scene.issue(9, 10_000);
    scene.redeem(0, voucher, 10_000, 1).unwrap();
    let closed = scene.by(shop(0), &call::undo(voucher, id(1)));
    assert!(matches!(closed, Err(Error::Receivables(ReceivablesError::Closed { .. }))));
    scene.collect(shop(0), 9_200).unwrap();
    assert_eq!(scene.city.tokens(shop(0)), 9_200);
    scene.audit();
}

#[test]
fn an_undo_reverses_every_leg_and_makes_the_voucher_good_again() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.redeem(0, voucher, 10_000, 1).unwrap();
    assert_eq!(scene.voucher(voucher).state, State::Used);
    let none = Err(Error::NoRedemption { receipt: id(1) });
    assert_eq!(scene.by(shop(1), &call::undo(voucher, id(1))), none);
    scene.by(shop(0), &call::undo(voucher, id(1))).unwrap();
    assert_eq!(scene.left(voucher), 10_000);
    for payee in [shop(0)].into_iter().chain(payees()) {
        assert_eq!(scene.owed(payee), (0, 0));
    }
    let once = scene.by(shop(0), &call::undo(voucher, id(1)));
    assert_eq!(once, Err(Error::WasUndone { receipt: id(1) }));
    scene.redeem(0, voucher, 5_000, 2).unwrap();
    let closed = scene.at(DAY).by(shop(0), &call::undo(voucher, id(2)));
    assert!(matches!(closed, Err(Error::Receivables(ReceivablesError::Closed { .. }))));
    scene.audit();
}

#[test]
fn an_undo_after_payees_cashed_out_finds_every_leg() {
    let mut scene = Scene::new();
    let voucher = scene.issue(1, 60_000);
    scene.redeem(0, voucher, 20_000, 1).unwrap();
    scene.at(DAY).redeem(0, voucher, 10_000, 2).unwrap();
    // Everybody takes all that is free: yesterday's part, none of today's.
    for payee in [shop(0)].into_iter().chain(payees()) {
        let (_, free) = scene.owed(payee);
        scene.collect(payee, free).unwrap();
        assert!(scene.collect(payee, 1).is_err());
    }
    scene.by(shop(0), &call::undo(voucher, id(2))).unwrap();
    assert_eq!(scene.left(voucher), 40_000);
    scene.audit();
}

#[test]
fn a_present_is_claimed_by_its_secret_or_goes_back() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.offer(holder(0), voucher).unwrap();
    // While it waits nobody redeems it, not even the giver.
    assert!(matches!(scene.redeem(0, voucher, 1_000, 1), Err(Error::IsOffered { .. })));
    let early = scene.by(holder(2), &call::take_back(voucher));
    assert!(matches!(early, Err(Error::NotBackYet { .. })));
    scene.claim(holder(1), voucher).unwrap();
    // The giver's secret is worth nothing any more.
    let other = Error::WrongKey { voucher, key: phone(THEIRS).address() };
    assert_eq!(scene.redeem(0, voucher, 1_000, 1), Err(other));
    scene.redeem_with(THEIRS, 0, voucher, 4_000, 1).unwrap();
    // The next present is not claimed in ten days: at the very end it is too late.
    scene.offer(holder(1), voucher).unwrap();
    let late = scene.at(days(10)).claim(holder(2), voucher);
    assert!(matches!(late, Err(Error::OfferOver { .. })));
    scene.by(holder(2), &call::take_back(voucher)).unwrap();
    assert_eq!(scene.held_by(voucher), holder(1));
}

#[test]
fn a_giver_takes_a_present_back_and_it_is_as_it_was() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let (claim, guardian) = (key(&secret(LINK)), Some(holder(2).address()));
    scene.by(holder(0), &call::offer(voucher, claim, Some(2), guardian)).unwrap();
    scene.by(holder(0), &call::take_back(voucher)).unwrap();
    let found = scene.voucher(voucher);
    assert_eq!((found.limits, found.guardian, found.given), (vec![], None, false));
    // Good at the bookshop still, and taken back within the week.
    scene.redeem(1, voucher, 1_000, 1).unwrap();
    scene.by(shop(1), &call::undo(voucher, id(1))).unwrap();
    assert_eq!(scene.refund(holder(0), voucher, RefundKind::Withdrawn), Ok(10_000));
}

#[test]
fn who_was_given_a_voucher_refuses_it_and_who_bought_it_is_paid() {
    let mut scene = Scene::new();
    let voucher = scene.issue(0, 9_000);
    scene.given(voucher, 1);
    let stranger = scene.refund(holder(0), voucher, RefundKind::Withdrawn);
    let holds = holder(1).address();
    assert_eq!(stranger, Err(Error::NotHolder { voucher, holder: holds }));
    assert_eq!(scene.refund(holder(1), voucher, RefundKind::Withdrawn), Ok(9_000));
    assert_eq!((scene.city.tokens(holder(0)), scene.city.tokens(holder(1))), (9_000, 0));
    scene.audit();
}

#[test]
fn a_guardian_makes_a_present_narrower_and_nobody_wider() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let guardian = holder(2);
    // Food alone (set 2), and the guardian may add to that.
    let (claim, names) = (key(&secret(LINK)), Some(guardian.address()));
    scene.by(holder(0), &call::offer(voucher, claim, Some(2), names)).unwrap();
    scene.claim(holder(1), voucher).unwrap();
    let elsewhere = scene.redeem_with(THEIRS, 1, voucher, 1_000, 1);
    assert!(matches!(elsewhere, Err(Error::Registry(_))), "{elsewhere:?}");
    assert!(scene.redeem_with(THEIRS, 0, voucher, 1_000, 1).is_ok());
    for other in [holder(0), holder(1), issuer()] {
        assert_eq!(scene.by(other, &call::limit(voucher, 1)), Err(Error::NotGuardian { voucher }));
    }
    // The same again adds nothing.
    for set in [2, 1, 2, 1] {
        scene.by(guardian, &call::limit(voucher, set)).unwrap();
    }
    assert_eq!(scene.voucher(voucher).limits, [2, 1]);
    // Passed on, it keeps both its limits and its guardian.
    let own = call::offer(voucher, claim, None, Some(holder(1).address()));
    scene.by(holder(1), &own).unwrap();
    scene.claim(holder(0), voucher).unwrap();
    let found = scene.voucher(voucher);
    assert_eq!((found.limits, found.guardian), (vec![2, 1], Some(guardian.address())));
}

#[test]
fn refunds_are_those_of_the_terms() {
    // Unused, within seven days: what was paid. The first day does not count.
    let mut scene = Scene::new();
    let voucher = scene.issue(1, 57_000);
    let late = scene.at(days(8)).refund(holder(0), voucher, RefundKind::Withdrawn);
    assert!(matches!(late, Err(Error::NotWithdrawable { .. })));
    scene.at(days(8) - 1);
    assert_eq!(scene.refund(holder(0), voucher, RefundKind::Withdrawn), Ok(57_000));
    assert_eq!(scene.city.tokens(holder(0)), 57_000);
    assert_eq!(scene.owed(issuer()).0, 3_000);
    scene.audit();

    // The balance: 60 % used of 60,000, 80 % of 10,000; the share of what was paid.
    for (product, paid, used, least, back) in
        [(1, 57_000, 35_900, 36_000, 22_800), (0, 9_000, 7_900, 8_000, 1_800)]
    {
        let mut scene = Scene::new();
        let voucher = scene.issue(product, paid);
        scene.redeem(0, voucher, used, 1).unwrap();
        let little = scene.refund(holder(0), voucher, RefundKind::Balance);
        assert!(matches!(little, Err(Error::UsedTooLittle { .. })));
        scene.redeem(0, voucher, least - used, 2).unwrap();
        assert_eq!(scene.refund(holder(0), voucher, RefundKind::Balance), Ok(back));
        scene.audit();
    }

    // Expired: 90 % of what was paid for the rest, or all of it in points.
    let mut scene = Scene::new();
    let voucher = scene.issue(1, 57_000);
    scene.redeem(0, voucher, 20_000, 1).unwrap();
    let year = days(366);
    let good = scene.at(year - 1).refund(holder(0), voucher, RefundKind::Expired);
    assert!(matches!(good, Err(Error::NotExpired { .. })));
    let over = scene.at(year).redeem(0, voucher, 1_000, 2);
    assert!(matches!(over, Err(Error::Expired { .. })));
    assert_eq!(scene.ask(&call::refund_of(voucher, RefundKind::Points)), Amount(40_000));
    // 40,000 x 57,000 x 9,000 / (60,000 x 10,000).
    assert_eq!(scene.refund(holder(0), voucher, RefundKind::Expired), Ok(34_200));
    let again = scene.refund(holder(0), voucher, RefundKind::Expired);
    assert_eq!(again, Err(Error::Refunded { voucher, kind: RefundKind::Expired }));
    scene.audit();
}

#[test]
fn what_expired_is_paid_back_to_who_bought_it_where_the_terms_say_so() {
    let mut scene = Scene::new();
    let to_purchaser = VoucherTerms { expired_to_purchaser: true, ..terms() };
    scene.by(issuer(), &call::schedule_terms(to_purchaser, instant(1), false)).unwrap();
    scene.at(1);
    let voucher = scene.ten_thousand();
    scene.given(voucher, 1);
    scene.at(days(400));
    let purchaser = holder(0).address();
    let refused = scene.refund(holder(1), voucher, RefundKind::Expired);
    assert_eq!(refused, Err(Error::NotPurchaser { voucher, purchaser }));
    assert_eq!(scene.refund(holder(0), voucher, RefundKind::Expired), Ok(9_000));
    assert_eq!((scene.city.tokens(holder(0)), scene.city.tokens(holder(1))), (9_000, 0));
}

#[test]
fn what_is_not_to_be_had_any_more_is_paid_back_in_full() {
    let mut scene = Scene::new();
    let voucher = scene.issue(1, 57_000);
    scene.redeem(0, voucher, 20_000, 1).unwrap();
    let kind = RefundKind::Unavailable;
    let refused = scene.refund(holder(0), voucher, kind);
    assert_eq!(refused, Err(Error::NotWithdrawn { product: 1 }));
    scene.by(issuer(), &call::withdraw_product(1)).unwrap();
    assert_eq!(scene.issue_to(holder(0), 1, 57_000), Err(Error::Withdrawn { product: 1 }));
    // 40,000 x 57,000 / 60,000.
    assert_eq!(scene.refund(holder(0), voucher, kind), Ok(38_000));
    scene.audit();
}

#[test]
fn terms_are_frozen_unless_later_ones_are_better_and_say_so() {
    for (retroactive, back) in [(false, 54_000), (true, 57_000)] {
        let mut scene = Scene::new();
        let voucher = scene.issue(1, 60_000);
        let schedule = call::schedule_terms(better_terms(), instant(DAY), retroactive);
        scene.by(issuer(), &schedule).unwrap();
        scene.at(days(366));
        assert_eq!(scene.refund(holder(0), voucher, RefundKind::Expired), Ok(back));
    }
    // Worse ones never, whatever they say.
    let mut scene = Scene::new();
    scene.by(issuer(), &call::schedule_terms(better_terms(), instant(1), false)).unwrap();
    scene.at(1);
    let voucher = scene.issue(1, 60_000);
    scene.by(issuer(), &call::schedule_terms(terms(), instant(2), true)).unwrap();
    scene.at(days(366));
    assert_eq!(scene.refund(holder(0), voucher, RefundKind::Expired), Ok(57_000));
}

#[test]
fn terms_that_would_be_worse_in_one_respect_do_not_reach_back() {
    let later = VoucherTerms { notice_days: vec![30, 14, 6], ..better_terms() };
    let elsewhere = VoucherTerms { expired_to_purchaser: true, ..better_terms() };
    for worse in [later, elsewhere] {
        let mut scene = Scene::new();
        let voucher = scene.issue(1, 60_000);
        scene.by(issuer(), &call::schedule_terms(worse, instant(DAY), true)).unwrap();
        assert_eq!(scene.at(days(2)).ask(&call::terms_of(voucher)), terms());
    }
}

#[test]
fn terms_that_do_not_hold_yet_are_taken_back_and_bad_ones_refused() {
    let mut scene = Scene::new();
    // A slip of the pen that would close the schedule for good.
    let never = instant(days(1_000_000));
    let version = Version(never);
    scene.by(issuer(), &call::schedule_terms(better_terms(), never, false)).unwrap();
    let soon = call::schedule_terms(better_terms(), instant(DAY), false);
    assert!(matches!(scene.by(issuer(), &soon), Err(Error::Policy(_))));
    scene.by(issuer(), &call::withdraw_terms(version)).unwrap();
    scene.by(issuer(), &soon).unwrap();
    let told = |notice_days| VoucherTerms { notice_days, ..terms() };
    let bad = [
        (VoucherTerms { used_bp: VoucherTerms::flat(0), ..terms() }, TermsError::Unbounded),
        (VoucherTerms { claim_days: 0, ..terms() }, TermsError::NoClaimDays),
        (told(vec![30, 7]), TermsError::Notices),
        (told(vec![29, 14, 7]), TermsError::Notices),
        (told(vec![90, 60, 31]), TermsError::Notices),
        (told(vec![30, 7, 7]), TermsError::Notices),
        (told(vec![30, 14, 0]), TermsError::Notices),
        (told((0..9).map(|count| 30 - count).collect()), TermsError::Notices),
    ];
    for (terms, error) in bad {
        let schedule = call::schedule_terms(terms.clone(), instant(days(2)), false);
        assert_eq!(scene.by(issuer(), &schedule), Err(Error::Terms(error)), "{terms:?}");
    }
}

#[test]
fn how_long_a_present_may_be_claimed_is_of_the_purchase() {
    // A later version with three days does not shorten what ten days were promised for.
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let shorter = VoucherTerms { claim_days: 3, ..terms() };
    scene.by(issuer(), &call::schedule_terms(shorter, instant(1), true)).unwrap();
    scene.at(1).offer(holder(0), voucher).unwrap();
    let newer = scene.ten_thousand();
    scene.offer(holder(0), newer).unwrap();
    scene.at(days(3) + 1);
    let late = scene.claim(holder(1), newer);
    assert!(matches!(late, Err(Error::OfferOver { .. })), "{late:?}");
    scene.claim(holder(1), voucher).unwrap();
}

#[test]
fn what_nobody_claims_in_five_years_is_the_issuers() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let (anybody, kind) = (holder(1), RefundKind::Breakage);
    // Five years from the purchase, the day of it not counted: 2031-03-02.
    let end = days(5 * 365 + 1 + 1);
    let early = scene.at(end - 1).refund(anybody, voucher, kind);
    assert!(matches!(early, Err(Error::ClaimsOpen { .. })), "{early:?}");
    assert!(scene.refund(holder(0), voucher, RefundKind::Expired).is_ok());
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let late = scene.at(end).refund(holder(0), voucher, RefundKind::Expired);
    assert!(matches!(late, Err(Error::ClaimsOver { .. })), "{late:?}");
    scene.refund(anybody, voucher, kind).unwrap();
    assert_eq!(scene.owed(issuer()).0, 10_000);
    scene.audit();
}

#[test]
fn a_free_voucher_is_used_or_falls_to_the_issuer_when_it_expires() {
    let mut scene = Scene::new();
    let voucher = scene.issue(0, 0);
    let refused = scene.refund(holder(0), voucher, RefundKind::Withdrawn);
    assert_eq!(refused, Err(Error::Free { voucher }));
    let early = scene.refund(issuer(), voucher, RefundKind::Breakage);
    assert!(matches!(early, Err(Error::ClaimsOpen { .. })));
    scene.redeem(0, voucher, 4_000, 1).unwrap();
    scene.at(days(366));
    let points = scene.refund(holder(0), voucher, RefundKind::Points);
    assert_eq!(points, Err(Error::Free { voucher }));
    scene.refund(issuer(), voucher, RefundKind::Breakage).unwrap();
    // 2.5 % of 4,000, and the rest of the face.
    assert_eq!(scene.owed(issuer()).0, 100 + 6_000);
    scene.audit();
}

#[test]
fn a_thing_is_redeemed_whole_at_its_supply_price() {
    let mut scene = Scene::new();
    // The cake of 5,000 was paid 4,900 for, and is supplied at 4,200.
    let voucher = scene.issue(2, 4_900);
    let whole = Error::Whole { value: Amount(4_200), wanted: Amount(4_000) };
    assert_eq!(scene.redeem(0, voucher, 4_000, 1), Err(whole));
    let parts = scene.redeem(0, voucher, 4_200, 1).unwrap();
    assert_eq!(parts, [3_864, 126, 105 + 700, 63, 42]);
    scene.by(shop(0), &call::undo(voucher, id(1))).unwrap();
    // Nobody used it: within seven days all that was paid comes back.
    assert_eq!(scene.refund(holder(0), voucher, RefundKind::Withdrawn), Ok(4_900));
    scene.audit();
}

#[test]
fn holders_are_told_and_can_extend_once() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let notify = call::notify(voucher);
    // 2027-03-02 is its first day over.
    for day in [366 - 30, 366 - 14, 366 - 7] {
        let early = scene.at(days(day) - 1).by(holder(2), &notify);
        assert!(matches!(early, Err(Error::NoticeNotDue { due: Some(_) })), "{day}: {early:?}");
        scene.at(days(day)).by(holder(2), &notify).unwrap();
        assert!(matches!(scene.by(holder(2), &notify), Err(Error::NoticeNotDue { .. })));
    }
    let late = scene.at(days(366)).by(holder(0), &call::extend(voucher));
    assert!(matches!(late, Err(Error::Expired { .. })), "equal is expired");
    let expiry = scene.at(days(366) - 1).by(holder(0), &call::extend(voucher)).unwrap();
    // Three months on: 2027-06-02.
    assert_eq!(expiry, instant(days(366 + 92)));
    let again = scene.by(holder(0), &call::extend(voucher));
    assert_eq!(again, Err(Error::NoExtension { extensions: 1 }));
    // Told anew; when two are due at once, once.
    assert!(scene.at(days(366 + 92 - 14)).by(holder(1), &notify).is_ok());
    assert_eq!(scene.voucher(voucher).notices, 2);
}

#[test]
fn days_that_are_accepted_are_a_year_or_three_months_on_whatever_day_it_is_sold() {
    for day in 0..4 * 366 {
        let sold = instant(days(day));
        for (least, months) in [(366, 12), (92, 3)] {
            let end = |period: Period| period.end(sold).unwrap();
            assert!(end(Period::Days(least)) >= end(Period::Months(months)), "{day}");
        }
    }
}

#[test]
fn a_product_that_could_not_work_is_refused() {
    let mut scene = Scene::new();
    let define = |scene: &mut Scene, product| scene.by(issuer(), &call::define_product(9, product));
    // Sold in June 2027, 365 days would be over before June 2028 is a year on; 89 days from
    // February are three months, and from March they are not.
    for (short_lived, validity, least_months, least_days) in [
        (false, Period::Months(11), 12, 366),
        (false, Period::Days(365), 12, 366),
        (true, Period::Months(2), 3, 92),
        (true, Period::Days(89), 3, 92),
    ] {
        let wanted = Product { short_lived, validity, ..product(2) };
        let refused = Err(Error::TooShort { least_months, least_days });
        assert_eq!(define(&mut scene, wanted), refused, "{validity:?}");
    }
    let nowhere = define(&mut scene, Product { set: 99, ..product(0) });
    assert!(matches!(nowhere, Err(Error::Registry(_))), "{nowhere:?}");
    let mut nobody = product(0);
    let account = Address::SYSTEM;
    nobody.payees[2] = account;
    assert_eq!(define(&mut scene, nobody), Err(Error::NoAccount { account }));
    let ever = Product { undo_days: 32, ..product(0) };
    assert_eq!(define(&mut scene, ever), Err(Error::UndoTooLong { undo_days: 32, limit: 31 }));
    let above = Product { kind: Kind::Amount { least: Amount(10_001) }, ..product(0) };
    let short = Error::Short { left: Amount(10_000), wanted: Amount(10_001) };
    assert_eq!(define(&mut scene, above), Err(short));
}

#[test]
fn the_holder_changes_the_key_and_shown_codes_are_over() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let shown = scene.code(0, voucher, 1_000, 1);
    let new = phone(THEIRS).address();
    let holds = holder(0).address();
    let stranger = scene.by(holder(1), &call::set_key(voucher, new));
    assert_eq!(stranger, Err(Error::NotHolder { voucher, holder: holds }));
    scene.by(holder(0), &call::set_key(voucher, new)).unwrap();
    let over = Error::WrongKey { voucher, key: new };
    assert_eq!(scene.by(phone(OWN), &shown), Err(over));
    scene.redeem_with(THEIRS, 0, voucher, 1_000, 1).unwrap();
}

#[test]
fn a_purchase_that_arrives_twice_is_one() {
    let mut scene = Scene::new();
    let keys = vec![phone(OWN).address(); 3];
    let issue = |paid: u128, keys| call::issue(id(77), 0, holder(0).address(), Amount(paid), keys);
    assert_eq!(scene.by(issuer(), &issue(9_000, keys.clone())), Ok(1));
    let before = scene.city.audit();
    assert_eq!(scene.by(issuer(), &issue(9_000, keys.clone())), Ok(1));
    assert_eq!(scene.city.audit(), before);
    let other = Err(Error::OtherIssue { first: 1, count: 3 });
    assert_eq!(scene.by(issuer(), &issue(9_001, keys.clone())), other);
    assert_eq!(scene.by(issuer(), &issue(9_000, keys[..2].to_vec())), other);
}

#[test]
fn more_paid_than_it_is_worth_is_refused_and_nothing_is_taken() {
    let mut scene = Scene::new();
    let refused = scene.issue_to(holder(0), 0, 10_001);
    assert_eq!(refused, Err(Error::PaidTooMuch { paid: Amount(10_001), face: Amount(10_000) }));
    // Nor is anything issued that the issuer has no money for: 64 of 60,000 each time.
    let mut city = City::native();
    let mut issued = 0;
    let refused = loop {
        let keys = vec![phone(OWN).address(); 64];
        let issue = call::issue(id(issued), 1, holder(0).address(), Amount(0), keys);
        match city.send(issuer(), city.vouchers, &issue) {
            Ok(_) => issued += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::Token(_)), "{refused:?}");
    assert_eq!(city.audit().0, u128::from(issued) * 64 * 60_000);
}

#[test]
fn holders_at_one_merchant_do_not_wait_for_each_other() {
    let mut scene = Scene::new();
    let vouchers = [0, 1].map(|who| scene.issue_to(holder(who), 0, 10_000).unwrap());
    let mut receipt = 0;
    let [one, other] = vouchers.map(|voucher| {
        receipt += 1;
        scene.redeem(0, voucher, 4_000, receipt).unwrap();
        scene.city.touched()
    });
    assert_eq!(one.conflicts(&other), BTreeSet::new());
    // The escrow, and what each of five payees is owed.
    assert_eq!(one.amounts_shared(&other), 6);
}
