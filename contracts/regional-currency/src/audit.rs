//! The books, counted again.

use crate::{
    error::Error,
    money::UNITS,
    state::{Audit, Counted, Owed, RegionalCurrency, Uncounted},
};
use dure_sdk::{domain::calendar::Month, prelude::*};

/// Entries that one answer counts at most.
const PAGE_MAX: u32 = 200;

impl RegionalCurrency {
    /// Counts a page of lots, then of what lies elsewhere, then months of the pool; compares all of
    /// it with supply and escrow in the end.
    // Not inlined: all methods become one function, and no function may have more than 64 KiB.
    #[inline(never)]
    pub(crate) fn audited(&self, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
        let (nought, limit) = (Amount::ZERO, limit.clamp(1, PAGE_MAX));
        let first = Uncounted::Lots(None);
        let first = Counted { next: first, money: nought, pool: nought, drawn: nought };
        let mut counted = counted.unwrap_or(first);
        let next = match counted.next {
            Uncounted::Lots(after) => {
                let (more, last) = self.count_lots(after, limit);
                counted.money = counted.money.saturating_add(more);
                let behind = Uncounted::Owed(Owed::Unclaimed, None);
                Some(last.map_or(behind, |last| Uncounted::Lots(Some(last))))
            }
            Uncounted::Owed(owed, after) => {
                let (more, last) = self.count_owed(owed, after, limit);
                counted.money = counted.money.saturating_add(more);
                match last {
                    Some(last) => Some(Uncounted::Owed(owed, Some(last))),
                    None => self.behind(owed),
                }
            }
            Uncounted::Months(from) => self.count_months(from, limit, &mut counted)?,
        };
        if let Some(next) = next {
            return Ok(Audit { next: Some(Counted { next, ..counted }) });
        }
        let Counted { money, pool, drawn, .. } = counted;
        // What was drawn is what was issued besides.
        self.supply.audit_with(&UNITS, money, drawn)?;
        let owed = money.saturating_add(pool).saturating_add(self.budgets_total.get());
        let escrow = self.escrow.get();
        ensure!(escrow == owed, Error::Mismatch { escrow, owed });
        Ok(Audit { next: None })
    }

    /// What is counted after that.
    fn behind(&self, owed: Owed) -> Option<Uncounted> {
        let next = match owed {
            Owed::Unclaimed => Owed::Claims,
            Owed::Claims => Owed::Receivable,
            Owed::Receivable => Owed::CashOuts,
            Owed::CashOuts => return self.pool.months().map(|(first, _)| Uncounted::Months(first)),
        };
        Some(Uncounted::Owed(next, None))
    }

    /// Checks and adds months of the pool.
    fn count_months(
        &self,
        from: Month,
        limit: u32,
        counted: &mut Counted,
    ) -> Result<Option<Uncounted>, Error> {
        let last = self.pool.months().map_or(from, |(_, last)| last);
        let mut months = (from.0..=last.0).map(Month);
        for month in months.by_ref().take(limit as usize) {
            self.pool.audit(month)?;
            counted.pool = counted.pool.saturating_add(self.pool.room(month));
            counted.drawn = counted.drawn.saturating_add(self.pool.drawn(month));
        }
        Ok(months.next().map(Uncounted::Months))
    }
}
