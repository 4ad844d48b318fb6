//! What the contract keeps, and the types of its arguments and answers.

use dure_sdk::{
    domain::{
        freeze::Freeze,
        policy::Policy,
        roles::Roles,
        trace::{Interval, Trace},
        vault::Vault,
    },
    prelude::*,
};

/// What the contract keeps.
#[dure::storage]
pub struct Donations {
    pub(crate) roles: Roles,
    pub(crate) freeze: Freeze,
    /// The registry of merchants and persons.
    pub(crate) registry: Item<Address>,
    /// The token that is given and spent.
    pub(crate) token: Item<Address>,
    pub(crate) rules: Policy<Rules>,
    pub(crate) campaigns: Map<u32, Campaign>,
    pub(crate) lines: Map<(u32, u8), Line>,
    pub(crate) milestones: Map<(u32, u8), Milestone>,
    /// Who judges the milestones of a campaign.
    pub(crate) auditors: Set<(u32, Address)>,
    /// All that was given to a campaign.
    pub(crate) given: Map<u32, Balance>,
    /// What milestones released and is not spent.
    pub(crate) released: Map<u32, Balance>,
    /// What was spent on a line.
    pub(crate) spent: Map<(u32, u8), Balance>,
    /// What went back to donors.
    pub(crate) refunded: Map<u32, Balance>,
    /// The tokens behind each campaign.
    pub(crate) escrow: Vault<u32>,
    /// Which won went where.
    pub(crate) trace: Trace<Track>,
    pub(crate) donations: Map<Hash, Donation>,
    /// Spends by receipt.
    pub(crate) spends: Map<Hash, Spend>,
    /// What a donor gave in a year and did not get back.
    pub(crate) by_year: Map<(Address, u32), Balance>,
}

/// What every campaign that is opened has to keep to.
#[dure::ty]
#[derive(Copy)]
pub struct Rules {
    /// The most of each gift that may go into overhead, in basis points.
    pub overhead_bp: u32,
    /// The fewest auditors who release a milestone.
    pub quorum: u8,
}

/// Whom a spend may pay.
#[dure::ty]
#[derive(Copy)]
pub enum Payees {
    /// Active merchants of a set of the registry that the charity's person does not own.
    Merchants {
        /// The set.
        set: u32,
    },
    /// Persons whom the registry knows, by salted hashes, other than the charity.
    Persons,
}

/// A line of a budget.
#[dure::ty]
pub struct Line {
    /// For people.
    pub name: String,
    /// The most that is spent on it.
    pub cap: Amount,
    /// Who is paid.
    pub payees: Payees,
}

/// What a campaign promises; it never changes.
#[dure::ty]
pub struct Plan {
    /// Who spends.
    pub charity: Address,
    /// Hash of the document that says what for.
    pub document: Hash,
    /// The most that is taken.
    pub goal: Amount,
    /// Below this it has failed, and nothing is spent.
    pub least: Amount,
    /// Gifts are taken before this.
    pub gifts_until: TimestampMs,
    /// Money is spent before this.
    pub spend_until: TimestampMs,
    /// What of each gift goes into overhead, in basis points.
    pub overhead_bp: u32,
    /// Who is paid out of overhead.
    pub overhead_payees: Payees,
    /// The budget.
    pub lines: Vec<Line>,
    /// What each milestone releases.
    pub milestones: Vec<Amount>,
    /// Who judges milestones.
    pub auditors: Vec<Address>,
    /// How many of them release one.
    pub quorum: u8,
}

/// What of a campaign each call looks at.
#[dure::ty]
#[derive(Copy)]
pub struct Campaign {
    /// Who spends.
    pub charity: Address,
    /// The most that is taken.
    pub goal: Amount,
    /// Below this it has failed.
    pub least: Amount,
    /// Gifts are taken before this.
    pub gifts_until: TimestampMs,
    /// Money is spent before this.
    pub spend_until: TimestampMs,
    /// What of each gift goes into overhead, in basis points.
    pub overhead_bp: u32,
    /// Who is paid out of overhead.
    pub overhead_payees: Payees,
    /// How many lines there are.
    pub lines: u8,
    /// How many milestones.
    pub milestones: u8,
    /// How many auditors release one.
    pub quorum: u8,
    /// Hash of the document that says why it was ended before its time.
    pub ended: Option<Hash>,
}

