//! Reading what another contract publishes.
#![allow(missing_docs, reason = "contracts of a test")]

use dure_sdk::{
    native::Sandbox,
    prelude::*,
    published::{ItemOf, Published, ReadError},
};

#[dure::contract]
pub mod bank {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Bank {
        secret: Item<u8>,
        /// Who owns it.
        #[published]
        owner: Item<Address>,
        #[published]
        held: Map<Address, Balance>,
        #[published]
        names: Map<u8, String>,
        #[published]
        guests: Set<u8>,
        #[published]
        total: Balance,
        #[published]
        visits: Map<u8, Counter>,
        #[published]
        days: Counter,
    }

    #[error]
    pub enum Error {
        Read { error: dure_sdk::published::ReadError },
    }

    impl Bank {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.secret.set(&7);
            self.owner.set(&cx.caller());
            self.held.at(&cx.caller()).add(Amount(5));
            self.names.set(&1, &"one".to_string());
            self.guests.insert(&3);
            self.total.add(Amount(9));
            self.visits.at(&4).add(2);
            self.days.add(6);
        }

        /// Reads the owner of another bank, or of itself.
        #[call]
        pub fn owner_of(&mut self, bank: Address) -> Result<Option<Address>, Error> {
            BankPublished::at(bank).owner().get().map_err(|error| Error::Read { error })
        }

        /// Has another bank read this one's owner.
        #[call]
        pub fn ask_back(&mut self, cx: &Cx, bank: Address) -> bool {
            self.secret.set(&8);
            let reentrant = Error::Read { error: dure_sdk::published::ReadError::Reentrant };
            BankClient::at(bank).owner_of(cx.address()) == Err(CallError::Contract(reentrant))
        }
    }
}

use bank::{Bank, BankPublished, call};

const OWNER: Address = Address([1; 32]);
const BANK: Address = Address([2; 32]);

fn scene() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.caller(OWNER).deploy::<Bank>(BANK, ()).unwrap();
    sandbox
}

#[test]
fn every_kind_of_published_field_is_read_by_its_type() {
    let nobody = Address([9; 32]);
    scene().run(|cx| {
        let bank = BankPublished::at(BANK);
        assert_eq!(bank.owner().get(), Ok(Some(OWNER)));
        assert_eq!(bank.held().amount(&OWNER), Ok(Amount(5)));
        assert_eq!(bank.held().amount(&nobody), Ok(Amount::ZERO));
        assert_eq!(bank.names().get(&1).map(|name| name.unwrap_or_default()), Ok("one".into()));
        assert_eq!(bank.names().get(&2), Ok(None));
        assert_eq!((bank.guests().contains(&3), bank.guests().contains(&4)), (Ok(true), Ok(false)));
        assert_eq!(bank.total().get(), Ok(Amount(9)));
        assert_eq!((bank.visits().number(&4), bank.visits().number(&5)), (Ok(2), Ok(0)));
        assert_eq!(bank.days().get(), Ok(6));
        assert_eq!(cx.read(BANK, &[0, 1]), Ok(Some(OWNER.0.to_vec())));
    });
}

#[test]
fn what_cannot_be_read_says_why() {
    scene().run(|cx| {
        assert_eq!(cx.read(BANK, &[0, 0]), Err(ReadError::NotPublished));
        assert_eq!(cx.read(BANK, &[0, 99]), Err(ReadError::NotPublished));
        assert_eq!(cx.read(BANK, &[1]), Err(ReadError::NotPublished));
        let nobody = BankPublished::at(Address([9; 32]));
        assert_eq!(nobody.total().get(), Err(ReadError::UnknownContract));
        let itself = BankPublished::at(cx.address());
        assert_eq!(itself.total().get(), Err(ReadError::Reentrant));
        let wrong: ItemOf<String> = <Item<String>>::reader(BANK, Place::field(1));
        assert_eq!(wrong.get(), Err(ReadError::BadValue));
    });
}

#[test]
fn a_contract_on_the_call_stack_is_not_read() {
    let mut sandbox = scene();
    let second = Address([3; 32]);
    sandbox.deploy::<Bank>(second, ()).unwrap();
    assert_eq!(sandbox.send(BANK, &call::owner_of(second)), Ok(Some(OWNER)));
    assert_eq!(sandbox.send(BANK, &call::ask_back(second)), Ok(true));
}
