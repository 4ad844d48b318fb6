//! Signed readings, and what deviates from a trade.

use crate::{
    error::Error,
    state::{Market, Meter, Reading, Settlement, Signed, Slot, Trade},
    terms::{EnergyTerms, won_down, won_up},
};
use dure_sdk::{crypto::ed25519_verify, domain::share::basis_points, prelude::*};

/// Signers of a reading, and of a correction.
const LEAST: (u32, u32) = (2, 3);

impl Market {
    pub(crate) fn registered(&mut self, meter: &Meter) -> Result<u32, Error> {
        distinct(&meter.keys)?;
        let number = self.last_meter.get().saturating_add(1);
        self.last_meter.set(&number);
        self.meters.set(&number, meter);
        Ok(number)
    }

    pub(crate) fn rekeyed(
        &mut self,
        meter: u32,
        signer: usize,
        key: [u8; 32],
    ) -> Result<(), Error> {
        let mut found = self.meter_of(meter)?;
        if let Some(old) = found.keys.get_mut(signer) {
            *old = key;
        }
        distinct(&found.keys)?;
        self.meters.set(&meter, &found);
        Ok(())
    }

    /// What signers of a reading sign: it names the market, the meter and the slot, so that it is
    /// of use nowhere else.
    pub(crate) fn message(&self, cx: &Cx, meter: u32, slot: Slot, reading: &Reading) -> Vec<u8> {
        let mut message = b"dure/energy/reading".to_vec();
        message.extend_from_slice(&self.name.get().0);
        message.extend_from_slice(&cx.address().0);
        message.extend_from_slice(&meter.to_le_bytes());
        message.extend_from_slice(&slot.0.to_le_bytes());
        message.extend_from_slice(&reading.import_wh.to_le_bytes());
        message.extend_from_slice(&reading.export_wh.to_le_bytes());
        message.extend_from_slice(&reading.revision.to_le_bytes());
        message
    }

    /// Keeps a reading.
    pub(crate) fn kept(
        &mut self,
        cx: &Cx,
        meter: u32,
        slot: Slot,
        reading: &Reading,
        signatures: &[Signed],
    ) -> Result<(), Error> {
        let (now, from) = (cx.time(), slot.end());
        ensure!(now >= from, Error::NotRead { slot, from });
        let until = self.terms_of(slot)?.readings_until(slot);
        ensure!(now < until, Error::ReadingsOver { slot, until });
        let found = self.meter_of(meter)?;
        let old = self.readings.get(&(meter, slot));
        let next_revision = old.map_or(0, |old| old.revision.saturating_add(1));
        let next = reading.revision == next_revision;
        ensure!(next, Error::Replayed { meter, slot, next_revision });
        self.counts_up(meter, slot, reading)?;

        let least = if old.is_some() { LEAST.1 } else { LEAST.0 };
        let signed = signatures.len() as u32;
        ensure!(signed >= least, Error::TooFewSigned { signed, least });
        let message = self.message(cx, meter, slot, reading);
        let mut seen = [false; 3];
        for one in signatures {
            let (by, index) = (one.by, one.by as usize);
            let (Some(seen), Some(key)) = (seen.get_mut(index), found.keys.get(index)) else {
                return Err(Error::BadSignature { by });
            };
            ensure!(!*seen, Error::SignedTwice { by });
            *seen = true;
            let valid = ed25519_verify(key, &message, &one.signature);
            ensure!(valid, Error::BadSignature { by });
        }
        self.readings.set(&(meter, slot), reading);
        Ok(())
    }

    /// Whether registers are between those of the readings before and after.
    fn counts_up(&self, meter: u32, slot: Slot, reading: &Reading) -> Result<(), Error> {
        let before = self.readings.entries(Some(&(meter, slot.before())), Order::Descending).next();
        let behind = Slot(slot.0.saturating_add(1));
        let after = self.readings.entries(Some(&(meter, behind)), Order::Ascending).next();
        for (neighbour, is_before) in [(before, true), (after, false)] {
            let Some(((_, other), there)) = neighbour.filter(|((of, _), _)| *of == meter) else {
                continue;
            };
            let (lower, upper) = if is_before { (&there, reading) } else { (reading, &there) };
            let up = lower.import_wh <= upper.import_wh && lower.export_wh <= upper.export_wh;
            let (import_wh, export_wh) = (there.import_wh, there.export_wh);
            ensure!(up, Error::Backwards { meter, other, import_wh, export_wh });
        }
        Ok(())
    }

