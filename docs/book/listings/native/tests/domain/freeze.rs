//! Stopping a contract, an account, or a part of what it holds.

// ANCHOR: listing
use dure_sdk::{
    domain::freeze::{Freeze, FreezeError, FreezeOrder},
    native::Sandbox,
    prelude::*,
};

#[test]
fn a_court_freezes_sixty_and_later_takes_them() {
    let (ana, court) = (Address([1; 32]), Address([3; 32]));
    let order = FreezeOrder { reason: Hash([7; 32]), by: court, since: TimestampMs(1_000) };
    Sandbox::new().run(|_| {
        let mut freeze = Freeze::open(Place::field(0));
        let balance = Amount(100);
        freeze.freeze_amount(ana, Amount(60));
        assert_eq!(freeze.spendable(ana, balance, Amount(40)), Ok(()));
        let part = FreezeError::Part {
            account: ana,
            spendable: Amount(40),
            wanted: Amount(41),
            frozen: Amount(60),
        };
        assert_eq!(freeze.spendable(ana, balance, Amount(41)), Err(part));

        // A forced transfer of 70 takes what is free, then 30 of what is frozen.
        assert_eq!(freeze.forced(ana, balance, Amount(70)), Ok(Amount(30)));
        assert_eq!(freeze.frozen(ana), Amount(30));

        freeze.freeze(ana, order).unwrap();
        let frozen = FreezeError::Frozen { account: ana, order };
        assert_eq!(freeze.check(ana), Err(frozen));
        assert_eq!(freeze.freeze(ana, order), Err(FreezeError::Already { order }));

        freeze.pause(order).unwrap();
        assert_eq!(freeze.running(), Err(FreezeError::Paused { order }));
        freeze.resume().unwrap();
        assert_eq!(freeze.running(), Ok(()));
    });
}
// ANCHOR_END: listing
