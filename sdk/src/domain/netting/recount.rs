//! Positions, counted again from what is owed.

use super::{Net, Netting, NettingError, Rank};
use crate::Amount;
use alloc::vec::Vec;

/// What a recount has counted so far.
#[crate::ty]
pub struct Recount {
    /// The cycle whose obligations are counted.
    pub cycle: u64,
    /// The last of them that was; none yet.
    pub after: Option<(u32, Rank)>,
    /// What of them each member is owed, and owes, by its number.
    pub sums: Vec<(Amount, Amount)>,
}

impl Recount {
    fn of(cycle: u64, members: usize) -> Self {
        Self { cycle, after: None, sums: alloc::vec![(Amount::ZERO, Amount::ZERO); members] }
    }
}

impl Netting {
    /// Counts at most `limit` obligations after those that were counted, one at least, first of the
    /// open cycle, then of one that is cut and not settled. Where a cycle ends, every member's
    /// position in it is compared, and of the one that is cut its funds too. None once all was
    /// counted and is right.
    ///
    /// # Errors
    /// `Mismatch`.
    pub fn recount(
        &self,
        counted: Option<Recount>,
        limit: u32,
    ) -> Result<Option<Recount>, NettingError> {
        let (open, members) = (self.cycle().number, self.members() as usize);
        let mut counted = counted.unwrap_or_else(|| Recount::of(open, members));
        // It came from outside.
        counted.sums.resize(members, (Amount::ZERO, Amount::ZERO));
        let page = self.debts(counted.cycle, counted.after, limit.max(1));
        for debt in &page.items {
            if let Some((_, owed)) = counted.sums.get_mut(debt.debtor as usize) {
                *owed = owed.saturating_add(debt.owed);
            }
            if let Some((due, _)) = counted.sums.get_mut(debt.creditor as usize) {
                *due = due.saturating_add(debt.owed);
            }
        }
        if page.next.is_some() {
            return Ok(Some(Recount { after: page.next, ..counted }));
        }
        let counted_nets = counted.sums.iter().map(|(due, owed)| Net::of(*due, *owed));
        if counted.cycle == open {
            for ((member, limit), net) in (0u32..).zip(self.limits.get()).zip(counted_nets) {
                same(member, Net::of(self.room(member), limit.base), net)?;
            }
            let cut = self.closing().filter(|(cycle, _)| *cycle < open);
            return Ok(cut.map(|(cycle, _)| Recount::of(cycle, members)));
        }
        let standings = self.closing.try_get().map_or(Vec::new(), |closing| closing.standings);
        for ((member, standing), net) in (0u32..).zip(&standings).zip(counted_nets) {
            same(member, standing.net(), net)?;
            // They stand still until it is settled.
            same(member, Net::Receives(standing.funds), Net::Receives(self.funds(member)))?;
        }
        Ok(None)
    }
}

fn same(member: u32, books: Net, counted: Net) -> Result<(), NettingError> {
    crate::ensure!(books == counted, NettingError::Mismatch { member, books, counted });
    Ok(())
}
