//! A holder's lots, as they are stored.
//!
//! The first lots in the order of spending lie in one entry with the sums over all of them: the
//! *front*. A payment of the usual holder reads and writes that entry and no other lot. The rest
//! lie behind it, an entry each, so that who has many lots pays for those alone that are touched.
//!
//! **Invariant.** The front has the first eight lots, or all of them: what is stored says which
//! lots there are, not how they came.

use super::{Class, Lot, LotKey, Lots, LotsError, Taken, Wallet};
use crate::{Address, Amount, Order, TimestampMs};
use alloc::vec::Vec;

/// Lots of the front.
const FRONT_MAX: usize = 8;
/// Lots behind the front that are asked for at first: each costs gas, whether it is there or not.
const FIRST_LOTS: u32 = 4;

/// What a holder has.
#[crate::ty]
#[derive(Default)]
pub(super) struct Purse {
    /// The sums over all lots.
    pub(super) wallet: Wallet,
    /// How many lie behind the front.
    #[codec(compact)]
    behind: u32,
    /// Ascending by key.
    front: Vec<Held>,
}

/// A lot of the front: what is nought of all but own money takes no room.
#[crate::ty]
#[derive(Copy)]
struct Held {
    key: LotKey,
    #[codec(compact)]
    remaining: Amount,
    origin: Option<Origin>,
}

/// What is known of own money: see [`Lot`].
#[crate::ty]
#[derive(Copy)]
struct Origin {
    #[codec(compact)]
    face: Amount,
    #[codec(compact)]
    paid: Amount,
    #[codec(compact)]
    bonus: Amount,
    #[codec(compact)]
    gifted: Amount,
    #[codec(compact)]
    refunded: Amount,
    bought: TimestampMs,
}

impl Held {
    fn new(key: LotKey, lot: &Lot) -> Self {
        let Lot { face, paid, bonus, remaining, gifted, refunded, bought } = *lot;
        let origin = (key.class == Class::Own).then_some(Origin {
            face,
            paid,
            bonus,
            gifted,
            refunded,
            bought,
        });
        Self { key, remaining, origin }
    }

    fn lot(&self) -> Lot {
        let remaining = self.remaining;
        let Some(origin) = self.origin else { return Lot { remaining, ..Lot::default() } };
        let Origin { face, paid, bonus, gifted, refunded, bought } = origin;
        Lot { face, paid, bonus, remaining, gifted, refunded, bought }
    }
}

impl Purse {
    fn position(&self, key: &LotKey) -> Result<usize, usize> {
        self.front.binary_search_by(|held| held.key.cmp(key))
    }

    /// Whether a lot of this key lies in the front, if there is one.
    fn is_front(&self, key: &LotKey) -> bool {
        self.behind == 0 || self.front.last().is_some_and(|last| *key <= last.key)
    }
}

impl Lots {
    pub(super) fn purse(&self, holder: Address) -> Purse {
        self.purses.get(&holder).unwrap_or_default()
    }

    /// Stores a purse, its front full or alone.
    pub(super) fn keep(&mut self, holder: Address, mut purse: Purse) {
        while purse.front.len() > FRONT_MAX {
            let Some(last) = purse.front.pop() else { break };
            self.open.set(&(holder, last.key), &last.lot());
            purse.behind = purse.behind.saturating_add(1);
        }
        let room = FRONT_MAX.saturating_sub(purse.front.len());
        if purse.behind != 0 && room != 0 {
            let first = self.open.under(&holder, Order::Ascending).fetching(room as u32);
            for ((_, key), lot) in first.take(room).collect::<Vec<_>>() {
                self.open.remove(&(holder, key));
                purse.behind = purse.behind.saturating_sub(1);
                purse.front.push(Held::new(key, &lot));
            }
        }
        self.purses.set(&holder, &purse);
    }

    /// An open lot.
    pub(super) fn find(&self, holder: Address, purse: &Purse, key: &LotKey) -> Option<Lot> {
        match purse.position(key) {
            Ok(at) => purse.front.get(at).map(Held::lot),
            Err(_) if purse.is_front(key) => None,
            Err(_) => self.open.get(&(holder, *key)),
        }
    }

