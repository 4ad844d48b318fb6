//! Every type of storage in one contract: a library that lends books.

// ANCHOR: contract
use dure_sdk::{index::Many, native::Sandbox, prelude::*};

/// A book, and who has it.
#[dure::ty]
pub struct Book {
    pub title: String,
    pub borrower: Option<Address>,
}

/// Finds the books that somebody has.
pub struct ByBorrower;
impl Index<u64, Book> for ByBorrower {
    const ID: u8 = 1;
    const NAME: &'static str = "by_borrower";
    type Kind = Many;
    type Key = Address;

    fn key(_: &u64, book: &Book) -> Option<Address> {
        book.borrower
    }
}

#[dure::contract]
pub mod library {
    use super::{Book, ByBorrower};
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Library {
        /// One value.
        owner: Item<Address>,
        /// Values by key, which are found by what they contain, too.
        books: IndexedMap<u64, Book, (ByBorrower,)>,
        /// Keys that are there or not.
        readers: Set<Address>,
        /// Values by key; a tuple as the key, so that they can be gone through by its first part.
        notes: Map<(u64, Address), String>,
        /// Values by position.
        rules: StorageVec<String>,
        /// First in, first out.
        waiting: Queue<(u64, Address)>,
        /// A number that is only counted up and down.
        lent: Counter,
    }

    #[error]
    pub enum Error {
        NotOwner { owner: Address },
        NoReader,
        NoBook { book: u64 },
        Lent { to: Address },
    }

    impl Library {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
            self.rules.push(&"be quiet".to_string());
        }

        #[call]
        pub fn add(&mut self, cx: &Cx, book: u64, title: String) -> Result<(), Error> {
            let owner = self.owner.get();
            ensure!(cx.caller() == owner, Error::NotOwner { owner });
            // Only a unique index can refuse.
            let _ = self.books.set(&book, &Book { title, borrower: None });
            Ok(())
        }

        #[call]
        pub fn join(&mut self, cx: &Cx) {
            self.readers.insert(&cx.caller());
        }

        #[call]
        pub fn borrow(&mut self, cx: &Cx, book: u64) -> Result<(), Error> {
            let reader = cx.caller();
            ensure!(self.readers.contains(&reader), Error::NoReader);
            let found = self.books.get(&book).ok_or(Error::NoBook { book })?;
            if let Some(to) = found.borrower {
                return Err(Error::Lent { to });
            }
            let _ = self.books.set(&book, &Book { borrower: Some(reader), ..found });
            self.lent.add(1);
            Ok(())
        }

        #[call]
        pub fn note(&mut self, cx: &Cx, book: u64, text: String) {
            self.notes.set(&(book, cx.caller()), &text);
        }

        #[call]
        pub fn wait(&mut self, cx: &Cx, book: u64) -> u64 {
            self.waiting.push(&(book, cx.caller()))
        }

        /// A page of all books: what a list in a page shows.
        #[query]
        pub fn books(&self, after: Option<u64>) -> Page<(u64, Book), u64> {
            self.books.page(after.as_ref(), 2, Order::Ascending)
        }

        /// The books that somebody has.
        #[query]
        pub fn borrowed(&self, by: Address) -> Vec<u64> {
            self.books.keys_by::<ByBorrower>(&by, Order::Ascending).take(100).collect()
        }

        /// What was noted on one book, by all.
        #[query]
        pub fn notes(&self, book: u64) -> Vec<String> {
            self.notes.under(&book, Order::Ascending).take(100).map(|(_, text)| text).collect()
        }
    }
}
// ANCHOR_END: contract

// ANCHOR: test
use library::{Error, Library, call};

#[test]
fn a_book_is_lent_once() {
    let (owner, ana, ben) = (Address([1; 32]), Address([2; 32]), Address([3; 32]));
    let library = Address([9; 32]);
    let mut sandbox = Sandbox::new();
    sandbox.caller(owner).deploy::<Library>(library, ()).unwrap();
    for (book, title) in [(1, "Emma"), (2, "Ulysses"), (3, "Faust")] {
        sandbox.send(library, &call::add(book, title.into())).unwrap();
    }

    sandbox.caller(ana).send(library, &call::join()).unwrap();
    sandbox.send(library, &call::borrow(2)).unwrap();
    sandbox.send(library, &call::note(2, "long".into())).unwrap();
    assert_eq!(sandbox.ask(library, &call::borrowed(ana)), Ok(vec![2]));
    assert_eq!(sandbox.ask(library, &call::notes(2)), Ok(vec!["long".into()]));

    sandbox.caller(ben).send(library, &call::join()).unwrap();
    let refused = sandbox.send(library, &call::borrow(2));
    assert_eq!(refused, Err(CallError::Contract(Error::Lent { to: ana })));
    assert_eq!(sandbox.send(library, &call::wait(2)), Ok(0));

    let first = sandbox.ask(library, &call::books(None)).unwrap();
    assert_eq!((first.items.len(), first.next), (2, Some(2)));
    let second = sandbox.ask(library, &call::books(first.next)).unwrap();
    assert_eq!((second.items.len(), second.next), (1, None));
}
// ANCHOR_END: test
