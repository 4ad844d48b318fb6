//! The registry of a scheme: merchants, sets that say where money may be spent, and persons.
//!
//! One registry serves every token of a city or a consortium. Agents register; other contracts read
//! what is published, without a call
//! ([`MerchantsOf`](dure_sdk::domain::registry::MerchantsOf),
//! [`PersonsOf`](dure_sdk::domain::registry::PersonsOf)).
//!
//! **Invariants.** A closed merchant stays closed. A set never changes. An account is at most one
//! person's, and never a person's and a merchant's: whoever has a person has no merchant's account,
//! and no contract needs to ask twice. What says who somebody is never comes here: only a hash with
//! a salt that lies elsewhere.
#![no_std]

mod error;
mod event;
mod state;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod merchants {
    use dure_sdk::{
        domain::{
            registry::{Merchant, MerchantSet, Status},
            roles::Role,
        },
        prelude::*,
    };

    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{
        MemberChanged, MerchantChanged, PersonLinked, PersonUnlinked, RoleChanged, SetDefined,
    };
    #[storage]
    pub use crate::state::Registry;
    pub use crate::state::RegistryPublished;

    impl Registry {
        /// The creator administers and acts as an agent.
        #[init]
        pub fn new(&mut self, cx: &Cx) -> Result<(), Error> {
            let creator = cx.caller();
            self.roles.found(creator);
            self.roles.grant(creator, creator, Role::Agent).map_err(Error::Roles)
        }

        /// Gives a role or takes it. Agents register; administrators define sets.
        #[call]
        pub fn set_role(
            &mut self,
            cx: &Cx,
            account: Address,
            role: Role,
            has: bool,
        ) -> Result<(), Error> {
            let by = cx.caller();
            self.roles.set(by, account, role, has).map_err(Error::Roles)?;
            cx.emit(&RoleChanged { account, role, has });
            Ok(())
        }

        /// Registers a merchant, at an account that is nobody's, and makes it a member of groups.
        #[call]
        pub fn register(
            &mut self,
            cx: &Cx,
            account: Address,
            merchant: Merchant,
            groups: Vec<u32>,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            ensure!(account != Address::SYSTEM, Error::NoAccount { account });
            let is_person = self.persons.person(account).is_ok();
            ensure!(!is_person, Error::IsPerson { account });
            self.merchants.register(account, &merchant).map_err(Error::Merchants)?;
            cx.emit(&MerchantChanged { account, merchant, reason: None });
            for group in groups {
                self.enrol(cx, group, account, true)?;
            }
            Ok(())
        }

        /// Changes what is known of a merchant: its tier after a year, its region after a move. Its
        /// status has a call of its own.
        #[call]
        pub fn update(
            &mut self,
            cx: &Cx,
            account: Address,
            merchant: Merchant,
            reason: Option<Hash>,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.merchants.update(account, &merchant).map_err(Error::Merchants)?;
            cx.emit(&MerchantChanged { account, merchant, reason });
            Ok(())
        }

        /// Suspends, reinstates or closes a merchant; `reason` is the hash of the document that
        /// says why.
        #[call]
        pub fn set_status(
            &mut self,
            cx: &Cx,
            account: Address,
            status: Status,
            reason: Option<Hash>,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.merchants.set_status(account, status).map_err(Error::Merchants)?;
            let merchant = self.merchants.merchant(account).map_err(Error::Merchants)?;
            cx.emit(&MerchantChanged { account, merchant, reason });
            Ok(())
        }

        /// Defines, for good, where money of a number may be spent.
        #[call]
        pub fn define_set(
            &mut self,
            cx: &Cx,
            set: u32,
            permitted: MerchantSet,
        ) -> Result<(), Error> {
            self.only(cx, Role::Administrator)?;
            self.merchants.define_set(set, &permitted).map_err(Error::Merchants)?;
            cx.emit(&SetDefined { set, permitted });
            Ok(())
        }

        /// Makes a merchant a member of a group, or no longer one.
        #[call]
        pub fn set_member(
            &mut self,
            cx: &Cx,
            group: u32,
            account: Address,
            member: bool,
        ) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.enrol(cx, group, account, member)
        }

        /// Makes an account a person's, if it is no merchant's: the hash of an identity with a
        /// salt.
        #[call]
        pub fn link(&mut self, cx: &Cx, account: Address, person: Hash) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            ensure!(account != Address::SYSTEM, Error::NoAccount { account });
            let is_merchant = self.merchants.merchant(account).is_ok();
            ensure!(!is_merchant, Error::IsMerchant { account });
            self.persons.link(account, person).map_err(Error::Persons)?;
            cx.emit(&PersonLinked { account, person });
            Ok(())
        }

        /// Makes an account nobody's.
        #[call]
        pub fn unlink(&mut self, cx: &Cx, account: Address) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.persons.unlink(account).map_err(Error::Persons)?;
            cx.emit(&PersonUnlinked { account });
            Ok(())
        }

        /// Forgets a person: none of its accounts is anybody's any more. With the salt deleted too,
        /// nothing says who it was.
        #[call]
        pub fn forget(&mut self, cx: &Cx, person: Hash) -> Result<u32, Error> {
            self.only(cx, Role::Agent)?;
            let accounts = self.persons.forget(person);
            for account in &accounts {
                cx.emit(&PersonUnlinked { account: *account });
            }
            Ok(accounts.len() as u32)
        }

        /// A merchant.
        #[query]
        pub fn merchant(&self, account: Address) -> Option<Merchant> {
            self.merchants.merchant(account).ok()
        }

        /// Whether a person's money may go to a merchant: active, and of another owner.
        #[query]
        pub fn payable_by(&self, account: Address, payer: Hash) -> Result<Merchant, Error> {
            self.merchants.payable_by(account, payer).map_err(Error::Merchants)
        }

        /// Whether money of a set may be spent at a merchant.
        #[query]
        pub fn permits(&self, set: u32, account: Address) -> Result<(), Error> {
            let merchant = self.merchants.merchant(account).map_err(Error::Merchants)?;
            self.merchants.permits(set, account, &merchant).map_err(Error::Merchants)
        }

        /// Checks that a person owns no merchant that is still open.
        #[query]
        pub fn owns_none(&self, person: Hash) -> Result<(), Error> {
            self.merchants.owns_none(person).map_err(Error::Merchants)
        }

        /// Whether a merchant is a member of a group.
        #[query]
        pub fn is_member(&self, group: u32, account: Address) -> bool {
            self.merchants.is_member(group, account)
        }

        /// The accounts of a person.
        #[query]
        pub fn accounts(&self, person: Hash) -> Vec<Address> {
            self.persons.accounts(person)
        }

        /// Whose account it is.
        #[query]
        pub fn person(&self, account: Address) -> Option<Hash> {
            self.persons.person(account).ok()
        }

        /// Whether an account has a role.
        #[query]
        pub fn has_role(&self, account: Address, role: Role) -> bool {
            self.roles.has(account, role)
        }

        fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
            self.roles.check(cx.caller(), role).map_err(Error::Roles)
        }

        fn enrol(
            &mut self,
            cx: &Cx,
            group: u32,
            account: Address,
            member: bool,
        ) -> Result<(), Error> {
            self.merchants.set_member(group, account, member).map_err(Error::Merchants)?;
            cx.emit(&MemberChanged { group, account, member });
            Ok(())
        }
    }
}
