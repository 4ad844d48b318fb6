//! Gift vouchers with a bug to switch on, which only payments that are accepted show: the last of a
//! voucher, which leaves nothing of it, loses the odd won of its fee.
//!
//! A payment needs much at once: the holder, a merchant who is open, an amount that the voucher has
//! left, a day before it expires.
#![no_std]

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod gift {
    use dure_sdk::prelude::*;

    /// The least payment.
    pub const LEAST: Amount = Amount(100);
    /// The fee of a payment, in hundredths of a percent.
    const FEE: u128 = 150;

    #[storage]
    pub struct Gift {
        bug: Item<bool>,
        issuer: Item<Address>,
        open: Map<Address, bool>,
        vouchers: Map<u64, Voucher>,
        last: Item<u64>,
        owed: Map<Address, Balance>,
        /// What was paid in for vouchers and not paid out.
        cash: Balance,
    }

    /// A voucher.
    #[dure::ty]
    #[derive(Copy)]
    pub struct Voucher {
        pub holder: Address,
        pub left: Amount,
        pub expires: TimestampMs,
    }

    #[error]
    #[derive(Copy)]
    pub enum Error {
        NotIssuer,
        NoVoucher,
        NotHolder { holder: Address },
        Closed,
        Expired { at: TimestampMs },
        NotExpired { at: TimestampMs },
        TooLittle,
        TooMuch { left: Amount },
    }

    impl Gift {
        #[init]
        pub fn new(&mut self, cx: &Cx, bug: bool) {
            self.bug.set(&bug);
            self.issuer.set(&cx.caller());
            self.last.set(&0);
        }

        /// Lets a merchant take vouchers, or no longer.
        #[call]
        pub fn set_open(&mut self, cx: &Cx, merchant: Address, open: bool) -> Result<(), Error> {
            self.only_issuer(cx)?;
            self.open.set(&merchant, &open);
            Ok(())
        }

        #[call]
        pub fn issue(
            &mut self,
            cx: &Cx,
            holder: Address,
            value: Amount,
            expires: TimestampMs,
        ) -> Result<u64, Error> {
            self.only_issuer(cx)?;
            ensure!(value >= LEAST, Error::TooLittle);
            ensure!(value <= Amount(500_000), Error::TooMuch { left: Amount(500_000) });
            ensure!(cx.time() < expires, Error::Expired { at: expires });
            let voucher = self.last.get() + 1;
            self.last.set(&voucher);
            self.vouchers.set(&voucher, &Voucher { holder, left: value, expires });
            self.cash.add(value);
            Ok(voucher)
        }

        #[call]
        pub fn give(&mut self, cx: &Cx, voucher: u64, to: Address) -> Result<(), Error> {
            let mut found = self.held(cx, voucher)?;
            found.holder = to;
            self.vouchers.set(&voucher, &found);
            Ok(())
        }

        /// Pays a merchant: half of the fee is the issuer's, half the community's.
        #[call]
        pub fn pay(
            &mut self,
            cx: &Cx,
            voucher: u64,
            merchant: Address,
            amount: Amount,
        ) -> Result<(), Error> {
            let mut found = self.held(cx, voucher)?;
            ensure!(self.open.get(&merchant) == Some(true), Error::Closed);
            ensure!(cx.time() < found.expires, Error::Expired { at: found.expires });
            ensure!(amount >= LEAST, Error::TooLittle);
            let left = found.left;
            found.left = left.checked_sub(amount).ok_or(Error::TooMuch { left })?;
            self.vouchers.set(&voucher, &found);
            let fee = amount.0 * FEE / 10_000;
            let half = fee / 2;
            let other =
                if self.bug.get() && found.left == Amount::ZERO { half } else { fee - half };
            self.owed.at(&merchant).add(Amount(amount.0 - fee));
            self.owed.at(&self.issuer.get()).add(Amount(half));
            self.owed.at(&cx.address()).add(Amount(other));
            Ok(())
        }

        /// Takes out what the caller is owed.
        #[call]
        pub fn collect(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            ensure!(amount > Amount::ZERO, Error::TooLittle);
            let owed = self.owed.at(&cx.caller());
            owed.sub(amount).map_err(|short| Error::TooMuch { left: short.left })?;
            self.cash.sub(amount).map_err(|short| Error::TooMuch { left: short.left })
        }

        /// What is left of a voucher that expired falls to the issuer.
        #[call]
        pub fn take_back(&mut self, cx: &Cx, voucher: u64) -> Result<(), Error> {
            self.only_issuer(cx)?;
            let mut found = self.vouchers.get(&voucher).ok_or(Error::NoVoucher)?;
            ensure!(cx.time() >= found.expires, Error::NotExpired { at: found.expires });
            self.owed.at(&cx.caller()).add(found.left);
            found.left = Amount::ZERO;
            self.vouchers.set(&voucher, &found);
            Ok(())
        }

        /// Whether what is left of vouchers and what is owed is the cash.
        #[query]
        pub fn is_conserved(&self) -> bool {
            let owed = self.owed.amounts(None, Order::Ascending).map(|(_, amount)| amount);
            let left = self.vouchers.entries(None, Order::Ascending).map(|(_, found)| found.left);
            let sum = owed.chain(left).try_fold(Amount::ZERO, Amount::checked_add);
            sum == Some(self.cash.get())
        }
    }

    impl Gift {
        fn only_issuer(&self, cx: &Cx) -> Result<(), Error> {
            ensure!(cx.caller() == self.issuer.get(), Error::NotIssuer);
            Ok(())
        }

        fn held(&self, cx: &Cx, voucher: u64) -> Result<Voucher, Error> {
            let found = self.vouchers.get(&voucher).ok_or(Error::NoVoucher)?;
            ensure!(found.holder == cx.caller(), Error::NotHolder { holder: found.holder });
            Ok(found)
        }
    }
}
