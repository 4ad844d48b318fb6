//! How much of a token there is.

// ANCHOR: listing
use dure_sdk::{
    domain::supply::{Supply, SupplyError},
    native::Sandbox,
    prelude::*,
};

#[test]
fn no_order_of_issues_passes_the_cap_and_the_audit_finds_a_difference() {
    let (class, cap) = (0u8, Amount(100));
    Sandbox::new().run(|_| {
        let mut supply = Supply::<u8>::open(Place::field(0));
        supply.issue(&class, Amount(90), cap).unwrap();
        let refused = supply.issue(&class, Amount(11), cap);
        let above = SupplyError::AboveCap { outstanding: Amount(90), wanted: Amount(11), cap };
        assert_eq!(refused, Err(above));
        supply.burn(&class, Amount(30)).unwrap();
        assert_eq!((supply.issued(&class), supply.burned(&class)), (Amount(90), Amount(30)));

        // What was counted from the holders agrees, or does not.
        assert_eq!(supply.audit(&class, Amount(60)), Ok(()));
        let mismatch = SupplyError::Mismatch {
            issued_less_burned: Amount(60),
            outstanding: Amount(60),
            counted: Amount(59),
        };
        assert_eq!(supply.audit(&class, Amount(59)), Err(mismatch));
    });
}
// ANCHOR_END: listing
