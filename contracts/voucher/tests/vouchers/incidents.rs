//! What went wrong elsewhere, by name.

use crate::{
    altered::altered,
    scene::{LINK, OWN, Scene, THEIRS, days, instant},
    shop::{
        City, DAY, FACES, LEAST, holder, id, issuer, key, payees, phone, product, secret, shop,
        terms,
    },
};
use dure_sdk::{
    domain::{registry::Status, roles::Role},
    native::Sandbox,
    prelude::CallError,
};
use dure_testing::{Account, Address, Amount, Hash, Outcome, Receipt, dure_types::SkipReason};
use merchants::merchants::call as registry;
use voucher::voucher::{Error, Product, RECOVERY_DELAY_MS, RefundKind, State, VoucherTerms, call};

/// Documents that say why.
const WHY: Hash = Hash([9; 32]);

#[test]
fn a_screenshot_that_is_scanned_twice_pays_once() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let shown = scene.code(0, voucher, 3_000, 1);
    let done = scene.by(phone(OWN), &shown).unwrap();
    // The terminal asks again under its receipt: the same answer, and nothing moves.
    assert_eq!(scene.by(phone(OWN), &shown), Ok(done));
    let less = scene.code(0, voucher, 2_000, 1);
    let other = Error::OtherRedemption { voucher, amount: Amount(3_000) };
    assert_eq!(scene.by(phone(OWN), &less), Err(other));
    assert_eq!(scene.left(voucher), 7_000);
    // Two codes for two merchants, shown at once: the first one counts.
    let (one, two) = (scene.code(0, voucher, 7_000, 3), scene.code(1, voucher, 7_000, 1));
    scene.by(phone(OWN), &two).unwrap();
    let over = Err(Error::OtherCount { voucher, count: 2 });
    assert_eq!(scene.by(phone(OWN), &one), over);
    assert_eq!(scene.redeem(0, voucher, 1_000, 4), Err(Error::Used { voucher }));
    scene.audit();
}

#[test]
fn a_code_that_is_sent_again_or_late_is_skipped() {
    let mut city = City::chain();
    let keys = vec![phone(OWN).address()];
    let issue = call::issue(id(1), 0, holder(0).address(), Amount(10_000), keys);
    let voucher = city.send(issuer(), city.vouchers, &issue).unwrap();
    let code = call::redeem(voucher, 0, shop(0).address(), Amount(3_000), id(1));
    let [twice, late] = city.relayed(OWN, &code);
    let Outcome::Receipt(Receipt { result: Ok(_), .. }) = &twice[0] else { panic!("{twice:?}") };
    assert_eq!(twice[1], Outcome::Skipped(SkipReason::Duplicate));
    assert_eq!(late[0], Outcome::Skipped(SkipReason::Expired));
}

#[test]
fn a_code_seen_in_the_pool_is_good_for_no_other_merchant() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    // Whoever writes another merchant or sum into it has to sign it anew, and has another key.
    let redirected = scene.code(1, voucher, 10_000, 1);
    let more = scene.code(0, voucher, 10_000, 1);
    let wrong = Err(Error::WrongKey { voucher, key: phone(OWN).address() });
    for (thief, forged) in [(shop(1), redirected), (shop(0), more)] {
        assert_eq!(scene.by(thief, &forged), wrong);
    }
    assert!(scene.redeem(0, voucher, 3_000, 1).is_ok());
}

#[test]
fn a_link_seen_in_the_pool_is_claimed_by_nobody_else() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.offer(holder(0), voucher).unwrap();
    let theirs = phone(THEIRS).address();
    let seen = scene.signed_claim(holder(1), voucher, theirs);
    let wrong = Err(Error::WrongClaim { voucher });
    assert_eq!(scene.by(holder(2), &call::claim(voucher, theirs, seen)), wrong);
    // Nor with a key of somebody else's.
    let mine = phone(3).address();
    assert_eq!(scene.by(holder(1), &call::claim(voucher, mine, seen)), wrong);
    scene.by(holder(1), &call::claim(voucher, theirs, seen)).unwrap();
    // The link is used up: offered again under the same secret, the old signature is worth nothing.
    scene.by(holder(1), &call::offer(voucher, key(&secret(LINK)), None, None)).unwrap();
    assert_eq!(scene.by(holder(1), &call::claim(voucher, theirs, seen)), wrong);
}

