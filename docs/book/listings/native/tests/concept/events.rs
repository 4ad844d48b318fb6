//! Events that others look for.

// ANCHOR: contract
use dure_sdk::{native::Sandbox, prelude::*};

#[dure::contract]
pub mod stock {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Stock {
        pieces: Map<u32, Counter>,
    }

    /// Pieces came in or went out.
    #[event]
    pub struct Changed {
        /// `#[index]` marks what readers look for.
        #[index]
        pub item: u32,
        pub came: u64,
        pub went: u64,
    }

    #[error]
    pub enum Error {
        Short { left: u64, wanted: u64 },
    }

    impl Stock {
        #[init]
        pub fn new(&mut self) {}

        #[call]
        pub fn bring(&mut self, cx: &Cx, item: u32, pieces: u64) {
            self.pieces.at(&item).add(pieces);
            cx.emit(&Changed { item, came: pieces, went: 0 });
        }

        #[call]
        pub fn take(&mut self, cx: &Cx, item: u32, pieces: u64) -> Result<(), Error> {
            cx.emit(&Changed { item, came: 0, went: pieces });
            let short = |short: Short<u64>| Error::Short { left: short.left, wanted: short.wanted };
            self.pieces.at(&item).sub(pieces).map_err(short)
        }
    }
}
// ANCHOR_END: contract

// ANCHOR: test
use stock::{Changed, Stock, call};

#[test]
fn an_event_of_a_call_that_failed_never_was() {
    let address = Address([9; 32]);
    let mut sandbox = Sandbox::new();
    sandbox.deploy::<Stock>(address, ()).unwrap();
    sandbox.send(address, &call::bring(1, 5)).unwrap();
    sandbox.send(address, &call::take(1, 6)).unwrap_err();
    sandbox.send(address, &call::take(1, 2)).unwrap();
    let came = Changed { item: 1, came: 5, went: 0 };
    let went = Changed { item: 1, came: 0, went: 2 };
    assert_eq!(sandbox.events_of::<Changed>(), [came, went]);
}
// ANCHOR_END: test
