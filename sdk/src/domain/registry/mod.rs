//! Merchants and persons (rules C7, C15; corrections W13, W15).
//!
//! **Merchants** ([`Merchants`]) have a region, a category in a tree of four levels, a tier by
//! annual sales, an owner and a status:
//!
//! | status | takes payments | cashes out | customers' cancels |
//! |---|---|---|---|
//! | active | yes | yes | yes |
//! | suspended | no | neither requests nor confirms | yes |
//! | closed, for good | no | yes, what it has taken | yes |
//!
//! **Merchant sets** ([`MerchantSet`]) say where money may be spent: regions, categories allowed
//! and denied, the highest tier, a group. Two kinds of money in one wallet have two sets: an
//! allowance may be spent at a merchant too large for discounted money. A set never changes once it
//! is defined, since money was issued on it; what changes are the merchants, and the members of a
//! group. A giver or guardian can only narrow (C15): the set of the gift is
//! [`MerchantSet::narrowed`], which permits what both permit.
//!
//! **Persons** ([`Persons`]) are hashes of an identity with a salt that is kept elsewhere (G8).
//! When the salt is deleted, the hash says nothing. A person may have several accounts, 16 at most.
//! Rules of persons: payer and owner of the merchant must differ, and owners of merchants cannot
//! buy discounted money (C7).
//!
//! Several contracts use one registry: it publishes its fields, and they read them without a call
//! ([`MerchantsOf`], [`PersonsOf`]).

mod merchant_set;
mod merchants;
mod persons;
mod reader;

pub use merchant_set::{Category, MerchantSet, MerchantSetError, NotPermitted};
pub use merchants::{Merchant, Merchants, MerchantsError, Status};
pub use persons::{Persons, PersonsError};
pub use reader::{MerchantsOf, PersonsOf, RegistryError};
