//! Caps by calendar month.

// ANCHOR: listing
use dure_sdk::{
    domain::{
        calendar::Date,
        caps::{Caps, CapsError, check_holding},
    },
    native::Sandbox,
    prelude::*,
};

#[test]
fn a_person_buys_up_to_the_cap_of_the_month() {
    let person = Hash([5; 32]);
    let cap = Amount(700_000);
    let march = Date::new(2026, 3, 10).unwrap().day().start();
    let april = Date::new(2026, 4, 2).unwrap().day().start();
    Sandbox::new().run(|_| {
        let mut bought = Caps::<Hash>::open(Place::field(0));
        assert_eq!(bought.add(&person, Amount(500_000), cap, march), Ok(Amount(200_000)));
        let refused = bought.add(&person, Amount(200_001), cap, march);
        let above = CapsError::AboveCap { left: Amount(200_000), wanted: Amount(200_001), cap };
        assert_eq!(refused, Err(above));
        // Equal to the cap is allowed.
        assert_eq!(bought.add(&person, Amount(200_000), cap, march), Ok(Amount::ZERO));

        // Undone in its month, a purchase gives its room back; later it does not.
        assert_eq!(bought.undo(&person, Amount(200_000), march, march), Amount(200_000));
        assert_eq!(bought.undo(&person, Amount(500_000), march, april), Amount::ZERO);
        assert_eq!(bought.used(&person, april), Amount::ZERO);
    });
}

#[test]
fn a_holding_cap_is_on_what_is_held_now() {
    let (held, cap) = (Amount(1_400_000), Amount(1_500_000));
    assert_eq!(check_holding(held, Amount(100_000), cap), Ok(()));
    assert!(check_holding(held, Amount(100_001), cap).is_err());
}
// ANCHOR_END: listing