#[test]
fn a_link_sent_before_the_present_was_taken_back_claims_no_later_one() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.offer(holder(0), voucher).unwrap();
    let theirs = phone(THEIRS).address();
    let old = scene.signed_claim(holder(1), voucher, theirs);
    scene.by(holder(0), &call::take_back(voucher)).unwrap();
    scene.offer(holder(0), voucher).unwrap();
    let late = scene.by(holder(1), &call::claim(voucher, theirs, old));
    assert_eq!(late, Err(Error::WrongClaim { voucher }));
}

#[test]
fn nobody_takes_a_receipt_of_anothers_first() {
    let mut scene = Scene::new();
    let (mine, theirs) = (scene.ten_thousand(), scene.issue_to(holder(1), 0, 10_000).unwrap());
    // Somebody sees the receipt in the pool and pays a little under it.
    scene.pay(holder(1), 0, theirs, LEAST, 1).unwrap();
    scene.pay(holder(0), 0, mine, 5_000, 1).unwrap();
    scene.redeem(0, mine, 5_000, 2).unwrap();
    assert_eq!((scene.left(mine), scene.left(theirs)), (0, 10_000 - LEAST));
}

#[test]
fn a_terminal_that_asks_after_an_undo_is_not_told_that_it_was_paid() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.pay(holder(0), 0, voucher, 5_000, 1).unwrap();
    scene.by(shop(0), &call::undo(voucher, id(1))).unwrap();
    let was_undone = Err(Error::WasUndone { receipt: id(1) });
    assert_eq!(scene.pay(holder(0), 0, voucher, 5_000, 1), was_undone);
    assert_eq!(scene.redeem(0, voucher, 5_000, 1), was_undone);
}

#[test]
fn an_undo_gives_nobody_else_what_was_redeemed() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.redeem(0, voucher, 9_000, 1).unwrap();
    let undo = call::undo(voucher, id(1));
    scene.offer(holder(0), voucher).unwrap();
    assert!(matches!(scene.by(shop(0), &undo), Err(Error::IsOffered { .. })));
    scene.claim(holder(1), voucher).unwrap();
    let passed_on = Error::PassedOn { voucher, holder: holder(1).address() };
    assert_eq!(scene.by(shop(0), &undo), Err(passed_on));
    assert_eq!(scene.left(voucher), 1_000);
    scene.audit();
}

#[test]
fn nobody_has_the_balance_paid_out_and_the_use_undone() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    // 80 % used: the rest is money. Without this rule the shop would undo, and all was money but
    // 2,000 of 10,000 each time.
    scene.redeem(0, voucher, 8_000, 1).unwrap();
    let kind = RefundKind::Balance;
    assert_eq!(scene.refund(holder(0), voucher, kind), Ok(2_000));
    let undone = scene.by(shop(0), &call::undo(voucher, id(1)));
    assert_eq!(undone, Err(Error::Refunded { voucher, kind }));
    scene.audit();
}

#[test]
fn fees_are_not_dodged_won_by_won() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    // By the largest remainder one won is all the merchant's.
    assert_eq!(product(0).legs.split(Amount(1)).map(|part| part.0), [1, 0, 0, 0, 0]);
    let little = Error::TooLittle { least: Amount(LEAST), wanted: Amount(1) };
    assert_eq!(scene.redeem(0, voucher, 1, 1), Err(little));
    assert_eq!(scene.redeem(0, voucher, LEAST, 1), Ok([92, 3, 3, 1, 1]));
    // What is left is redeemed, be it one won.
    scene.redeem(0, voucher, 9_899, 2).unwrap();
    assert_eq!(scene.redeem(0, voucher, 1, 3), Ok([1, 0, 0, 0, 0]));
    scene.audit();
}

