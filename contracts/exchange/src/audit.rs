//! The books, counted again.

use crate::{
    error::Error,
    state::{Audit, Counted, Exchange, Purse, Uncounted},
};
use dure_sdk::prelude::*;

/// Entries that one answer counts at most.
const PAGE_MAX: u32 = 200;

impl Exchange {
    /// Counts a page of purses, which lie token by token; each token's must be what is held of it,
    /// and of the desk's tokens the contract must have that. Then looks for what is held without a
    /// purse.
    pub(crate) fn audited(
        &self,
        cx: &Cx,
        counted: Option<Counted>,
        limit: u32,
    ) -> Result<Audit, Error> {
        let limit = limit.clamp(1, PAGE_MAX);
        let first = Counted { next: Uncounted::Purses(None), held: Amount::ZERO };
        let Counted { next, held } = counted.unwrap_or(first);
        let next = match next {
            Uncounted::Purses(after) => Some(self.count_purses(cx, after, held, limit)?),
            Uncounted::Held(after) => {
                let page = self.held.page(after.as_ref(), limit, Order::Ascending);
                for (token, held) in page.items {
                    let counted = Amount::ZERO;
                    let some = self.purses.under(&token, Order::Ascending).next().is_some();
                    ensure!(some || held == counted, Error::Miscounted { token, held, counted });
                }
                let held = Amount::ZERO;
                page.next.map(|last| Counted { next: Uncounted::Held(Some(last)), held })
            }
        };
        Ok(Audit { next })
    }

    fn count_purses(
        &self,
        cx: &Cx,
        after: Option<(Address, Purse)>,
        mut held: Amount,
        limit: u32,
    ) -> Result<Counted, Error> {
        let page = self.purses.page(after.as_ref(), limit, Order::Ascending);
        let mut token = after.map(|(token, _)| token);
        for ((of, _), amount) in &page.items {
            if let Some(done) = token.filter(|token| token != of) {
                self.adds_up(cx, done, held)?;
                held = Amount::ZERO;
            }
            token = Some(*of);
            held = held.saturating_add(*amount);
        }
        if let Some(last) = page.next {
            return Ok(Counted { next: Uncounted::Purses(Some(last)), held });
        }
        if let Some(token) = token {
            self.adds_up(cx, token, held)?;
        }
        Ok(Counted { next: Uncounted::Held(None), held: Amount::ZERO })
    }

    fn adds_up(&self, cx: &Cx, token: Address, counted: Amount) -> Result<(), Error> {
        let held = self.held.at(&token).get();
        ensure!(held == counted, Error::Miscounted { token, held, counted });
        // Anybody can trade a token of his own that says what it likes.
        if Self::asset(&self.terms_at(cx.time())?, token).is_ok() {
            self.checked(cx, token)?;
        }
        Ok(())
    }
}
