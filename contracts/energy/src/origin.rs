//! Certificates of origin: one for each whole MWh that a renewable meter fed in, retired once.

use crate::{
    error::Error,
    state::{Certificate, Market, Slot},
};
use dure_sdk::prelude::*;

/// Energy of a certificate.
pub const CERTIFICATE_WH: u64 = 1_000_000;
/// Certificates that one call makes.
pub const MINT_MAX: u64 = 64;

impl Market {
    /// What a meter fed in from its first reading, whose slot is said, to that at the end of a
    /// slot.
    pub(crate) fn fed_in(&self, meter: u32, slot: Slot) -> Result<(Slot, u64), Error> {
        let no_reading = Error::NoReading { meter, slot };
        let last = self.readings.get(&(meter, slot));
        let first = self.readings.under(&meter, Order::Ascending).next();
        let (Some(last), Some(((_, since), first))) = (last, first) else { return Err(no_reading) };
        Ok((since, last.export_wh.saturating_sub(first.export_wh)))
    }

    /// Makes what a meter earned until the end of a slot whose readings can no longer change, at
    /// most 64; says whose, the first and how many.
    pub(crate) fn made(
        &mut self,
        meter: u32,
        slot: Slot,
        now: TimestampMs,
    ) -> Result<(Address, u64, u32), Error> {
        let found = self.meter_of(meter)?;
        ensure!(found.renewable, Error::NotRenewable { meter });
        let (since, metered_wh) = self.fed_in(meter, slot)?;
        for slot in [since, slot] {
            let until = self.terms_of(slot)?.readings_until(slot);
            ensure!(now >= until, Error::ReadingsOpen { slot, until });
        }
        let minted = self.minted.get(&meter).unwrap_or(0);
        let count = (metered_wh / CERTIFICATE_WH).saturating_sub(minted).min(MINT_MAX);
        ensure!(count > 0, Error::NothingToMint { minted, metered_wh });
        let (holder, last) = (found.owner, minted.saturating_add(count));
        for number in minted + 1..=last {
            self.certificates.set(&(meter, number), &Certificate { holder, retired: None });
        }
        self.minted.set(&meter, &last);
        // At most 64.
        Ok((holder, minted + 1, count as u32))
    }

    /// A certificate that its holder can still pass on or retire.
    pub(crate) fn live_certificate(
        &self,
        meter: u32,
        number: u64,
        by: Address,
    ) -> Result<Certificate, Error> {
        let found = self.certificates.get(&(meter, number));
        let found = found.ok_or(Error::NoCertificate { meter, number })?;
        let holder = found.holder;
        ensure!(holder == by, Error::NotHolder { holder });
        match found.retired {
            Some(claim) => Err(Error::Retired { claim }),
            None => Ok(found),
        }
    }
}
