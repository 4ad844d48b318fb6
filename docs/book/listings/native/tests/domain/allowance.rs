//! What a holder lets somebody take.

// ANCHOR: listing
use dure_sdk::{
    domain::allowance::{AllowanceError, Allowances},
    native::Sandbox,
    prelude::*,
};

#[test]
fn a_shop_takes_what_it_was_allowed_until_the_end() {
    let (ana, shop) = (Address([1; 32]), Address([2; 32]));
    let (now, end) = (TimestampMs(1_000), TimestampMs(2_000));
    Sandbox::new().run(|_| {
        let mut allowances = Allowances::open(Place::field(0));
        allowances.approve(ana, shop, Amount(50), Some(end), now).unwrap();
        allowances.spend(ana, shop, Amount(30), now).unwrap();

        let short = AllowanceError::Short { left: Amount(20), wanted: Amount(21) };
        assert_eq!(allowances.spend(ana, shop, Amount(21), now), Err(short));
        let expired = AllowanceError::Expired { expires: end };
        assert_eq!(allowances.spend(ana, shop, Amount(20), end), Err(expired));
    });
}
// ANCHOR_END: listing
