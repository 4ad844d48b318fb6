//! A present: the secrets of who buys it, of the link, and of who gets it.

use codec::Encode;
use dure_client::{Key, KeyError};
use dure_types::Address;
use ed25519_dalek::{Signer, SigningKey};

/// A voucher on its way to a friend.
pub(crate) struct Present {
    /// Its number.
    pub(crate) voucher: u64,
    /// The friend's account.
    pub(crate) friend: Key,
    /// Signs codes until it is given.
    pub(crate) buyer: Key,
    /// Signs the friend's codes.
    pub(crate) phone: Key,
    /// What the link carries.
    link: SigningKey,
}

impl Present {
    pub(crate) fn new(voucher: u64) -> Result<Self, KeyError> {
        let (friend, buyer, phone) = (Key::generate()?, Key::generate()?, Key::generate()?);
        let link = Key::generate()?.signing().clone();
        Ok(Self { voucher, friend, buyer, phone, link })
    }

    pub(crate) fn link_key(&self) -> [u8; 32] {
        self.link.verifying_key().to_bytes()
    }

    /// What the friend signs codes with, and the link's signature that gives the voucher to the
    /// friend.
    pub(crate) fn claim(&self, contract: Address, count: u32) -> (Address, [u8; 64]) {
        let key = self.phone.address();
        let says = (*b"dure/voucher/claim", contract, self.voucher, count);
        let message = (says, self.friend.address(), key).encode();
        (key, self.link.sign(&message).to_bytes())
    }
}
