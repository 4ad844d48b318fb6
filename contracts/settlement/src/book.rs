//! What the calls do to money and books; roles and ids are asked before.

use crate::{
    error::Error,
    event::{
        CycleCut, CycleSettled, GiveBackRefused, HoldEnded, ObligationCarried, ObligationEntered,
        PositionsSettled, TakenBack,
    },
    state::{Member, Request, Route, Settlement},
};
use dure_sdk::{
    crypto::blake3,
    domain::{
        holds::{Hold, HoldState, HoldsError, Rest},
        netting::{Report, Step},
        roles::Role,
    },
    prelude::*,
    standard::TokenClient,
};

/// Obligations that one call takes out at most: each is an event.
pub const TAKEN_OUT_MAX: u32 = 512;
/// Positions in one event.
const POSITIONS_MAX: usize = 256;

/// A payment that is due at once.
pub(crate) struct Delivery {
    pub(crate) id: Hash,
    pub(crate) route: Route,
    /// Who pays by allowance; none: out of what is authorised.
    pub(crate) source: Option<Address>,
    pub(crate) payee: Address,
    pub(crate) amount: Amount,
}

/// What an authorisation that ended let go.
pub(crate) fn released(hold: &Hold) -> Amount {
    hold.reserved.saturating_sub(hold.captured)
}

/// The name of what an account asks for under an id of its own choice: nobody takes another's.
#[must_use]
pub fn scoped(account: Address, id: Hash) -> Hash {
    let mut both = [0; 64];
    let (first, second) = both.split_at_mut(32);
    first.copy_from_slice(&account.0);
    second.copy_from_slice(&id.0);
    blake3(&both)
}

