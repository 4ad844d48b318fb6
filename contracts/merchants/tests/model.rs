//! Random acts of agents and administrators, compared with plain lists after every one: what the
//! registry says when it is asked, and what another contract reads of it without a call.
#![allow(clippy::result_large_err, reason = "the errors are those that the contract returns")]

use dure_sdk::{
    Address, Hash, Invocation,
    codec::Decode,
    domain::registry::{
        Category, Merchant, MerchantSet, MerchantsError, PersonsError, RegistryError, Status,
    },
    native::Sandbox,
    prelude::CallError,
};
use merchants::merchants::{Error, Registry, RegistryPublished, call};
use proptest::{collection::vec, prelude::*};
use std::collections::{BTreeMap, BTreeSet};

const REGISTRY: Address = Address([1; 32]);
const READER: Address = Address([2; 32]);
const CLERK: Address = Address([3; 32]);
/// Accounts: few, so that merchants and persons want the same ones. The last is never used.
const ACCOUNTS: u8 = 6;
const PERSONS: u8 = 3;
const GROUPS: u32 = 2;
const SETS: u32 = 3;

fn account(number: u8) -> Address {
    Address([100 + number; 32])
}

fn person(number: u8) -> Hash {
    Hash([200 + number; 32])
}

#[derive(Clone, Debug)]
enum Act {
    Register { at: Address, merchant: Merchant, groups: Vec<u32> },
    Update { at: Address, merchant: Merchant },
    SetStatus { at: Address, status: Status },
    Define { set: u32, permitted: MerchantSet },
    SetMember { group: u32, at: Address, member: bool },
    Link { at: Address, person: Hash },
    Unlink { at: Address },
    Forget { person: Hash },
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        4 => Just(Status::Active), 2 => Just(Status::Suspended), 1 => Just(Status::Closed)
    ]
}

/// One in eight is no place in the tree.
fn category() -> impl Strategy<Value = Category> {
    let branch = (1u8..3, 0u8..2).prop_map(|(branch, leaf)| Category([branch, leaf, 0, 0]));
    prop_oneof![7 => branch, 1 => Just(Category([1, 0, 2, 0]))]
}

fn merchant() -> impl Strategy<Value = Merchant> {
    (0..PERSONS, 1u32..3, category(), 0u8..3, status()).prop_map(
        |(owner, region, category, tier, status)| {
            let owner = person(owner);
            Merchant { owner, region, category, tier, status }
        },
    )
}

