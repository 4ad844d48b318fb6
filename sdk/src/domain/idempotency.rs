//! Requests that are carried out once, however often they arrive (rules C5, C7, R4).
//!
//! A terminal that got no answer sends again. The id that it chose names the request: the first
//! arrival is carried out and its answer kept; the same request under the same id gets that answer
//! and changes nothing; another request under that id is refused. Ids belong to a scope, usually
//! the merchant, so that nobody can burn another's.
//!
//! A transaction's nonce does not do this: a terminal that lost its state signs a new transaction,
//! with a new nonce, for the same receipt.
//!
//! **Forgetting.** A request carries when it was made. [`Idempotency::forget`] drops the oldest
//! answers and moves a mark; a request made before the mark is refused from then on, so that what
//! was forgotten cannot be carried out again. A request from the future is refused too, since it
//! would outlive the mark.
//!
//! ```
//! use dure_sdk::{
//!     domain::idempotency::{Arrival, Idempotency},
//!     native::Sandbox,
//!     prelude::*,
//! };
//! let (shop, id, made) = (Address([2; 32]), Hash([7; 32]), TimestampMs(1_000));
//! let mut payments = Idempotency::<Amount, u64>::open(Place::field(0));
//! let mut pay = |cx: &Cx, amount| {
//!     match payments.check(&shop, &id, &amount, made, cx.time())? {
//!         Arrival::Again(receipt) => return Ok(receipt),
//!         Arrival::First => {}
//!     }
//!     let receipt = cx.height().0; // whatever is done comes here
//!     payments.keep(&shop, &id, amount, receipt, made);
//!     Ok::<_, dure_sdk::domain::idempotency::IdempotencyError>(receipt)
//! };
//! let mut sandbox = Sandbox::new();
//! assert_eq!(sandbox.run(|cx| pay(cx, Amount(500))), Ok(1));
//! sandbox.height(Height(2));
//! assert_eq!(sandbox.run(|cx| pay(cx, Amount(500))), Ok(1));
//! assert!(sandbox.run(|cx| pay(cx, Amount(501))).is_err());
//! ```

use crate::{Address, Described, Hash, Item, Map, Order, Set, TimestampMs};
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// Says why a request is not looked at.
#[crate::ty]
#[derive(Copy)]
pub enum IdempotencyError {
    /// Another request came under this id.
    OtherRequest {
        /// The id.
        id: Hash,
        /// When the first one was made.
        made: TimestampMs,
    },
    /// The request is so old that its answer may be forgotten.
    Forgotten {
        /// When it was made.
        made: TimestampMs,
        /// Requests made before this are refused.
        oldest: TimestampMs,
    },
    /// The request was made after now.
    FromTheFuture {
        /// When it was made.
        made: TimestampMs,
        /// The time of the block.
        now: TimestampMs,
    },
}

/// Whether a request was seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival<A> {
    /// It was not: carry it out, then keep the answer.
    First,
    /// It was, and this was the answer.
    Again(A),
}

/// What is kept of a request.
#[crate::ty]
struct Kept<R, A> {
    made: TimestampMs,
    request: R,
    answer: A,
}

/// Requests `R` and their answers `A`: the module's one field of a contract's storage.
#[crate::composite]
pub struct Idempotency<R, A>
where
    R: Encode + Decode + Described + 'static,
    A: Encode + Decode + Described + 'static,
{
    kept: Map<(Address, Hash), Kept<R, A>>,
    /// The kept ones by age.
    by_age: Set<(TimestampMs, Address, Hash)>,
    oldest: Item<TimestampMs>,
}

impl<R, A> Idempotency<R, A>
where
    R: Encode + Decode + PartialEq + Described + 'static,
    A: Encode + Decode + Described + 'static,
{
    /// Says whether a request was seen before, and what the answer was.
    ///
    /// # Errors
    /// [`IdempotencyError`] when it is another request, or too old, or made after now.
    pub fn check(
        &self,
        scope: &Address,
        id: &Hash,
        request: &R,
        made: TimestampMs,
        now: TimestampMs,
    ) -> Result<Arrival<A>, IdempotencyError> {
        if let Some(kept) = self.kept.get(&(*scope, *id)) {
            let same = kept.request == *request && kept.made == made;
            let other = IdempotencyError::OtherRequest { id: *id, made: kept.made };
            crate::ensure!(same, other);
            return Ok(Arrival::Again(kept.answer));
        }
        let oldest = self.oldest();
        crate::ensure!(made >= oldest, IdempotencyError::Forgotten { made, oldest });
        crate::ensure!(made <= now, IdempotencyError::FromTheFuture { made, now });
        Ok(Arrival::First)
    }

    /// Keeps the answer to a request that `check` called the first.
    pub fn keep(&mut self, scope: &Address, id: &Hash, request: R, answer: A, made: TimestampMs) {
        self.kept.set(&(*scope, *id), &Kept { made, request, answer });
        self.by_age.insert(&(made, *scope, *id));
    }

    /// Forgets at most `limit` answers to requests made before `until`, and says how many it did.
    /// Requests made before `until` are refused from now on, whether or not all were forgotten.
    pub fn forget(&mut self, until: TimestampMs, limit: u32) -> u32 {
        if until > self.oldest() {
            self.oldest.set(&until);
        }
        let old = self.by_age.entries(None, Order::Ascending).take(limit as usize);
        let old: Vec<_> = old.take_while(|(made, _, _)| *made < until).collect();
        for key in &old {
            self.by_age.remove(key);
            self.kept.remove(&(key.1, key.2));
        }
        // At most `limit` were taken.
        old.len() as u32
    }

    /// Requests made before this are refused.
    #[must_use]
    pub fn oldest(&self) -> TimestampMs {
        self.oldest.try_get().unwrap_or(TimestampMs::ZERO)
    }
}
