//! Holders and their lots.

use super::{
    Class, Division, Ended, Lot, LotKey, LotsError, Payment, PaymentId, Standing, Taken, Wallet,
};
use crate::{
    Address, Amount, Balance, Entries, Hash, Map, Order, Page, TimestampMs,
    domain::{calendar::is_live, share::floor},
};
use alloc::vec::Vec;

/// Open purchases that a holder may have.
pub(super) const BOUGHT_LOTS_MAX: u32 = 64;
/// Open gifts of different expiry or place that a holder may have.
const GIFT_LOTS_MAX: u32 = 16;
/// Lots that one payment or gift may take from, besides those that were gifts.
const PARTS_MAX: usize = 16;

/// Lots that a payment asks for at first: each costs gas, whether it is there or not.
const FIRST_LOTS: u32 = 4;

/// What a payment would take, as the lots were when it was asked.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub(super) parts: Vec<(Taken, Lot)>,
}

impl Plan {
    /// What it would take, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.parts.iter().map(|(part, _)| *part).collect()
    }

    /// What of it is own money.
    #[must_use]
    pub fn own(&self) -> Amount {
        let own = self.parts.iter().filter(|(part, _)| part.key.class == Class::Own);
        own.fold(Amount::ZERO, |sum, (part, _)| sum.saturating_add(part.amount))
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
    /// Lots of which something remains, in the order in which they are spent.
    pub(super) open: Map<(Address, LotKey), Lot>,
    /// Lots of own money that are used up, for cancels. They go when they expire.
    pub(super) closed: Map<(Address, LotKey), Lot>,
    pub(super) wallets: Map<Address, Wallet>,
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
        let mut wallet = self.wallet(holder);
        self.put(holder, &mut wallet, Taken { key, amount })?;
        self.wallets.set(&holder, &wallet);
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
        let plan = self.plan(holder, amount, now, permits)?;
        let mut wallet = self.wallet(holder);
        for (part, lot) in &plan.parts {
            self.reduce(holder, &mut wallet, *part, *lot, |_, _| {})?;
        }
        self.wallets.set(&holder, &wallet);
        Ok(plan.taken())
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
        let plan = self.plan_of(from, Some(Class::Own), amount, now, |_| true)?;
        let gift = |key: LotKey| LotKey { purchase: 0, ..key };
        // Parts of one key come one after another and become one lot.
        let mut opened: Vec<_> = plan.parts.iter().map(|(part, _)| gift(part.key)).collect();
        opened.dedup();
        opened.retain(|key| !self.open.contains(&(to, *key)));
        let limit = GIFT_LOTS_MAX;
        let lots = u64::from(self.wallet(to).gift_lots).saturating_add(opened.len() as u64);
        let fits = opened.is_empty() || lots <= u64::from(limit);
        crate::ensure!(fits, LotsError::TooManyGifts { limit });

        let mut wallet = self.wallet(from);
        for (part, lot) in &plan.parts {
            let note = |lot: &mut Lot, amount| lot.gifted = lot.gifted.saturating_add(amount);
            self.reduce(from, &mut wallet, *part, *lot, note)?;
        }
        self.wallets.set(&from, &wallet);
        let mut wallet = self.wallet(to);
        for (Taken { key, amount }, lot) in &plan.parts {
            let paid = floor(*amount, lot.paid, lot.face).unwrap_or(Amount::ZERO);
            let part = Lot { face: *amount, paid, remaining: *amount, ..Lot::default() };
            self.join(to, &mut wallet, gift(*key), &part)?;
        }
        self.wallets.set(&to, &wallet);
        Ok(plan.taken())
    }

    /// Ends at most `limit` lots that expired, and says which. The holder's part of own money
    /// becomes its unclaimed claim; the rest, and all other money, the contract books to its
    /// source.
    pub fn expire(&mut self, holder: Address, now: TimestampMs, limit: u32) -> Vec<Ended> {
        let expired = |key: &LotKey| !is_live(now, key.expiry);
        let all = self.open.under(&holder, Order::Ascending).filter(|((_, key), _)| expired(key));
        let ended: Vec<_> = all.take(limit as usize).map(|((_, key), lot)| (key, lot)).collect();
        let mut wallet = if ended.is_empty() { Wallet::default() } else { self.wallet(holder) };
        let ended = ended.into_iter().map(|(key, lot)| {
            let amount = lot.remaining;
            self.open.remove(&(holder, key));
            let sum = wallet.of_mut(key.class);
            *sum = sum.saturating_sub(amount);
            if let Some(count) = wallet.count_mut(&key) {
                *count = count.saturating_sub(1);
            }
            self.end(holder, Taken { key, amount }, lot)
        });
        let ended: Vec<_> = ended.collect();
        if !ended.is_empty() {
            self.wallets.set(&holder, &wallet);
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
        let mut wallet = self.wallet(to);
        self.wallets.remove(&from);
        for ((_, key), lot) in self.open.under(&from, Order::Ascending).collect::<Vec<_>>() {
            self.open.remove(&(from, key));
            self.join(to, &mut wallet, key, &lot)?;
        }
        self.wallets.set(&to, &wallet);
        for ((_, key), lot) in self.closed.under(&from, Order::Ascending).collect::<Vec<_>>() {
            self.closed.remove(&(from, key));
            let key = (to, key);
            let too_much = LotsError::TooMuch { amount: lot.face };
            if let Some(mut open) = self.open.get(&key) {
                open.join(&lot).ok_or(too_much)?;
                self.open.set(&key, &open);
            } else {
                let mut closed = self.closed.get(&key).unwrap_or_default();
                closed.join(&lot).ok_or(too_much)?;
                self.closed.set(&key, &closed);
            }
        }
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
        self.wallets.get(&holder).unwrap_or_default()
    }

    /// What holds for a person.
    #[must_use]
    pub fn standing(&self, person: Hash) -> Standing {
        self.standings.get(&person).unwrap_or_default()
    }

    /// A page of all open lots of all holders, and of what remains of each: for who counts the
    /// money again.
    #[must_use]
    pub fn page(
        &self,
        after: Option<&(Address, LotKey)>,
        limit: u32,
    ) -> Page<((Address, LotKey), Lot), (Address, LotKey)> {
        self.open.page(after, limit, Order::Ascending)
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
        self.open.get(&(holder, key))
    }

    /// A page of a holder's open lots, in the order in which they are spent; after `after`.
    #[must_use]
    pub fn lots(&self, holder: Address, after: Option<LotKey>, limit: u32) -> Vec<(LotKey, Lot)> {
        let from = after.unwrap_or(Class::Policy.first_key());
        let lots = self.on_from(holder, from).filter(|(key, _)| Some(*key) != after);
        lots.take(limit as usize).collect()
    }

    /// Open lots of a class, in order.
    pub(super) fn of_class(
        &self,
        holder: Address,
        class: Class,
    ) -> impl Iterator<Item = (LotKey, Lot)> {
        let lots = self.on_from(holder, class.first_key());
        lots.take_while(move |(key, _)| key.class == class)
    }

    /// Open lots from a key on.
    fn on_from(&self, holder: Address, key: LotKey) -> impl Iterator<Item = (LotKey, Lot)> {
        let lots: Entries<_, _> = self.open.entries(Some(&(holder, key)), Order::Ascending);
        let lots = lots.take_while(move |((of, _), _)| *of == holder);
        lots.map(|((_, key), lot)| (key, lot))
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
        let (mut plan, mut left, mut known) = (Plan::default(), amount, Vec::<(u32, bool)>::new());
        let (mut counted, mut covered, mut all) = (0, Amount::ZERO, Amount::ZERO);
        // All lots of a holder are asked for under its address, so that nobody else's are touched.
        let lots = match class {
            None => self.open.under(&holder, Order::Ascending).fetching(FIRST_LOTS),
            Some(class) => self.open.entries(Some(&(holder, class.first_key())), Order::Ascending),
        };
        let of_class = |key: &LotKey| class.is_none_or(|class| key.class == class);
        for ((_, key), lot) in lots.take_while(|((of, key), _)| *of == holder && of_class(key)) {
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
            let is_gift = key.class == Class::Own && !key.is_bought();
            if is_gift || counted < PARTS_MAX {
                counted += usize::from(!is_gift);
                let part = left.min(lot.remaining);
                covered = covered.saturating_add(part);
                left = left.saturating_sub(part);
                plan.parts.push((Taken { key, amount: part }, lot));
            }
            if left == Amount::ZERO {
                return Ok(plan);
            }
        }
        crate::ensure!(all >= amount, LotsError::Short { left: all, wanted: amount });
        let limit = PARTS_MAX as u32;
        Err(LotsError::TooManyParts { covered, wanted: amount, limit })
    }

    /// Takes from one lot, which is as given, and closes it when nothing remains.
    pub(super) fn reduce(
        &mut self,
        holder: Address,
        wallet: &mut Wallet,
        part: Taken,
        mut lot: Lot,
        note: impl FnOnce(&mut Lot, Amount),
    ) -> Result<(), LotsError> {
        let Taken { key, amount } = part;
        let short = LotsError::Short { left: lot.remaining, wanted: amount };
        lot.remaining = lot.remaining.checked_sub(amount).ok_or(short)?;
        if key.is_bought() {
            note(&mut lot, amount);
        }
        if lot.remaining == Amount::ZERO {
            self.open.remove(&(holder, key));
            if let Some(count) = wallet.count_mut(&key) {
                self.closed.set(&(holder, key), &lot);
                *count = count.saturating_sub(1);
            }
        } else {
            self.open.set(&(holder, key), &lot);
        }
        let sum = wallet.of_mut(key.class);
        *sum = sum.saturating_sub(amount);
        Ok(())
    }

    /// Adds to one lot, and opens it when it is not open: one that was used up with its price.
    pub(super) fn put(
        &mut self,
        holder: Address,
        wallet: &mut Wallet,
        part: Taken,
    ) -> Result<(), LotsError> {
        let lot = Lot { remaining: part.amount, ..Lot::default() };
        self.join(holder, wallet, part.key, &lot)
    }

    /// As `put`, with a price of its own.
    pub(super) fn join(
        &mut self,
        holder: Address,
        wallet: &mut Wallet,
        key: LotKey,
        part: &Lot,
    ) -> Result<(), LotsError> {
        let too_much = LotsError::TooMuch { amount: part.remaining };
        let sum = wallet.of_mut(key.class);
        *sum = sum.checked_add(part.remaining).ok_or(too_much)?;
        let entry = (holder, key);
        let mut lot = match (self.open.get(&entry), wallet.count_mut(&key)) {
            (Some(lot), _) => lot,
            (None, Some(count)) => {
                *count = count.saturating_add(1);
                let closed = self.closed.get(&entry);
                if closed.is_some() {
                    self.closed.remove(&entry);
                }
                closed.unwrap_or_default()
            }
            (None, None) => Lot::default(),
        };
        lot.join(part).ok_or(too_much)?;
        self.open.set(&entry, &lot);
        Ok(())
    }
}