#[test]
fn a_merchants_owner_does_not_redeem_in_the_own_shop() {
    let mut scene = Scene::new();
    let owner = Account::named("owner of the bakery");
    scene.link(owner, Hash([200; 32]));
    let voucher = scene.issue_to(owner, 0, 9_000).unwrap();
    let own = Err(Error::OwnShop { merchant: shop(0).address() });
    assert_eq!(scene.redeem(0, voucher, 1_000, 1), own);
    assert_eq!(scene.pay(owner, 0, voucher, 1_000, 1), own);
    assert!(scene.redeem(1, voucher, 1_000, 1).is_ok());
    // Nor does the shop itself, where nobody asks who a holder is.
    let open = Product { identified: false, ..product(0) };
    scene.by(issuer(), &call::define_product(9, open)).unwrap();
    let voucher = scene.issue_to(shop(0), 9, 9_000).unwrap();
    assert_eq!(scene.redeem(0, voucher, 1_000, 1), own);
    // Nor another shop of that owner.
    let annex = Account::named("annex of the bakery");
    let bakery = scene.city.ask(scene.city.registry, &registry::merchant(shop(0).address()));
    let register = registry::register(annex.address(), bakery.unwrap(), vec![]);
    scene.in_registry(&register);
    let voucher = scene.issue_to(annex, 9, 9_000).unwrap();
    assert_eq!(scene.pay(annex, 0, voucher, 1_000, 1), own);
    assert!(scene.pay(annex, 1, voucher, 1_000, 1).is_ok());
    let stranger = Account::named("stranger");
    let voucher = scene.issue_to(stranger, 9, 9_000).unwrap();
    assert!(scene.redeem(0, voucher, 1_000, 1).is_ok());
    let voucher = scene.issue_to(stranger, 0, 9_000).unwrap();
    assert!(matches!(scene.redeem(0, voucher, 1_000, 1), Err(Error::Registry(_))));
}

#[test]
fn a_giver_does_not_make_a_present_worthless_afterwards() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.given(voucher, 1);
    for giver in [holder(0), issuer()] {
        assert_eq!(scene.by(giver, &call::limit(voucher, 2)), Err(Error::NotGuardian { voucher }));
    }
    // A guardian narrows to what exists, and what has ended no more.
    let voucher = scene.ten_thousand();
    let offer = call::offer(voucher, key(&secret(LINK)), None, Some(holder(2).address()));
    scene.by(holder(0), &offer).unwrap();
    scene.claim(holder(1), voucher).unwrap();
    let nowhere = scene.by(holder(2), &call::limit(voucher, 99));
    assert!(matches!(nowhere, Err(Error::Registry(_))), "{nowhere:?}");
    scene.redeem_with(THEIRS, 0, voucher, 10_000, 1).unwrap();
    let ended = scene.by(holder(2), &call::limit(voucher, 2));
    assert_eq!(ended, Err(Error::Used { voucher }));
}

#[test]
fn a_suspended_merchant_takes_nothing_and_collects_nothing_but_undoes() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.redeem(0, voucher, 1_000, 1).unwrap();
    scene.at(DAY).redeem(0, voucher, 2_000, 2).unwrap();
    let status = |status| registry::set_status(shop(0).address(), status, Some(WHY));
    scene.in_registry(&status(Status::Suspended));
    assert!(matches!(scene.redeem(0, voucher, 1_000, 3), Err(Error::Registry(_))));
    assert!(matches!(scene.collect(shop(0), 920), Err(Error::Registry(_))));
    scene.by(shop(0), &call::undo(voucher, id(2))).unwrap();
    // Its headquarters is no merchant, and is not held up.
    scene.collect(payees()[0], 30).unwrap();
    // Closed, it takes nothing more, and what it has taken is its own.
    scene.in_registry(&status(Status::Closed));
    assert!(matches!(scene.redeem(0, voucher, 1_000, 3), Err(Error::Registry(_))));
    scene.collect(shop(0), 920).unwrap();
    scene.audit();
}

#[test]
fn a_distributor_whose_key_is_lost_is_paid_in_another_account() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.redeem(0, voucher, 10_000, 1).unwrap();
    let (lost, new) = (payees()[2], Account::named("new distributor"));
    let account = lost.address();
    let request = call::request_recovery(account, new.address(), WHY);
    assert!(matches!(scene.by(new, &request), Err(Error::Roles(_))));
    scene.by(issuer(), &request).unwrap();
    let early = scene.at(RECOVERY_DELAY_MS - 1).by(new, &call::complete_recovery(account));
    assert!(matches!(early, Err(Error::Recovery(_))));
    scene.at(RECOVERY_DELAY_MS).by(new, &call::complete_recovery(account)).unwrap();
    let collect = call::collect(account, Amount(150));
    let refused = Error::NotPayee { payee: account, to: new.address() };
    assert_eq!(scene.by(lost, &collect), Err(refused));
    scene.by(new, &collect).unwrap();
    assert_eq!(scene.city.tokens(new), 150);
    scene.audit();
}

