//! Buying, and taking the money back.

use super::{Class, Lot, LotKey, Lots, LotsError, Taken, book::OWN_LOTS_MAX};
use crate::{
    Address, Amount, TimestampMs,
    domain::{
        calendar::is_live,
        share::{WHOLE_BP, basis_points, floor},
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

/// Who gets what of a refund (C6).
#[crate::ty]
#[derive(Copy)]
pub struct Refund {
    /// What was taken from the lot.
    pub amount: Amount,
    /// What the holder gets.
    pub to_holder: Amount,
    /// What goes back to the pool.
    pub to_pool: Amount,
}

impl Lots {
    /// Books a purchase, and says under which key: the holder's next purchase.
    ///
    /// # Errors
    /// `Nought`, `BadPrice` when more is paid than bought, `Expired`, `TooManyLots` and `TooMuch`;
    /// nothing is changed then.
    pub fn buy(
        &mut self,
        holder: Address,
        face: Amount,
        paid: Amount,
        set: u32,
        expiry: TimestampMs,
        now: TimestampMs,
    ) -> Result<LotKey, LotsError> {
        crate::ensure!(face != Amount::ZERO, LotsError::Nought);
        crate::ensure!(paid <= face, LotsError::BadPrice { face, paid });
        crate::ensure!(is_live(now, expiry), LotsError::Expired { expiry, now });
        let mut wallet = self.wallet(holder);
        let limit = OWN_LOTS_MAX;
        crate::ensure!(wallet.own_lots < limit, LotsError::TooManyLots { limit });
        wallet.own = wallet.own.checked_add(face).ok_or(LotsError::TooMuch { amount: face })?;
        wallet.own_lots = wallet.own_lots.saturating_add(1);
        wallet.purchases = wallet.purchases.saturating_add(1);
        let purchase = wallet.purchases;
        let key = LotKey { class: Class::Own, expiry, programme: 0, set, purchase };
        let lot = Lot { face, paid, remaining: face, bought: now, ..Lot::default() };
        self.open.set(&(holder, key), &lot);
        self.wallets.set(&holder, &wallet);
        Ok(key)
    }

    /// Refunds what remains of a purchase; `percent` of it must be used unless it is untouched.
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
    ) -> Result<Refund, LotsError> {
        let (least, greatest) = THRESHOLD_PERCENT;
        let lawful = (least..=greatest).contains(&percent);
        crate::ensure!(lawful, LotsError::BadThreshold { percent, least, greatest });
        crate::ensure!(key.is_bought(), LotsError::NotRefundable { key });
        let lot = self.open.get(&(holder, key)).ok_or(LotsError::UnknownLot { key })?;
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
        let mut wallet = self.wallet(holder);
        let note = |lot: &mut Lot, amount| lot.refunded = lot.refunded.saturating_add(amount);
        self.reduce(holder, &mut wallet, Taken { key, amount }, note)?;
        self.wallets.set(&holder, &wallet);
        let to_holder = floor(amount, lot.paid, face).unwrap_or(Amount::ZERO);
        Ok(Refund { amount, to_holder, to_pool: amount.saturating_sub(to_holder) })
    }
}
