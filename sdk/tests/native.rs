//! The sandbox outside WASM: the same meaning as the runtime's.
#![allow(missing_docs, reason = "a contract of a test")]

use dure_sdk::{CallError, Invocation, Storage, native::Sandbox, prelude::*};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A type outside the contract's module.
#[dure::ty]
pub struct Note {
    pub text: String,
}

/// A contract that calls others, itself, and writes before it fails.
#[dure::contract]
pub mod relay {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Relay {
        pub owner: Item<Address>,
        pub held: Map<Address, Balance>,
        pub next: Item<Address>,
    }

    #[dure::ty]
    pub struct Shelf {
        pub notes: u8,
    }

    #[event]
    pub struct Given {
        #[index]
        pub to: Address,
        pub amount: Amount,
    }

    #[error]
    pub enum Error {
        NotOwner { owner: Address },
        Late { by: Amount },
        Next { code: u8 },
    }

    impl Relay {
        #[init]
        pub fn new(&mut self, cx: &Cx, next: Option<Address>) -> Result<(), Error> {
            ensure!(next != Some(cx.address()), Error::Next { code: 0 });
            self.owner.set(&cx.caller());
            self.next.set(&next.unwrap_or(Address::ZERO));
            Ok(())
        }

        #[call]
        pub fn give(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            let owner = self.owner.get();
            ensure!(cx.caller() == owner, Error::NotOwner { owner });
            self.held.at(&to).add(amount);
            cx.emit(&Given { to, amount });
            ensure!(amount.0 < 100, Error::Late { by: amount });
            if amount.0 == 99 {
                dure_sdk::stop("ninety-nine");
            }
            Ok(())
        }

        /// Names types as its author may, whose meaning is that of this module.
        #[query]
        pub fn last(&self, mut notes: Vec<super::Note>, _at: self::Shelf) -> Option<super::Note> {
            notes.pop()
        }

        /// Gives, through the next contract; says how that ended.
        #[call]
        pub fn pass(&mut self, cx: &Cx, to: Address, amount: Amount) -> Result<(), Error> {
            cx.debug("passing");
            let next = RelayClient::at(self.next.get());
            next.give(to, amount).map_err(|error| Error::Next { code: number(&error) })
        }

        /// Calls itself until the stack ends.
        #[call(reentrant)]
        pub fn deeper(&mut self, cx: &Cx, depth: u8) -> Result<u8, Error> {
            match RelayClient::at(cx.address()).deeper(depth + 1) {
                Ok(depth) => Ok(depth),
                Err(CallError::Depth) => Ok(depth),
                Err(error) => Err(Error::Next { code: number(&error) }),
            }
        }

        #[call]
        pub fn again(&mut self, cx: &Cx) -> Result<Amount, Error> {
            let own = RelayClient::at(cx.address()).held(cx.caller());
            own.map_err(|error| Error::Next { code: number(&error) })
        }

        #[query]
        pub fn held(&self, who: Address) -> Amount {
            self.held.at(&who).get()
        }

        /// Gives, and answers with an error behind a name of its own.
        #[call]
        pub fn hidden(&mut self, to: Address) -> Answer {
            self.held.at(&to).add(Amount(1));
            Err(Error::Next { code: 0 })
        }

        /// A query that tries to write through a call.
        #[query]
        pub fn sneak(&self, cx: &Cx, to: Address) -> Result<(), Error> {
            let arguments = dure_sdk::codec::Encode::encode(&(to, Amount(1)));
            let selector = dure::selector!("give");
            let done = cx.call(self.next.get(), selector, &arguments);
            done.map(|_| ()).map_err(|error| Error::Next { code: number(&error) })
        }
    }

    pub type Answer = Result<u8, Error>;

    pub fn number<E>(error: &CallError<E>) -> u8 {
        match error {
            CallError::Contract(_) => 1,
            CallError::UnknownContract => 2,
            CallError::Reentrant => 3,
            CallError::Depth => 4,
            CallError::OutOfGas => 5,
            CallError::Trapped => 6,
            CallError::UnknownMethod => 7,
            CallError::BadArguments => 8,
            CallError::BadOutput => 9,
        }
    }
}

use relay::{Error, Given, Relay, call};

const OWNER: Address = Address([1; 32]);
const GUEST: Address = Address([2; 32]);
const FRONT: Address = Address([10; 32]);
const BACK: Address = Address([11; 32]);

