//! Members, their funds, and what they owe in the open cycle.

use super::{
    AMOUNT_MAX, Debt, MEMBERS_MAX, Net, NettingError, Obligation, Open, Rank, Report,
    close::Closing,
};
use crate::{Amount, Balance, Hash, Item, Map, Order, Page, Set, TimestampMs};
use alloc::vec::Vec;

/// Funds, positions and obligations: the module's one field of a contract's storage.
///
/// **Invariants.** A member's position is what the obligations of the open cycle say; all positions
/// sum to nought. A close changes the sum of funds by nothing.
///
/// # Example
/// ```
/// use dure_sdk::{domain::netting::{Net, Netting}, native::Sandbox, prelude::*};
/// let now = TimestampMs(0);
/// Sandbox::new().run(|_| {
///     let mut netting = Netting::open(Place::field(0));
///     netting.found(now);
///     let members = [(); 3].map(|()| netting.admit(Amount(1_000)).unwrap());
///     netting.fund(members[0], Amount(10)).unwrap();
///     // 0 owes 1 a hundred, 1 owes 2 ninety, 2 owes 0 ninety: ten won settle it.
///     for (id, debtor, creditor, amount) in [(1, 0, 1, 100), (2, 1, 2, 90), (3, 2, 0, 90)] {
///         netting.enter(debtor, Hash([id; 32]), creditor, Amount(amount), 5, now).unwrap();
///     }
///     assert_eq!(netting.position(0), Ok(Net::Pays(Amount(10))));
///     let step = netting.close(100, 64, now).unwrap();
///     assert_eq!(step.settled.unwrap().paid, Amount(10));
///     assert_eq!((netting.funds(0), netting.funds(1)), (Amount(0), Amount(10)));
/// });
/// ```
#[crate::composite]
pub struct Netting {
    pub(super) funds: Map<u32, Balance>,
    /// What a member may still come to owe in the open cycle.
    pub(super) room: Map<u32, Balance>,
    pub(super) limits: Item<Vec<Limit>>,
    count: Item<u32>,
    pub(super) obligations: Map<(u32, Hash), Obligation>,
    /// Obligations by cycle and debtor.
    pub(super) by_debtor: Set<(u64, u32, Rank)>,
    /// What was entered into a cycle or carried into it.
    pub(super) gross: Map<u64, Balance>,
    pub(super) cycle: Item<Open>,
    pub(super) closing: Item<Closing>,
    pub(super) reports: Map<u64, Report>,
}

/// What bounds a member.
#[crate::ty]
#[derive(Copy)]
pub(super) struct Limit {
    /// What it may come to owe net, from the next cycle on.
    pub(super) cap: Amount,
    /// Its room without its position: the cap of the open cycle, and what was carried beyond it.
    pub(super) base: Amount,
}

impl Netting {
    /// Opens the first cycle. For `init`.
    pub fn found(&mut self, now: TimestampMs) {
        self.cycle.set(&Open { number: 0, opened: now });
        self.limits.set(&Vec::new());
        self.count.set(&0);
    }

    /// Admits a member, which may come to owe so much net, and says its number: they count from 0.
    ///
    /// # Errors
    /// `Full` and `TooMuch`; nothing is changed then.
    pub fn admit(&mut self, cap: Amount) -> Result<u32, NettingError> {
        bounded(cap)?;
        let (member, limit) = (self.count.get(), MEMBERS_MAX);
        crate::ensure!(member < limit, NettingError::Full { limit });
        let mut limits = self.limits.get();
        limits.push(Limit { cap, base: cap });
        self.limits.set(&limits);
        self.count.set(&member.saturating_add(1));
        self.room.at(&member).set(cap);
        Ok(member)
    }

    /// Sets what a member may come to owe net, from the next cycle on.
    ///
    /// # Errors
    /// `NoMember` and `TooMuch`; nothing is changed then.
    pub fn set_cap(&mut self, member: u32, cap: Amount) -> Result<(), NettingError> {
        bounded(cap)?;
        let mut limits = self.limits.get();
        let limit = limits.get_mut(member as usize);
        limit.ok_or(NettingError::NoMember { member })?.cap = cap;
        self.limits.set(&limits);
        Ok(())
    }

