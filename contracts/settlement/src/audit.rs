//! The books, counted again.

use crate::{
    book::released,
    error::Error,
    state::{Audit, Books, Counted, CountedHolds, HoldsAudit, Settlement, Uncounted},
};
use dure_sdk::{domain::netting::Recount, prelude::*, standard::TokenClient};

/// Obligations or authorisations that one answer counts at most.
const COUNTED_MAX: u32 = 200;

impl Settlement {
    /// What members have is what was put in and not taken out, it is there in tokens, and their
    /// positions sum to nought.
    pub(crate) fn checked(&self, cx: &Cx) -> Result<Books, Error> {
        let (funds, books) = (self.netting.audit()?, self.put_in.get());
        ensure!(funds == books, Error::Miscounted { books, counted: funds });
        let token = TokenClient::at(self.token.get());
        let tokens = token.balance_of(cx.address()).map_err(Error::Token)?;
        ensure!(funds <= tokens, Error::Unbacked { books: funds, tokens });
        Ok(Books { funds, tokens })
    }

    /// Counts a page of what is owed, then of each bank's authorisations.
    pub(crate) fn audited(
        &self,
        cx: &Cx,
        counted: Option<Counted>,
        limit: u32,
    ) -> Result<Audit, Error> {
        let (books, limit) = (self.checked(cx)?, limit.clamp(1, COUNTED_MAX));
        let (bank, holds) = match counted {
            Some(Counted::Holds { bank, holds }) => (bank, holds),
            Some(Counted::Debts(counted)) => {
                return self.audited_debts(books, Some(counted), limit);
            }
            None => return self.audited_debts(books, None, limit),
        };
        let next = match self.audited_holds(cx, bank, holds, limit)?.next {
            Some(holds) => Some(Counted::Holds { bank, holds: Some(holds) }),
            None => self.bank_from(bank.saturating_add(1)),
        };
        Ok(Audit { books, next })
    }

    fn audited_debts(
        &self,
        books: Books,
        counted: Option<Recount>,
        limit: u32,
    ) -> Result<Audit, Error> {
        let next = match self.netting.recount(counted, limit)? {
            Some(counted) => Some(Counted::Debts(counted)),
            None => self.bank_from(0),
        };
        Ok(Audit { books, next })
    }

    /// The first bank from a number on.
    fn bank_from(&self, number: u32) -> Option<Counted> {
        let mut members = self.members.entries(Some(&number), Order::Ascending);
        let (bank, _) = members.find(|(_, member)| member.deposit.is_some())?;
        Some(Counted::Holds { bank, holds: None })
    }

    /// Counts a page of all authorisations of which something is held for a bank; then its escrow
    /// and tokens.
    pub(crate) fn audited_holds(
        &self,
        cx: &Cx,
        bank: u32,
        counted: Option<CountedHolds>,
        limit: u32,
    ) -> Result<HoldsAudit, Error> {
        let deposit = self.members.get(&bank).and_then(|member| member.deposit);
        let token = TokenClient::at(deposit.ok_or(Error::NotBank { member: bank })?);
        let (from, mut held) = match counted {
            Some(CountedHolds { next, held }) => (Some(next), held),
            None => (None, Amount::ZERO),
        };
        let books = self.escrow.held(&bank);
        let next = self.count(bank, from, limit.clamp(1, COUNTED_MAX), &mut held);
        if let Some(next) = next {
            return Ok(HoldsAudit { books, next: Some(CountedHolds { next, held }) });
        }
        let counted = held;
        ensure!(books == counted, Error::Uncounted { bank, books, counted });
        let tokens = token.balance_of(cx.address()).map_err(Error::Token)?;
        ensure!(books <= tokens, Error::Unbacked { books, tokens });
        Ok(HoldsAudit { books, next: None })
    }

    /// Adds a page of what is held for a bank; says where the next one begins.
    fn count(
        &self,
        bank: u32,
        from: Option<Uncounted>,
        limit: u32,
        held: &mut Amount,
    ) -> Option<Uncounted> {
        let mut add = |id: &Hash, amount| {
            if self.routes.get(id).is_some_and(|route| route.from == bank) {
                *held = held.saturating_add(amount);
            }
        };
        let first = match from {
            None => None,
            Some(Uncounted::Waiting(expires, id)) => Some((expires, id)),
            Some(Uncounted::Refused(after)) => {
                let page = self.refused.page(after.as_ref(), limit, Order::Ascending);
                for id in &page.items {
                    add(id, self.holds.hold(*id).as_ref().map_or(Amount::ZERO, released));
                }
                return page.next.map(|last| Uncounted::Refused(Some(last)));
            }
        };
        let mut waiting = self.holds.waiting(first);
        for (id, hold) in waiting.by_ref().take(limit as usize) {
            add(&id, hold.left);
        }
        Some(
            waiting.next().map_or(Uncounted::Refused(None), |(id, hold)| {
                Uncounted::Waiting(hold.expires, id)
            }),
        )
    }
}
