//! Merchants, what is known of them, and where money may be spent.

use super::{Category, MerchantSet, MerchantSetError, NotPermitted};
use crate::{Address, Hash, Map, Order, Set};

/// Whether a merchant takes part.
#[crate::ty]
#[derive(Copy)]
pub enum Status {
    /// It does.
    Active,
    /// It takes no payment and cashes nothing out; its customers' cancels still work.
    Suspended,
    /// It takes no payment, for good; what it has taken it cashes out.
    Closed,
}

/// What is known of a merchant.
#[crate::ty]
#[derive(Copy)]
pub struct Merchant {
    /// The person who owns it.
    pub owner: Hash,
    /// Where it is.
    pub region: u32,
    /// What it sells.
    pub category: Category,
    /// Its tier by annual sales, 0 the smallest.
    pub tier: u8,
    /// Whether it takes part.
    pub status: Status,
}

impl Merchant {
    /// The merchant, if it may cash out; `address` is its own.
    pub(super) fn if_cashing_out(self, address: Address) -> Result<Self, MerchantsError> {
        let status = self.status;
        let not_active = MerchantsError::NotActive { merchant: address, status };
        crate::ensure!(status != Status::Suspended, not_active);
        Ok(self)
    }

    /// The merchant, if it may take payments; `address` is its own.
    pub(super) fn if_active(self, address: Address) -> Result<Self, MerchantsError> {
        let status = self.status;
        let not_active = MerchantsError::NotActive { merchant: address, status };
        crate::ensure!(status == Status::Active, not_active);
        Ok(self)
    }

    /// The merchant, if it may take a payment of this person.
    pub(super) fn if_payable_by(
        self,
        address: Address,
        payer: Hash,
    ) -> Result<Self, MerchantsError> {
        let merchant = self.if_active(address)?;
        crate::ensure!(merchant.owner != payer, MerchantsError::OwnShop { merchant: address });
        Ok(merchant)
    }
}

/// Says why a merchant does not count or did not change. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum MerchantsError {
    /// No merchant has that address.
    Unknown {
        /// The address.
        merchant: Address,
    },
    /// A merchant has that address already.
    Registered {
        /// The address.
        merchant: Address,
    },
    /// The merchant does not take part.
    NotActive {
        /// The address.
        merchant: Address,
        /// Its status.
        status: Status,
    },
    /// A closed merchant stays closed.
    Closed {
        /// The address.
        merchant: Address,
    },
    /// What is known of a merchant changes without its status, which has a way of its own.
    OtherStatus {
        /// The address.
        merchant: Address,
        /// Its status.
        status: Status,
    },
    /// Not a place in the tree.
    BadCategory {
        /// What was given.
        category: Category,
    },
    /// Payer and owner are one person.
    OwnShop {
        /// The address.
        merchant: Address,
    },
    /// The person owns a merchant, and such persons do not buy.
    Owner {
        /// One of the person's merchants.
        merchant: Address,
    },
    /// There is no such set.
    UnknownSet {
        /// Its number.
        set: u32,
    },
    /// The set exists, and money was issued on it.
    SetExists {
        /// Its number.
        set: u32,
    },
    /// The set is none.
    BadSet(MerchantSetError),
    /// The merchant is not in the set.
    NotPermitted {
        /// The number of the set.
        set: u32,
        /// Which condition does not hold.
        reason: NotPermitted,
    },
}

/// Merchants, groups and sets: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{
///     domain::registry::{Category, Merchant, Merchants, Status},
///     native::Sandbox,
///     prelude::*,
/// };
/// let (shop, owner, payer) = (Address([2; 32]), Hash([1; 32]), Hash([5; 32]));
/// let merchant = Merchant {
///     owner,
///     region: 41_570,
///     category: Category([5, 2, 0, 0]),
///     tier: 0,
///     status: Status::Active,
/// };
/// Sandbox::new().run(|_| {
///     let mut merchants = Merchants::open(Place::field(0));
///     merchants.register(shop, &merchant).unwrap();
///     assert!(merchants.payable_by(shop, payer).is_ok());
///     assert!(merchants.payable_by(shop, owner).is_err());
/// });
/// ```
#[crate::composite]
pub struct Merchants {
    merchants: Map<Address, Merchant>,
    /// Without those that are closed.
    by_owner: Set<(Hash, Address)>,
    sets: Map<u32, MerchantSet>,
    members: Set<(u32, Address)>,
}

impl Merchants {
    /// Registers a merchant.
    ///
    /// # Errors
    /// `Registered` and `BadCategory`; nothing is changed then.
    pub fn register(
        &mut self,
        address: Address,
        merchant: &Merchant,
    ) -> Result<(), MerchantsError> {
        let registered = MerchantsError::Registered { merchant: address };
        crate::ensure!(!self.merchants.contains(&address), registered);
        let category = merchant.category;
        crate::ensure!(category.is_valid(), MerchantsError::BadCategory { category });
        self.put(address, merchant);
        Ok(())
    }