    /// Puts funds in.
    ///
    /// # Errors
    /// `NoMember`, `Nought`, `TooMuch` and `Closing`; nothing is changed then.
    pub fn fund(&mut self, member: u32, amount: Amount) -> Result<(), NettingError> {
        self.known(member)?;
        some(amount)?;
        self.settled()?;
        let limit = AMOUNT_MAX;
        let added = self.funds.at(&member).add_within(amount, limit);
        added.map_err(|_| NettingError::TooMuch { amount, limit })
    }

    /// Takes funds out.
    ///
    /// # Errors
    /// `NoMember`, `Nought`, `Short` and `Closing`; nothing is changed then.
    pub fn withdraw(&mut self, member: u32, amount: Amount) -> Result<(), NettingError> {
        self.known(member)?;
        some(amount)?;
        self.settled()?;
        self.funds.at(&member).sub(amount).map_err(|short| NettingError::Short {
            member,
            funds: short.left,
            wanted: short.wanted,
        })
    }

    /// Enters what a member owes another into the open cycle, and says which one that is. Changes
    /// nothing that is read by others who do the same.
    ///
    /// # Errors
    /// `NoMember`, `Same`, `Nought`, `TooMuch`, `Exists` and `AboveCap`; nothing is changed then.
    pub fn enter(
        &mut self,
        debtor: u32,
        id: Hash,
        creditor: u32,
        amount: Amount,
        priority: u8,
        now: TimestampMs,
    ) -> Result<u64, NettingError> {
        self.known(debtor.max(creditor))?;
        crate::ensure!(debtor != creditor, NettingError::Same { member: debtor });
        some(amount)?;
        let known = self.obligations.contains(&(debtor, id));
        crate::ensure!(!known, NettingError::Exists { id });
        self.room.at(&debtor).sub(amount).map_err(|short| NettingError::AboveCap {
            member: debtor,
            left: short.left,
            wanted: amount,
        })?;
        self.room.at(&creditor).add(amount);
        let cycle = self.cycle.get().number;
        let penalty = Amount::ZERO;
        let entered = Obligation { creditor, amount, penalty, priority, entered: now, cycle };
        self.put(debtor, id, &entered);
        Ok(cycle)
    }

    pub(super) fn put(&mut self, debtor: u32, id: Hash, obligation: &Obligation) {
        self.gross.at(&obligation.cycle).add(obligation.owed());
        self.by_debtor.insert(&(obligation.cycle, debtor, obligation.rank(id)));
        self.obligations.set(&(debtor, id), obligation);
    }

    /// Forgets by whom obligations of settled cycles were owed, at most `limit`, the oldest first,
    /// and says of how many it did. What was owed stays known by its id.
    pub fn forget(&mut self, limit: u32) -> u32 {
        let unsettled = self.closing.try_get().map_or(self.cycle.get().number, |it| it.cycle);
        let old = self.by_debtor.entries(None, Order::Ascending).take(limit as usize);
        let old: Vec<_> = old.take_while(|(cycle, ..)| *cycle < unsettled).collect();
        for key in &old {
            self.by_debtor.remove(key);
        }
        // At most `limit` were taken.
        old.len() as u32
    }

    /// What a member has put in, as the last close left it.
    #[must_use]
    pub fn funds(&self, member: u32) -> Amount {
        self.funds.at(&member).get()
    }

    /// What a member may still come to owe in the open cycle.
    #[must_use]
    pub fn room(&self, member: u32) -> Amount {
        self.room.at(&member).get()
    }

    /// A member's position in the open cycle.
    ///
    /// # Errors
    /// `NoMember`.
    pub fn position(&self, member: u32) -> Result<Net, NettingError> {
        let limits = self.limits.get();
        let limit = limits.get(member as usize).ok_or(NettingError::NoMember { member })?;
        Ok(Net::of(self.room(member), limit.base))
    }

