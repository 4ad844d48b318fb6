//! Holders and their lots.

use super::{Class, Lot, LotKey, LotsError, Payment, PaymentId, Taken, Wallet};
use crate::{
    Address, Amount, Balance, Entries, Map, Order, TimestampMs, domain::calendar::is_live,
};
use alloc::vec::Vec;

/// Open lots of own money that a holder may have.
pub(super) const OWN_LOTS_MAX: u32 = 64;
/// Lots that one payment or gift may take from.
const PARTS_MAX: usize = 16;

/// Lots of holders: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::lots::{Class, LotKey, Lots}, native::Sandbox, prelude::*};
/// let (ana, now, expiry) = (Address([1; 32]), TimestampMs(1_000), TimestampMs(9_000));
/// Sandbox::new().run(|_| {
///     let mut lots = Lots::open(Place::field(0));
///     let bought = lots.buy(ana, Amount(100), Amount(94), 0, expiry, now).unwrap();
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
    /// Bought lots that are used up, for cancels. They go when they expire.
    pub(super) closed: Map<(Address, LotKey), Lot>,
    pub(super) wallets: Map<Address, Wallet>,
    /// Own money that expired and can be claimed.
    pub(super) unclaimed: Map<Address, Balance>,
    pub(super) payments: Map<PaymentId, Payment>,
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
        let taken = self.plan(holder, None, amount, now, permits)?;
        let mut wallet = self.wallet(holder);
        for part in &taken {
            self.reduce(holder, &mut wallet, *part, |_, _| {})?;
        }
        self.wallets.set(&holder, &wallet);
        Ok(taken)
    }

    /// What [`Lots::take`] would take: for a wallet that asks before it pays.
    ///
    /// # Errors
    /// `Nought`, `Short` and `TooManyParts`.
    pub fn would_take(
        &self,
        holder: Address,
        amount: Amount,
        now: TimestampMs,
        permits: impl FnMut(u32) -> bool,
    ) -> Result<Vec<Taken>, LotsError> {
        self.plan(holder, None, amount, now, permits)
    }

    /// Gives own money to another holder, with its expiry and its set.
    ///
    /// # Errors
    /// `Nought`, `Short`, `TooManyParts`, and `TooManyLots` of the receiver; nothing is changed
    /// then.
    pub fn give(
        &mut self,
        from: Address,
        to: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Vec<Taken>, LotsError> {
        let taken = self.plan(from, Some(Class::Own), amount, now, |_| true)?;
        let received: Vec<_> = taken
            .iter()
            .map(|part| Taken { key: LotKey { purchase: 0, ..part.key }, amount: part.amount })
            .collect();
        // Parts of one key come one after another and become one lot.
        let mut opened: Vec<_> = received.iter().map(|part| part.key).collect();
        opened.dedup();
        opened.retain(|key| !self.open.contains(&(to, *key)));
        let limit = OWN_LOTS_MAX;
        let lots = u64::from(self.wallet(to).own_lots).saturating_add(opened.len() as u64);
        crate::ensure!(lots <= u64::from(limit), LotsError::TooManyLots { limit });

        let mut wallet = self.wallet(from);
        for part in &taken {
            let gift = |lot: &mut Lot, amount| lot.gifted = lot.gifted.saturating_add(amount);
            self.reduce(from, &mut wallet, *part, gift)?;
        }
        self.wallets.set(&from, &wallet);
        let mut wallet = self.wallet(to);
        for part in received {
            self.put(to, &mut wallet, part)?;
        }
        self.wallets.set(&to, &wallet);
        Ok(taken)
    }

    /// Ends at most `limit` lots that expired, and says which. Own money becomes the holder's
    /// unclaimed claim; the rest the contract books to its source.
    pub fn expire(&mut self, holder: Address, now: TimestampMs, limit: u32) -> Vec<Taken> {
        let expired = |key: &LotKey| !is_live(now, key.expiry);
        let all = self.open.under(&holder, Order::Ascending).filter(|((_, key), _)| expired(key));
        let ended = all.map(|((_, key), lot)| Taken { key, amount: lot.remaining });
        let ended: Vec<_> = ended.take(limit as usize).collect();
        let mut wallet = self.wallet(holder);
        for Taken { key, amount } in &ended {
            self.open.remove(&(holder, *key));
            let sum = wallet.of_mut(key.class);
            *sum = sum.saturating_sub(*amount);
            if key.class == Class::Own {
                wallet.own_lots = wallet.own_lots.saturating_sub(1);
                self.unclaimed.at(&holder).add(*amount);
            }
        }
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

    /// Moves all that a holder has to a fresh account (recovery). Costs a few writes for each lot,
    /// closed ones included: call `expire` before.
    ///
    /// # Errors
    /// `NotFresh` when the other account has ever held lots; nothing is changed then.
    pub fn move_all(&mut self, from: Address, to: Address) -> Result<(), LotsError> {
        crate::ensure!(!self.wallets.contains(&to), LotsError::NotFresh);
        self.wallets.set(&to, &self.wallet(from));
        self.wallets.remove(&from);
        for ((_, key), lot) in self.open.under(&from, Order::Ascending).collect::<Vec<_>>() {
            self.open.set(&(to, key), &lot);
            self.open.remove(&(from, key));
        }
        for ((_, key), lot) in self.closed.under(&from, Order::Ascending).collect::<Vec<_>>() {
            self.closed.set(&(to, key), &lot);
            self.closed.remove(&(from, key));
        }
        let unclaimed = self.unclaimed(from);
        self.unclaimed.at(&to).add(unclaimed);
        self.claim(from, unclaimed)
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

    /// What a payment of this amount would take.
    fn plan(
        &self,
        holder: Address,
        class: Option<Class>,
        amount: Amount,
        now: TimestampMs,
        mut permits: impl FnMut(u32) -> bool,
    ) -> Result<Vec<Taken>, LotsError> {
        crate::ensure!(amount != Amount::ZERO, LotsError::Nought);
        let (mut taken, mut left, mut known) = (Vec::new(), amount, Vec::<(u32, bool)>::new());
        let (mut covered, mut all) = (Amount::ZERO, Amount::ZERO);
        let lots = self.on_from(holder, class.unwrap_or(Class::Policy).first_key());
        let lots = lots.take_while(|(key, _)| class.is_none_or(|class| key.class == class));
        for (key, lot) in lots {
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
            if taken.len() < PARTS_MAX {
                let part = left.min(lot.remaining);
                covered = covered.saturating_add(part);
                left = left.saturating_sub(part);
                taken.push(Taken { key, amount: part });
            }
            if left == Amount::ZERO {
                return Ok(taken);
            }
        }
        crate::ensure!(all >= amount, LotsError::Short { left: all, wanted: amount });
        let limit = PARTS_MAX as u32;
        Err(LotsError::TooManyParts { covered, wanted: amount, limit })
    }

    /// Takes from one lot, and closes it when nothing remains.
    pub(super) fn reduce(
        &mut self,
        holder: Address,
        wallet: &mut Wallet,
        part: Taken,
        note: impl FnOnce(&mut Lot, Amount),
    ) -> Result<(), LotsError> {
        let Taken { key, amount } = part;
        let mut lot = self.open.get(&(holder, key)).ok_or(LotsError::UnknownLot { key })?;
        let short = LotsError::Short { left: lot.remaining, wanted: amount };
        lot.remaining = lot.remaining.checked_sub(amount).ok_or(short)?;
        if key.is_bought() {
            note(&mut lot, amount);
        }
        if lot.remaining == Amount::ZERO {
            self.open.remove(&(holder, key));
            if key.is_bought() {
                self.closed.set(&(holder, key), &lot);
            }
            if key.class == Class::Own {
                wallet.own_lots = wallet.own_lots.saturating_sub(1);
            }
        } else {
            self.open.set(&(holder, key), &lot);
        }
        let sum = wallet.of_mut(key.class);
        *sum = sum.saturating_sub(amount);
        Ok(())
    }

    /// Adds to one lot, and opens it when it is not open.
    pub(super) fn put(
        &mut self,
        holder: Address,
        wallet: &mut Wallet,
        part: Taken,
    ) -> Result<(), LotsError> {
        let Taken { key, amount } = part;
        let too_much = LotsError::TooMuch { amount };
        let sum = wallet.of_mut(key.class);
        *sum = sum.checked_add(amount).ok_or(too_much)?;
        let open = self.open.get(&(holder, key));
        if open.is_none() && key.class == Class::Own {
            wallet.own_lots = wallet.own_lots.saturating_add(1);
        }
        let mut lot = match open {
            Some(lot) => lot,
            None if key.is_bought() => {
                let lot = self.closed.get(&(holder, key)).unwrap_or_default();
                self.closed.remove(&(holder, key));
                lot
            }
            None => Lot::default(),
        };
        // No lot is above the sum of its class.
        lot.remaining = lot.remaining.checked_add(amount).ok_or(too_much)?;
        self.open.set(&(holder, key), &lot);
        Ok(())
    }
}