fn permitted() -> impl Strategy<Value = MerchantSet> {
    let categories = || vec(category(), 0..2);
    (vec(1u32..3, 0..2), categories(), categories(), 0u8..3, vec(0..GROUPS, 0..2)).prop_map(
        |(regions, allowed, denied, tier_max, groups)| MerchantSet {
            regions,
            allowed,
            denied,
            tier_max,
            groups,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    let at = || (0..ACCOUNTS - 1).prop_map(account);
    let who = || (0..PERSONS).prop_map(person);
    prop_oneof![
        4 => (at(), merchant(), vec(0..GROUPS, 0..2))
            .prop_map(|(at, merchant, groups)| Act::Register { at, merchant, groups }),
        4 => (at(), merchant()).prop_map(|(at, merchant)| Act::Update { at, merchant }),
        4 => (at(), status()).prop_map(|(at, status)| Act::SetStatus { at, status }),
        3 => (0..SETS, permitted()).prop_map(|(set, permitted)| Act::Define { set, permitted }),
        3 => (0..GROUPS, at(), any::<bool>())
            .prop_map(|(group, at, member)| Act::SetMember { group, at, member }),
        4 => (at(), who()).prop_map(|(at, person)| Act::Link { at, person }),
        1 => at().prop_map(|at| Act::Unlink { at }),
        1 => who().prop_map(|person| Act::Forget { person }),
    ]
}

#[derive(Default)]
struct Plain {
    merchants: BTreeMap<Address, Merchant>,
    sets: BTreeMap<u32, MerchantSet>,
    members: BTreeSet<(u32, Address)>,
    persons: BTreeMap<Address, Hash>,
}

fn refuse_unless(right: bool, why: Error) -> Result<(), Error> {
    if right { Ok(()) } else { Err(why) }
}

/// Of the categories here.
fn valid(merchant: &Merchant) -> Result<(), Error> {
    let category = merchant.category;
    let bad = Error::Merchants(MerchantsError::BadCategory { category });
    refuse_unless(category.0[1] != 0 || category.0[2] == 0, bad)
}

impl Plain {
    fn act(&mut self, act: &Act) -> Result<u32, Error> {
        match *act {
            Act::Register { at, merchant, ref groups } => {
                refuse_unless(!self.persons.contains_key(&at), Error::IsPerson { account: at })?;
                let registered = MerchantsError::Registered { merchant: at };
                refuse_unless(!self.merchants.contains_key(&at), Error::Merchants(registered))?;
                valid(&merchant)?;
                self.merchants.insert(at, merchant);
                self.members.extend(groups.iter().map(|group| (*group, at)));
            }
            Act::Update { at, merchant } => {
                let status = self.unclosed(at)?.status;
                let other = MerchantsError::OtherStatus { merchant: at, status };
                refuse_unless(merchant.status == status, Error::Merchants(other))?;
                valid(&merchant)?;
                self.merchants.insert(at, merchant);
            }
            Act::SetStatus { at, status } => {
                let found = self.unclosed(at)?;
                self.merchants.insert(at, Merchant { status, ..found });
            }
            Act::Define { set, ref permitted } => {
                let exists = Error::Merchants(MerchantsError::SetExists { set });
                refuse_unless(!self.sets.contains_key(&set), exists)?;
                let checked = permitted.check().map_err(MerchantsError::BadSet);
                checked.map_err(Error::Merchants)?;
                self.sets.insert(set, permitted.clone());
            }
            Act::SetMember { group, at, member } => {
                self.merchant(at)?;
                self.members.remove(&(group, at));
                self.members.extend(member.then_some((group, at)));
            }
            Act::Link { at, person } => {
                let merchant = self.merchants.contains_key(&at);
                refuse_unless(!merchant, Error::IsMerchant { account: at })?;
                let taken = Error::Persons(PersonsError::Taken { account: at });
                refuse_unless(!self.persons.contains_key(&at), taken)?;
                self.persons.insert(at, person);
            }
            Act::Unlink { at } => {
                let unknown = Error::Persons(PersonsError::Unknown { account: at });
                self.persons.remove(&at).ok_or(unknown)?;
            }
            Act::Forget { person } => {
                let before = self.persons.len();
                self.persons.retain(|_, of| *of != person);
                return Ok((before - self.persons.len()) as u32);
            }
        }
        Ok(0)
    }

    fn merchant(&self, at: Address) -> Result<Merchant, Error> {
        let unknown = Error::Merchants(MerchantsError::Unknown { merchant: at });
        self.merchants.get(&at).copied().ok_or(unknown)
    }

    fn unclosed(&self, at: Address) -> Result<Merchant, Error> {
        let found = self.merchant(at)?;
        let closed = Error::Merchants(MerchantsError::Closed { merchant: at });
        refuse_unless(found.status != Status::Closed, closed)?;
        Ok(found)
    }

    fn payable_by(&self, at: Address, payer: Hash) -> Result<Merchant, Error> {
        let found = self.merchant(at)?;
        let not = MerchantsError::NotActive { merchant: at, status: found.status };
        refuse_unless(found.status == Status::Active, Error::Merchants(not))?;
        let own = Error::Merchants(MerchantsError::OwnShop { merchant: at });
        refuse_unless(found.owner != payer, own)?;
        Ok(found)
    }

    fn cashes_out(&self, at: Address) -> bool {
        self.merchant(at).is_ok_and(|found| found.status != Status::Suspended)
    }

    fn permits(&self, set: u32, at: Address) -> Result<(), Error> {
        let found = self.merchant(at)?;
        let unknown = Error::Merchants(MerchantsError::UnknownSet { set });
        let permitted = self.sets.get(&set).ok_or(unknown)?;
        let judged = permitted.permits(&found, |group| self.members.contains(&(group, at)));
        judged.map_err(|reason| Error::Merchants(MerchantsError::NotPermitted { set, reason }))
    }

    fn owns_none(&self, person: Hash) -> Result<(), Error> {
        let owns = |it: &Merchant| it.owner == person && it.status != Status::Closed;
        match self.merchants.iter().find(|(_, merchant)| owns(merchant)) {
            Some((at, _)) => Err(Error::Merchants(MerchantsError::Owner { merchant: *at })),
            None => Ok(()),
        }
    }

    fn accounts(&self, person: Hash) -> Vec<Address> {
        let own = self.persons.iter().filter(|(_, of)| **of == person);
        own.map(|(account, _)| *account).collect()
    }
}

fn refused<T>(result: Result<T, CallError<Error>>) -> Result<T, Error> {
    result.map_err(|error| match error {
        CallError::Contract(error) => error,
        other => panic!("{other:?}"),
    })
}

struct World {
    sandbox: Sandbox,
    plain: Plain,
}

impl World {
    fn new() -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.caller(CLERK).deploy::<Registry>(REGISTRY, ()).unwrap();
        Self { sandbox, plain: Plain::default() }
    }

    fn send<T: Decode>(&mut self, call: &Invocation<T, Error>) -> Result<T, Error> {
        refused(self.sandbox.caller(CLERK).send(REGISTRY, call))
    }

    fn ask<T: Decode>(&mut self, call: &Invocation<T, Error>) -> Result<T, Error> {
        refused(self.sandbox.ask(REGISTRY, call))
    }

    fn act(&mut self, act: &Act) -> Result<u32, Error> {
        match *act {
            Act::Register { at, merchant, ref groups } => {
                self.send(&call::register(at, merchant, groups.clone())).map(|()| 0)
            }
            Act::Update { at, merchant } => {
                self.send(&call::update(at, merchant, None)).map(|()| 0)
            }
            Act::SetStatus { at, status } => {
                self.send(&call::set_status(at, status, None)).map(|()| 0)
            }
            Act::Define { set, ref permitted } => {
                self.send(&call::define_set(set, permitted.clone())).map(|()| 0)
            }
            Act::SetMember { group, at, member } => {
                self.send(&call::set_member(group, at, member)).map(|()| 0)
            }
            Act::Link { at, person } => self.send(&call::link(at, person)).map(|()| 0),
            Act::Unlink { at } => self.send(&call::unlink(at)).map(|()| 0),
            Act::Forget { person } => self.send(&call::forget(person)),
        }
    }

    fn compare_merchant(&mut self, at: Address) -> Result<(), TestCaseError> {
        let plain = self.plain.merchant(at).ok();
        prop_assert_eq!(self.ask(&call::merchant(at)), Ok(plain));
        for payer in (0..PERSONS).map(person) {
            let payable = self.plain.payable_by(at, payer);
            prop_assert_eq!(self.ask(&call::payable_by(at, payer)), payable);
        }
        for group in 0..GROUPS {
            let member = self.plain.members.contains(&(group, at));
            prop_assert_eq!(self.ask(&call::is_member(group, at)), Ok(member));
        }
        for set in 0..SETS {
            prop_assert_eq!(self.ask(&call::permits(set, at)), self.plain.permits(set, at));
        }
        let owner = self.plain.persons.get(&at).copied();
        prop_assert_eq!(self.ask(&call::person(at)), Ok(owner));
        Ok(())
    }

    fn compare_persons(&mut self) -> Result<(), TestCaseError> {
        for who in (0..PERSONS).map(person) {
            prop_assert_eq!(self.ask(&call::accounts(who)), Ok(self.plain.accounts(who)));
            prop_assert_eq!(self.ask(&call::owns_none(who)), self.plain.owns_none(who));
            let read = self
                .sandbox
                .contract(READER)
                .run(|_| RegistryPublished::at(REGISTRY).persons().accounts(who));
            prop_assert_eq!(read, Ok(self.plain.accounts(who)));
        }
        Ok(())
    }

    /// What another contract reads of it.
    fn compare_read(&mut self, at: Address) -> Result<(), TestCaseError> {
        let payer = person(0);
        let (found, payable, cashing_out, permits, owner) =
            self.sandbox.contract(READER).run(|_| {
                let registry = RegistryPublished::at(REGISTRY);
                let merchants = registry.merchants();
                let found = merchants.merchant(at);
                let permits = |set| merchants.permits(set, at, &merchants.merchant(at)?);
                let permits: Vec<_> = (0..SETS).map(permits).collect();
                let payable = merchants.payable_by(at, payer);
                (found, payable, merchants.cashing_out(at), permits, registry.persons().person(at))
            });
        let said = |error: Error| match error {
            Error::Merchants(error) => RegistryError::Merchants(error),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(found, self.plain.merchant(at).map_err(said));
        prop_assert_eq!(payable, self.plain.payable_by(at, payer).map_err(said));
        prop_assert_eq!(cashing_out.is_ok(), self.plain.cashes_out(at));
        for (set, permits) in (0..SETS).zip(permits) {
            prop_assert_eq!(permits, self.plain.permits(set, at).map_err(said));
        }
        let unknown = RegistryError::Persons(PersonsError::Unknown { account: at });
        prop_assert_eq!(owner, self.plain.persons.get(&at).copied().ok_or(unknown));
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_registry_is_what_plain_lists_say(acts in vec(act(), 1..40)) {
        let mut world = World::new();
        for act in &acts {
            let should = world.plain.act(act);
            prop_assert_eq!(world.act(act), should, "{:?}", act);
            for at in (0..ACCOUNTS).map(account) {
                world.compare_merchant(at)?;
                world.compare_read(at)?;
            }
            world.compare_persons()?;
        }
    }
}
