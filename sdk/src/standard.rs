//! Standards: interfaces that wallets, tills and other contracts know.
//!
//! A contract implements one under `#[implements]`; its spec then claims it, and a deploy refuses a
//! module that claims one and lacks a method of it or has it with other types. A contract that
//! wants to work with *any* token calls it through [`TokenClient`].
//!
//! ```
//! #![no_std]
//! use dure_sdk::prelude::*;
//!
//! /// Collects tokens of any kind.
//! #[dure::contract]
//! pub mod tip {
//!     use dure_sdk::prelude::*;
//!     use dure_sdk::standard::{Receiver, TokenClient};
//!
//!     #[storage]
//!     pub struct Tip {
//!         owner: Item<Address>,
//!     }
//!
//!     #[error]
//!     pub enum Error {
//!         /// The token did not move; the bytes are its own error.
//!         Token(CallError<Vec<u8>>),
//!         Zero,
//!     }
//!
//!     impl Tip {
//!         #[init]
//!         pub fn new(&mut self, cx: &Cx) {
//!             self.owner.set(&cx.caller());
//!         }
//!
//!         /// Hands what was collected of a token to the owner.
//!         #[call]
//!         pub fn collect(&mut self, cx: &Cx, token: Address) -> Result<Amount, Error> {
//!             let token = TokenClient::at(token);
//!             let all = token.balance_of(cx.address()).map_err(Error::Token)?;
//!             token.transfer(self.owner.get(), all, None).map_err(Error::Token)?;
//!             Ok(all)
//!         }
//!     }
//!
//!     #[implements]
//!     impl Receiver for Tip {
//!         type Error = Error;
//!
//!         fn on_receive(
//!             &mut self,
//!             _cx: &Cx,
//!             _from: Address,
//!             amount: Amount,
//!             _memo: Option<Vec<u8>>,
//!         ) -> Result<(), Error> {
//!             ensure!(amount > Amount::ZERO, Error::Zero);
//!             Ok(())
//!         }
//!     }
//! }
//! # fn main() {}
//! ```

use crate::{Cx, domain::roles::Role, event, interface};
use alloc::{string::String, vec::Vec};
use dure_abi::{Address, Amount, TimestampMs};

pub use dure_abi::standard::{Allowance, Bounds, Reason};

/// Units of one kind that accounts hold and pass on.
///
/// Amounts are in the base unit; `decimals` only says how to show them. What is not allowed is
/// refused with the implementer's own error and changes nothing. What happened it tells by the
/// events [`Moved`] and [`Approved`].
#[interface]
pub trait Token {
    /// What people call it.
    #[query]
    fn name(&self) -> String;

    /// Its short name, as on a price tag.
    #[query]
    fn symbol(&self) -> String;

    /// Digits after the point that are shown.
    #[query]
    fn decimals(&self) -> u8;

    /// All units that anybody holds.
    #[query]
    fn total_supply(&self) -> Amount;

    /// What an account holds.
    #[query]
    fn balance_of(&self, holder: Address) -> Amount;

    /// Moves the caller's units. The memo is kept in the event only.
    #[call]
    fn transfer(
        &mut self,
        cx: &Cx,
        to: Address,
        amount: Amount,
        memo: Option<Vec<u8>>,
    ) -> Result<(), Self::Error>;

    /// Lets somebody take up to an amount of the caller's units, until a time or until revoked;
    /// replaces what was allowed before. Nought revokes.
    #[call]
    fn approve(
        &mut self,
        cx: &Cx,
        spender: Address,
        amount: Amount,
        expires: Option<TimestampMs>,
    ) -> Result<(), Self::Error>;

    /// Moves somebody's units by the allowance that the caller has.
    #[call]
    fn transfer_from(
        &mut self,
        cx: &Cx,
        from: Address,
        to: Address,
        amount: Amount,
        memo: Option<Vec<u8>>,
    ) -> Result<(), Self::Error>;

    /// What a spender may still take of a holder.
    #[query]
    fn allowance(&self, holder: Address, spender: Address) -> Option<Allowance>;

    /// Whether a transfer would be done now, or the first reason why not. A wallet asks before it
    /// lets somebody pay.
    #[query]
    fn can_transfer(
        &self,
        cx: &Cx,
        from: Address,
        to: Address,
        amount: Amount,
    ) -> Result<(), Reason>;
}

/// Units of a [`Token`] moved. From nobody: issued; to nobody: burnt.
///
/// A contract declares it by `#[event] pub use dure_sdk::standard::Moved;`.
#[event]
pub struct Moved {
    /// Whose they were.
    #[index]
    pub from: Option<Address>,
    /// Whose they are.
    #[index]
    pub to: Option<Address>,
    /// How many.
    pub amount: Amount,
    /// What the sender wrote.
    pub memo: Option<Vec<u8>>,
}

/// An account was given a role, or lost it: of a contract that keeps
/// [`Roles`](crate::domain::roles::Roles).
#[event]
pub struct RoleChanged {
    /// Whose.
    #[index]
    pub account: Address,
    /// Which.
    pub role: Role,
    /// Whether it has it now.
    pub has: bool,
}

/// Somebody may take units of a holder of a [`Token`], or no longer: nought.
#[event]
pub struct Approved {
    /// Whose units.
    #[index]
    pub holder: Address,
    /// Who may take them.
    #[index]
    pub spender: Address,
    /// How many at most.
    pub amount: Amount,
    /// First block time at which the allowance is void; none: until revoked.
    pub expires: Option<TimestampMs>,
}

/// A contract that wants to know when it is given units.
///
/// It is the token's choice to call it, and the receiver's to have it: a token that notifies calls
/// it after the units moved. The caller is the token; an error undoes the transfer.
#[interface]
pub trait Receiver {
    /// Takes note of units that `from` sent, or refuses them.
    #[call]
    fn on_receive(
        &mut self,
        cx: &Cx,
        from: Address,
        amount: Amount,
        memo: Option<Vec<u8>>,
    ) -> Result<(), Self::Error>;
}

/// Units that their issuer takes back for what they stand for.
#[interface]
pub trait Redeemable {
    /// Gives the caller's units back: they are burnt, and the issuer owes what they stand for.
    #[call]
    fn redeem(
        &mut self,
        cx: &Cx,
        amount: Amount,
        reference: Option<Vec<u8>>,
    ) -> Result<(), Self::Error>;

    /// Whether an account could redeem an amount now, or the first reason why not.
    #[query]
    fn can_redeem(&self, cx: &Cx, holder: Address, amount: Amount) -> Result<(), Reason>;
}

/// Units that say what binds them.
///
/// An exchange gives nobody units that are bound less than those that it takes
/// ([`Bounds::allow`]); otherwise a purpose ends at the first desk.
#[interface]
pub trait Bounded {
    /// What binds units in the hands of an account: nothing in those of their issuer, who may sell
    /// them for money.
    #[query]
    fn bounds_of(&self, cx: &Cx, holder: Address) -> Bounds;
}