/// Where a campaign stands.
#[dure::ty]
#[derive(Copy)]
pub enum Stage {
    /// Gifts are taken; once the least is reached, money is spent.
    Open,
    /// Money is spent.
    Spending,
    /// The least was not reached in time.
    Failed,
    /// It was ended before its time.
    Ended,
    /// It is over.
    Over,
}

impl Stage {
    /// Whether no spend can follow any more, so that donors are paid back.
    pub(crate) fn pays_back(self) -> bool {
        matches!(self, Self::Failed | Self::Ended | Self::Over)
    }
}

/// What has to be reached before money is released.
#[dure::ty]
pub struct Milestone {
    /// What it releases.
    pub amount: Amount,
    /// Hash of the charity's report.
    pub evidence: Option<Hash>,
    /// Who approved that report.
    pub approvals: Vec<Address>,
    /// Whether it was released.
    pub released: bool,
}

/// Money for one purpose: gifts and spends of it are followed together.
#[dure::ty(key)]
#[derive(Copy)]
pub struct Track {
    /// Of which campaign.
    pub campaign: u32,
    /// The line that it was given for; none: for any.
    pub line: Option<u8>,
    /// Overhead, or what it was given for.
    pub overhead: bool,
}

/// What money is spent on.
#[dure::ty]
#[derive(Copy)]
pub enum Purpose {
    /// A line of the budget.
    Line(u8),
    /// Overhead.
    Overhead,
}

/// A gift.
#[dure::ty]
#[derive(Copy)]
pub struct Donation {
    /// Who gave.
    pub donor: Address,
    /// To which campaign.
    pub campaign: u32,
    /// For which line; none: for any.
    pub line: Option<u8>,
    /// How much.
    pub amount: Amount,
    /// The year in Korea.
    pub year: u32,
    /// Where it lies on the track of its line.
    pub programme: Interval,
    /// Where its overhead lies on that track's.
    pub overhead: Interval,
    /// What went back.
    pub refunded: Option<Amount>,
}

impl Donation {
    /// Its two parts.
    pub(crate) fn parts(&self) -> [(Track, Interval); 2] {
        let Self { campaign, line, programme, overhead, .. } = *self;
        let track = |overhead| Track { campaign, line, overhead };
        [(track(false), programme), (track(true), overhead)]
    }
}

/// A spend.
#[dure::ty]
pub struct Spend {
    /// Of which campaign.
    pub campaign: u32,
    /// On what.
    pub purpose: Purpose,
    /// Who was paid.
    pub to: Address,
    /// How much.
    pub amount: Amount,
    /// Which won: they sum to the amount.
    pub parts: Vec<(Track, Interval)>,
}

/// Where a page of a trace begins.
#[dure::ty]
#[derive(Copy)]
pub struct Cursor {
    /// In which part of the gift or the spend.
    pub part: u32,
    /// From which won on.
    pub from: Amount,
}

/// A step of a trace.
#[dure::ty]
#[derive(Copy)]
pub struct Step {
    /// The receipt that a gift went into, or the gift that a spend came out of.
    pub of: Hash,
    /// Of which money.
    pub track: Track,
    /// Which won of it.
    pub interval: Interval,
}

/// The books of a campaign.
#[dure::ty]
#[derive(Copy)]
pub struct Books {
    /// All that was given.
    pub given: Amount,
    /// What of it was set apart for overhead.
    pub overhead: Amount,
    /// What was spent, overhead included.
    pub spent: Amount,
    /// What went back.
    pub refunded: Amount,
    /// What is left.
    pub held: Amount,
}

/// Gifts or spends.
#[dure::ty]
#[derive(Copy)]
pub enum Side {
    Gifts,
    Spends,
}

/// A page of an audit that counts entry by entry.
#[dure::ty]
#[derive(Copy)]
pub struct Recount {
    /// What the entries of this page sum to.
    pub counted: Amount,
    /// What of them went back.
    pub refunded: Amount,
    /// Where the next page begins.
    pub next: Option<Amount>,
}

/// What a page of an audit found.
#[dure::ty]
#[derive(Copy)]
pub struct Audit {
    /// Where to go on; none: all was counted, and is what the books say.
    pub next: Option<Counted>,
}

/// Where a count goes on, and what was counted.
#[dure::ty]
#[derive(Copy)]
pub struct Counted {
    /// With which campaign.
    pub campaign: u32,
    /// With which list of it: gifts and spends of each of its tracks.
    pub place: u32,
    /// From which won on.
    pub from: Amount,
    /// What of the campaign went back to donors.
    pub back: Amount,
    /// What is held of the campaigns before.
    pub held: Amount,
}
