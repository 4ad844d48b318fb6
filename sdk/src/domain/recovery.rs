//! A holder who lost the key gets a new account (1.12).
//!
//! An agent asks to move what an old account holds to a new one. Until the delay is over the old
//! key can object: whoever still has it has not lost it. Then anybody may complete the request, and
//! the contract moves what the old account holds.
//!
//! From then on the old account is *moved*: [`Recovery::check`] refuses it with the address of its
//! successor, and [`Recovery::current`] finds the account that holds now what an old receipt named.
//! A moved account never comes back, nobody is moved to it, and an account that others were moved
//! to can be moved in turn. `current` follows at most 16 moves.
//!
//! What binds the old account goes along: freezes by [`crate::domain::freeze::Freeze::carry_over`],
//! lots, holds and caps by the contract.

use crate::{Address, Hash, Map, TimestampMs};

/// Moves that `current` follows, and that one person can have made.
const MOVES_MAX: u32 = 16;

/// A request to move what an account holds.
#[crate::ty]
#[derive(Copy)]
pub struct Request {
    /// The new account.
    pub to: Address,
    /// The agent who asked.
    pub by: Address,
    /// Hash of the document that says why.
    pub reason: Hash,
    /// From when it can be completed.
    pub due: TimestampMs,
}

/// Says why an account is not moved.
#[crate::ty]
#[derive(Copy)]
pub enum RecoveryError {
    /// The account was moved.
    Moved {
        /// The account.
        account: Address,
        /// Its successor.
        to: Address,
    },
    /// An account cannot be moved to itself.
    Same {
        /// The account.
        account: Address,
    },
    /// A request for the account is under way.
    Pending {
        /// That request.
        request: Request,
    },
    /// No request for the account is under way.
    NoRequest {
        /// The account.
        account: Address,
    },
    /// The old key may still object.
    TooEarly {
        /// From when it can be completed.
        due: TimestampMs,
        /// The time of the block.
        now: TimestampMs,
    },
    /// Only the old account may object.
    NotTheOwner {
        /// The old account.
        account: Address,
        /// Who tried.
        by: Address,
    },
    /// What led to the account was moved as often as it may be.
    TooManyMoves {
        /// How often that is.
        limit: u32,
    },
}

/// Requests and moves: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::recovery::Recovery, native::Sandbox, prelude::*};
/// let (old, new, agent) = (Address([1; 32]), Address([2; 32]), Address([3; 32]));
/// let (why, week) = (Hash([7; 32]), 7 * 24 * 60 * 60 * 1_000);
/// Sandbox::new().run(|_| {
///     let mut recovery = Recovery::open(Place::field(0));
///     recovery.request(old, new, agent, why, TimestampMs(0), week).unwrap();
///     assert!(recovery.complete(old, TimestampMs(week - 1)).is_err());
///     recovery.complete(old, TimestampMs(week)).unwrap();
///     assert_eq!(recovery.current(old), new);
/// });
/// ```
#[crate::composite]
pub struct Recovery {
    requests: Map<Address, Request>,
    moved: Map<Address, Address>,
    /// How many moves led to an account, in the longest line.
    moves: Map<Address, u32>,
}

impl Recovery {
    /// Asks to move an account. It can be completed `delay_ms` after now.
    ///
    /// # Errors
    /// `Same`, `Moved` (either of the two), `Pending` and `TooManyMoves`; nothing is changed then.
    pub fn request(
        &mut self,
        account: Address,
        to: Address,
        by: Address,
        reason: Hash,
        now: TimestampMs,
        delay_ms: u64,
    ) -> Result<Request, RecoveryError> {
        crate::ensure!(account != to, RecoveryError::Same { account });
        self.check(account)?;
        self.check(to)?;
        if let Some(request) = self.requests.get(&account) {
            return Err(RecoveryError::Pending { request });
        }
        let limit = MOVES_MAX;
        crate::ensure!(self.moves(account) < limit, RecoveryError::TooManyMoves { limit });
        let due = TimestampMs(now.0.saturating_add(delay_ms));
        let request = Request { to, by, reason, due };
        self.requests.set(&account, &request);
        Ok(request)
    }

    /// The old account objects: it still has its key.
    ///
    /// # Errors
    /// `NotTheOwner` and `NoRequest`; nothing is changed then.
    pub fn object(&mut self, account: Address, by: Address) -> Result<Request, RecoveryError> {
        crate::ensure!(account == by, RecoveryError::NotTheOwner { account, by });
        self.drop_request(account)
    }

    /// An agent takes a request back.
    ///
    /// # Errors
    /// `NoRequest` when there is none.
    pub fn drop_request(&mut self, account: Address) -> Result<Request, RecoveryError> {
        let request = self.requests.get(&account).ok_or(RecoveryError::NoRequest { account })?;
        self.requests.remove(&account);
        Ok(request)
    }

    /// Completes a request whose delay is over: the contract then moves what the account holds.
    ///
    /// # Errors
    /// `NoRequest`, `TooEarly`, `Moved` when the new account was itself moved meanwhile, and
    /// `TooManyMoves`; nothing is changed then.
    pub fn complete(
        &mut self,
        account: Address,
        now: TimestampMs,
    ) -> Result<Request, RecoveryError> {
        let request = self.requests.get(&account).ok_or(RecoveryError::NoRequest { account })?;
        let due = request.due;
        crate::ensure!(now >= due, RecoveryError::TooEarly { due, now });
        self.check(request.to)?;
        let limit = MOVES_MAX;
        let moves = self.moves(account).saturating_add(1);
        crate::ensure!(moves <= limit, RecoveryError::TooManyMoves { limit });
        self.requests.remove(&account);
        self.moved.set(&account, &request.to);
        let moves = moves.max(self.moves(request.to));
        self.moves.set(&request.to, &moves);
        Ok(request)
    }

    /// Checks that an account was not moved.
    ///
    /// # Errors
    /// `Moved`, with its successor.
    pub fn check(&self, account: Address) -> Result<(), RecoveryError> {
        self.moved.get(&account).map_or(Ok(()), |to| Err(RecoveryError::Moved { account, to }))
    }

    /// The request for an account that is under way.
    #[must_use]
    pub fn pending(&self, account: Address) -> Option<Request> {
        self.requests.get(&account)
    }

    /// The account that holds now what this one held: itself unless it was moved.
    #[must_use]
    pub fn current(&self, account: Address) -> Address {
        let mut current = account;
        for _ in 0..MOVES_MAX {
            match self.moved.get(&current) {
                Some(to) => current = to,
                None => break,
            }
        }
        current
    }

    fn moves(&self, account: Address) -> u32 {
        self.moves.get(&account).unwrap_or(0)
    }
}
