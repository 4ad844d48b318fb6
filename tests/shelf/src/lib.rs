//! The types of storage that are gone through, in one contract: what the sandbox says of them is
//! held against the executor.
#![no_std]

use dure_sdk::{
    index::{Many, Unique},
    prelude::*,
};

/// What the indexed map holds.
#[dure::ty]
#[derive(Copy)]
pub struct Card {
    pub owner: u8,
    pub code: u8,
}

/// Finds the cards of an owner.
pub struct ByOwner;
impl Index<u16, Card> for ByOwner {
    const ID: u8 = 1;
    const NAME: &'static str = "by_owner";
    type Kind = Many;
    type Key = u8;
    fn key(_: &u16, card: &Card) -> Option<u8> {
        Some(card.owner)
    }
}

/// Finds the card of a code; none has the code 0.
pub struct ByCode;
impl Index<u16, Card> for ByCode {
    const ID: u8 = 2;
    const NAME: &'static str = "by_code";
    type Kind = Unique;
    type Key = u8;
    fn key(_: &u16, card: &Card) -> Option<u8> {
        (card.code > 0).then_some(card.code)
    }
}

/// The contract.
#[dure::contract]
pub mod shelf {
    use crate::{ByCode, ByOwner, Card};
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Shelf {
        /// By key, as many bytes of it as were told.
        long: Map<u8, Vec<u8>>,
        cards: IndexedMap<u16, Card, (ByOwner, ByCode)>,
        list: StorageVec<u16>,
        queue: Queue<u16>,
    }

    #[error]
    pub enum Error {
        /// Another card has the code.
        Taken,
        /// There is nothing at that place.
        Nothing,
    }

    impl Shelf {
        #[init]
        pub fn new(&mut self) {}

        #[call]
        pub fn put(&mut self, key: u8, bytes: u32) {
            self.long.set(&key, &vec![key; bytes as usize]);
        }

        /// Keys and lengths, as iterating gives them.
        #[query]
        pub fn lengths(&self, from: Option<u8>, descending: bool) -> Vec<(u8, u32)> {
            let entries = self.long.entries(from.as_ref(), order(descending));
            entries.map(|(key, value)| (key, value.len() as u32)).collect()
        }

        /// Keys and lengths of a page.
        #[query]
        pub fn page(
            &self,
            after: Option<u8>,
            limit: u32,
            descending: bool,
        ) -> (Vec<(u8, u32)>, Option<u8>) {
            let page = self.long.page(after.as_ref(), limit, order(descending));
            let lengths = page.items.into_iter().map(|(key, value)| (key, value.len() as u32));
            (lengths.collect(), page.next)
        }

        #[call]
        pub fn keep(&mut self, key: u16, card: Card) -> Result<(), Error> {
            self.cards.set(&key, &card).map_err(|_| Error::Taken)
        }

        #[call]
        pub fn drop_card(&mut self, key: u16) -> Result<Card, Error> {
            self.cards.remove(&key).ok_or(Error::Nothing)
        }

        /// All cards, those of an owner, and the one of a code.
        #[query]
        pub fn cards(&self, owner: u8, code: u8) -> (Vec<(u16, Card)>, Vec<u16>, Option<u16>) {
            let all = self.cards.entries(None, Order::Descending).collect();
            let own = self.cards.keys_by::<ByOwner>(&owner, Order::Ascending).collect();
            (all, own, self.cards.find::<ByCode>(&code))
        }

        /// Owners and cards from an owner on; a page of the cards of one.
        #[query]
        pub fn owners(&self, owner: u8, after: Option<u16>) -> (Vec<(u8, u16)>, Page<u16, u16>) {
            let page = self.cards.page_by::<ByOwner>(&owner, after.as_ref(), 2, Order::Descending);
            (self.cards.ordered_by::<ByOwner>(Some(&owner)).collect(), page)
        }

        #[call]
        pub fn push(&mut self, value: u16) -> (u32, u64) {
            (self.list.push(&value), self.queue.push(&value))
        }

        #[call]
        pub fn pop(&mut self) -> (Option<u16>, Option<u16>) {
            (self.list.pop(), self.queue.pop())
        }

        #[call]
        pub fn change(&mut self, index: u32, value: u16) -> Result<(), Error> {
            let waits = self.queue.set(u64::from(index), &value);
            let is_there = self.list.set(index, &value).is_ok();
            ensure!(waits || is_there, Error::Nothing);
            Ok(())
        }

        #[call]
        pub fn take(&mut self, index: u32) -> Result<u16, Error> {
            self.list.swap_remove(index).ok_or(Error::Nothing)
        }

        /// What is in the list, from a position back.
        #[query]
        pub fn list(&self, from: u32) -> Vec<(u32, u16)> {
            self.list.entries(Some(from), Order::Descending).collect()
        }

        /// What is in the queue, from a number on.
        #[query]
        pub fn queue(&self, from: u64) -> Vec<(u64, u16)> {
            self.queue.entries(Some(from), Order::Ascending).collect()
        }

        /// How much is in the list, and in the queue.
        #[query]
        pub fn lens(&self) -> (u32, u64) {
            (self.list.len(), self.queue.len())
        }
    }

    const fn order(descending: bool) -> Order {
        if descending { Order::Descending } else { Order::Ascending }
    }
}