    /// Pays what a meter deviates from its trade, which was collected; says it, and what was freed
    /// and went to an older debt unless it was done before.
    pub(crate) fn settled(
        &mut self,
        slot: Slot,
        meter: u32,
        now: TimestampMs,
    ) -> Result<(Settlement, Option<(Amount, Amount)>), Error> {
        let not_traded = Error::NotTraded { slot, meter };
        let mut book = self.books.get(&(slot, meter)).ok_or(Error::NoOrder { slot, meter })?;
        if let Some(done) = book.settlement {
            return Ok((done, None));
        }
        let trade = book.trade.filter(|trade| trade.bought_wh > 0 || trade.sold_wh > 0);
        let trade = trade.ok_or(not_traded)?;
        let terms = self.terms_of(slot)?;
        let until = terms.readings_until(slot);
        ensure!(now >= until, Error::ReadingsOpen { slot, until });

        let mut settlement = self.metered(slot, meter, &terms, &trade);
        let (credit, utility) = (settlement.credit, terms.utility);
        let short = |short: Short| Error::UtilityShort { left: short.left, wanted: short.wanted };
        self.funds.at(&utility).sub(credit).map_err(short)?;
        self.funds_total.sub(credit).map_err(short)?;
        self.escrow.release(&slot, trade.deposit)?;
        let paid = self.credit(book.owner, trade.deposit.saturating_add(credit), utility);
        settlement.owed = self.charge(book.owner, settlement.charge, utility)?;
        book.settlement = Some(settlement);
        self.books.set(&(slot, meter), &book);
        Ok((settlement, Some((trade.deposit, paid))))
    }

    /// What was metered beside a trade, and what the difference costs and brings.
    fn metered(&self, slot: Slot, meter: u32, terms: &EnergyTerms, trade: &Trade) -> Settlement {
        let at = |slot: Slot| self.readings.get(&(meter, slot));
        let read = at(slot.before()).zip(at(slot));
        let (imported_wh, exported_wh) = read.map_or_else(
            || {
                (
                    part(trade.bought_wh, terms.substitute_import_bp),
                    part(trade.sold_wh, terms.substitute_export_bp),
                )
            },
            |(start, end)| {
                (
                    end.import_wh.saturating_sub(start.import_wh),
                    end.export_wh.saturating_sub(start.export_wh),
                )
            },
        );
        let shortfall = trade.sold_wh.saturating_sub(exported_wh);
        let over_use = imported_wh.saturating_sub(trade.bought_wh);
        let surplus = exported_wh.saturating_sub(trade.sold_wh);
        let under_use = trade.bought_wh.saturating_sub(imported_wh);
        Settlement {
            imported_wh,
            exported_wh,
            substituted: read.is_none(),
            charge: won_up(shortfall.saturating_add(over_use), terms.retail_mwon),
            credit: won_down(surplus.saturating_add(under_use), terms.feed_in_mwon),
            owed: Amount::ZERO,
        }
    }
}

fn distinct(keys: &[[u8; 32]; 3]) -> Result<(), Error> {
    let [meter, operator, aggregator] = keys;
    let same = meter == operator || operator == aggregator || meter == aggregator;
    ensure!(!same, Error::SameKey);
    Ok(())
}

/// So many basis points of an energy, rounded down; the terms have at most the whole.
fn part(energy_wh: u64, bp: u32) -> u64 {
    let part = basis_points(Amount(u128::from(energy_wh)), bp);
    part.and_then(|part| u64::try_from(part.0).ok()).unwrap_or(energy_wh)
}