/// `FRONT` hands on to `BACK`, whose owner it is.
fn scene() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.caller(FRONT).deploy::<Relay>(BACK, None::<Address>).unwrap();
    sandbox.caller(OWNER).deploy::<Relay>(FRONT, Some(BACK)).unwrap();
    sandbox
}

#[test]
fn a_call_through_another_contract_has_that_contract_as_its_caller() {
    let mut sandbox = scene();
    assert_eq!(sandbox.send(FRONT, &call::pass(GUEST, Amount(5))), Ok(()));
    assert_eq!(sandbox.ask(BACK, &call::held(GUEST)), Ok(Amount(5)));
    assert_eq!(sandbox.events_of::<Given>(), [Given { to: GUEST, amount: Amount(5) }]);
    assert_eq!(sandbox.events()[0].contract, BACK);
    assert_eq!(sandbox.debug_texts(), ["passing"]);
    let direct = sandbox.send(BACK, &call::give(GUEST, Amount(5)));
    assert_eq!(direct, Err(CallError::Contract(Error::NotOwner { owner: FRONT })));
}

#[test]
fn a_type_is_named_from_where_its_author_stands() {
    let mut sandbox = scene();
    let note = |text: &str| Note { text: text.to_owned() };
    let last = call::last(vec![note("a"), note("b")], relay::Shelf { notes: 2 });
    assert_eq!(sandbox.ask(BACK, &last), Ok(Some(note("b"))));
}

#[test]
fn what_failed_wrote_nothing_and_the_caller_goes_on() {
    let mut sandbox = scene();
    let refused = |code| Err(CallError::Contract(Error::Next { code }));
    assert_eq!(sandbox.send(FRONT, &call::pass(GUEST, Amount(100))), refused(1));
    assert_eq!(sandbox.send(FRONT, &call::pass(GUEST, Amount(99))), refused(6));
    assert_eq!(sandbox.panic_text(), Some("ninety-nine"));
    assert_eq!(sandbox.ask(BACK, &call::held(GUEST)), Ok(Amount::ZERO));
    assert_eq!(sandbox.events(), []);
}

#[test]
fn a_result_behind_an_alias_is_a_value() {
    let mut sandbox = scene();
    assert_eq!(sandbox.send(BACK, &call::hidden(GUEST)), Ok(Err(Error::Next { code: 0 })));
    assert_eq!(sandbox.ask(BACK, &call::held(GUEST)), Ok(Amount(1)));
}

#[test]
fn a_failed_init_leaves_no_contract() {
    let mut sandbox = scene();
    let third = Address([12; 32]);
    let refused = sandbox.deploy::<Relay>(third, Some(third)).map_err(CallError::typed);
    assert_eq!(refused, Err(CallError::Contract(Error::Next { code: 0 })));
    assert_eq!(sandbox.ask(third, &call::held(GUEST)), Err(CallError::UnknownContract));
}

#[test]
fn faults_have_the_codes_of_the_runtime() {
    let mut sandbox = scene();
    assert_eq!(sandbox.send(FRONT, &call::deeper(1)), Ok(8));
    let again = Err(CallError::Contract(Error::Next { code: 3 }));
    assert_eq!(sandbox.send(FRONT, &call::again()), again);
    assert_eq!(sandbox.send_bytes(FRONT, &[1, 2, 3, 4]), Err(CallError::UnknownMethod));
    assert_eq!(sandbox.send_bytes(FRONT, &[1, 2]), Err(CallError::UnknownMethod));
    let give = call::give(GUEST, Amount(1));
    let short = &give.input()[..20];
    assert_eq!(sandbox.send_bytes(FRONT, short), Err(CallError::BadArguments));
    let query = sandbox.ask_bytes(FRONT, give.input());
    assert_eq!(query, Err(CallError::UnknownMethod), "a call is no query");
    let nobody = Address([99; 32]);
    assert_eq!(sandbox.send(nobody, &give), Err(CallError::UnknownContract));
}

#[test]
fn what_a_query_calls_cannot_write() {
    let mut sandbox = scene();
    sandbox.caller(OWNER);
    let refused = Err(CallError::Contract(Error::Next { code: 6 }));
    assert_eq!(sandbox.ask(FRONT, &call::sneak(GUEST)), refused);
    assert!(sandbox.panic_text().is_some_and(|text| text.contains("write in a query")));
    assert_eq!(sandbox.ask(BACK, &call::held(GUEST)), Ok(Amount::ZERO));
}

