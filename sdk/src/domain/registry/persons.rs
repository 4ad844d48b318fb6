//! Which accounts are one person's.

use crate::{Address, Hash, Map};
use alloc::vec::Vec;

/// Accounts that a person may have.
const ACCOUNTS_MAX: usize = 16;

/// Says why an account is nobody's, or did not become somebody's. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum PersonsError {
    /// The account is nobody's.
    Unknown {
        /// The account.
        account: Address,
    },
    /// The account is somebody's already.
    Taken {
        /// The account.
        account: Address,
    },
    /// The person has as many accounts as one may have.
    TooMany {
        /// The person.
        person: Hash,
        /// How many one may have.
        limit: u32,
    },
}

/// Persons and their accounts: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::registry::Persons, native::Sandbox, prelude::*};
/// let (account, person) = (Address([1; 32]), Hash([5; 32]));
/// Sandbox::new().run(|_| {
///     let mut persons = Persons::open(Place::field(0));
///     persons.link(account, person).unwrap();
///     assert_eq!(persons.person(account), Ok(person));
///     assert_eq!(persons.forget(person), [account]);
///     assert!(persons.person(account).is_err());
/// });
/// ```
#[crate::composite]
pub struct Persons {
    person: Map<Address, Hash>,
    /// At most 16 each, so that a contract that adds over them reads one entry.
    accounts: Map<Hash, Vec<Address>>,
}

impl Persons {
    /// Makes an account a person's.
    ///
    /// # Errors
    /// `Taken` and `TooMany`; nothing is changed then.
    pub fn link(&mut self, account: Address, person: Hash) -> Result<(), PersonsError> {
        crate::ensure!(!self.person.contains(&account), PersonsError::Taken { account });
        let (limit, mut accounts) = (ACCOUNTS_MAX, self.accounts(person));
        let fits = accounts.len() < limit;
        crate::ensure!(fits, PersonsError::TooMany { person, limit: limit as u32 });
        accounts.push(account);
        accounts.sort_unstable();
        self.person.set(&account, &person);
        self.accounts.set(&person, &accounts);
        Ok(())
    }

    /// Makes an account nobody's, and says whose it was.
    ///
    /// # Errors
    /// `Unknown` when it is nobody's.
    pub fn unlink(&mut self, account: Address) -> Result<Hash, PersonsError> {
        let person = self.person(account)?;
        self.person.remove(&account);
        let mut accounts = self.accounts(person);
        accounts.retain(|other| *other != account);
        if accounts.is_empty() {
            self.accounts.remove(&person);
        } else {
            self.accounts.set(&person, &accounts);
        }
        Ok(person)
    }

    /// Forgets a person: no account is theirs any more. Returns those that were.
    ///
    /// The hash says nothing once its salt is deleted; this also cuts the accounts apart.
    pub fn forget(&mut self, person: Hash) -> Vec<Address> {
        let accounts = self.accounts(person);
        for account in &accounts {
            self.person.remove(account);
        }
        self.accounts.remove(&person);
        accounts
    }

    /// Whose account it is.
    ///
    /// # Errors
    /// `Unknown` when it is nobody's.
    pub fn person(&self, account: Address) -> Result<Hash, PersonsError> {
        self.person.get(&account).ok_or(PersonsError::Unknown { account })
    }

    /// The accounts of a person, sorted.
    #[must_use]
    pub fn accounts(&self, person: Hash) -> Vec<Address> {
        self.accounts.get(&person).unwrap_or_default()
    }
}
