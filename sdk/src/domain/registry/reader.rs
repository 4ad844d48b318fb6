//! Reading a registry that another contract publishes, without calling it.

use super::{Merchant, MerchantSet, Merchants, MerchantsError, Persons, PersonsError};
use crate::{
    Address, Hash, Map, Place, Set,
    published::{MapOf, Published, ReadError, SetOf},
};
use alloc::vec::Vec;
use core::cell::Cell;

/// Says why a registry of another contract did not answer, or answered no.
#[crate::ty]
#[derive(Copy)]
pub enum RegistryError {
    /// It cannot be read.
    Read(ReadError),
    /// The merchant does not count.
    Merchants(MerchantsError),
    /// The account is nobody's.
    Persons(PersonsError),
}

crate::errors_from! {
    RegistryError;
    Read: ReadError,
    Merchants: MerchantsError,
    Persons: PersonsError,
}

/// Reads the [`Merchants`] of another contract; its answers are those of [`Merchants`].
pub struct MerchantsOf {
    merchants: MapOf<Address, Merchant>,
    sets: MapOf<u32, MerchantSet>,
    members: SetOf<(u32, Address)>,
}

impl Published for Merchants {
    type Reader = MerchantsOf;

    fn reader(contract: Address, place: Place) -> MerchantsOf {
        // By the place of each part in `Merchants`.
        MerchantsOf {
            merchants: <Map<Address, Merchant>>::reader(contract, place.part(0)),
            sets: <Map<u32, MerchantSet>>::reader(contract, place.part(2)),
            members: <Set<(u32, Address)>>::reader(contract, place.part(3)),
        }
    }
}

impl MerchantsOf {
    /// What is known of a merchant, whatever its status.
    ///
    /// # Errors
    /// `Unknown`, and `Read`.
    pub fn merchant(&self, address: Address) -> Result<Merchant, RegistryError> {
        let merchant = self.merchants.get(&address)?;
        merchant.ok_or_else(|| MerchantsError::Unknown { merchant: address }.into())
    }

    /// A merchant that may cash out: any that is not suspended.
    ///
    /// # Errors
    /// `Unknown`, `NotActive`, and `Read`.
    pub fn cashing_out(&self, address: Address) -> Result<Merchant, RegistryError> {
        Ok(self.merchant(address)?.if_cashing_out(address)?)
    }

    /// Checks that a set is defined.
    ///
    /// # Errors
    /// `UnknownSet`, and `Read`.
    pub fn defined(&self, set: u32) -> Result<(), RegistryError> {
        let unknown = || MerchantsError::UnknownSet { set }.into();
        self.sets.get(&set)?.map(|_| ()).ok_or_else(unknown)
    }

    /// A merchant that may take payments.
    ///
    /// # Errors
    /// `Unknown`, `NotActive`, and `Read`.
    pub fn active(&self, address: Address) -> Result<Merchant, RegistryError> {
        Ok(self.merchant(address)?.if_active(address)?)
    }

    /// A merchant that may take a payment of this person.
    ///
    /// # Errors
    /// `Unknown`, `NotActive`, `OwnShop`, and `Read`.
    pub fn payable_by(&self, address: Address, payer: Hash) -> Result<Merchant, RegistryError> {
        Ok(self.merchant(address)?.if_payable_by(address, payer)?)
    }

    /// Checks that money of a set may be spent at a merchant.
    ///
    /// # Errors
    /// `UnknownSet`, `NotPermitted`, and `Read`.
    pub fn permits(
        &self,
        set: u32,
        address: Address,
        merchant: &Merchant,
    ) -> Result<(), RegistryError> {
        let permitted = self.sets.get(&set)?.ok_or(MerchantsError::UnknownSet { set })?;
        // The first group that cannot be read ends it.
        let failed = Cell::new(None);
        let judged = permitted.permits(merchant, |group| {
            self.members.contains(&(group, address)).unwrap_or_else(|error| {
                failed.set(Some(error));
                false
            })
        });
        match (failed.get(), judged) {
            (Some(error), _) => Err(error.into()),
            (None, judged) => {
                judged.map_err(|reason| MerchantsError::NotPermitted { set, reason }.into())
            }
        }
    }
}

/// Reads the [`Persons`] of another contract.
pub struct PersonsOf {
    person: MapOf<Address, Hash>,
    accounts: MapOf<Hash, Vec<Address>>,
}

impl Published for Persons {
    type Reader = PersonsOf;

    fn reader(contract: Address, place: Place) -> PersonsOf {
        PersonsOf {
            person: <Map<Address, Hash>>::reader(contract, place.part(0)),
            accounts: <Map<Hash, Vec<Address>>>::reader(contract, place.part(1)),
        }
    }
}

impl PersonsOf {
    /// Whose account it is.
    ///
    /// # Errors
    /// `Unknown` when it is nobody's, and `Read`.
    pub fn person(&self, account: Address) -> Result<Hash, RegistryError> {
        self.person.get(&account)?.ok_or_else(|| PersonsError::Unknown { account }.into())
    }
    /// The accounts of a person: 16 at most.
    ///
    /// # Errors
    /// `Read`.
    pub fn accounts(&self, person: Hash) -> Result<Vec<Address>, RegistryError> {
        Ok(self.accounts.get(&person)?.unwrap_or_default())
    }
}