    /// Changes what is known of a merchant, but not its status.
    ///
    /// # Errors
    /// `Unknown`, `Closed`, `OtherStatus` and `BadCategory`; nothing is changed then.
    pub fn update(&mut self, address: Address, merchant: &Merchant) -> Result<(), MerchantsError> {
        let old = self.unclosed(address)?;
        let same = old.status == merchant.status;
        let other = MerchantsError::OtherStatus { merchant: address, status: old.status };
        crate::ensure!(same, other);
        let category = merchant.category;
        crate::ensure!(category.is_valid(), MerchantsError::BadCategory { category });
        if old.owner != merchant.owner {
            self.by_owner.remove(&(old.owner, address));
        }
        self.put(address, merchant);
        Ok(())
    }

    /// Suspends, reinstates or closes a merchant.
    ///
    /// # Errors
    /// `Unknown` and `Closed`; nothing is changed then.
    pub fn set_status(&mut self, address: Address, status: Status) -> Result<(), MerchantsError> {
        let merchant = Merchant { status, ..self.unclosed(address)? };
        self.put(address, &merchant);
        Ok(())
    }

    fn unclosed(&self, address: Address) -> Result<Merchant, MerchantsError> {
        let merchant = self.merchant(address)?;
        let closed = merchant.status == Status::Closed;
        crate::ensure!(!closed, MerchantsError::Closed { merchant: address });
        Ok(merchant)
    }

    /// What is known of a merchant: enough for a cancel, whatever the status.
    ///
    /// # Errors
    /// `Unknown` when there is none.
    pub fn merchant(&self, address: Address) -> Result<Merchant, MerchantsError> {
        self.merchants.get(&address).ok_or(MerchantsError::Unknown { merchant: address })
    }

    /// A merchant that may take payments.
    ///
    /// # Errors
    /// `Unknown` and `NotActive`.
    pub fn active(&self, address: Address) -> Result<Merchant, MerchantsError> {
        self.merchant(address)?.if_active(address)
    }

    /// A merchant that may cash out: any that is not suspended.
    ///
    /// # Errors
    /// `Unknown` and `NotActive`.
    pub fn cashing_out(&self, address: Address) -> Result<Merchant, MerchantsError> {
        self.merchant(address)?.if_cashing_out(address)
    }

    /// A merchant that may take a payment of this person: an active one of another owner.
    ///
    /// # Errors
    /// `Unknown`, `NotActive` and `OwnShop`.
    pub fn payable_by(&self, address: Address, payer: Hash) -> Result<Merchant, MerchantsError> {
        self.merchant(address)?.if_payable_by(address, payer)
    }

    /// Checks that a person owns no merchant that is still open.
    ///
    /// # Errors
    /// `Owner`, with one that it owns.
    pub fn owns_none(&self, person: Hash) -> Result<(), MerchantsError> {
        match self.by_owner.under(&person, Order::Ascending).next() {
            Some((_, merchant)) => Err(MerchantsError::Owner { merchant }),
            None => Ok(()),
        }
    }

    /// Defines a set for good.
    ///
    /// # Errors
    /// `SetExists` and `BadSet`; nothing is changed then.
    pub fn define_set(&mut self, set: u32, permitted: &MerchantSet) -> Result<(), MerchantsError> {
        crate::ensure!(!self.sets.contains(&set), MerchantsError::SetExists { set });
        permitted.check().map_err(MerchantsError::BadSet)?;
        self.sets.set(&set, permitted);
        Ok(())
    }

    /// Makes a merchant a member of a group, or no longer one.
    ///
    /// # Errors
    /// `Unknown` when there is no such merchant.
    pub fn set_member(
        &mut self,
        group: u32,
        address: Address,
        is_member: bool,
    ) -> Result<(), MerchantsError> {
        self.merchant(address)?;
        if is_member {
            self.members.insert(&(group, address));
        } else {
            self.members.remove(&(group, address));
        }
        Ok(())
    }

    /// Whether a merchant is a member of a group.
    #[must_use]
    pub fn is_member(&self, group: u32, address: Address) -> bool {
        self.members.contains(&(group, address))
    }

    /// Checks that money of a set may be spent at a merchant.
    ///
    /// # Errors
    /// `UnknownSet` and `NotPermitted`.
    pub fn permits(
        &self,
        set: u32,
        address: Address,
        merchant: &Merchant,
    ) -> Result<(), MerchantsError> {
        let permitted = self.sets.get(&set).ok_or(MerchantsError::UnknownSet { set })?;
        permitted
            .permits(merchant, |group| self.is_member(group, address))
            .map_err(|reason| MerchantsError::NotPermitted { set, reason })
    }

    fn put(&mut self, address: Address, merchant: &Merchant) {
        self.merchants.set(&address, merchant);
        if merchant.status == Status::Closed {
            self.by_owner.remove(&(merchant.owner, address));
        } else {
            self.by_owner.insert(&(merchant.owner, address));
        }
    }
}
