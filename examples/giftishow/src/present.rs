//! A present: the secrets of who buys it, of the link, and of who gets it.

use codec::Encode;
use dure_client::{Key, KeyError};
use dure_types::Address;
use ed25519_dalek::{Signer, SigningKey};

/// A code in SCALE: what the merchant may take, until when, and the signature.
pub(crate) type Code = (u128, u64, [u8; 64]);

/// A voucher on its way to a friend.
pub(crate) struct Present {
    /// Its number.
    pub(crate) voucher: u64,
    /// The friend's account.
    pub(crate) friend: Key,
    /// Signs codes until it is given.
    buyer: SigningKey,
    /// What the link carries.
    link: SigningKey,
    /// Signs the friend's codes.
    code: SigningKey,
}

impl Present {
    pub(crate) fn new(voucher: u64) -> Result<Self, KeyError> {
        let secret = || Ok::<_, KeyError>(Key::generate()?.signing().clone());
        let friend = Key::generate()?;
        Ok(Self { voucher, friend, buyer: secret()?, link: secret()?, code: secret()? })
    }

    pub(crate) fn buyer_code_key(&self) -> [u8; 32] {
        self.buyer.verifying_key().to_bytes()
    }

    pub(crate) fn link_key(&self) -> [u8; 32] {
        self.link.verifying_key().to_bytes()
    }

    /// The friend's own code key, and the link's signature that gives the voucher to the friend.
    pub(crate) fn claim(&self, contract: Address, count: u32) -> ([u8; 32], [u8; 64]) {
        let key = self.code.verifying_key().to_bytes();
        let says = (*b"dure/voucher/claim", contract, self.voucher, count);
        let message = (says, self.friend.address(), key).encode();
        (key, self.link.sign(&message).to_bytes())
    }
}

/// What the friend's phone shows to one till.
pub(crate) fn redeem_code(
    present: &Present,
    contract: Address,
    count: u32,
    till: Address,
    limit: u128,
    until: u64,
) -> Code {
    let says = (*b"dure/voucher/redeem", contract, present.voucher, count);
    let message = (says, till, limit, until).encode();
    (limit, until, present.code.sign(&message).to_bytes())
}
