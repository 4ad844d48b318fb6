//! Holders and their lots.

use super::{
    Class, Division, Ended, Lot, LotKey, LotsError, Part, Payment, PaymentId, Standing, Taken,
    Wallet, purse::Purse,
};
use crate::{
    Address, Amount, Balance, Hash, Map, Order, Page, TimestampMs,
    domain::{calendar::is_live, share::floor},
};
use alloc::vec::Vec;

/// Open purchases that a holder may have.
pub(super) const BOUGHT_LOTS_MAX: u32 = 64;
/// Open gifts of different expiry or place that a holder may have.
const GIFT_LOTS_MAX: u32 = 16;
/// Lots that one payment or gift may take from, besides those that were gifts.
const PARTS_MAX: usize = 16;
/// Lots of one page at most.
const PAGE_MAX: u32 = 254;

/// What a payment would take, and the lots as they were when it was asked.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub(super) purse: Purse,
    pub(super) parts: Vec<Part>,
}

impl Plan {
    /// What it would take, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.parts.iter().map(Part::taken).collect()
    }

    /// What of it is own money.
    #[must_use]
    pub fn own(&self) -> Amount {
        super::payment::own_part(&self.parts)
    }
}

/// Lots of holders: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::lots::{Class, LotKey, Lots, Purchase}, native::Sandbox, prelude::*};
/// let (ana, now, expiry) = (Address([1; 32]), TimestampMs(1_000), TimestampMs(9_000));
/// let person = Hash([7; 32]);
/// Sandbox::new().run(|_| {
///     let mut lots = Lots::open(Place::field(0));
///     let (face, paid, bonus) = (Amount(100), Amount(94), Amount(0));
///     let purchase = Purchase { face, paid, bonus, set: 0, expiry };
///     let bought = lots.buy(ana, person, &purchase, now).unwrap();
///     let bonus = LotKey { class: Class::Bonus, expiry, programme: 1, set: 0, purchase: 0 };
///     lots.grant(ana, bonus, Amount(10), now).unwrap();
///     // Bonus first, own money last; every merchant is in set 0.
///     let taken = lots.take(ana, Amount(25), now, |set| set == 0).unwrap();
///     assert_eq!(taken.iter().map(|part| part.key).collect::<Vec<_>>(), [bonus, bought]);
///     assert_eq!(lots.holding(ana), Amount(85));
/// });
/// ```
#[crate::composite]
pub struct Lots {
    /// Lots of which something remains, in the order in which they are spent: those behind the
    /// front of their holder's purse.
    pub(super) open: Map<(Address, LotKey), Lot>,
    /// Purchases that are used up, for cancels. They go when they expire.
    pub(super) closed: Map<(Address, LotKey), Lot>,
    pub(super) purses: Map<Address, Purse>,
    /// Own money that expired and can be claimed.
    pub(super) unclaimed: Map<Address, Balance>,
    pub(super) payments: Map<PaymentId, Payment>,
    /// What holds for persons.
    pub(super) standings: Map<Hash, Standing>,
}

impl Lots {
    /// Grants an allowance or a bonus.
    ///
    /// # Errors
    /// `WrongClass` for own money, `Nought`, `Expired` and `TooMuch`; nothing is changed then.
    pub fn grant(
        &mut self,
        holder: Address,
        key: LotKey,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), LotsError> {
        let class = key.class;
        let granted = class != Class::Own && key.purchase == 0;
        crate::ensure!(granted, LotsError::WrongClass { class });
        crate::ensure!(amount != Amount::ZERO, LotsError::Nought);
        let expiry = key.expiry;
        crate::ensure!(is_live(now, expiry), LotsError::Expired { expiry, now });
        let mut purse = self.purse(holder);
        self.put(holder, &mut purse, Taken { key, amount })?;
        self.keep(holder, purse);
        Ok(())
    }

    /// What a payment of this amount would take: the lots that may be spent, in order. `permits`
    /// says of a set of merchants whether the payee is in it.
    ///
    /// # Errors
    /// `Nought`, `Short` and `TooManyParts`.
    pub fn plan(
        &self,
        holder: Address,
        amount: Amount,
        now: TimestampMs,
        permits: impl FnMut(u32) -> bool,
    ) -> Result<Plan, LotsError> {
        self.plan_of(holder, None, amount, now, permits)
    }

    /// Takes an amount from the lots that may be spent, in order. `permits` says of a set of
    /// merchants whether the payee is in it.
    ///
    /// # Errors
    /// `Nought`, `Short` and `TooManyParts`; nothing is changed then.
    pub fn take(
        &mut self,
        holder: Address,
        amount: Amount,
        now: TimestampMs,
        permits: impl FnMut(u32) -> bool,
    ) -> Result<Vec<Taken>, LotsError> {
        let Plan { mut purse, parts } = self.plan(holder, amount, now, permits)?;
        for part in &parts {
            self.reduce(holder, &mut purse, part.taken(), |_, _| {})?;
        }
        self.keep(holder, purse);
        Ok(parts.iter().map(Part::taken).collect())
    }