impl Settlement {
    pub(crate) fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
        Ok(self.roles.check(cx.caller(), role)?)
    }

    /// The member that the caller acts for.
    pub(crate) fn own(&self, cx: &Cx) -> Result<u32, Error> {
        let account = cx.caller();
        self.freeze.check(account)?;
        self.by_account.get(&account).ok_or(Error::NotMember { account })
    }

    /// Whether a request came before, just so; otherwise keeps it.
    pub(crate) fn again(&mut self, cx: &Cx, id: Hash, request: Request) -> Result<bool, Error> {
        let key = (cx.caller(), id);
        if let Some(known) = self.requests.get(&key) {
            ensure!(known == request, Error::IdUsed { id });
            return Ok(true);
        }
        self.freeze.running()?;
        self.requests.set(&key, &request);
        Ok(false)
    }

    /// Funds left. Who takes out needs no other's to be counted, so nothing is read.
    pub(crate) fn took_out(&mut self, amount: Amount) -> Result<(), Error> {
        let wrong = |short: Short| Error::Miscounted { books: short.left, counted: short.wanted };
        self.put_in.sub(amount).map_err(wrong)
    }

    /// A member's account and deposit token.
    fn bank(&self, member: u32) -> Result<(Address, TokenClient), Error> {
        let not_bank = Error::NotBank { member };
        match self.members.get(&member) {
            Some(Member { account, deposit: Some(token) }) => {
                self.freeze.check(account)?;
                Ok((account, TokenClient::at(token)))
            }
            _ => Err(not_bank),
        }
    }

    pub(crate) fn admitted(
        &mut self,
        account: Address,
        deposit: Option<Address>,
        cap: Amount,
    ) -> Result<u32, Error> {
        if let Some(member) = self.by_account.get(&account) {
            return Err(Error::AccountTaken { member });
        }
        let member = self.netting.admit(cap)?;
        if let Some(token) = deposit {
            let taken = self.by_deposit.contains(&token) || token == self.token.get();
            ensure!(!taken, Error::DepositTaken { token });
            self.by_deposit.set(&token, &member);
        }
        self.by_account.set(&account, &member);
        self.members.set(&member, &Member { account, deposit });
        Ok(member)
    }

    /// Enters an obligation into the open cycle.
    pub(crate) fn enter(
        &mut self,
        cx: &Cx,
        debtor: u32,
        id: Hash,
        creditor: u32,
        amount: Amount,
        priority: u8,
    ) -> Result<(), Error> {
        let cycle = self.netting.enter(debtor, id, creditor, amount, priority, cx.time())?;
        cx.emit(&ObligationEntered { debtor, creditor, id, amount, priority, cycle });
        Ok(())
    }

    /// Pays at once. Between two banks the payer's tokens go back to its bank, the payee is given
    /// as many of its own bank, and the one bank owes the other.
    pub(crate) fn deliver(&mut self, cx: &Cx, delivery: &Delivery) -> Result<(), Error> {
        let Delivery { id, route, source, payee, amount } = *delivery;
        ensure!(amount > Amount::ZERO, Error::Zero);
        let (debtor, debit) = self.bank(route.from)?;
        let take = |to| match source {
            Some(payer) => debit.transfer_from(payer, to, amount, None),
            None => debit.transfer(to, amount, None),
        };
        if route.from == route.to {
            return take(payee).map_err(Error::Token);
        }
        let (creditor, credit) = self.bank(route.to)?;
        let priority = self.scheme.at(cx.time())?.1.payment_priority;
        self.enter(cx, route.from, id, route.to, amount, priority)?;
        take(debtor).map_err(Error::Token)?;
        credit.transfer_from(creditor, payee, amount, None).map_err(Error::Token)
    }

    /// Holds a customer's tokens for a merchant; says until when.
    pub(crate) fn authorised(
        &mut self,
        cx: &Cx,
        hold: Hash,
        route: Route,
        merchant: Address,
        amount: Amount,
    ) -> Result<TimestampMs, Error> {
        let (payer, now) = (cx.caller(), cx.time());
        let (_, token) = self.bank(route.from)?;
        self.bank(route.to)?;
        let scheme = self.scheme.at(now)?.1;
        let expires = TimestampMs(now.0.saturating_add(scheme.hold_ms));
        self.holds.fund(payer, amount);
        self.holds.reserve(hold, payer, merchant, amount, expires, now)?;
        self.routes.set(&hold, &route);
        self.escrow.deposit(&route.from, amount);
        token.transfer_from(payer, cx.address(), amount, None).map_err(Error::Token)?;
        Ok(expires)
    }

    fn route_of(&self, hold: Hash) -> Result<Route, Error> {
        self.routes.get(&hold).ok_or(Error::Holds(HoldsError::Unknown { id: hold }))
    }

    /// An authorisation for the caller.
    fn own_hold(&self, cx: &Cx, id: Hash) -> Result<Hold, Error> {
        let hold = self.holds.hold(id).ok_or(HoldsError::Unknown { id })?;
        let merchant = hold.payee;
        ensure!(merchant == cx.caller(), Error::NotMerchant { hold: id, merchant });
        self.freeze.check(merchant)?;
        Ok(hold)
    }

    /// Pays the caller out of an authorisation; says how that stands, and what was released.
    pub(crate) fn captured(
        &mut self,
        cx: &Cx,
        hold: Hash,
        amount: Amount,
        rest: Rest,
        id: Hash,
    ) -> Result<(Hold, Amount), Error> {
        let before = self.own_hold(cx, hold)?;
        let after = self.holds.post(hold, amount, rest, cx.time())?;
        let released = before.left.saturating_sub(amount).saturating_sub(after.left);
        self.holds.withdraw(after.payee, amount)?;
        let route = self.route_of(hold)?;
        self.escrow.release(&route.from, amount)?;
        self.give_back(cx, hold, after.payer, released)?;
        if amount > Amount::ZERO {
            let payee = after.payee;
            self.deliver(cx, &Delivery { id, route, source: None, payee, amount })?;
        }
        Ok((after, released))
    }

    /// Gives a payer back what an authorisation let go. What its token refuses waits for
    /// `take_back`: nobody else's money waits for it.
    fn give_back(
        &mut self,
        cx: &Cx,
        hold: Hash,
        payer: Address,
        amount: Amount,
    ) -> Result<(), Error> {
        match self.returned(hold, payer, amount) {
            // Who calls with little gas makes nobody wait.
            Err(Error::Token(error)) if error != CallError::OutOfGas => {
                self.refused.insert(&hold);
                cx.emit(&GiveBackRefused { hold, payer, amount });
                Ok(())
            }
            given => given,
        }
    }

    /// Gives a payer back what an authorisation let go; nothing is changed where that is refused.
    fn returned(&mut self, hold: Hash, payer: Address, amount: Amount) -> Result<(), Error> {
        if amount == Amount::ZERO {
            return Ok(());
        }
        let bank = self.route_of(hold)?.from;
        let deposit = self.members.get(&bank).and_then(|bank| bank.deposit);
        let token = TokenClient::at(deposit.ok_or(Error::NotBank { member: bank })?);
        token.transfer(payer, amount, None).map_err(Error::Token)?;
        self.holds.withdraw(payer, amount)?;
        Ok(self.escrow.release(&bank, amount)?)
    }

    /// Gives a payer back what waits, or what is over and was not ended; says how much.
    pub(crate) fn taken_back(&mut self, cx: &Cx, id: Hash) -> Result<Amount, Error> {
        let waits = self.refused.contains(&id);
        let hold = match self.holds.hold(id) {
            Some(hold) if waits => hold,
            _ => self.holds.expire(id, cx.time())?,
        };
        let (payer, state, amount) = (hold.payer, hold.state, released(&hold));
        if waits {
            self.refused.remove(&id);
            cx.emit(&TakenBack { hold: id, payer, amount });
        } else {
            cx.emit(&HoldEnded { hold: id, payer, released: amount, state });
        }
        self.returned(id, payer, amount)?;
        Ok(amount)
    }

    /// Ends the caller's authorisation; none when it was voided before.
    pub(crate) fn voided(&mut self, cx: &Cx, hold: Hash) -> Result<Option<Hold>, Error> {
        let before = self.own_hold(cx, hold)?;
        if before.state == HoldState::Voided {
            return Ok(None);
        }
        self.freeze.running()?;
        let after = self.holds.void(hold, cx.time())?;
        self.let_go(cx, hold, &after)?;
        Ok(Some(after))
    }

    /// Gives back what an authorisation had when it was voided or ran out; says how much.
    pub(crate) fn let_go(&mut self, cx: &Cx, id: Hash, hold: &Hold) -> Result<Amount, Error> {
        let released = released(hold);
        self.give_back(cx, id, hold.payer, released)?;
        Ok(released)
    }

    /// Gives back what the caller captured.
    pub(crate) fn refunded(
        &mut self,
        cx: &Cx,
        hold: Hash,
        amount: Amount,
        id: Hash,
    ) -> Result<(), Error> {
        let Hold { payee: merchant, payer, .. } = self.own_hold(cx, hold)?;
        // What it captured left the books for the merchant's account, and comes back through them.
        self.holds.fund(merchant, amount);
        self.holds.refund(hold, amount)?;
        self.holds.withdraw(payer, amount)?;
        let Route { from, to } = self.route_of(hold)?;
        let route = Route { from: to, to: from };
        self.deliver(cx, &Delivery { id, route, source: Some(merchant), payee: payer, amount })
    }

    /// When the open cycle is due.
    pub(crate) fn due(&self) -> Result<TimestampMs, Error> {
        let opened = self.netting.cycle().opened;
        Ok(self.scheme.at(opened)?.1.cycle.due(opened))
    }

    /// Goes on with a close, or begins one that is due.
    pub(crate) fn closed(&mut self, cx: &Cx, limit: u32) -> Result<Option<Report>, Error> {
        let now = cx.time();
        if self.netting.closing().is_none() {
            let due = self.due()?;
            ensure!(now >= due, Error::NotDue { due });
        }
        let penalty_bp = self.scheme.at(now)?.1.penalty_bp;
        let step = self.netting.close(penalty_bp, limit.min(TAKEN_OUT_MAX), now)?;
        let Step { cycle, cut, carried, settled, positions } = step;
        if cut {
            cx.emit(&CycleCut { cycle });
        }
        for carried in carried {
            let obligation = carried.obligation;
            cx.emit(&ObligationCarried {
                debtor: carried.debtor,
                creditor: obligation.creditor,
                id: carried.id,
                amount: obligation.amount,
                penalty: obligation.penalty,
                cycle: obligation.cycle,
            });
        }
        for positions in positions.chunks(POSITIONS_MAX) {
            cx.emit(&PositionsSettled { cycle, positions: positions.to_vec() });
        }
        if let Some(report) = settled {
            cx.emit(&CycleSettled { cycle, report });
        }
        Ok(settled)
    }
}
