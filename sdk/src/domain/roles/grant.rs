//! Who has which role.

use crate::{Address, Map, Order, Set};
use alloc::vec::Vec;

/// Holders that one role may have.
const HOLDERS_MAX: u32 = 256;

/// What somebody may do.
#[crate::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub enum Role {
    /// Gives and takes roles.
    Administrator,
    /// Issues and burns.
    Issuer,
    /// Acts for holders and merchants: registers, recovers, cashes out.
    Agent,
    /// Reads what is not for all, approves what needs a second look.
    Auditor,
    /// Pauses and freezes.
    Pauser,
}

/// Says why a role does not hold or did not change.
#[crate::ty]
#[derive(Copy)]
pub enum RolesError {
    /// The account does not have the role.
    Lacks {
        /// The account.
        account: Address,
        /// The role that it would need.
        role: Role,
    },
    /// The account has the role already.
    Has {
        /// The account.
        account: Address,
        /// The role.
        role: Role,
    },
    /// Without this administrator nobody could give roles.
    LastAdministrator,
    /// The role has as many holders as it may.
    Full {
        /// The role.
        role: Role,
        /// How many it may have.
        limit: u32,
    },
}

/// The roles of accounts: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::roles::{Role, Roles}, native::Sandbox, prelude::*};
/// let (ana, ben) = (Address([1; 32]), Address([2; 32]));
/// Sandbox::new().run(|_| {
///     let mut roles = Roles::open(Place::field(0));
///     roles.found(ana);
///     roles.grant(ana, ben, Role::Issuer).unwrap();
///     assert!(roles.check(ben, Role::Issuer).is_ok());
///     assert!(roles.grant(ben, ben, Role::Pauser).is_err());
/// });
/// ```
#[crate::composite]
pub struct Roles {
    holders: Set<(Role, Address)>,
    counts: Map<Role, u32>,
}

impl Roles {
    /// Makes the first administrator. For `init` only: it asks nobody.
    pub fn found(&mut self, administrator: Address) {
        if !self.has(administrator, Role::Administrator) {
            self.put(administrator, Role::Administrator);
        }
    }

    /// Checks that an account has a role.
    ///
    /// # Errors
    /// `Lacks` when it does not.
    pub fn check(&self, account: Address, role: Role) -> Result<(), RolesError> {
        crate::ensure!(self.has(account, role), RolesError::Lacks { account, role });
        Ok(())
    }

    /// Whether an account has a role.
    #[must_use]
    pub fn has(&self, account: Address, role: Role) -> bool {
        self.holders.contains(&(role, account))
    }

    /// Gives a role.
    ///
    /// # Errors
    /// `Lacks` unless `by` is an administrator, `Has` and `Full`; nothing is changed then.
    pub fn grant(&mut self, by: Address, account: Address, role: Role) -> Result<(), RolesError> {
        self.check(by, Role::Administrator)?;
        crate::ensure!(!self.has(account, role), RolesError::Has { account, role });
        let limit = HOLDERS_MAX;
        crate::ensure!(self.count(role) < limit, RolesError::Full { role, limit });
        self.put(account, role);
        Ok(())
    }

    /// Takes a role.
    ///
    /// # Errors
    /// `Lacks` unless `by` is an administrator and the account has the role, `LastAdministrator`;
    /// nothing is changed then.
    pub fn revoke(&mut self, by: Address, account: Address, role: Role) -> Result<(), RolesError> {
        self.check(by, Role::Administrator)?;
        self.check(account, role)?;
        let count = self.count(role);
        let last = role == Role::Administrator && count == 1;
        crate::ensure!(!last, RolesError::LastAdministrator);
        self.holders.remove(&(role, account));
        self.counts.set(&role, &count.saturating_sub(1));
        Ok(())
    }

    /// Gives a role or takes it.
    ///
    /// # Errors
    /// As [`Roles::grant`] and [`Roles::revoke`].
    pub fn set(
        &mut self,
        by: Address,
        account: Address,
        role: Role,
        has: bool,
    ) -> Result<(), RolesError> {
        if has { self.grant(by, account, role) } else { self.revoke(by, account, role) }
    }

    /// The accounts that have a role, in the order of their addresses.
    #[must_use]
    pub fn holders(&self, role: Role) -> Vec<Address> {
        self.holders.under(&role, Order::Ascending).map(|(_, account)| account).collect()
    }

    fn put(&mut self, account: Address, role: Role) {
        self.holders.insert(&(role, account));
        self.counts.set(&role, &self.count(role).saturating_add(1));
    }

    fn count(&self, role: Role) -> u32 {
        self.counts.get(&role).unwrap_or(0)
    }
}
