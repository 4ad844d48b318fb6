//! A budget for each month.

// ANCHOR: listing
use dure_sdk::{
    domain::{
        calendar::{Date, Month},
        pool::{OnShort, Pool, PoolError},
    },
    native::Sandbox,
    prelude::*,
};

#[test]
fn a_month_is_drawn_whole_or_not_at_all_and_never_reopens() {
    let march = Date::new(2026, 3, 10).unwrap().day().start();
    let april = Date::new(2026, 4, 2).unwrap().day().start();
    let month = Month::of(march);
    Sandbox::new().run(|_| {
        let mut pool = Pool::open(Place::field(0));
        pool.fund(month, Amount(1_000), march).unwrap();
        assert_eq!(pool.draw(Amount(700), OnShort::Reject, march), Ok(Amount(700)));

        // 300 are left, and a part of 400 is never given.
        let short = PoolError::Short { month, left: Amount(300), wanted: Amount(400) };
        assert_eq!(pool.draw(Amount(400), OnShort::Reject, march), Err(short));
        assert_eq!(pool.draw(Amount(400), OnShort::Zero, march), Ok(Amount::ZERO));

        // What comes back can be drawn again, in the month in which it came.
        pool.give_back(Amount(100), march);
        assert_eq!(pool.draw(Amount(400), OnShort::Reject, march), Ok(Amount(400)));
        pool.give_back(Amount(50), april);
        assert_eq!((pool.room(month), pool.room(Month::of(april))), (Amount(0), Amount(50)));

        assert_eq!(pool.close(month, april), Ok(Amount::ZERO));
        let over = PoolError::Over { month, now: Month::of(april) };
        assert_eq!(pool.fund(month, Amount(1), april), Err(over));
        assert_eq!((pool.audit(month), pool.audit(Month::of(april))), (Ok(()), Ok(())));
    });
}
// ANCHOR_END: listing