#[test]
fn a_holder_whose_key_is_lost_gets_the_vouchers_in_a_new_account() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let (lost, new, thief) = (holder(0), Account::named("new phone"), holder(1));
    let account = lost.address();
    // Not to another person's account.
    let other = call::request_recovery(account, thief.address(), WHY);
    let refused = Error::OtherPerson { account, to: thief.address() };
    assert_eq!(scene.by(issuer(), &other), Err(refused));
    scene.link(new, Hash(account.0));
    let request = call::request_recovery(account, new.address(), WHY);
    // The key that is not lost objects, even when it is frozen.
    scene.by(issuer(), &request).unwrap();
    scene.by(issuer(), &call::set_frozen(account, Some(WHY))).unwrap();
    assert!(matches!(scene.by(thief, &call::drop_recovery(account)), Err(Error::Roles(_))));
    scene.by(lost, &call::drop_recovery(account)).unwrap();
    scene.by(issuer(), &request).unwrap();
    scene.at(RECOVERY_DELAY_MS).by(thief, &call::complete_recovery(account)).unwrap();
    // An account does not get free by losing its key.
    let take = call::take_over(voucher, phone(THEIRS).address());
    assert!(matches!(scene.by(new, &take), Err(Error::Freeze(_))));
    scene.by(issuer(), &call::set_frozen(account, None)).unwrap();
    scene.by(issuer(), &call::set_frozen(new.address(), None)).unwrap();
    let refused = Error::NotHolder { voucher, holder: new.address() };
    assert_eq!(scene.by(thief, &take), Err(refused));
    scene.redeem(0, voucher, 2_000, 9).unwrap();
    scene.by(new, &take).unwrap();
    // The merchant undoes what the lost key redeemed.
    scene.by(shop(0), &call::undo(voucher, id(9))).unwrap();
    assert_eq!(scene.left(voucher), 10_000);
    let lost = Error::WrongKey { voucher, key: phone(THEIRS).address() };
    assert_eq!(scene.redeem(0, voucher, 1_000, 1), Err(lost));
    scene.redeem_with(THEIRS, 0, voucher, 1_000, 1).unwrap();
}

#[test]
fn what_a_lost_account_bought_is_paid_back_to_the_one_in_its_place() {
    let mut scene = Scene::new();
    let to_purchaser = VoucherTerms { expired_to_purchaser: true, ..terms() };
    scene.by(issuer(), &call::schedule_terms(to_purchaser, instant(1), false)).unwrap();
    let (refused, expired) = (scene.at(1).issue(0, 9_000), scene.issue(0, 9_000));
    for voucher in [refused, expired] {
        scene.given(voucher, 1);
    }
    let (lost, new) = (holder(0), Account::named("new phone"));
    scene.link(new, Hash(lost.address().0));
    let request = call::request_recovery(lost.address(), new.address(), WHY);
    scene.by(issuer(), &request).unwrap();
    let complete = call::complete_recovery(lost.address());
    scene.at(1 + RECOVERY_DELAY_MS).by(holder(2), &complete).unwrap();
    // Who was given one refuses it: whose key is lost could not take the money.
    assert_eq!(scene.refund(holder(1), refused, RefundKind::Withdrawn), Ok(9_000));
    assert_eq!((scene.city.tokens(lost), scene.city.tokens(new)), (0, 9_000));
    scene.at(days(400));
    let gone = scene.refund(lost, expired, RefundKind::Expired);
    let purchaser = new.address();
    assert_eq!(gone, Err(Error::NotPurchaser { voucher: expired, purchaser }));
    assert_eq!(scene.refund(new, expired, RefundKind::Expired), Ok(8_100));
    assert_eq!(scene.city.tokens(new), 9_000 + 8_100);
    scene.audit();
}

#[test]
fn who_clears_out_old_products_does_not_pay_for_what_expired_long_ago() {
    // The year of the voucher is over, and 90 % are paid back of it; then the issuer withdraws the
    // product, as which nothing is to be had any more.
    let mut scene = Scene::new();
    let (voucher, live) = (scene.ten_thousand(), scene.ten_thousand());
    scene.by(holder(0), &call::extend(live)).unwrap();
    let expiry = instant(days(366));
    scene.at(days(366)).by(issuer(), &call::withdraw_product(0)).unwrap();
    let kind = RefundKind::Unavailable;
    assert_eq!(scene.refund(holder(0), voucher, kind), Err(Error::Expired { expiry }));
    assert_eq!(scene.refund(holder(0), voucher, RefundKind::Expired), Ok(9_000));
    // One that was good then is paid back in full, afterwards too, as long as anything is claimed.
    let end = days(5 * 365 + 1 + 1);
    let late = scene.at(end).refund(holder(0), live, kind);
    assert_eq!(late, Err(Error::ClaimsOver { until: instant(end) }));
    assert_eq!(scene.at(end - 1).refund(holder(0), live, kind), Ok(10_000));
    scene.audit();
}

