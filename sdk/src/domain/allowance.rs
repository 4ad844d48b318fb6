//! Allowances: what a holder lets somebody take, up to an amount and until a time.
//!
//! - **A new one replaces the one before.** Who lowers one in use risks that both are taken: revoke
//!   first, then allow anew.
//! - **Nought revokes**, whatever end is named with it.
//! - **Equal is over**: at its end an allowance is void. It stays where it is, so that a query
//!   shows why nothing is taken, until it is replaced or revoked.
//! - **The greatest amount is used up** like any other.
//!
//! Units move by the contract; here is only what may be taken.

use crate::{Address, Amount, Map, TimestampMs, domain::calendar::is_live, standard::Allowance};

/// Says why nothing is allowed, or nothing may be taken. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum AllowanceError {
    /// Nobody can use an allowance there: the holder itself, or an address that calls nothing.
    NoSpender {
        /// The address.
        spender: Address,
    },
    /// The allowance is void since then.
    Expired {
        /// First block time at which it is.
        expires: TimestampMs,
    },
    /// The allowance is less than that.
    Short {
        /// What is left of it.
        left: Amount,
        /// What was to be taken.
        wanted: Amount,
    },
}

/// The allowances of all holders: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::allowance::Allowances, native::Sandbox, prelude::*};
/// let (ana, shop, now) = (Address([1; 32]), Address([2; 32]), TimestampMs(1_000));
/// Sandbox::new().run(|_| {
///     let mut allowances = Allowances::open(Place::field(0));
///     allowances.approve(ana, shop, Amount(50), Some(TimestampMs(2_000)), now).unwrap();
///     allowances.spend(ana, shop, Amount(30), now).unwrap();
///     assert!(allowances.spend(ana, shop, Amount(21), now).is_err());
///     assert!(allowances.spend(ana, shop, Amount(20), TimestampMs(2_000)).is_err());
/// });
/// ```
#[crate::composite]
pub struct Allowances {
    given: Map<(Address, Address), Allowance>,
}

impl Allowances {
    /// Lets a spender take up to an amount of a holder's units, until a time or until revoked.
    ///
    /// # Errors
    /// `NoSpender`, and `Expired` when it would be void already; nothing is changed then.
    pub fn approve(
        &mut self,
        holder: Address,
        spender: Address,
        amount: Amount,
        expires: Option<TimestampMs>,
        now: TimestampMs,
    ) -> Result<(), AllowanceError> {
        let spends = spender != holder && spender != Address::SYSTEM;
        crate::ensure!(spends, AllowanceError::NoSpender { spender });
        let allowance = Allowance { amount, expires };
        if amount > Amount::ZERO {
            check_live(&allowance, now)?;
        }
        self.keep(&(holder, spender), &allowance);
        Ok(())
    }

    /// Takes an amount off what a spender may take of a holder. The contract moves the units.
    ///
    /// # Errors
    /// `Expired` and `Short`; nothing is changed then.
    pub fn spend(
        &mut self,
        holder: Address,
        spender: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), AllowanceError> {
        let key = (holder, spender);
        let nothing = Allowance { amount: Amount::ZERO, expires: None };
        let mut allowance = self.given.get(&key).unwrap_or(nothing);
        check_live(&allowance, now)?;
        let left = allowance.amount;
        let short = AllowanceError::Short { left, wanted: amount };
        allowance.amount = left.checked_sub(amount).ok_or(short)?;
        self.keep(&key, &allowance);
        Ok(())
    }

    /// What a spender may still take of a holder; void ones too.
    #[must_use]
    pub fn get(&self, holder: Address, spender: Address) -> Option<Allowance> {
        self.given.get(&(holder, spender))
    }

    /// What is nought takes no room.
    fn keep(&mut self, key: &(Address, Address), allowance: &Allowance) {
        if allowance.amount == Amount::ZERO {
            self.given.remove(key);
        } else {
            self.given.set(key, allowance);
        }
    }
}

fn check_live(allowance: &Allowance, now: TimestampMs) -> Result<(), AllowanceError> {
    match allowance.expires {
        Some(expires) if !is_live(now, expires) => Err(AllowanceError::Expired { expires }),
        _ => Ok(()),
    }
}
