//! Buying, and taking the money back.

use super::{Class, Division, Lot, LotKey, Lots, LotsError, Taken, book::BOUGHT_LOTS_MAX};
use crate::{
    Address, Amount, Hash, TimestampMs,
    domain::{
        calendar::is_live,
        share::{WHOLE_BP, basis_points},
    },
};

/// The least and the greatest share, in percent, that an ordinance may ask to be used before a
/// refund (correction W1).
const THRESHOLD_PERCENT: (u32, u32) = (60, 80);

/// What a purchase costs (C1).
#[crate::ty]
#[derive(Copy)]
pub struct Price {
    /// What is bought.
    pub face: Amount,
    /// What the buyer pays.
    pub paid: Amount,
    /// What the pool adds.
    pub subsidy: Amount,
}

impl Price {
    /// `subsidy = floor(face x bp / 10,000)`, `paid = face - subsidy`.
    ///
    /// # Errors
    /// `BadPrice` for more than 10,000 basis points.
    ///
    /// # Example
    /// ```
    /// use dure_sdk::{Amount, domain::lots::Price};
    /// let price = Price::of(Amount(50_000), 600).unwrap();
    /// assert_eq!(price.paid, Amount(47_000));
    /// ```
    pub fn of(face: Amount, subsidy_bp: u32) -> Result<Self, LotsError> {
        let subsidy = basis_points(face, subsidy_bp).filter(|_| subsidy_bp <= WHOLE_BP);
        let subsidy = subsidy.ok_or(LotsError::BadPrice { face, paid: Amount::ZERO })?;
        Ok(Self { face, paid: face.saturating_sub(subsidy), subsidy })
    }
}

/// What is bought, and for how much.
#[derive(Clone, Copy, Debug)]
pub struct Purchase {
    /// What is bought.
    pub face: Amount,
    /// What is paid for it, less the bonus.
    pub paid: Amount,
    /// The bonus that comes with it: it stays when the purchase is refunded, and is kept back.
    pub bonus: Amount,
    /// Where it may be spent.
    pub set: u32,
    /// When it is over.
    pub expiry: TimestampMs,
}

impl Lots {
    /// Books a purchase, and says under which key: the person's next purchase.
    ///
    /// # Errors
    /// `Nought`, `BadPrice` when more is paid than bought, `Expired`, `TooManyLots` and `TooMuch`;
    /// nothing is changed then.
    pub fn buy(
        &mut self,
        holder: Address,
        person: Hash,
        purchase: &Purchase,
        now: TimestampMs,
    ) -> Result<LotKey, LotsError> {
        let Purchase { face, paid, bonus, set, expiry } = *purchase;
        crate::ensure!(face != Amount::ZERO, LotsError::Nought);
        crate::ensure!(paid <= face, LotsError::BadPrice { face, paid });
        crate::ensure!(is_live(now, expiry), LotsError::Expired { expiry, now });
        let (mut purse, mut standing) = (self.purse(holder), self.standing(person));
        let limit = BOUGHT_LOTS_MAX;
        crate::ensure!(purse.wallet.bought_lots < limit, LotsError::TooManyLots { limit });
        standing.purchases = standing.purchases.saturating_add(1);
        let number = standing.purchases;
        let key = LotKey { class: Class::Own, expiry, programme: 0, set, purchase: number };
        let lot = Lot { face, paid, bonus, remaining: face, bought: now, ..Lot::default() };
        self.join(holder, &mut purse, key, &lot)?;
        self.keep(holder, purse);
        self.standings.set(&person, &standing);
        Ok(key)
    }

    /// Refunds what remains of a purchase, and says who gets what (C6); `percent` of it must be
    /// used unless it is untouched. The holder's part pays a debt first: see [`Lots::pay_debt`].
    ///
    /// # Errors
    /// `BadThreshold`, `NotRefundable`, `UnknownLot`, `Expired` and `UsedTooLittle`; nothing is
    /// changed then.
    pub fn refund(
        &mut self,
        holder: Address,
        key: LotKey,
        percent: u32,
        now: TimestampMs,
    ) -> Result<Division, LotsError> {
        let (least, greatest) = THRESHOLD_PERCENT;
        let lawful = (least..=greatest).contains(&percent);
        crate::ensure!(lawful, LotsError::BadThreshold { percent, least, greatest });
        crate::ensure!(key.is_bought(), LotsError::NotRefundable { key });
        let mut purse = self.purse(holder);
        let lot = self.find(holder, &purse, &key).ok_or(LotsError::UnknownLot { key })?;
        let expiry = key.expiry;
        crate::ensure!(is_live(now, expiry), LotsError::Expired { expiry, now });
        let (face, amount) = (lot.face, lot.remaining);
        let used = face.saturating_sub(amount);
        let used = used.saturating_sub(lot.gifted).saturating_sub(lot.refunded);
        let share = |amount: Amount, percent| amount.checked_mul(percent);
        let enough = match (share(used, 100), share(face, u128::from(percent))) {
            (Some(used), Some(least)) => used >= least,
            // So large that percents do not fit: compare by hundredths, rounded against the holder.
            _ => used.0 / 100 > face.0 / 100 * u128::from(percent) / 100,
        };
        let refused = LotsError::UsedTooLittle { used, face, percent };
        crate::ensure!(amount == face || enough, refused);
        let note = |lot: &mut Lot, amount| lot.refunded = lot.refunded.saturating_add(amount);
        self.reduce(holder, &mut purse, Taken { key, amount }, note)?;
        self.keep(holder, purse);
        Ok(lot.divide(amount))
    }

    /// Takes off a person's debt what can be paid of it, and says how much that is: it goes to the
    /// pool. For all that would leave for the holder's pocket: a refund, or a claim.
    pub fn pay_debt(&mut self, person: Hash, with: Amount) -> Amount {
        let mut standing = self.standing(person);
        let paid = standing.debt.min(with);
        if paid != Amount::ZERO {
            standing.debt = standing.debt.saturating_sub(paid);
            self.standings.set(&person, &standing);
        }
        paid
    }
}
