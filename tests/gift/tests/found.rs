//! A bug that only accepted payments show is found at the default effort, whatever the seed.

use dure_testing::{
    Address, Amount, Chain, Invariants, TimestampMs,
    codec::DecodeAll,
    invariants::{Moment, Played},
};
use gift::gift::call;
use std::sync::atomic::{AtomicU64, Ordering};

const DAY_MS: u64 = 86_400_000;
const VALUE: Amount = Amount(50_000);

/// A merchant and a voucher of a month; nothing was paid with it.
fn set_up(bug: bool) -> (Chain, Address) {
    let mut chain = Chain::new();
    let [issuer, holder, merchant] =
        ["issuer", "holder", "merchant"].map(|name| chain.account(name));
    let gift = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, (bug,)).unwrap();
    let expires = TimestampMs(chain.time().0 + 30 * DAY_MS);
    chain.send(issuer, gift, &call::set_open(merchant.address(), true)).unwrap();
    chain.send(issuer, gift, &call::issue(holder.address(), VALUE, expires)).unwrap();
    (chain, gift)
}

fn search(chain: &Chain, gift: Address, seed: u64) -> Invariants<'_> {
    Invariants::of(chain).contract(gift).query(gift, "is_conserved").no_panic().seed(seed)
}

#[test]
fn each_of_five_seeds_finds_the_bug() {
    let (chain, gift) = set_up(true);
    for seed in 0..5 {
        let violation = search(&chain, gift, seed).run().unwrap_err();
        println!("{violation}");
        assert_eq!(violation.invariant, "is_conserved");
        assert!(violation.calls.last().is_some_and(|call| call.starts_with("gift.pay ")));
    }
}

#[test]
fn payments_get_through_and_one_seed_is_one_run() {
    let (chain, gift) = set_up(false);
    let [one, again] = [(); 2].map(|()| search(&chain, gift, 0).run().unwrap());
    println!("{one}");
    let pay = &one.methods["gift.pay"];
    assert!(pay.accepted * 100 > pay.tried() * 4, "{one}");
    assert_eq!(one.warning(), None);
    // Threads share the sequences anew in each run.
    assert_eq!(one.methods, again.methods);
}

/// A first call can pay all that the voucher has: what the set-up stored and called is known.
#[test]
fn the_first_call_knows_what_the_set_up_did() {
    let (chain, gift) = set_up(false);
    let whole = AtomicU64::new(0);
    let count = |_: &Moment, played: &Played, _: &Moment| {
        if played.method == "pay" && played.result.is_ok() {
            let args = <(u64, Address, Amount)>::decode_all(&mut played.args.as_slice());
            let (_, _, amount) = args.map_err(|error| error.to_string())?;
            whole.fetch_add(u64::from(amount == VALUE), Ordering::Relaxed);
        }
        Ok(())
    };
    search(&chain, gift, 0).each("count", count).effort(2_000, 1).run().unwrap();
    assert!(whole.into_inner() > 0);
}

#[test]
fn no_sequence_takes_longer_than_it_may() {
    let (chain, gift) = set_up(false);
    let longest = |search: Invariants<'_>| {
        let (begun, longest) = (chain.time().0, AtomicU64::new(0));
        let watch = |_: &Moment, _: &Played, now: &Moment| {
            longest.fetch_max(now.time().0 - begun, Ordering::Relaxed);
            Ok(())
        };
        search.each("watch", watch).effort(64, 32).run().unwrap();
        longest.into_inner()
    };
    let calls_ms = 32 * 1_000;
    assert_eq!(longest(search(&chain, gift, 0).within_days(0)), calls_ms);
    let three = longest(search(&chain, gift, 0).within_days(3));
    assert!((2 * DAY_MS..=3 * DAY_MS + calls_ms).contains(&three), "{three}");
    let untold = longest(search(&chain, gift, 0));
    assert!((40 * DAY_MS..=400 * DAY_MS + calls_ms).contains(&untold), "{untold}");
}
