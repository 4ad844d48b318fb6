//! Requests that are carried out once.

// ANCHOR: listing
use dure_sdk::{native::Sandbox, prelude::*};

#[dure::contract]
pub mod terminal {
    use dure_sdk::{
        domain::idempotency::{Arrival, Idempotency, IdempotencyError},
        prelude::*,
    };

    #[storage]
    pub struct Terminal {
        taken: Balance,
        receipts: Counter,
        /// Requests (an amount) and their answers (the number of a receipt).
        payments: Idempotency<Amount, u64>,
    }

    #[error]
    pub enum Error {
        Request(IdempotencyError),
    }

    impl Terminal {
        #[init]
        pub fn new(&mut self) {}

        /// Books a payment; the same request again gets the same receipt.
        #[call]
        pub fn pay(
            &mut self,
            cx: &Cx,
            id: Hash,
            amount: Amount,
            made: TimestampMs,
        ) -> Result<u64, Error> {
            let merchant = cx.caller();
            let seen = self.payments.check(&merchant, &id, &amount, made, cx.time());
            if let Arrival::Again(receipt) = seen.map_err(Error::Request)? {
                return Ok(receipt);
            }
            self.taken.add(amount);
            self.receipts.add(1);
            let receipt = self.receipts.get();
            self.payments.keep(&merchant, &id, amount, receipt, made);
            Ok(receipt)
        }

        /// Forgets what is older than a month; the oldest first, a few at a time.
        #[call]
        pub fn forget(&mut self, cx: &Cx) -> u32 {
            let month_ms = 31 * 24 * 60 * 60 * 1_000;
            self.payments.forget(TimestampMs(cx.time().0.saturating_sub(month_ms)), 50)
        }

        #[query]
        pub fn taken(&self) -> Amount {
            self.taken.get()
        }
    }
}

use terminal::{Terminal, call};

#[test]
fn a_request_that_arrives_three_times_is_paid_once() {
    let (terminal, id) = (Address([9; 32]), Hash([7; 32]));
    let (made, month_ms) = (TimestampMs(1_767_225_600_000), 31 * 24 * 60 * 60 * 1_000);
    let mut sandbox = Sandbox::new();
    sandbox.deploy::<Terminal>(terminal, ()).unwrap();
    for _ in 0..3 {
        let receipt = sandbox.send(terminal, &call::pay(id, Amount(500), made));
        assert_eq!(receipt, Ok(1));
    }
    assert_eq!(sandbox.ask(terminal, &call::taken()), Ok(Amount(500)));
    // Another request under the same id is refused.
    assert!(sandbox.send(terminal, &call::pay(id, Amount(501), made)).is_err());

    // What was forgotten cannot be carried out again.
    sandbox.time(TimestampMs(made.0 + month_ms + 1));
    assert_eq!(sandbox.send(terminal, &call::forget()), Ok(1));
    assert!(sandbox.send(terminal, &call::pay(id, Amount(500), made)).is_err());
    assert_eq!(sandbox.ask(terminal, &call::taken()), Ok(Amount(500)));
}
// ANCHOR_END: listing
