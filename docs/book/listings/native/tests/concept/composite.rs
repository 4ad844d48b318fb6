//! A part of a contract with a state of its own.

// ANCHOR: listing
use dure_sdk::{native::Sandbox, prelude::*};

/// Orders that wait, and how many ever came.
#[dure::composite]
pub struct Orders {
    waiting: Queue<String>,
    total: Counter,
}

impl Orders {
    pub fn take_in(&mut self, order: String) {
        self.waiting.push(&order);
        self.total.add(1);
    }

    pub fn serve(&mut self) -> Option<String> {
        self.waiting.pop()
    }
}

#[dure::contract]
pub mod bar {
    use super::Orders;
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Bar {
        kitchen: Orders,
        counter: Orders,
    }

    impl Bar {
        #[init]
        pub fn new(&mut self) {}

        #[call]
        pub fn order(&mut self, dish: String, hot: bool) {
            let orders = if hot { &mut self.kitchen } else { &mut self.counter };
            orders.take_in(dish);
        }

        #[call]
        pub fn cook(&mut self) -> Option<String> {
            self.kitchen.serve()
        }
    }
}

#[test]
fn the_kitchen_and_the_counter_have_queues_of_their_own() {
    let address = Address([9; 32]);
    let mut sandbox = Sandbox::new();
    sandbox.deploy::<bar::Bar>(address, ()).unwrap();
    sandbox.send(address, &bar::call::order("tea".into(), false)).unwrap();
    sandbox.send(address, &bar::call::order("soup".into(), true)).unwrap();
    assert_eq!(sandbox.send(address, &bar::call::cook()), Ok(Some("soup".into())));
    assert_eq!(sandbox.send(address, &bar::call::cook()), Ok(None));
}
// ANCHOR_END: listing
