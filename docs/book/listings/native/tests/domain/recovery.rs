//! A new account for who lost the key.

// ANCHOR: listing
use dure_sdk::{
    domain::{
        freeze::Freeze,
        recovery::{Recovery, RecoveryError},
    },
    native::Sandbox,
    prelude::*,
};

const WEEK: u64 = 7 * 24 * 60 * 60 * 1_000;

#[test]
fn an_account_moves_after_a_week_in_which_its_key_was_silent() {
    let (old, new, agent) = (Address([1; 32]), Address([2; 32]), Address([3; 32]));
    let (why, now, due) = (Hash([7; 32]), TimestampMs(0), TimestampMs(WEEK));
    Sandbox::new().run(|_| {
        let mut recovery = Recovery::open(Place::field(0));
        let mut freeze = Freeze::open(Place::field(1));
        freeze.freeze_amount(old, Amount(60));

        recovery.request(old, new, agent, why, now, WEEK).unwrap();
        let early = TimestampMs(WEEK - 1);
        let too_early = RecoveryError::TooEarly { due, now: early };
        assert_eq!(recovery.complete(old, early), Err(too_early));

        // Whoever still has the key has not lost it.
        recovery.object(old, old).unwrap();
        let none = RecoveryError::NoRequest { account: old };
        assert_eq!(recovery.complete(old, due), Err(none));

        recovery.request(old, new, agent, why, now, WEEK).unwrap();
        let moved = recovery.complete(old, due).unwrap();
        // What binds the account goes along.
        freeze.carry_over(old, moved.to);
        assert_eq!(freeze.frozen(new), Amount(60));
        assert_eq!(recovery.current(old), new);
        let gone = RecoveryError::Moved { account: old, to: new };
        assert_eq!(recovery.check(old), Err(gone));
    });
}
// ANCHOR_END: listing
