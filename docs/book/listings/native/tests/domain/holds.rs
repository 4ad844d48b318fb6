//! Two-phase payments.

// ANCHOR: listing
use dure_sdk::{
    domain::holds::{Holds, HoldsError, Made, Rest},
    native::Sandbox,
    prelude::*,
};

const DAY: u64 = 24 * 60 * 60 * 1_000;

#[test]
fn a_hotel_captures_in_parts_and_gives_something_back() {
    let (guest, hotel, id) = (Address([1; 32]), Address([2; 32]), Hash([7; 32]));
    let (now, expires) = (TimestampMs(0), TimestampMs(7 * DAY));
    Sandbox::new().run(|_| {
        let mut holds = Holds::open(Place::field(0));
        holds.fund(guest, Amount(100));
        let made = holds.reserve(id, guest, hotel, Amount(80), expires, now);
        assert_eq!(made, Ok(Made::New));
        // The same again is harmless.
        let again = holds.reserve(id, guest, hotel, Amount(80), expires, now);
        assert_eq!(again, Ok(Made::Before));
        assert_eq!((holds.free(guest), holds.held(guest)), (Amount(20), Amount(80)));

        // The first night; the rest stays on hold.
        holds.post(id, Amount(30), Rest::Keep, now).unwrap();
        // The second night, and the rest is free again.
        holds.post(id, Amount(30), Rest::Release, now).unwrap();
        assert_eq!((holds.free(guest), holds.free(hotel)), (Amount(40), Amount(60)));

        holds.refund(id, Amount(10)).unwrap();
        let refused = holds.refund(id, Amount(51));
        let above = HoldsError::AboveCaptured { left: Amount(50), wanted: Amount(51) };
        assert_eq!(refused, Err(above));
    });
}

#[test]
fn a_hold_that_is_over_is_ended_by_anybody() {
    let (guest, shop, id) = (Address([1; 32]), Address([2; 32]), Hash([8; 32]));
    let (now, expires) = (TimestampMs(0), TimestampMs(DAY));
    Sandbox::new().run(|_| {
        let mut holds = Holds::open(Place::field(0));
        holds.fund(guest, Amount(10));
        holds.reserve(id, guest, shop, Amount(10), expires, now).unwrap();
        let late = holds.post(id, Amount(10), Rest::Release, expires);
        assert_eq!(late, Err(HoldsError::Expired { expires, now: expires }));
        assert_eq!(holds.sweep(expires, 10), Ok(vec![id]));
        assert_eq!(holds.free(guest), Amount(10));
    });
}
// ANCHOR_END: listing
