//! The books, counted again.

use crate::{
    error::Error,
    state::{Audit, Counted, Shop, Status, Totals},
};
use dure_sdk::{prelude::*, standard::TokenClient};

impl Shop {
    pub(crate) fn books(&self) -> Totals {
        let (orders, settled) = (self.last_order.get(), self.settled.get());
        Totals { orders, settled, takings: self.takings.get() }
    }

    /// Counts a page of orders; after the last one, compares menu, takings and tokens.
    pub(crate) fn audited(
        &self,
        cx: &Cx,
        counted: Option<Counted>,
        limit: u32,
    ) -> Result<Audit, Error> {
        let totals = self.books();
        let before = counted.unwrap_or(Counted { last: 0, due: Amount::ZERO, sold: 0 });
        let (mut due, mut sold) = (before.due, before.sold);
        let page = self.orders.page(Some(&before.last), limit.max(1), Order::Ascending);
        for (number, order) in &page.items {
            let live = matches!(order.status, Status::Placed | Status::Made);
            if live && *number > totals.settled {
                due = due.saturating_add(order.total);
            }
            if order.status != Status::Cancelled {
                let pieces = order.lines.iter().map(|line| u64::from(line.quantity));
                sold = pieces.fold(sold, u64::saturating_add);
            }
        }
        if let Some(last) = page.next {
            return Ok(Audit { totals, next: Some(Counted { last, due, sold }) });
        }
        let takings = totals.takings;
        ensure!(due == takings, Error::Miscounted { takings, counted: due });
        self.menu_adds_up(sold)?;
        let token = TokenClient::at(self.token.get());
        let tokens = token.balance_of(cx.address()).map_err(Error::Token)?;
        ensure!(takings <= tokens, Error::Unbacked { takings, tokens });
        Ok(Audit { totals, next: None })
    }

    /// Of every item, stock and sold are what came in; all that was sold is what orders have.
    fn menu_adds_up(&self, counted: u64) -> Result<(), Error> {
        let mut sold = 0u64;
        for (item, dish) in self.menu.entries(None, Order::Ascending) {
            let adds_up = dish.stock.checked_add(dish.sold) == Some(dish.stocked);
            ensure!(adds_up, Error::Misstocked { item });
            sold = sold.saturating_add(u64::from(dish.sold));
        }
        ensure!(sold == counted, Error::Missold { sold, counted });
        Ok(())
    }
}
