//! The books, counted again.

use crate::{
    error::Error,
    state::{Audit, Counted, Market, Slot, Uncounted},
};
use dure_sdk::prelude::*;

/// Accounts that one answer counts at most.
const PAGE_MAX: u32 = 200;

impl Market {
    /// Counts a page of accounts, then slots, one an answer; compares funds and escrow in the end.
    pub(crate) fn audited(
        &self,
        cx: &Cx,
        counted: Option<Counted>,
        limit: u32,
    ) -> Result<Audit, Error> {
        let books = self.checked(cx)?;
        let first = Uncounted::Accounts(None);
        let nought = Counted { next: first, funds: Amount::ZERO, escrow: Amount::ZERO };
        let Counted { next, mut funds, mut escrow } = counted.unwrap_or(nought);
        let next = match next {
            Uncounted::Accounts(after) => {
                let limit = limit.clamp(1, PAGE_MAX);
                let page = self.funds.page(after.as_ref(), limit, Order::Ascending);
                for (_, amount) in page.items {
                    funds = funds.saturating_add(amount);
                }
                match page.next {
                    Some(last) => Some(Uncounted::Accounts(Some(last))),
                    None => self.slot_from(Slot(0)).map(Uncounted::Slots),
                }
            }
            Uncounted::Slots(slot) => {
                escrow = escrow.saturating_add(self.slot_audited(slot)?.escrow);
                let behind = Slot(slot.0.saturating_add(1));
                self.slot_from(behind).map(Uncounted::Slots)
            }
        };
        if next.is_none() {
            for (booked, counted) in [(books.funds, funds), (books.escrow, escrow)] {
                ensure!(booked == counted, Error::Miscounted { booked, counted });
            }
        }
        Ok(Audit { books, next: next.map(|next| Counted { next, funds, escrow }) })
    }

    /// The first slot with orders from one on.
    fn slot_from(&self, slot: Slot) -> Option<Slot> {
        let from = (slot, 0);
        self.books.entries(Some(&from), Order::Ascending).next().map(|((slot, _), _)| slot)
    }
}