    /// Gives own money to another holder, with its expiry, its set and its part of the price.
    ///
    /// # Errors
    /// `Indebted` when the giver's person owes, `Nought`, `Short`, `TooManyParts`, and
    /// `TooManyGifts` of the receiver; nothing is changed then.
    pub fn give(
        &mut self,
        from: Address,
        person: Hash,
        to: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Vec<Taken>, LotsError> {
        let debt = self.standing(person).debt;
        crate::ensure!(debt == Amount::ZERO, LotsError::Indebted { debt });
        let Plan { mut purse, parts } =
            self.plan_of(from, Some(Class::Own), amount, now, |_| true)?;
        let gift = |key: LotKey| LotKey { purchase: 0, ..key };
        // Parts of one key come one after another and become one lot.
        let mut opened: Vec<_> = parts.iter().map(|part| gift(part.key)).collect();
        opened.dedup();
        let receiver = self.purse(to);
        opened.retain(|key| self.find(to, &receiver, key).is_none());
        let limit = GIFT_LOTS_MAX;
        let lots = u64::from(receiver.wallet.gift_lots).saturating_add(opened.len() as u64);
        let fits = opened.is_empty() || lots <= u64::from(limit);
        crate::ensure!(fits, LotsError::TooManyGifts { limit });

        for part in &parts {
            let note = |lot: &mut Lot, amount| lot.gifted = lot.gifted.saturating_add(amount);
            self.reduce(from, &mut purse, part.taken(), note)?;
        }
        self.keep(from, purse);
        // Read again: both can be one.
        let mut purse = self.purse(to);
        for Part { key, amount, price, .. } in &parts {
            let (face, paid) = price.unwrap_or_default();
            let paid = floor(*amount, paid, face).unwrap_or(Amount::ZERO);
            let part = Lot { face: *amount, paid, remaining: *amount, ..Lot::default() };
            self.join(to, &mut purse, gift(*key), &part)?;
        }
        self.keep(to, purse);
        Ok(parts.iter().map(Part::taken).collect())
    }

    /// Ends at most `limit` lots that expired, and says which. The holder's part of own money
    /// becomes its unclaimed claim; the rest, and all other money, the contract books to its
    /// source.
    pub fn expire(&mut self, holder: Address, now: TimestampMs, limit: u32) -> Vec<Ended> {
        let expired = |key: &LotKey| !is_live(now, key.expiry);
        let mut purse = self.purse(holder);
        let all = self.each(holder, &purse, None).filter(|(key, _)| expired(key));
        let over: Vec<_> = all.take(limit as usize).collect();
        let any = !over.is_empty();
        let ended = over.into_iter().map(|(key, lot)| {
            let part = Taken { key, amount: lot.remaining };
            self.drop_lot(holder, &mut purse, part);
            self.end(holder, part, lot)
        });
        let ended: Vec<_> = ended.collect();
        if any {
            self.keep(holder, purse);
        }
        // Closed lots are all of one class, so they lie in the order of their expiry.
        let closed = self.closed.under(&holder, Order::Ascending).map(|(key, _)| key);
        let over = closed.take_while(|(_, key)| expired(key)).take(limit as usize);
        for key in over.collect::<Vec<_>>() {
            self.closed.remove(&key);
        }
        ended
    }

    /// Divides what is over and cannot be spent.
    pub(super) fn end(&mut self, holder: Address, lot: Taken, price: Lot) -> Ended {
        let bought = price.bought;
        if lot.key.class != Class::Own {
            let Taken { amount, .. } = lot;
            let division = Division { amount, to_pool: amount, ..Division::default() };
            return Ended { lot, bought, division };
        }
        let division = price.divide(lot.amount);
        self.owe(holder, division.to_holder);
        Ended { lot, bought, division }
    }

    /// Moves all that a holder has to another account of the person (recovery); what that one has
    /// stays, and lots of one key become one. Costs some 15,000 gas for each lot, used up ones
    /// included: call `expire` before.
    ///
    /// # Errors
    /// `TooMuch` never for money that was issued.
    pub fn move_all(&mut self, from: Address, to: Address) -> Result<(), LotsError> {
        let (mut left, mut purse) = (self.purse(from), self.purse(to));
        for (key, lot) in self.each(from, &left, None).collect::<Vec<_>>() {
            self.close(from, &mut left, &key);
            self.join(to, &mut purse, key, &lot)?;
        }
        self.purses.remove(&from);
        for ((_, key), lot) in self.closed.under(&from, Order::Ascending).collect::<Vec<_>>() {
            self.closed.remove(&(from, key));
            if self.find(to, &purse, &key).is_some() {
                self.join(to, &mut purse, key, &lot)?;
                continue;
            }
            let key = (to, key);
            let mut closed = self.closed.get(&key).unwrap_or_default();
            closed.join(&key.1, &lot).ok_or(LotsError::TooMuch { amount: lot.face })?;
            self.closed.set(&key, &closed);
        }
        self.keep(to, purse);
        let unclaimed = self.unclaimed(from);
        self.owe(to, unclaimed);
        self.claim(from, unclaimed)
    }

    /// Adds to what a holder can claim.
    pub fn owe(&mut self, holder: Address, amount: Amount) {
        if amount != Amount::ZERO {
            self.unclaimed.at(&holder).add(amount);
        }
    }

    /// Takes from the own money that expired: the holder claimed it.
    ///
    /// # Errors
    /// `Short` when there is less; nothing is changed then.
    pub fn claim(&mut self, holder: Address, amount: Amount) -> Result<(), LotsError> {
        self.unclaimed
            .at(&holder)
            .sub(amount)
            .map_err(|short| LotsError::Short { left: short.left, wanted: short.wanted })
    }

    /// Own money that expired and was not claimed.
    #[must_use]
    pub fn unclaimed(&self, holder: Address) -> Amount {
        self.unclaimed.at(&holder).get()
    }

    /// What the holding cap is compared with (C3): own money and bonus.
    #[must_use]
    pub fn holding(&self, holder: Address) -> Amount {
        let wallet = self.wallet(holder);
        wallet.own.saturating_add(wallet.bonus)
    }

    /// The sums over what a holder has.
    #[must_use]
    pub fn wallet(&self, holder: Address) -> Wallet {
        self.purse(holder).wallet
    }

    /// What holds for a person.
    #[must_use]
    pub fn standing(&self, person: Hash) -> Standing {
        self.standings.get(&person).unwrap_or_default()
    }

    /// A page of all open lots of all holders, and of what remains of each: for who counts the
    /// money again; 254 at most.
    #[must_use]
    pub fn page(
        &self,
        after: Option<&(Address, LotKey)>,
        limit: u32,
    ) -> Page<((Address, LotKey), Lot), (Address, LotKey)> {
        let (limit, mut items) = (limit.min(PAGE_MAX) as usize, Vec::new());
        let purses = self.purses.entries(after.map(|(holder, _)| holder), Order::Ascending);
        for (holder, purse) in purses {
            let after = after.filter(|(of, _)| *of == holder).map(|(_, key)| *key);
            for (key, lot) in self.each(holder, &purse, after) {
                if after == Some(key) {
                    continue;
                }
                if items.len() >= limit {
                    let next = items.last().map(|(entry, _)| *entry);
                    return Page { items, next };
                }
                items.push(((holder, key), lot));
            }
        }
        Page { items, next: None }
    }

    /// A page of what all holders can claim.
    #[must_use]
    pub fn unclaimed_page(
        &self,
        after: Option<&Address>,
        limit: u32,
    ) -> Page<(Address, Amount), Address> {
        self.unclaimed.page(after, limit, Order::Ascending)
    }

    /// An open lot.
    #[must_use]
    pub fn lot(&self, holder: Address, key: LotKey) -> Option<Lot> {
        self.find(holder, &self.purse(holder), &key)
    }

    /// A page of a holder's open lots, in the order in which they are spent; after `after`.
    #[must_use]
    pub fn lots(&self, holder: Address, after: Option<LotKey>, limit: u32) -> Vec<(LotKey, Lot)> {
        let purse = self.purse(holder);
        let lots = self.each(holder, &purse, after).filter(|(key, _)| Some(*key) != after);
        lots.take(limit as usize).collect()
    }

    fn plan_of(
        &self,
        holder: Address,
        class: Option<Class>,
        amount: Amount,
        now: TimestampMs,
        mut permits: impl FnMut(u32) -> bool,
    ) -> Result<Plan, LotsError> {
        crate::ensure!(amount != Amount::ZERO, LotsError::Nought);
        let (purse, mut parts) = (self.purse(holder), Vec::new());
        let (mut left, mut known) = (amount, Vec::<(u32, bool)>::new());
        let (mut counted, mut covered, mut all) = (0, Amount::ZERO, Amount::ZERO);
        for (key, lot) in self.each(holder, &purse, class.map(Class::first_key)) {
            if class.is_some_and(|class| key.class != class) {
                break;
            }
            if !is_live(now, key.expiry) {
                continue;
            }
            // Many lots have few sets, and asking may be dear.
            let permitted = match known.iter().find(|(set, _)| *set == key.set) {
                Some((_, permitted)) => *permitted,
                None => {
                    known.push((key.set, permits(key.set)));
                    known.last().is_some_and(|(_, permitted)| *permitted)
                }
            };
            if !permitted {
                continue;
            }
            all = all.saturating_add(lot.remaining);
            let is_gift = key.is_gift();
            if is_gift || counted < PARTS_MAX {
                counted += usize::from(!is_gift);
                let part = left.min(lot.remaining);
                covered = covered.saturating_add(part);
                left = left.saturating_sub(part);
                parts.push(Part::of(key, part, &lot));
            }
            if left == Amount::ZERO {
                break;
            }
        }
        if left == Amount::ZERO {
            return Ok(Plan { purse, parts });
        }
        crate::ensure!(all >= amount, LotsError::Short { left: all, wanted: amount });
        let limit = PARTS_MAX as u32;
        Err(LotsError::TooManyParts { covered, wanted: amount, limit })
    }
}
