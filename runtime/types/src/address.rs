//! Derivation of addresses.

use crate::{
    Address, PublicKey,
    account::Policy,
    domain::{ACCOUNT, CONTRACT, hash_chainless},
};

/// Address of the account that begins with this policy. Any key is an account: nothing has to be
/// created first. The same on every chain, so that one key is one address.
#[must_use]
pub fn account(policy: &Policy) -> Address {
    Address(hash_chainless(ACCOUNT, policy).0)
}

/// Address of the account of one key.
#[must_use]
pub fn of_key(key: PublicKey) -> Address {
    account(&Policy::Key(key))
}

/// Address of the contract that `creator` instantiates under `salt`. It does not depend on the
/// code, so that it is known before the contract exists (a sponsor can name it in genesis).
#[must_use]
pub fn contract(creator: Address, salt: &[u8]) -> Address {
    Address(hash_chainless(CONTRACT, &(creator, salt)).0)
}
