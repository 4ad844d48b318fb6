//! Campaigns: what they promise, where they stand, and what auditors release.

use crate::{
    error::{Error, PlanError},
    state::{Campaign, Donations, Milestone, Plan, Rules, Stage},
};
use dure_sdk::{
    domain::{calendar::is_live, registry::PersonsOf, roles::Role, share::WHOLE_BP},
    prelude::*,
};
use merchants::merchants::RegistryPublished;

/// Lines of a budget, milestones and auditors of a campaign.
pub const LIST_MAX: u32 = 16;
/// Bytes of a line's name.
pub const NAME_MAX: u32 = 64;

impl Rules {
    /// Checks rules that came from outside.
    pub(crate) fn check(&self) -> Result<(), Error> {
        ensure!(self.overhead_bp <= WHOLE_BP && self.quorum > 0, Error::Rules);
        Ok(())
    }
}

impl Plan {
    fn check(&self, rules: &Rules, now: TimestampMs) -> Result<(), PlanError> {
        for count in [self.lines.len(), self.milestones.len(), self.auditors.len()] {
            counted(count, LIST_MAX)?;
        }
        for line in &self.lines {
            counted(line.name.len(), NAME_MAX)?;
        }
        let amounts = self.lines.iter().map(|line| line.cap);
        let amounts = amounts.chain(self.milestones.iter().copied()).chain([self.least]);
        ensure!(amounts.into_iter().all(|amount| amount > Amount::ZERO), PlanError::Zero);
        let milestones = self.milestones.iter();
        let milestones = milestones.fold(Amount::ZERO, |sum, amount| sum.saturating_add(*amount));
        for amount in [self.least, milestones] {
            ensure!(amount <= self.goal, PlanError::AboveGoal { amount, goal: self.goal });
        }
        let times = now < self.gifts_until && self.gifts_until < self.spend_until;
        ensure!(times, PlanError::Times);
        let (rate_bp, limit_bp) = (self.overhead_bp, rules.overhead_bp);
        ensure!(rate_bp <= limit_bp, PlanError::Overhead { rate_bp, limit_bp });
        let (quorum, least, auditors) = (self.quorum, rules.quorum, self.auditors.len() as u32);
        let enough = quorum >= least && u32::from(quorum) <= auditors;
        ensure!(enough, PlanError::Quorum { quorum, least, auditors });
        Ok(())
    }
}

fn counted(count: usize, limit: u32) -> Result<(), PlanError> {
    // What does not fit is above every limit.
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    ensure!(count > 0 && count <= limit, PlanError::Count { count, limit });
    Ok(())
}

