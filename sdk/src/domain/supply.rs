//! How much of a token there is (rule C16, guarantee G6).
//!
//! A running total for each class, kept by `issue` and `burn` as commutative amounts: payments do
//! not touch it, and two issues do not wait for each other. What is outstanding is read in O(1).
//!
//! A running total proves only itself (W11). So issued and burned are kept apart from what is
//! outstanding, and [`Supply::audit`] compares all three with what was counted from the holders:
//! a node's audit counts every lot at its leisure, a contract's test after every step.
//!
//! A cap is part of `issue`, so that no order of issues passes it. It is on what is outstanding;
//! for a budget, which what was burned does not fill again, see [`Supply::issue_of_total`].

use crate::{Amount, Balance, Described, Map, StorageKey};

/// Says why the supply did not change, or does not match.
#[crate::ty]
#[derive(Copy)]
pub enum SupplyError {
    /// More than may be outstanding.
    AboveCap {
        /// What is outstanding now.
        outstanding: Amount,
        /// What was to be issued.
        wanted: Amount,
        /// What may be outstanding.
        cap: Amount,
    },
    /// More was to be burned than is outstanding.
    Short {
        /// What is outstanding.
        outstanding: Amount,
        /// What was to be burned.
        wanted: Amount,
    },
    /// The books do not match what was counted.
    Mismatch {
        /// Issued less burned.
        issued_less_burned: Amount,
        /// The running total.
        outstanding: Amount,
        /// What was counted from the holders.
        counted: Amount,
    },
    /// More than may ever be issued.
    AboveTotal {
        /// What was ever issued.
        issued: Amount,
        /// What was to be issued.
        wanted: Amount,
        /// What may ever be issued.
        cap: Amount,
    },
}

/// The supply of a token by class `C`, often a `u8`: the module's one field of a contract's
/// storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::supply::Supply, native::Sandbox, prelude::*};
/// Sandbox::new().run(|_| {
///     let mut supply = Supply::<u8>::open(Place::field(0));
///     supply.issue(&0, Amount(90), Amount(100)).unwrap();
///     assert!(supply.issue(&0, Amount(11), Amount(100)).is_err());
///     supply.burn(&0, Amount(30)).unwrap();
///     assert_eq!(supply.audit(&0, Amount(60)), Ok(()));
/// });
/// ```
#[crate::composite]
pub struct Supply<C: StorageKey + Described + 'static> {
    outstanding: Map<C, Balance>,
    issued: Map<C, Balance>,
    burned: Map<C, Balance>,
}

impl<C: StorageKey + Described + 'static> Supply<C> {
    /// Books an issue.
    ///
    /// # Errors
    /// `AboveCap` when more than the cap would be outstanding; nothing is changed then.
    pub fn issue(&mut self, class: &C, amount: Amount, cap: Amount) -> Result<(), SupplyError> {
        let running = self.outstanding.at(class);
        running.add_within(amount, cap).map_err(|above| SupplyError::AboveCap {
            outstanding: above.held,
            wanted: amount,
            cap,
        })?;
        self.issued.at(class).add(amount);
        Ok(())
    }

    /// Books an issue out of a total: what was burned cannot be issued again.
    ///
    /// # Errors
    /// `AboveTotal` when more than the cap would ever have been issued; nothing is changed then.
    pub fn issue_of_total(
        &mut self,
        class: &C,
        amount: Amount,
        cap: Amount,
    ) -> Result<(), SupplyError> {
        let total = self.issued.at(class);
        total.add_within(amount, cap).map_err(|above| SupplyError::AboveTotal {
            issued: above.held,
            wanted: amount,
            cap,
        })?;
        // Never more than the total.
        self.outstanding.at(class).add(amount);
        Ok(())
    }

    /// Books an issue that other books count: what a pool gave, by what was drawn from it. An audit
    /// is told what they counted: see [`Supply::audit_with`].
    ///
    /// # Errors
    /// `AboveCap` when more than the cap would be outstanding; nothing is changed then.
    pub fn issue_counted(
        &mut self,
        class: &C,
        amount: Amount,
        cap: Amount,
    ) -> Result<(), SupplyError> {
        let running = self.outstanding.at(class);
        running.add_within(amount, cap).map_err(|above| SupplyError::AboveCap {
            outstanding: above.held,
            wanted: amount,
            cap,
        })
    }

    /// Books a burn.
    ///
    /// # Errors
    /// `Short` when less is outstanding; nothing is changed then.
    pub fn burn(&mut self, class: &C, amount: Amount) -> Result<(), SupplyError> {
        self.outstanding.at(class).sub(amount).map_err(|short| SupplyError::Short {
            outstanding: short.left,
            wanted: short.wanted,
        })?;
        self.burned.at(class).add(amount);
        Ok(())
    }

    /// What is outstanding of a class.
    #[must_use]
    pub fn outstanding(&self, class: &C) -> Amount {
        self.outstanding.at(class).get()
    }

    /// All that was ever issued of a class, without what other books count.
    #[must_use]
    pub fn issued(&self, class: &C) -> Amount {
        self.issued.at(class).get()
    }

    /// All that was ever burned of a class.
    #[must_use]
    pub fn burned(&self, class: &C) -> Amount {
        self.burned.at(class).get()
    }

    /// Compares the books of a class with what was counted from its holders.
    ///
    /// # Errors
    /// `Mismatch` unless all agree.
    pub fn audit(&self, class: &C, counted: Amount) -> Result<(), SupplyError> {
        self.audit_with(class, counted, Amount::ZERO)
    }

    /// As [`Supply::audit`], with what other books counted of all that was issued.
    ///
    /// # Errors
    /// `Mismatch` unless all agree.
    pub fn audit_with(
        &self,
        class: &C,
        counted: Amount,
        issued_elsewhere: Amount,
    ) -> Result<(), SupplyError> {
        let outstanding = self.outstanding(class);
        let issued = self.issued(class).saturating_add(issued_elsewhere);
        let issued_less_burned = issued.saturating_sub(self.burned(class));
        let agree = issued_less_burned == outstanding && outstanding == counted;
        crate::ensure!(agree, SupplyError::Mismatch { issued_less_burned, outstanding, counted });
        Ok(())
    }
}