    /// The open lots in the order in which they are spent, from a key on.
    pub(super) fn each(
        &self,
        holder: Address,
        purse: &Purse,
        from: Option<LotKey>,
    ) -> impl Iterator<Item = (LotKey, Lot)> {
        let front = purse.front.iter().map(|held| (held.key, held.lot()));
        let front = front.filter(move |(key, _)| from.is_none_or(|from| *key >= from));
        let behind = (purse.behind != 0).then(|| {
            // Under the holder's address, so that nobody else's are touched.
            let own = match from {
                None => self.open.under(&holder, Order::Ascending),
                Some(key) => self.open.under_from(&holder, &(holder, key), Order::Ascending),
            };
            own.fetching(FIRST_LOTS).map(|((_, key), lot)| (key, lot))
        });
        front.chain(behind.into_iter().flatten())
    }

    /// Writes a lot; `known` is whether it was open before.
    fn write(&mut self, holder: Address, purse: &mut Purse, key: LotKey, lot: &Lot, known: bool) {
        match purse.position(&key) {
            Ok(at) => {
                if let Some(held) = purse.front.get_mut(at) {
                    *held = Held::new(key, lot);
                }
            }
            Err(at) if purse.is_front(&key) => purse.front.insert(at, Held::new(key, lot)),
            Err(_) => {
                self.open.set(&(holder, key), lot);
                purse.behind = purse.behind.saturating_add(u32::from(!known));
            }
        }
    }

    /// Removes a lot that is open.
    pub(super) fn close(&mut self, holder: Address, purse: &mut Purse, key: &LotKey) {
        if let Ok(at) = purse.position(key) {
            purse.front.remove(at);
        } else {
            self.open.remove(&(holder, *key));
            purse.behind = purse.behind.saturating_sub(1);
        }
    }

    /// Takes all that remains of a lot out of the sums, and removes it.
    pub(super) fn drop_lot(&mut self, holder: Address, purse: &mut Purse, lot: Taken) {
        let Taken { key, amount } = lot;
        self.close(holder, purse, &key);
        let sum = purse.wallet.of_mut(key.class);
        *sum = sum.saturating_sub(amount);
        if let Some(count) = purse.wallet.count_mut(&key) {
            *count = count.saturating_sub(1);
        }
    }

    /// Takes from one lot, and closes it when nothing remains.
    pub(super) fn reduce(
        &mut self,
        holder: Address,
        purse: &mut Purse,
        part: Taken,
        note: impl FnOnce(&mut Lot, Amount),
    ) -> Result<(), LotsError> {
        let Taken { key, amount } = part;
        let mut lot = self.find(holder, purse, &key).ok_or(LotsError::UnknownLot { key })?;
        let short = LotsError::Short { left: lot.remaining, wanted: amount };
        lot.remaining = lot.remaining.checked_sub(amount).ok_or(short)?;
        if key.is_bought() {
            note(&mut lot, amount);
        }
        if lot.remaining == Amount::ZERO {
            if key.is_bought() {
                self.closed.set(&(holder, key), &lot);
            }
            self.drop_lot(holder, purse, part);
            return Ok(());
        }
        self.write(holder, purse, key, &lot, true);
        let sum = purse.wallet.of_mut(key.class);
        *sum = sum.saturating_sub(amount);
        Ok(())
    }

    /// Adds to one lot at its price, and opens it when it is not open: a purchase that was used up
    /// with its price.
    pub(super) fn put(
        &mut self,
        holder: Address,
        purse: &mut Purse,
        part: Taken,
    ) -> Result<(), LotsError> {
        let lot = Lot { remaining: part.amount, ..Lot::default() };
        self.join(holder, purse, part.key, &lot)
    }

    /// As `put`, with a price of its own.
    pub(super) fn join(
        &mut self,
        holder: Address,
        purse: &mut Purse,
        key: LotKey,
        part: &Lot,
    ) -> Result<(), LotsError> {
        let too_much = LotsError::TooMuch { amount: part.remaining };
        let sum = purse.wallet.of_mut(key.class);
        *sum = sum.checked_add(part.remaining).ok_or(too_much)?;
        let found = self.find(holder, purse, &key);
        let mut lot = match (found, purse.wallet.count_mut(&key)) {
            (Some(lot), _) => lot,
            (None, Some(count)) => {
                *count = count.saturating_add(1);
                let entry = (holder, key);
                let closed = if key.is_bought() { self.closed.get(&entry) } else { None };
                if closed.is_some() {
                    self.closed.remove(&entry);
                }
                closed.unwrap_or_default()
            }
            (None, None) => Lot::default(),
        };
        lot.join(&key, part).ok_or(too_much)?;
        self.write(holder, purse, key, &lot, found.is_some());
        Ok(())
    }
}