impl Donations {
    pub(crate) fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
        Ok(self.roles.check(cx.caller(), role)?)
    }

    pub(crate) fn persons_registered(&self) -> PersonsOf {
        RegistryPublished::at(self.registry.get()).persons()
    }

    pub(crate) fn campaign_of(&self, campaign: u32) -> Result<Campaign, Error> {
        self.campaigns.get(&campaign).ok_or(Error::NoCampaign { campaign })
    }

    /// A campaign of the caller's.
    pub(crate) fn of_charity(&self, campaign: u32, by: Address) -> Result<Campaign, Error> {
        let found = self.campaign_of(campaign)?;
        let charity = found.charity;
        ensure!(charity == by, Error::NotCharity { charity });
        Ok(found)
    }

    /// Where a campaign stands. After the gifts are over what was given stays, so that failed is
    /// failed for good.
    pub(crate) fn stage_of(&self, campaign: u32, found: &Campaign, now: TimestampMs) -> Stage {
        if found.ended.is_some() {
            Stage::Ended
        } else if is_live(now, found.gifts_until) {
            Stage::Open
        } else if self.given.at(&campaign).get() < found.least {
            Stage::Failed
        } else if is_live(now, found.spend_until) {
            Stage::Spending
        } else {
            Stage::Over
        }
    }

    /// Checks that a campaign is one in which money moves.
    pub(crate) fn going(
        &self,
        campaign: u32,
        found: &Campaign,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let stage = self.stage_of(campaign, found, now);
        ensure!(!stage.pays_back(), Error::WrongStage { campaign, stage });
        Ok(())
    }

    pub(crate) fn opened(
        &mut self,
        campaign: u32,
        plan: &Plan,
        now: TimestampMs,
    ) -> Result<(), Error> {
        ensure!(self.campaigns.get(&campaign).is_none(), Error::CampaignExists { campaign });
        plan.check(&self.rules.at(now)?.1, now)?;
        let persons = self.persons_registered();
        let mut known = vec![persons.person(plan.charity)?];
        for account in plan.auditors.iter().copied() {
            self.roles.check(account, Role::Auditor)?;
            let person = persons.person(account)?;
            ensure!(!known.contains(&person), PlanError::SamePerson { account });
            known.push(person);
            self.auditors.insert(&(campaign, account));
        }
        for (number, line) in (0u8..).zip(&plan.lines) {
            self.lines.set(&(campaign, number), line);
        }
        for (number, amount) in (0u8..).zip(&plan.milestones) {
            let milestone = Milestone {
                amount: *amount,
                evidence: None,
                approvals: Vec::new(),
                released: false,
            };
            self.milestones.set(&(campaign, number), &milestone);
        }
        let opened = Campaign {
            charity: plan.charity,
            goal: plan.goal,
            least: plan.least,
            gifts_until: plan.gifts_until,
            spend_until: plan.spend_until,
            overhead_bp: plan.overhead_bp,
            overhead_payees: plan.overhead_payees,
            // At most `LIST_MAX` of each.
            lines: plan.lines.len() as u8,
            milestones: plan.milestones.len() as u8,
            quorum: plan.quorum,
            ended: None,
        };
        self.campaigns.set(&campaign, &opened);
        Ok(())
    }

    /// The milestone of a campaign in which money moves.
    fn milestone_of(&self, campaign: u32, milestone: u8) -> Result<Milestone, Error> {
        let found = self.milestones.get(&(campaign, milestone));
        let found = found.ok_or(Error::NoMilestone { campaign, milestone })?;
        ensure!(!found.released, Error::ReleasedBefore { milestone });
        Ok(found)
    }

    pub(crate) fn reported(
        &mut self,
        campaign: u32,
        milestone: u8,
        evidence: Hash,
    ) -> Result<(), Error> {
        let mut found = self.milestone_of(campaign, milestone)?;
        if found.evidence != Some(evidence) {
            (found.evidence, found.approvals) = (Some(evidence), Vec::new());
            self.milestones.set(&(campaign, milestone), &found);
        }
        Ok(())
    }

    /// Books an approval; says what is released once there are enough.
    pub(crate) fn approved(
        &mut self,
        campaign: u32,
        quorum: u8,
        milestone: u8,
        evidence: Hash,
        auditor: Address,
    ) -> Result<Option<Amount>, Error> {
        let of_campaign = self.auditors.contains(&(campaign, auditor));
        ensure!(of_campaign, Error::NotAuditor { campaign, account: auditor });
        self.roles.check(auditor, Role::Auditor)?;
        let mut found = self.milestone_of(campaign, milestone)?;
        let judged = found.evidence;
        ensure!(judged == Some(evidence), Error::OtherEvidence { evidence: judged });
        ensure!(!found.approvals.contains(&auditor), Error::ApprovedBefore { auditor });
        found.approvals.push(auditor);
        // Whoever lost the role meanwhile does not count.
        let approvals = found.approvals.iter();
        let count = approvals.filter(|auditor| self.roles.has(**auditor, Role::Auditor)).count();
        found.released = count >= usize::from(quorum);
        self.milestones.set(&(campaign, milestone), &found);
        if !found.released {
            return Ok(None);
        }
        self.released.at(&campaign).add(found.amount);
        Ok(Some(found.amount))
    }
}
