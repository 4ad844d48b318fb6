//! The books, counted again.

use crate::{
    error::Error,
    state::{Audit, Books, Counted, Uncounted, Vouchers},
};
use dure_sdk::{prelude::*, standard::TokenClient};

impl Vouchers {
    /// What is owed is there in tokens, and the escrow is part of it.
    pub(crate) fn checked(&self, cx: &Cx) -> Result<Books, Error> {
        let token = TokenClient::at(self.token.get());
        let tokens = token.balance_of(cx.address()).map_err(Error::Token)?;
        let (escrow, cash) = (self.escrow.get(), self.cash.get());
        let right = escrow <= cash && cash <= tokens;
        ensure!(right, Error::Unbacked { escrow, cash, tokens });
        Ok(Books { escrow, cash, tokens })
    }

    /// Counts a page of vouchers, then of what payees are owed; compares both in the end.
    pub(crate) fn audited(
        &self,
        cx: &Cx,
        counted: Option<Counted>,
        limit: u32,
    ) -> Result<Audit, Error> {
        let (books, limit) = (self.checked(cx)?, limit.max(1));
        let first = Uncounted::Vouchers(None);
        let nought = Counted { next: first, vouchers: Amount::ZERO, payees: Amount::ZERO };
        let Counted { next, mut vouchers, mut payees } = counted.unwrap_or(nought);
        let next = match next {
            Uncounted::Vouchers(after) => {
                let (sum, last) = self.count_vouchers(after, limit);
                vouchers = vouchers.saturating_add(sum);
                let last = last.map(|last| Uncounted::Vouchers(Some(last)));
                Some(last.unwrap_or(Uncounted::Owed(None)))
            }
            Uncounted::Owed(after) => {
                let (sum, last) = self.count_owed(after, limit);
                payees = payees.saturating_add(sum);
                let last = last.map(|last| Uncounted::Owed(Some(last)));
                Some(last.unwrap_or(Uncounted::Undoable(None)))
            }
            Uncounted::Undoable(after) => {
                let (sum, last) = self.count_undoable(after, limit);
                payees = payees.saturating_add(sum);
                last.map(|last| Uncounted::Undoable(Some(last)))
            }
        };
        if next.is_none() {
            let Books { escrow, cash, .. } = books;
            let right = vouchers == escrow && vouchers.checked_add(payees) == Some(cash);
            ensure!(right, Error::Miscounted { escrow, vouchers, cash, payees });
        }
        let next = next.map(|next| Counted { next, vouchers, payees });
        Ok(Audit { books, next })
    }
}
