//! A contract that is called while it is on the call stack.

// ANCHOR: listing
use dure_sdk::{native::Sandbox, prelude::*};

#[dure::contract]
pub mod mirror {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Mirror {
        looks: Counter,
    }

    impl Mirror {
        #[init]
        pub fn new(&mut self) {}

        /// Calls itself, twice. Says whether the first was denied, and what the second counted.
        #[call]
        pub fn look(&mut self, cx: &Cx) -> (bool, Option<u64>) {
            let itself = MirrorClient::at(cx.address());
            let denied = itself.count() == Err(CallError::Reentrant);
            (denied, itself.count_again().ok())
        }

        #[call]
        pub fn count(&mut self) -> u64 {
            self.looks.add(1);
            self.looks.get()
        }

        /// May run while the contract is on the call stack.
        #[call(reentrant)]
        pub fn count_again(&mut self) -> u64 {
            self.looks.add(1);
            self.looks.get()
        }
    }
}

#[test]
fn entering_again_is_denied_unless_the_method_allows_it() {
    let address = Address([9; 32]);
    let mut sandbox = Sandbox::new();
    sandbox.deploy::<mirror::Mirror>(address, ()).unwrap();
    assert_eq!(sandbox.send(address, &mirror::call::look()), Ok((true, Some(1))));
}
// ANCHOR_END: listing
