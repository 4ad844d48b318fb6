//! Donations: any donor follows every won to the receipt that it paid.
//!
//! A campaign promises a budget, milestones and a share for overhead, for good. A gift takes
//! tokens into escrow; it is for a line of the budget, or for any. Auditors release money,
//! milestone by milestone; the charity spends what is released, each time under a receipt, on
//! merchants and persons whom the registry knows, and the tokens move in the same call. Gifts and
//! spends of a line lie on running totals (`domain::trace`): where they overlap is which donor's
//! won paid for what.
//!
//! **Refunds** are paid once no spend can follow: the campaign failed, was ended, or is over.
//! Each donor has the own unspent part, whatever the others do; all of them together are what is
//! left. Before that there are none: a gift that leaves would hand its place to another's won.
//!
//! **Invariants.** Of each campaign, what was given is what was spent, went back, and is held;
//! what is held, the contract has in tokens. Overhead is at most its share of what was given. On
//! a line no more than its cap is spent, in all no more than milestones released, and nothing
//! without a receipt, which is used once. The parts of a spend sum to it, and so do the donors'
//! parts of each. What went back of a gift is at most what was not spent of it.
//!
//! **Concurrency.** Gifts for one line wait for each other, since each lies behind the one
//! before; what they share beyond that they only add to.
#![no_std]

mod audit;
mod error;
mod event;
mod money;
mod plan;
mod state;
mod trail;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod donation {
    use dure_sdk::{
        domain::{freeze::FreezeOrder, policy::Version, roles::Role},
        prelude::*,
    };

    #[error]
    pub use crate::error::Error;
    pub use crate::error::PlanError;
    #[event]
    pub use crate::event::{
        CampaignEnded, CampaignOpened, Donated, FreezeChanged, MilestoneApproved,
        MilestoneReleased, MilestoneReported, PauseChanged, Refunded, RoleChanged, RulesScheduled,
        Spent,
    };
    pub use crate::money::donation_of;
    pub use crate::plan::{LIST_MAX, NAME_MAX};
    #[storage]
    pub use crate::state::Donations;
    pub use crate::state::{
        Audit, Books, Campaign, Counted, Cursor, Donation, Line, Milestone, Payees, Plan, Purpose,
        Recount, Rules, Side, Spend, Stage, Step, Track,
    };
    pub use crate::trail::PAGE_MAX;

    impl Donations {
        /// The creator administers, opens campaigns and pauses. `registry` is the contract
        /// `merchants` of the scheme, `token` what is given and spent.
        #[init]
        pub fn new(
            &mut self,
            cx: &Cx,
            registry: Address,
            token: Address,
            rules: Rules,
        ) -> Result<(), Error> {
            rules.check()?;
            let (creator, now) = (cx.caller(), cx.time());
            self.registry.set(&registry);
            self.token.set(&token);
            self.rules.schedule(&rules, now, now, 0, false)?;
            self.roles.found(creator);
            for role in [Role::Agent, Role::Pauser] {
                self.roles.grant(creator, creator, role)?;
            }
            Ok(())
        }

        /// Opens a campaign, whose plan never changes.
        #[call]
        pub fn open(&mut self, cx: &Cx, campaign: u32, plan: Plan) -> Result<(), Error> {
            self.only(cx, Role::Agent)?;
            self.freeze.running()?;
            self.opened(campaign, &plan, cx.time())?;
            cx.emit(&CampaignOpened { campaign, plan });
            Ok(())
        }

        /// Ends a campaign before its time, for a reason that a document says: its charity, or an
        /// agent. Donors get back what is not spent.
        #[call]
        pub fn end(&mut self, cx: &Cx, campaign: u32, reason: Hash) -> Result<(), Error> {
            let (by, found) = (cx.caller(), self.campaign_of(campaign)?);
            if by != found.charity {
                self.only(cx, Role::Agent)?;
            }
            self.going(campaign, &found, cx.time())?;
            self.campaigns.set(&campaign, &Campaign { ended: Some(reason), ..found });
            cx.emit(&CampaignEnded { campaign, by, reason });
            Ok(())
        }

        /// Gives to a campaign, for a line of its budget or for any; the tokens are taken by
        /// allowance. Answers what the gift is known by. Repeated under the id, it changes nothing
        /// and answers the same.
        #[call]
        pub fn donate(
            &mut self,
            cx: &Cx,
            id: Hash,
            campaign: u32,
            line: Option<u8>,
            amount: Amount,
        ) -> Result<Hash, Error> {
            let donor = cx.caller();
            let donation = donation_of(donor, id);
            if self.given_before(donation, campaign, line, amount)?.is_some() {
                return Ok(donation);
            }
            self.freeze.running()?;
            self.freeze.check(donor)?;
            let gift = self.book_gift(donation, donor, campaign, line, amount, cx.time())?;
            self.take_in(donor, cx.address(), amount)?;
            let Donation { programme, overhead, .. } = gift;
            cx.emit(&Donated { donation, donor, campaign, line, amount, programme, overhead });
            Ok(donation)
        }