#[test]
fn nobody_waits_out_the_time_to_claim_behind_a_pause_or_an_order() {
    let end = days(5 * 365 + 1 + 1);
    for frozen in [false, true] {
        let mut scene = Scene::new();
        let voucher = scene.ten_thousand();
        let stop = |scene: &mut Scene, reason| {
            if frozen {
                scene.by(issuer(), &call::set_frozen(holder(0).address(), reason)).unwrap();
            } else {
                scene.by(issuer(), &call::set_paused(reason)).unwrap();
            }
        };
        scene.at(end - DAY);
        stop(&mut scene, Some(WHY));
        let stopped = scene.refund(holder(0), voucher, RefundKind::Expired);
        assert!(matches!(stopped, Err(Error::Freeze(_))));
        scene.at(end);
        let taken = scene.refund(issuer(), voucher, RefundKind::Breakage);
        assert!(matches!(taken, Err(Error::Freeze(_))), "{taken:?}");
        stop(&mut scene, None);
        let taken = scene.refund(issuer(), voucher, RefundKind::Breakage);
        assert!(matches!(taken, Err(Error::ClaimsOpen { .. })), "{taken:?}");
        assert_eq!(scene.refund(holder(0), voucher, RefundKind::Expired), Ok(9_000));
    }
}

#[test]
fn a_pause_stops_what_moves_money_and_nothing_that_protects() {
    let mut scene = Scene::new();
    let (voucher, given) = (scene.ten_thousand(), scene.ten_thousand());
    scene.redeem(0, voucher, 1_000, 1).unwrap();
    scene.offer(holder(0), given).unwrap();
    scene.by(issuer(), &call::set_paused(Some(WHY))).unwrap();
    let stopped = |done: Result<(), Error>| assert!(matches!(done, Err(Error::Freeze(_))));
    stopped(scene.issue_to(holder(0), 0, 1).map(|_| ()));
    stopped(scene.redeem(0, voucher, 1_000, 2).map(|_| ()));
    stopped(scene.pay(holder(0), 0, voucher, 1_000, 2).map(|_| ()));
    stopped(scene.offer(holder(0), voucher));
    stopped(scene.claim(holder(1), given));
    stopped(scene.collect(shop(0), 1));
    stopped(scene.refund(holder(0), voucher, RefundKind::Withdrawn).map(|_| ()));
    // The terminal still learns what was done.
    scene.redeem(0, voucher, 1_000, 1).unwrap();
    scene.by(shop(0), &call::undo(voucher, id(1))).unwrap();
    scene.by(holder(0), &call::take_back(given)).unwrap();
    scene.by(holder(0), &call::extend(voucher)).unwrap();
    scene.by(holder(0), &call::set_key(voucher, phone(THEIRS).address())).unwrap();
    scene.by(issuer(), &call::set_paused(None)).unwrap();
    scene.redeem_with(THEIRS, 0, voucher, 10_000, 3).unwrap();
}

#[test]
fn a_frozen_account_neither_gives_nor_gets() {
    let mut scene = Scene::new();
    let (voucher, given) = (scene.ten_thousand(), scene.ten_thousand());
    scene.offer(holder(0), given).unwrap();
    scene.by(issuer(), &call::set_frozen(holder(0).address(), Some(WHY))).unwrap();
    let frozen = |done: Result<(), Error>| assert!(matches!(done, Err(Error::Freeze(_))));
    frozen(scene.redeem(0, voucher, 1_000, 1).map(|_| ()));
    frozen(scene.offer(holder(0), voucher));
    // What the account offered before the order stays, too.
    frozen(scene.claim(holder(1), given));
    frozen(scene.issue_to(holder(0), 0, 10_000).map(|_| ()));
    frozen(scene.refund(holder(0), voucher, RefundKind::Withdrawn).map(|_| ()));
    scene.by(issuer(), &call::set_frozen(holder(0).address(), None)).unwrap();
    scene.by(issuer(), &call::set_frozen(shop(0).address(), Some(WHY))).unwrap();
    frozen(scene.redeem(0, voucher, 1_000, 1).map(|_| ()));
    scene.redeem(1, voucher, 1_000, 1).unwrap();
}

