//! Errors that say what was wrong.

// ANCHOR: contract
use dure_sdk::{
    domain::freeze::{FreezeError, FreezeOrder},
    native::Sandbox,
    prelude::*,
};

#[dure::contract]
pub mod door {
    use dure_sdk::{
        domain::freeze::{Freeze, FreezeError, FreezeOrder},
        prelude::*,
    };

    #[storage]
    pub struct Door {
        freeze: Freeze,
        guests: Counter,
        room: Item<u64>,
    }

    #[error]
    pub enum Error {
        /// Nobody fits in any more: how many may, and how many wanted to.
        Full { room: u64, wanted: u64 },
        /// An error of a module, whole.
        Freeze(FreezeError),
    }

    impl Door {
        #[init]
        pub fn new(&mut self, room: u64) {
            self.room.set(&room);
        }

        #[call]
        pub fn enter(&mut self, wanted: u64) -> Result<(), Error> {
            self.freeze.running().map_err(Error::Freeze)?;
            self.guests.add(wanted);
            let room = self.room.get();
            // What was written is undone when the method returns an error.
            ensure!(self.guests.get() <= room, Error::Full { room, wanted });
            Ok(())
        }

        #[call]
        pub fn shut(&mut self, cx: &Cx, reason: Hash) -> Result<(), Error> {
            let order = FreezeOrder::now(cx, reason);
            self.freeze.pause(order).map_err(Error::Freeze)
        }

        /// A bug: no room is a panic, not an error.
        #[query]
        pub fn guests_in_a_room(&self, rooms: u64) -> u64 {
            self.guests.get() / rooms
        }

        /// Answers how many, or fails: with the contract's error a query does not answer.
        #[query]
        pub fn room_for(&self, wanted: u64) -> Result<u64, Error> {
            let left = self.room.get() - self.guests.get();
            ensure!(wanted <= left, Error::Full { room: left, wanted });
            Ok(left - wanted)
        }

        #[query]
        pub fn guests(&self) -> u64 {
            self.guests.get()
        }
    }
}
// ANCHOR_END: contract

// ANCHOR: test
use door::{Door, Error, call};

#[test]
fn a_refusal_names_what_was_wrong_and_changes_nothing() {
    let (address, guard) = (Address([9; 32]), Address([1; 32]));
    let mut sandbox = Sandbox::new();
    sandbox.caller(guard).deploy::<Door>(address, (3u64,)).unwrap();
    sandbox.send(address, &call::enter(2)).unwrap();

    let refused = sandbox.send(address, &call::enter(2));
    assert_eq!(refused, Err(CallError::Contract(Error::Full { room: 3, wanted: 2 })));
    assert_eq!(sandbox.ask(address, &call::guests()), Ok(2));

    // A query that returns the error fails with it, as a call does.
    assert_eq!(sandbox.ask(address, &call::room_for(1)), Ok(0));
    let full = Error::Full { room: 1, wanted: 2 };
    assert_eq!(sandbox.ask(address, &call::room_for(2)), Err(CallError::Contract(full)));

    // A panic is no error of the contract: the caller learns only that it trapped.
    assert_eq!(sandbox.ask(address, &call::guests_in_a_room(0)), Err(CallError::Trapped));
    assert_eq!(sandbox.panic_text(), Some("attempt to divide by zero"));

    let reason = Hash([7; 32]);
    sandbox.send(address, &call::shut(reason)).unwrap();
    let refused = sandbox.send(address, &call::enter(1));
    let order = FreezeOrder { reason, by: guard, since: TimestampMs(1_767_225_600_000) };
    let paused = Error::Freeze(FreezeError::Paused { order });
    assert_eq!(refused, Err(CallError::Contract(paused)));
}
// ANCHOR_END: test