#[test]
fn a_contract_that_runs_directly_may_be_read_and_not_be_entered() {
    let mut sandbox = scene();
    sandbox.contract(BACK).caller(GUEST);
    let amount = sandbox.run(|cx| {
        assert_eq!((cx.caller(), cx.address()), (GUEST, BACK));
        let back = Relay::open();
        back.held.at(&GUEST).add(Amount(4));
        assert_eq!(relay::RelayClient::at(BACK).held(GUEST), Err(CallError::Reentrant));
        back.held.at(&GUEST).get()
    });
    assert_eq!(amount, Amount(4));
    assert_eq!(sandbox.ask(BACK, &call::held(GUEST)), Ok(Amount(4)));
}

#[test]
fn a_panic_undoes_what_the_run_wrote() {
    let mut sandbox = Sandbox::new();
    let mut item = Item::<u32>::open(Place::field(3));
    sandbox.run(|_| item.set(&1));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        sandbox.run(|cx| {
            item.set(&2);
            cx.emit(&Given { to: GUEST, amount: Amount(1) });
            item.remove();
            dure_sdk::stop("no further");
        })
    }));
    assert!(panic.is_err());
    assert_eq!(sandbox.panic_text(), Some("no further"));
    assert_eq!(sandbox.events(), []);
    assert_eq!(sandbox.storage(), [(vec![0, 3], vec![1, 0, 0, 0])].into());
    assert_eq!(sandbox.run(|_| item.get()), 1);
}

#[test]
fn limits_end_the_contract() {
    let ends = |words: &str, body: &dyn Fn()| {
        let mut sandbox = Sandbox::new();
        let ended = catch_unwind(AssertUnwindSafe(|| sandbox.run(|_| body())));
        assert!(ended.is_err(), "{words}");
        let text = sandbox.panic_text().unwrap_or_default();
        assert!(text.contains(words), "{text:?} does not say {words:?}");
        assert!(sandbox.storage().is_empty() && sandbox.events().is_empty());
    };
    let item = || Item::<Vec<u8>>::open(Place::field(0));
    ends("storage value of 65537", &|| item().set(&vec![0; 65_533]));
    let map = || Map::<String, u8>::open(Place::field(0));
    ends("storage key of 1025", &|| map().set(&"x".repeat(1_021), &1));
    ends("storage key of 1025", &|| assert!(map().get(&"x".repeat(1_021)).is_none()));
    let event = |cx: &Cx| cx.emit(&Given { to: GUEST, amount: Amount(1) });
    let mut sandbox = Sandbox::new();
    sandbox.run(|cx| (0..1_024).for_each(|_| event(cx)));
    // The limit is of one transaction.
    sandbox.run(|cx| event(cx));
    let more =
        catch_unwind(AssertUnwindSafe(|| sandbox.run(|cx| (0..1_025).for_each(|_| event(cx)))));
    assert!(more.is_err());
    assert_eq!(sandbox.events().len(), 1_025);
}

#[test]
fn code_outside_a_sandbox_is_told_what_to_do() {
    let item = Item::<u8>::open(Place::field(0));
    let panic = catch_unwind(AssertUnwindSafe(|| item.try_get())).unwrap_err();
    let text = panic.downcast_ref::<&str>().expect("a text");
    assert!(text.contains("Sandbox::run"), "{text}");
}

#[test]
fn an_answer_of_another_type_is_bad_output() {
    let mut sandbox = scene();
    let held = call::held(GUEST);
    let other = Invocation::<u8, Error>::new("held", held.selector, true, &GUEST);
    assert_eq!(sandbox.ask(BACK, &other), Err(CallError::BadOutput));
}

/// A field made of fields.
#[dure::composite]
struct Book {
    pages: Map<u16, String>,
    total: Balance,
}

#[test]
fn the_parts_of_a_composite_append_a_byte_each() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        let mut book = Book::open(Place::field(5));
        book.pages.set(&7, &"x".into());
        book.total.add(Amount(1));
    });
    let one = 1u128.to_le_bytes().to_vec();
    let expected = [(vec![0, 5, 0, 0, 7], vec![4, b'x']), (vec![0, 5, 1], one)];
    assert_eq!(sandbox.storage(), expected.into());
}
