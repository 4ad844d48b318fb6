//! What accounts have here and owe; roles and freezes are asked before.

use crate::{
    error::Error,
    state::{Books, Market, Movement},
};
use dure_sdk::{domain::roles::Role, prelude::*, standard::TokenClient};

impl Market {
    pub(crate) fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
        Ok(self.roles.check(cx.caller(), role)?)
    }

    /// Whether a movement was done under its id.
    pub(crate) fn moved_before(
        &self,
        account: Address,
        id: Hash,
        movement: &Movement,
    ) -> Result<bool, Error> {
        let done = self.movements.get(&(account, id));
        ensure!(done.is_none_or(|done| done == *movement), Error::IdUsed { id });
        Ok(done.is_some())
    }

    /// Takes tokens by allowance; says what of them paid a debt.
    pub(crate) fn deposited(
        &mut self,
        cx: &Cx,
        id: Hash,
        movement: &Movement,
    ) -> Result<Amount, Error> {
        let (account, amount) = (cx.caller(), movement.amount);
        let utility = self.terms.at(cx.time())?.1.utility;
        self.movements.set(&(account, id), movement);
        self.cash.add(amount);
        let paid = self.credit(account, amount, utility);
        let token = TokenClient::at(self.token.get());
        token.transfer_from(account, cx.address(), amount, None).map_err(Error::Token)?;
        Ok(paid)
    }

    pub(crate) fn withdrawn(
        &mut self,
        account: Address,
        id: Hash,
        movement: &Movement,
    ) -> Result<(), Error> {
        let amount = movement.amount;
        self.movements.set(&(account, id), movement);
        self.take(account, amount)?;
        self.cash.sub(amount).map_err(short)?;
        TokenClient::at(self.token.get()).transfer(account, amount, None).map_err(Error::Token)
    }

    /// Takes from what an account has free.
    pub(crate) fn take(&mut self, account: Address, amount: Amount) -> Result<(), Error> {
        self.funds.at(&account).sub(amount).map_err(short)?;
        self.funds_total.sub(amount).map_err(short)
    }

    /// Gives to an account that owes nothing here: the utility, an operator, that of rounding.
    pub(crate) fn give(&mut self, account: Address, amount: Amount) {
        if amount != Amount::ZERO {
            self.funds.at(&account).add(amount);
            self.funds_total.add(amount);
        }
    }

    /// Gives to a participant, whose debt is paid first; says how much of it was.
    pub(crate) fn credit(&mut self, account: Address, amount: Amount, utility: Address) -> Amount {
        let debt = self.debts.at(&account);
        let paid = debt.get().min(amount);
        if paid != Amount::ZERO {
            debt.set(debt.get().saturating_sub(paid));
            self.give(utility, paid);
        }
        self.give(account, amount.saturating_sub(paid));
        paid
    }

    /// Takes from a participant for the utility; says what it owes now because it has not enough.
    pub(crate) fn charge(
        &mut self,
        account: Address,
        amount: Amount,
        utility: Address,
    ) -> Result<Amount, Error> {
        let taken = self.funds.at(&account).get().min(amount);
        if taken != Amount::ZERO {
            self.take(account, taken)?;
            self.give(utility, taken);
        }
        let owed = amount.saturating_sub(taken);
        if owed != Amount::ZERO {
            self.debts.at(&account).add(owed);
        }
        Ok(owed)
    }

    pub(crate) fn checked(&self, cx: &Cx) -> Result<Books, Error> {
        let token = TokenClient::at(self.token.get());
        let tokens = token.balance_of(cx.address()).map_err(Error::Token)?;
        let (funds, escrow) = (self.funds_total.get(), self.escrow.total());
        let cash = self.cash.get();
        let right = funds.checked_add(escrow) == Some(cash) && cash <= tokens;
        ensure!(right, Error::Unbacked { funds, escrow, cash, tokens });
        Ok(Books { funds, escrow, cash, tokens })
    }
}

fn short(short: Short) -> Error {
    Error::Short { left: short.left, wanted: short.wanted }
}