    /// An obligation, whatever its cycle.
    #[must_use]
    pub fn obligation(&self, debtor: u32, id: Hash) -> Option<Obligation> {
        self.obligations.get(&(debtor, id))
    }

    /// How many members there are.
    #[must_use]
    pub fn members(&self) -> u32 {
        self.count.get()
    }

    /// The cycle that is open.
    #[must_use]
    pub fn cycle(&self) -> Open {
        self.cycle.get()
    }

    /// The cycle that was cut and is not settled, and when it was cut.
    #[must_use]
    pub fn closing(&self) -> Option<(u64, TimestampMs)> {
        self.closing.try_get().map(|closing| (closing.cycle, closing.cut))
    }

    /// What came of a settled cycle.
    #[must_use]
    pub fn report(&self, cycle: u64) -> Option<Report> {
        self.reports.get(&cycle)
    }

    /// What is owed in a cycle, after an obligation on: for recounts from outside.
    #[must_use]
    pub fn debts(
        &self,
        cycle: u64,
        after: Option<(u32, Rank)>,
        limit: u32,
    ) -> Page<Debt, (u32, Rank)> {
        let from = after.map_or((cycle, 0, Rank::FIRST), |(debtor, rank)| (cycle, debtor, rank));
        let all = self.by_debtor.entries(Some(&from), Order::Ascending);
        let mut all = all.take_while(|(of, ..)| *of == cycle);
        let skip = usize::from(after.is_some());
        let items: Vec<_> = all.by_ref().skip(skip).take(limit as usize).collect();
        let items: Vec<_> =
            items.iter().filter_map(|(_, debtor, rank)| self.debt(*debtor, *rank)).collect();
        let more = all.next().is_some();
        let next = items.last().filter(|_| more).map(|debt| (debt.debtor, debt.rank));
        Page { items, next }
    }

    fn debt(&self, debtor: u32, rank: Rank) -> Option<Debt> {
        let obligation = self.obligation(debtor, rank.id)?;
        Some(Debt { debtor, rank, creditor: obligation.creditor, owed: obligation.owed() })
    }

    /// Sums all funds and checks that all positions sum to nought. Reads every member.
    ///
    /// # Errors
    /// `Mismatch`.
    pub fn audit(&self) -> Result<Amount, NettingError> {
        let sum = |sum: Amount, (_, amount): (u32, Amount)| sum.saturating_add(amount);
        let room = self.room.entries(None, Order::Ascending).fold(Amount::ZERO, sum);
        let limits = self.limits.get();
        let base = limits.iter().fold(Amount::ZERO, |sum, limit| sum.saturating_add(limit.base));
        let (books, counted) = (Net::of(room, base), Net::Receives(Amount::ZERO));
        let member = self.members();
        crate::ensure!(books == counted, NettingError::Mismatch { member, books, counted });
        Ok(self.funds.entries(None, Order::Ascending).fold(Amount::ZERO, sum))
    }

    fn known(&self, member: u32) -> Result<(), NettingError> {
        crate::ensure!(member < self.members(), NettingError::NoMember { member });
        Ok(())
    }

    fn settled(&self) -> Result<(), NettingError> {
        match self.closing.try_get() {
            Some(Closing { cycle, .. }) => Err(NettingError::Closing { cycle }),
            None => Ok(()),
        }
    }
}

impl Rank {
    const FIRST: Self = Self { priority: 0, newest: 0, id: Hash([0; 32]) };
}

fn bounded(amount: Amount) -> Result<(), NettingError> {
    let limit = AMOUNT_MAX;
    crate::ensure!(amount <= limit, NettingError::TooMuch { amount, limit });
    Ok(())
}

fn some(amount: Amount) -> Result<(), NettingError> {
    crate::ensure!(amount != Amount::ZERO, NettingError::Nought);
    bounded(amount)
}
