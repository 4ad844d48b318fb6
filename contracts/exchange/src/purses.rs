//! Units that the contract holds, whose they are, and what may become of them.

use crate::{
    error::Error,
    state::{Books, Exchange, Purse},
};
use dure_sdk::{
    prelude::*,
    standard::{BoundedClient, Bounds, TokenClient},
};

impl Exchange {
    /// Takes units by allowance into a purse, up to what it may have.
    pub(crate) fn take_in(
        &mut self,
        cx: &Cx,
        token: Address,
        purse: Purse,
        amount: Amount,
        most: Amount,
    ) -> Result<(), Error> {
        let (from, own) = (cx.caller(), cx.address());
        ensure!(amount > Amount::ZERO, Error::Zero);
        can_transfer(token, from, own, amount)?;
        let full = |_| Error::Full { token, most };
        self.purses.at(&(token, purse)).add_within(amount, most).map_err(full)?;
        self.held.at(&token).add(amount);
        let refused = |error| Error::Token { token, error };
        TokenClient::at(token).transfer_from(from, own, amount, None).map_err(refused)
    }

    /// Takes units out of a purse, which are paid or put into another one.
    pub(crate) fn debit(&self, token: Address, purse: Purse, amount: Amount) -> Result<(), Error> {
        ensure!(amount > Amount::ZERO, Error::Zero);
        let short = |short: Short| Error::Short { token, left: short.left, wanted: short.wanted };
        self.purses.at(&(token, purse)).sub(amount).map_err(short)
    }

    /// Pays units that were taken out of a purse.
    pub(crate) fn pay(
        &mut self,
        cx: &Cx,
        token: Address,
        to: Address,
        amount: Amount,
    ) -> Result<(), Error> {
        let short = |short: Short| Error::Short { token, left: short.left, wanted: short.wanted };
        self.held.at(&token).sub(amount).map_err(short)?;
        // Asked for its reason afterwards: before, that would look at what the contract has, which
        // every customer changes, so that all would wait for each other.
        let moved = TokenClient::at(token).transfer(to, amount, None);
        moved.map_err(|error| match can_transfer(token, cx.address(), to, amount) {
            Err(reason @ Error::Refused { .. }) => reason,
            _ => Error::Token { token, error },
        })
    }

    pub(crate) fn purse(&self, token: Address, purse: Purse) -> Amount {
        self.purses.at(&(token, purse)).get()
    }

    pub(crate) fn checked(&self, cx: &Cx, token: Address) -> Result<Books, Error> {
        let refused = |error| Error::Token { token, error };
        let balance = TokenClient::at(token).balance_of(cx.address()).map_err(refused)?;
        let held = self.held.at(&token).get();
        ensure!(held <= balance, Error::Unbacked { token, held, balance });
        Ok(Books { inventory: self.purse(token, Purse::INVENTORY), held, balance })
    }
}

/// Asks a token whether it would move.
pub(crate) fn can_transfer(
    token: Address,
    from: Address,
    to: Address,
    amount: Amount,
) -> Result<(), Error> {
    let asked = TokenClient::at(token).can_transfer(from, to, amount);
    let answer = asked.map_err(|error| Error::Token { token, error })?;
    answer.map_err(|reason| Error::Refused { token, reason })
}

/// What binds units of a token in the hands of an account. A token that does not say is not
/// exchanged.
pub(crate) fn bounds(token: Address, holder: Address) -> Result<Bounds, Error> {
    BoundedClient::at(token).bounds_of(holder).map_err(|error| Error::Token { token, error })
}

/// Checks that who gives up one token for another gets nothing that is bound less (X4).
pub(crate) fn keeps_bounds(giver: Address, gives: Address, gets: Address) -> Result<(), Error> {
    let given = bounds(gives, giver)?;
    let got = bounds(gets, giver)?;
    ensure!(given.allow(&got), Error::Loosened { token: gives, gives: given, gets: got });
    Ok(())
}
