//! Gifts, spends and refunds.

use crate::{
    error::Error,
    state::{Campaign, Donation, Donations, Payees, Purpose, Spend, Stage, Track},
};
use dure_sdk::{
    crypto::blake3,
    domain::{calendar::Day, trace::cut},
    prelude::*,
    standard::TokenClient,
};
use merchants::merchants::RegistryPublished;

/// How a gift is known: by its donor and the id that the donor chose.
#[must_use]
pub fn donation_of(donor: Address, id: Hash) -> Hash {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&donor.0);
    bytes[32..].copy_from_slice(&id.0);
    blake3(&bytes)
}

impl Donations {
    /// The gift that came under this name before.
    pub(crate) fn given_before(
        &self,
        donation: Hash,
        campaign: u32,
        line: Option<u8>,
        amount: Amount,
    ) -> Result<Option<Donation>, Error> {
        let Some(found) = self.donations.get(&donation) else { return Ok(None) };
        let same = (found.campaign, found.line, found.amount) == (campaign, line, amount);
        let Donation { campaign, line, amount, .. } = found;
        ensure!(same, Error::OtherDonation { campaign, line, amount });
        Ok(Some(found))
    }

    pub(crate) fn book_gift(
        &mut self,
        donation: Hash,
        donor: Address,
        campaign: u32,
        line: Option<u8>,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Donation, Error> {
        let found = self.campaign_of(campaign)?;
        let stage = self.stage_of(campaign, &found, now);
        ensure!(stage == Stage::Open, Error::WrongStage { campaign, stage });
        ensure!(amount > Amount::ZERO, Error::Zero);
        let sum = self.given.at(&campaign);
        let above = |above: Above| Error::AboveGoal { left: above.room, wanted: amount };
        sum.add_within(amount, found.goal).map_err(above)?;

        let track = |overhead| Track { campaign, line, overhead };
        let (programme, overhead) = (track(false), track(true));
        let before = self.trace.given(&programme);
        // Both at most the goal.
        let all = before.saturating_add(self.trace.given(&overhead));
        let apart = cut(all, amount, found.overhead_bp).unwrap_or(amount);
        let rest = amount.saturating_sub(apart);
        if let Some(line) = line {
            let cap = self.line_of(campaign, line)?.cap;
            // What was given for any and spent here leaves that much less of the line to pay for.
            let spent = self.spent.at(&(campaign, line)).get();
            let of_any = spent.saturating_sub(self.trace.spent(&programme));
            let left = cap.saturating_sub(before).saturating_sub(of_any);
            ensure!(rest <= left, Error::LineFull { left, wanted: rest });
        }
        let programme = self.trace.give(&programme, donation, rest)?;
        let overhead = self.trace.give(&overhead, donation, apart)?;
        self.escrow.deposit(&campaign, amount);
        let year = Day::of(now).date().year();
        self.by_year.at(&(donor, year)).add(amount);
        let refunded = None;
        let gift = Donation { donor, campaign, line, amount, year, programme, overhead, refunded };
        self.donations.set(&donation, &gift);
        Ok(gift)
    }

    /// Takes the tokens, and makes sure that the donor has so much less: a gift counts what moved.
    /// The contract's own balance is not asked, which every donor adds to.
    pub(crate) fn take_in(
        &self,
        donor: Address,
        own: Address,
        amount: Amount,
    ) -> Result<(), Error> {
        let token = TokenClient::at(self.token.get());
        let before = token.balance_of(donor).map_err(Error::Token)?;
        token.transfer_from(donor, own, amount, None).map_err(Error::Token)?;
        let after = token.balance_of(donor).map_err(Error::Token)?;
        let moved = before.saturating_sub(after);
        ensure!(moved == amount, Error::NotMoved { moved, amount });
        Ok(())
    }

    /// The spend that came under this receipt before.
    pub(crate) fn spent_before(
        &self,
        receipt: Hash,
        campaign: u32,
        purpose: Purpose,
        to: Address,
        amount: Amount,
    ) -> Result<Option<Spend>, Error> {
        let Some(found) = self.spends.get(&receipt) else { return Ok(None) };
        let before = (found.campaign, found.purpose, found.to, found.amount);
        let same = before == (campaign, purpose, to, amount);
        let (campaign, _, to, amount) = before;
        ensure!(same, Error::ReceiptUsed { campaign, to, amount });
        Ok(Some(found))
    }

    pub(crate) fn book_spend(
        &mut self,
        receipt: Hash,
        found: &Campaign,
        campaign: u32,
        purpose: Purpose,
        to: Address,
        amount: Amount,
    ) -> Result<Spend, Error> {
        ensure!(amount > Amount::ZERO, Error::Zero);
        let (given, least) = (self.given.at(&campaign).get(), found.least);
        ensure!(given >= least, Error::BelowLeast { given, least });
        let track = |line, overhead| Track { campaign, line, overhead };
        let (payees, tracks) = match purpose {
            Purpose::Line(number) => {
                let line = self.line_of(campaign, number)?;
                let (sum, cap) = (self.spent.at(&(campaign, number)), line.cap);
                let above =
                    |above: Above| Error::AboveCap { left: above.room, wanted: amount, cap };
                sum.add_within(amount, cap).map_err(above)?;
                (line.payees, vec![track(Some(number), false), track(None, false)])
            }
            Purpose::Overhead => (found.overhead_payees, tracks_of(campaign, found, true)),
        };
        self.payable(payees, found.charity, to)?;
        self.released
            .at(&campaign)
            .sub(amount)
            .map_err(|short| Error::NotReleased { left: short.left, wanted: amount })?;
        let parts = self.trace.spend(&tracks, receipt, amount)?;
        self.escrow.release(&campaign, amount)?;
        let spend = Spend { campaign, purpose, to, amount, parts };
        self.spends.set(&receipt, &spend);
        Ok(spend)
    }

    /// Whether the charity's money may go there.
    fn payable(&self, payees: Payees, charity: Address, to: Address) -> Result<(), Error> {
        let persons = self.persons_registered();
        let own = persons.person(charity)?;
        match payees {
            Payees::Merchants { set } => {
                let merchants = RegistryPublished::at(self.registry.get()).merchants();
                let shop = merchants.payable_by(to, own)?;
                merchants.permits(set, to, &shop)?;
            }
            Payees::Persons => {
                let other = persons.person(to)? != own;
                ensure!(other, Error::OwnPerson { account: to });
            }
        }
        Ok(())
    }

    /// What would go back of a gift now.
    pub(crate) fn own_unspent(&self, gift: &Donation) -> Amount {
        let parts = gift.parts().into_iter();
        let unspent = parts.map(|(track, interval)| self.trace.unspent_of(&track, interval));
        unspent.fold(Amount::ZERO, |sum, part| sum.saturating_add(part))
    }

    pub(crate) fn book_refund(
        &mut self,
        donation: Hash,
        gift: &Donation,
        now: TimestampMs,
    ) -> Result<Amount, Error> {
        let campaign = gift.campaign;
        let stage = self.stage_of(campaign, &self.campaign_of(campaign)?, now);
        ensure!(stage.pays_back(), Error::WrongStage { campaign, stage });
        let amount = self.own_unspent(gift);
        ensure!(amount > Amount::ZERO, Error::AllSpent { donation });
        self.donations.set(&donation, &Donation { refunded: Some(amount), ..*gift });
        self.refunded.at(&campaign).add(amount);
        self.escrow.release(&campaign, amount)?;
        // The year holds the whole gift.
        let year = self.by_year.at(&(gift.donor, gift.year)).sub(amount);
        year.map_err(|_| Error::Misplaced { of: donation })?;
        Ok(amount)
    }

    pub(crate) fn pay_out(&self, to: Address, amount: Amount) -> Result<(), Error> {
        TokenClient::at(self.token.get()).transfer(to, amount, None).map_err(Error::Token)
    }

    pub(crate) fn line_of(&self, campaign: u32, line: u8) -> Result<crate::state::Line, Error> {
        self.lines.get(&(campaign, line)).ok_or(Error::NoLine { campaign, line })
    }
}

/// The tracks of a campaign: what was given for any line, then for each.
pub(crate) fn tracks_of(campaign: u32, found: &Campaign, overhead: bool) -> Vec<Track> {
    let lines = [None].into_iter().chain((0..found.lines).map(Some));
    lines.map(|line| Track { campaign, line, overhead }).collect()
}
