//! The desk: exchanges at set rates out of what it has (X1 to X3, X6, C10).

use crate::{
    error::Error,
    purses::keeps_bounds,
    state::{Exchange, Purse, Quote, Receipt, Request, Stocking},
    terms::{Asset, Terms},
};
use dure_sdk::{
    domain::{
        calendar::is_live,
        rates::InForce,
        share::{WHOLE_BP, ceil},
        split,
    },
    prelude::*,
};

impl Exchange {
    pub(crate) fn terms_at(&self, now: TimestampMs) -> Result<Terms, Error> {
        Ok(self.terms.at(now)?.1)
    }

    /// Notes what an agent brings or takes out under an id; whether it was noted before.
    pub(crate) fn stocked_before(
        &mut self,
        by: Address,
        id: Hash,
        stocking: Stocking,
    ) -> Result<bool, Error> {
        let known = self.stocked.get(&(by, id));
        ensure!(known.is_none_or(|known| known == stocking), Error::IdUsed { id });
        if known.is_none() {
            self.stocked.set(&(by, id), &stocking);
        }
        Ok(known.is_some())
    }

    /// A token of the desk.
    pub(crate) fn asset(terms: &Terms, token: Address) -> Result<&Asset, Error> {
        terms.asset(token).ok_or(Error::UnknownToken { token })
    }

    fn worth(&self, terms: &Terms, token: Address, now: TimestampMs) -> Result<InForce, Error> {
        let rate = self.rates.at(&token, now, &terms.guard);
        rate.map_err(|error| Error::Rates { token, error })
    }

    /// What a request comes to, whatever the inventory.
    fn price(
        &self,
        terms: &Terms,
        offer: Address,
        offered: Amount,
        want: Address,
        now: TimestampMs,
    ) -> Result<Quote, Error> {
        ensure!(offer != want, Error::Same { token: offer });
        let taken = Self::asset(terms, offer)?;
        ensure!(taken.takes, Error::NotTaken { token: offer });
        ensure!(Self::asset(terms, want)?.gives, Error::NotGiven { token: want });
        let (source, target) = (self.worth(terms, offer, now)?, self.worth(terms, want, now)?);
        let done = split::Exchange::by_worth(offered, source.rate, target.rate)?;
        let (least, most, wanted) = (taken.taken_min, taken.taken_max, done.consumed);
        let in_range = (least..=most).contains(&wanted);
        ensure!(in_range, Error::Range { token: offer, least, most, wanted });
        // Less than the whole, so it fits.
        let (bp, whole) = (Amount(u128::from(terms.fee_bp)), Amount(u128::from(WHOLE_BP)));
        let fee = ceil(done.output, bp, whole).unwrap_or(done.output);
        let given = done.output.saturating_sub(fee);
        let nothing = split::ExchangeError::TooLittle { quantity: offered };
        ensure!(given > Amount::ZERO, Error::Exchange(nothing));
        let valid_until = source.until.min(target.until);
        let inventory = Amount::ZERO;
        Ok(Quote { taken: done.consumed, given, fee, valid_until, inventory })
    }

    pub(crate) fn quote_of(
        &self,
        offer: Address,
        offered: Amount,
        want: Address,
        now: TimestampMs,
    ) -> Result<Quote, Error> {
        let terms = self.terms_at(now)?;
        let quote = self.price(&terms, offer, offered, want, now)?;
        let inventory = self.purse(want, Purse::INVENTORY);
        // Terms may be scheduled to change before the notice is over.
        let change = self.terms.next(now).map_or(TimestampMs::MAX, |version| version.0);
        let valid_until = quote.valid_until.min(change);
        Ok(Quote { inventory, valid_until, ..quote })
    }

    /// Takes what is offered and gives what is wanted, or nothing.
    pub(crate) fn fill(&mut self, cx: &Cx, request: &Request) -> Result<Receipt, Error> {
        let (by, now) = (cx.caller(), cx.time());
        let Request { offer, offered, want, least, deadline } = *request;
        ensure!(is_live(now, deadline), Error::Late { deadline });
        let terms = self.terms_at(now)?;
        let Quote { taken, given, fee, .. } = self.price(&terms, offer, offered, want, now)?;
        ensure!(given >= least, Error::Worse { given, least });
        keeps_bounds(by, offer, want)?;
        let most = Self::asset(&terms, offer)?.inventory_max;
        self.take_in(cx, offer, Purse::INVENTORY, taken, most)?;
        // At most the output of the exchange.
        let gross = given.saturating_add(fee);
        self.debit(want, Purse::INVENTORY, gross).map_err(|error| match error {
            Error::Short { token, left, wanted } => Error::Inventory { token, left, wanted },
            other => other,
        })?;
        if fee > Amount::ZERO {
            self.purses.at(&(want, Purse::fees(terms.fee_to))).add(fee);
        }
        self.pay(cx, want, by, given)?;
        Ok(Receipt { request: *request, taken, given, fee })
    }
}