        /// The charity reports on a milestone. Another report than before has to be approved anew.
        #[call]
        pub fn report(
            &mut self,
            cx: &Cx,
            campaign: u32,
            milestone: u8,
            evidence: Hash,
        ) -> Result<(), Error> {
            let found = self.of_charity(campaign, cx.caller())?;
            self.freeze.running()?;
            self.going(campaign, &found, cx.time())?;
            self.reported(campaign, milestone, evidence)?;
            cx.emit(&MilestoneReported { campaign, milestone, evidence });
            Ok(())
        }

        /// An auditor of the campaign approves the report that has that hash. With enough
        /// approvals the milestone's money is released; answers whether it is.
        #[call]
        pub fn approve(
            &mut self,
            cx: &Cx,
            campaign: u32,
            milestone: u8,
            evidence: Hash,
        ) -> Result<bool, Error> {
            let (auditor, found) = (cx.caller(), self.campaign_of(campaign)?);
            self.freeze.running()?;
            self.freeze.check(auditor)?;
            self.going(campaign, &found, cx.time())?;
            let released = self.approved(campaign, found.quorum, milestone, evidence, auditor)?;
            cx.emit(&MilestoneApproved { campaign, auditor, milestone, evidence });
            if let Some(amount) = released {
                cx.emit(&MilestoneReleased { campaign, milestone, amount });
            }
            Ok(released.is_some())
        }

        /// The charity pays a merchant or a person under a receipt: what was given for the line
        /// first, then what was given for any. Repeated under the receipt, it changes nothing and
        /// answers the same.
        #[call]
        pub fn spend(
            &mut self,
            cx: &Cx,
            campaign: u32,
            purpose: Purpose,
            to: Address,
            amount: Amount,
            receipt: Hash,
        ) -> Result<Spend, Error> {
            let charity = cx.caller();
            let found = self.of_charity(campaign, charity)?;
            if let Some(done) = self.spent_before(receipt, campaign, purpose, to, amount)? {
                return Ok(done);
            }
            self.freeze.running()?;
            for account in [charity, to] {
                self.freeze.check(account)?;
            }
            self.going(campaign, &found, cx.time())?;
            let spend = self.book_spend(receipt, &found, campaign, purpose, to, amount)?;
            self.pay_out(to, amount)?;
            let parts = spend.parts.clone();
            cx.emit(&Spent { receipt, campaign, to, purpose, amount, parts });
            Ok(spend)
        }

        /// Pays a donor the own unspent part of a gift, once no spend can follow; anybody may ask
        /// for it. Repeated, it changes nothing and answers the same.
        #[call]
        pub fn refund(&mut self, cx: &Cx, donation: Hash) -> Result<Amount, Error> {
            let gift = self.gift_of(donation)?;
            if let Some(amount) = gift.refunded {
                return Ok(amount);
            }
            self.freeze.running()?;
            let (donor, campaign) = (gift.donor, gift.campaign);
            self.freeze.check(donor)?;
            let amount = self.book_refund(donation, &gift, cx.time())?;
            self.pay_out(donor, amount)?;
            cx.emit(&Refunded { donation, donor, campaign, amount });
            Ok(amount)
        }

        /// Sets rules for campaigns that are opened from an instant on.
        #[call]
        pub fn schedule_rules(
            &mut self,
            cx: &Cx,
            rules: Rules,
            from: TimestampMs,
        ) -> Result<(), Error> {
            self.only(cx, Role::Administrator)?;
            rules.check()?;
            let from = self.rules.schedule(&rules, from, cx.time(), 0, false)?;
            cx.emit(&RulesScheduled { from, rules });
            Ok(())
        }

        /// Gives a role or takes it.
        #[call]
        pub fn set_role(
            &mut self,
            cx: &Cx,
            account: Address,
            role: Role,
            has: bool,
        ) -> Result<(), Error> {
            self.roles.set(cx.caller(), account, role, has)?;
            cx.emit(&RoleChanged { account, role, has });
            Ok(())
        }

        /// Stops everything for the reason that a document says, whose hash it is; `None` goes on.
        #[call]
        pub fn set_paused(&mut self, cx: &Cx, reason: Option<Hash>) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            self.freeze.set_paused(reason.map(|reason| FreezeOrder::now(cx, reason)))?;
            cx.emit(&PauseChanged { reason });
            Ok(())
        }

        /// Freezes an account for a reason, or frees it.
        #[call]
        pub fn set_frozen(
            &mut self,
            cx: &Cx,
            account: Address,
            reason: Option<Hash>,
        ) -> Result<(), Error> {
            self.only(cx, Role::Pauser)?;
            let order = reason.map(|reason| FreezeOrder::now(cx, reason));
            self.freeze.set_frozen(account, order)?;
            cx.emit(&FreezeChanged { account, reason });
            Ok(())
        }

