//! Swaps, and delivery against payment: both sides are allocated before either moves (X5).

use crate::{
    error::Error,
    purses::{can_transfer, keeps_bounds},
    state::{Exchange, Leg, Proposal, Purse, Side, Trade, TradeState},
};
use dure_sdk::{crypto::blake3, domain::calendar::is_live, prelude::*};

/// Names a trade: its id belongs to the maker, so that nobody takes another's.
#[must_use]
pub fn trade_id(maker: Address, id: Hash) -> Hash {
    let mut named = [0; 64];
    let (of, own) = named.split_at_mut(32);
    of.copy_from_slice(&maker.0);
    own.copy_from_slice(&id.0);
    blake3(&named)
}

impl Trade {
    fn party(&self, side: Side) -> Option<(Address, Leg)> {
        match side {
            Side::Maker => Some((self.maker, self.proposal.gives)),
            Side::Taker => self.taker.map(|taker| (taker, self.proposal.wants)),
        }
    }
}

impl Exchange {
    pub(crate) fn trade_of(&self, trade: Hash) -> Result<Trade, Error> {
        self.trades.get(&trade).ok_or(Error::NoTrade { trade })
    }

    /// Proposes a trade and allocates the maker's side. Answers its name, and whether it is new.
    pub(crate) fn make(
        &mut self,
        cx: &Cx,
        id: Hash,
        proposal: &Proposal,
    ) -> Result<(Hash, bool), Error> {
        let (maker, trade) = (cx.caller(), trade_id(cx.caller(), id));
        if let Some(known) = self.trades.get(&trade) {
            ensure!(known.proposal == *proposal, Error::IdUsed { id });
            return Ok((trade, false));
        }
        self.moves(maker)?;
        let Proposal { gives, wants, taker, expires, .. } = *proposal;
        ensure!(is_live(cx.time(), expires), Error::Expired { expires });
        ensure!(gives.token != wants.token, Error::Same { token: gives.token });
        ensure!(wants.amount > Amount::ZERO, Error::Zero);
        ensure!(taker != Some(maker), Error::NotTaker { trade });
        keeps_bounds(maker, gives.token, wants.token)?;
        if let Some(taker) = taker {
            can_transfer(gives.token, maker, taker, gives.amount)?;
        }
        let purse = Purse::of_trade(Side::Maker, trade);
        self.take_in(cx, gives.token, purse, gives.amount, Amount::MAX)?;
        let state = TradeState::Proposed;
        let made = Trade { maker, taker: None, proposal: *proposal, state };
        self.trades.set(&trade, &made);
        Ok((trade, true))
    }

    /// Allocates the taker's side. Answers whether it was not before.
    pub(crate) fn take(&mut self, cx: &Cx, trade: Hash) -> Result<Option<Trade>, Error> {
        let (taker, found) = (cx.caller(), self.trade_of(trade)?);
        if found.taker == Some(taker) && found.state != TradeState::Voided {
            return Ok(None);
        }
        self.moves(taker)?;
        self.freeze.check(found.maker)?;
        let state = found.state;
        ensure!(state == TradeState::Proposed, Error::WrongState { trade, state });
        let (maker, Proposal { gives, wants, expires, .. }) = (found.maker, found.proposal);
        ensure!(is_live(cx.time(), expires), Error::Expired { expires });
        let meant = found.proposal.taker.is_none_or(|meant| meant == taker);
        ensure!(meant && taker != maker, Error::NotTaker { trade });
        keeps_bounds(taker, wants.token, gives.token)?;
        can_transfer(gives.token, cx.address(), taker, gives.amount)?;
        can_transfer(wants.token, taker, maker, wants.amount)?;
        let purse = Purse::of_trade(Side::Taker, trade);
        self.take_in(cx, wants.token, purse, wants.amount, Amount::MAX)?;
        let taken = Trade { taker: Some(taker), state: TradeState::Allocated, ..found };
        self.trades.set(&trade, &taken);
        Ok(Some(taken))
    }

    /// Gives each side to the other.
    pub(crate) fn deliver(&mut self, cx: &Cx, trade: Hash, found: &Trade) -> Result<(), Error> {
        let expires = found.proposal.expires;
        ensure!(is_live(cx.time(), expires), Error::Expired { expires });
        for (side, to) in [(Side::Maker, Side::Taker), (Side::Taker, Side::Maker)] {
            let state = found.state;
            let wrong = Error::WrongState { trade, state };
            let ((_, leg), (to, _)) = found.party(side).zip(found.party(to)).ok_or(wrong)?;
            self.freeze.check(to)?;
            self.debit(leg.token, Purse::of_trade(side, trade), leg.amount)?;
            self.pay(cx, leg.token, to, leg.amount)?;
        }
        self.trades.set(&trade, &Trade { state: TradeState::Settled, ..*found });
        Ok(())
    }

    /// The agent settles. Answers whether it was not settled before.
    pub(crate) fn settled(&mut self, cx: &Cx, trade: Hash) -> Result<bool, Error> {
        let found = self.trade_of(trade)?;
        ensure!(found.proposal.agent == Some(cx.caller()), Error::NotParty { trade });
        match found.state {
            TradeState::Settled => Ok(false),
            TradeState::Allocated => {
                self.freeze.running()?;
                self.deliver(cx, trade, &found).map(|()| true)
            }
            state => Err(Error::WrongState { trade, state }),
        }
    }

    /// Voids a trade: its maker or the one it is meant for until it is taken, its agent until it is
    /// settled, anybody from its expiry on. Answers whether it was not void before.
    pub(crate) fn void_trade(&mut self, cx: &Cx, trade: Hash) -> Result<bool, Error> {
        let (by, found) = (cx.caller(), self.trade_of(trade)?);
        let Proposal { taker, agent, expires, .. } = found.proposal;
        let party = match found.state {
            TradeState::Proposed => by == found.maker || Some(by) == taker,
            TradeState::Allocated => false,
            TradeState::Voided => return Ok(false),
            state @ TradeState::Settled => return Err(Error::WrongState { trade, state }),
        };
        let party = party || agent == Some(by);
        ensure!(party || !is_live(cx.time(), expires), Error::NotExpired { expires });
        self.trades.set(&trade, &Trade { state: TradeState::Voided, ..found });
        Ok(true)
    }

    /// Gives a side of a voided trade back to who allocated it. The two go back by themselves: a
    /// token that does not move keeps nobody from the other.
    pub(crate) fn give_back(&mut self, cx: &Cx, trade: Hash, side: Side) -> Result<(), Error> {
        let found = self.trade_of(trade)?;
        let state = found.state;
        let wrong = Error::WrongState { trade, state };
        ensure!(state == TradeState::Voided, wrong);
        let (owner, leg) = found.party(side).ok_or(wrong)?;
        self.freeze.running()?;
        self.freeze.check(owner)?;
        self.debit(leg.token, Purse::of_trade(side, trade), leg.amount)?;
        self.pay(cx, leg.token, owner, leg.amount)
    }

    /// Checks that an account may move anything.
    pub(crate) fn moves(&self, account: Address) -> Result<(), Error> {
        self.freeze.running()?;
        Ok(self.freeze.check(account)?)
    }
}