#[test]
fn roles_are_asked_of_everybody() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    let nobody = holder(1);
    let refused = |done: Result<(), Error>| assert!(matches!(done, Err(Error::Roles(_))));
    refused(scene.by(nobody, &call::define_product(9, product(0))));
    refused(scene.by(nobody, &call::withdraw_product(0)));
    let keys = vec![phone(OWN).address()];
    let issue = call::issue(id(9), 0, nobody.address(), Amount(0), keys);
    refused(scene.by(nobody, &issue).map(|_| ()));
    refused(scene.by(nobody, &call::schedule_terms(terms(), instant(1), false)));
    refused(scene.by(nobody, &call::set_paused(Some(WHY))));
    refused(scene.by(nobody, &call::set_frozen(holder(0).address(), Some(WHY))));
    refused(scene.by(nobody, &call::set_role(nobody.address(), Role::Issuer, true)));
    let holds = holder(0).address();
    let not_holder = Err(Error::NotHolder { voucher, holder: holds });
    assert_eq!(scene.offer(nobody, voucher), not_holder);
    assert_eq!(scene.pay(nobody, 0, voucher, 1_000, 1).map(|_| ()), not_holder);
    assert_eq!(scene.by(nobody, &call::extend(voucher)).map(|_| ()), not_holder);
}

#[test]
fn what_expires_while_it_waits_goes_back_and_is_paid_back() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    // Offered three days before the end: claimed until the end, and not at it.
    scene.at(days(363)).offer(holder(0), voucher).unwrap();
    let end = days(366);
    let late = scene.at(end).claim(holder(1), voucher);
    assert_eq!(late, Err(Error::OfferOver { until: instant(end) }));
    let waits = scene.refund(holder(0), voucher, RefundKind::Expired);
    assert!(matches!(waits, Err(Error::IsOffered { .. })));
    scene.by(holder(2), &call::take_back(voucher)).unwrap();
    assert_eq!(scene.refund(holder(0), voucher, RefundKind::Expired), Ok(9_000));
}

#[test]
fn a_payee_who_was_away_for_years_is_paid() {
    let mut scene = Scene::new();
    let voucher = scene.issue(1, FACES[1]);
    for day in 0..300 {
        scene.at(days(day)).redeem(0, voucher, 200, day).unwrap();
    }
    assert_eq!(scene.voucher(voucher).state, State::Used);
    scene.at(days(301));
    // A little, then all the rest.
    scene.collect(shop(0), 185).unwrap();
    let (owed, free) = scene.owed(shop(0));
    assert_eq!((owed, free), (300 * 184 - 185, 300 * 184 - 185));
    scene.collect(shop(0), free).unwrap();
    assert_eq!(scene.owed(shop(0)), (0, 0));
    scene.audit();
}

#[test]
fn nothing_is_issued_to_nobody() {
    let mut scene = Scene::new();
    let keys = vec![phone(OWN).address()];
    let account = Address::SYSTEM;
    let issue = call::issue(id(1), 0, account, Amount(0), keys);
    assert_eq!(scene.by(issuer(), &issue), Err(Error::NoAccount { account }));
    let none = call::issue(id(2), 0, holder(0).address(), Amount(0), vec![]);
    assert_eq!(scene.by(issuer(), &none), Err(Error::Zero));
    let many = vec![phone(OWN).address(); 65];
    let issue = call::issue(id(3), 0, holder(0).address(), Amount(0), many);
    assert_eq!(scene.by(issuer(), &issue), Err(Error::TooMany { count: 65, limit: 64 }));
}

#[test]
fn an_audit_finds_one_won_that_bypassed_the_books() {
    let mut scene = Scene::new();
    let voucher = scene.ten_thousand();
    scene.redeem(0, voucher, 4_000, 1).unwrap();
    let vouchers = scene.city.vouchers;
    let right = scene.city.sandbox().storage_of(vouchers);
    let audit = |sandbox: &mut Sandbox| {
        let mut counted = None;
        loop {
            counted = sandbox.ask(vouchers, &call::audit(counted, 1))?.next;
            if counted.is_none() {
                return Ok::<(), CallError<Error>>(());
            }
        }
    };
    // By number of the field: the escrow, what payees are owed, cash.
    let fields: [&[u8]; 3] = [&[12], &[13], &[14]];
    let sandbox = scene.city.sandbox();
    for (key, wrong) in altered(&right, &fields) {
        sandbox.load(vouchers, wrong);
        assert!(audit(sandbox).is_err(), "{key:?}");
    }
    sandbox.load(vouchers, right);
    audit(sandbox).unwrap();
}