        /// What a gift was spent on, receipt by receipt: what it was given for, then its overhead.
        /// A page has at most 100 steps.
        #[query]
        pub fn trace(
            &self,
            donation: Hash,
            after: Option<Cursor>,
            limit: u32,
        ) -> Result<Page<Step, Cursor>, Error> {
            let parts = self.gift_of(donation)?.parts();
            Ok(crate::trail::steps(&parts, after, limit, |track, interval, limit| {
                self.trace.spends_of(track, interval, limit)
            }))
        }

        /// Whose gifts a receipt was paid with, gift by gift. A page has at most 100 steps.
        #[query]
        pub fn trace_of_spend(
            &self,
            receipt: Hash,
            after: Option<Cursor>,
            limit: u32,
        ) -> Result<Page<Step, Cursor>, Error> {
            let spend = self.spends.get(&receipt).ok_or(Error::NoSpend { receipt })?;
            Ok(crate::trail::steps(&spend.parts, after, limit, |track, interval, limit| {
                self.trace.gifts_of(track, interval, limit)
            }))
        }

        /// What a donor gave in a year in Korea and did not get back: what a tax receipt says. What
        /// goes back later is taken from the year of the gift.
        #[query]
        pub fn given_in_year(&self, donor: Address, year: u32) -> Amount {
            self.by_year.at(&(donor, year)).get()
        }

        /// A gift.
        #[query]
        pub fn donation(&self, donation: Hash) -> Option<Donation> {
            self.donations.get(&donation)
        }

        /// What of a gift is not spent: what would go back if no spend followed. None once it did.
        #[query]
        pub fn unspent_of(&self, donation: Hash) -> Result<Option<Amount>, Error> {
            let gift = self.gift_of(donation)?;
            Ok(gift.refunded.is_none().then(|| self.own_unspent(&gift)))
        }

        /// A spend by its receipt.
        #[query]
        pub fn spend_of(&self, receipt: Hash) -> Option<Spend> {
            self.spends.get(&receipt)
        }

        /// A campaign and where it stands.
        #[query]
        pub fn campaign(&self, cx: &Cx, campaign: u32) -> Option<(Campaign, Stage)> {
            let found = self.campaigns.get(&campaign)?;
            Some((found, self.stage_of(campaign, &found, cx.time())))
        }

        /// A line of a budget and what was spent on it.
        #[query]
        pub fn line(&self, campaign: u32, line: u8) -> Option<(Line, Amount)> {
            let found = self.lines.get(&(campaign, line))?;
            Some((found, self.spent.at(&(campaign, line)).get()))
        }

        /// A milestone.
        #[query]
        pub fn milestone(&self, campaign: u32, milestone: u8) -> Option<Milestone> {
            self.milestones.get(&(campaign, milestone))
        }

        /// Who judges the milestones of a campaign.
        #[query]
        pub fn auditors(&self, campaign: u32) -> Vec<Address> {
            let found = self.auditors.under(&campaign, Order::Ascending);
            found.map(|(_, auditor)| auditor).collect()
        }

        /// What milestones released and is not spent.
        #[query]
        pub fn released(&self, campaign: u32) -> Amount {
            self.released.at(&campaign).get()
        }

        /// The books of a campaign, checked: every total matches the tracks, nothing is above its
        /// cap, its share or what was released, and what is held of all is there in tokens.
        #[query]
        pub fn books(&self, cx: &Cx, campaign: u32) -> Result<Books, Error> {
            let books = self.campaign_books(campaign)?;
            self.backed(cx)?;
            Ok(books)
        }

        /// Counts a page of gifts or spends, at most `limit` after those that were counted, track
        /// by track and campaign by campaign; refuses unless each lies where it should, and all of
        /// it is what the books of each campaign say. Ask for all pages at one height.
        #[query]
        pub fn audit(&self, cx: &Cx, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
            self.audited(cx, counted, limit)
        }

        /// Counts gifts or spends of a track one by one, from a won on: each lies behind the one
        /// before and where its own record says, and the last ends at the running total.
        #[query]
        pub fn recount(
            &self,
            track: Track,
            side: Side,
            from: Amount,
            limit: u32,
        ) -> Result<Recount, Error> {
            self.recounted(&track, side, from, limit)
        }

        /// The rules that hold now.
        #[query]
        pub fn rules(&self, cx: &Cx) -> Result<(Version, Rules), Error> {
            Ok(self.rules.at(cx.time())?)
        }

        /// Who may do what.
        #[query]
        pub fn has_role(&self, account: Address, role: Role) -> bool {
            self.roles.has(account, role)
        }

        fn gift_of(&self, donation: Hash) -> Result<Donation, Error> {
            self.donations.get(&donation).ok_or(Error::NoDonation { donation })
        }
    }
}
