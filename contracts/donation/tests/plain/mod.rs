//! Donations once more, as lists of single won: no intervals, no running totals. Amounts are small.

use crate::fund::{AUDITORS, DAY, DONORS, START};
use std::collections::BTreeMap;

/// 2027-01-01 00:00 in Korea.
const NEW_YEAR: u64 = 1_798_729_200_000;

/// Who may be paid: the grocer, the bookshop, the family, the charity's own shop, a stranger.
pub(crate) const PAYEES: usize = 5;
const GROCER: usize = 0;
const BOOKSHOP: usize = 1;
const FAMILY: usize = 2;

/// What is the same of both campaigns.
pub(crate) const CAPS: [u128; 2] = [120, 60];
pub(crate) const MILESTONES: [u128; 2] = [150, 100];
pub(crate) const GOAL: u128 = 400;
pub(crate) const LEAST: u128 = 50;
pub(crate) const QUORUM: usize = 2;
/// What differs: overhead in basis points, days of gifts and of spending.
pub(crate) const TERMS: [(u128, u64, u64); 2] = [(1_000, 40, 80), (333, 20, 30)];

/// Line of the budget or any, overhead or not.
type Kind = (Option<u8>, bool);

#[derive(Clone, Copy)]
pub(crate) struct Won {
    pub(crate) gift: usize,
    pub(crate) spend: Option<usize>,
    paid_back: bool,
}

#[derive(Clone)]
pub(crate) struct Gift {
    pub(crate) who: usize,
    pub(crate) campaign: usize,
    pub(crate) line: Option<u8>,
    pub(crate) amount: u128,
    year: usize,
    pub(crate) refunded: Option<u128>,
}

#[derive(Clone)]
pub(crate) struct Spend {
    pub(crate) campaign: usize,
    /// None: overhead.
    pub(crate) line: Option<u8>,
    pub(crate) to: usize,
    pub(crate) amount: u128,
}

#[derive(Clone, Default)]
struct Milestone {
    evidence: Option<u64>,
    approvals: Vec<usize>,
    released: bool,
}

#[derive(Default)]
pub(crate) struct Campaign {
    pub(crate) won: BTreeMap<Kind, Vec<Won>>,
    milestones: [Milestone; 2],
    ended: bool,
}

impl Campaign {
    fn count(&self, which: impl Fn(&Kind, &Won) -> bool) -> u128 {
        let won = self.won.iter().flat_map(|(kind, won)| won.iter().map(move |won| (kind, won)));
        won.filter(|(kind, won)| which(kind, won)).count() as u128
    }

    pub(crate) fn given(&self) -> u128 {
        self.count(|_, _| true)
    }

    pub(crate) fn overhead(&self) -> u128 {
        self.count(|kind, _| kind.1)
    }

    pub(crate) fn spent(&self) -> u128 {
        self.count(|_, won| won.spend.is_some())
    }

    pub(crate) fn refunded(&self) -> u128 {
        self.count(|_, won| won.paid_back)
    }

    pub(crate) fn released(&self) -> u128 {
        let all =
            self.milestones.iter().zip(MILESTONES).filter(|(milestone, _)| milestone.released);
        all.map(|(_, amount)| amount).sum::<u128>() - self.spent()
    }
}

pub(crate) struct Plain {
    pub(crate) now: u64,
    pub(crate) campaigns: [Campaign; 2],
    pub(crate) gifts: Vec<Gift>,
    pub(crate) spends: Vec<Spend>,
    pub(crate) paid: [u128; PAYEES],
}

impl Plain {
    pub(crate) fn new() -> Self {
        let campaigns = Default::default();
        Self { now: START, campaigns, gifts: vec![], spends: vec![], paid: [0; PAYEES] }
    }

    fn days(&self) -> u64 {
        (self.now - START) / DAY
    }

    fn failed(&self, campaign: usize) -> bool {
        self.days() >= TERMS[campaign].1 && self.campaigns[campaign].given() < LEAST
    }

    /// Neither failed, ended nor over.
    fn going(&self, campaign: usize) -> bool {
        let over = self.days() >= TERMS[campaign].2;
        !self.campaigns[campaign].ended && !self.failed(campaign) && !over
    }

    pub(crate) fn give(
        &mut self,
        who: usize,
        campaign: usize,
        line: Option<u8>,
        amount: u128,
    ) -> Option<()> {
        let year = usize::from(self.now >= NEW_YEAR);
        let open = !self.campaigns[campaign].ended && self.days() < TERMS[campaign].1;
        let found = &mut self.campaigns[campaign];
        if !open || amount == 0 || found.given() + amount > GOAL {
            return None;
        }
        // Of all that was given for the line, the share is overhead, rounded down.
        let overhead = found.count(|kind, _| *kind == (line, true));
        let rest = found.count(|kind, _| *kind == (line, false));
        let apart = (overhead + rest + amount) * TERMS[campaign].0 / 10_000 - overhead;
        if let Some(line) = line {
            // All of it must have a place on the line beside what others paid for there.
            let others = found.count(|kind, won| {
                let there = won.spend.map(|spend| self.spends[spend].line);
                *kind == (None, false) && there == Some(Some(line))
            });
            if rest + amount - apart + others > CAPS[usize::from(line)] {
                return None;
            }
        }
        let won = Won { gift: self.gifts.len(), spend: None, paid_back: false };
        for (kind, count) in [((line, false), amount - apart), ((line, true), apart)] {
            found.won.entry(kind).or_default().extend((0..count).map(|_| won));
        }
        self.gifts.push(Gift { who, campaign, line, amount, year, refunded: None });
        Some(())
    }

    pub(crate) fn report(
        &mut self,
        campaign: usize,
        milestone: usize,
        evidence: u64,
    ) -> Option<()> {
        let going = self.going(campaign);
        let found = &mut self.campaigns[campaign].milestones[milestone];
        if !going || found.released {
            return None;
        }
        if found.evidence != Some(evidence) {
            found.approvals.clear();
        }
        found.evidence = Some(evidence);
        Some(())
    }

    pub(crate) fn approve(
        &mut self,
        campaign: usize,
        milestone: usize,
        evidence: u64,
        auditor: usize,
    ) -> Option<()> {
        let going = self.going(campaign);
        let found = &mut self.campaigns[campaign].milestones[milestone];
        let can = going && auditor < AUDITORS && !found.released;
        if !can || found.evidence != Some(evidence) || found.approvals.contains(&auditor) {
            return None;
        }
        found.approvals.push(auditor);
        found.released = found.approvals.len() >= QUORUM;
        Some(())
    }

    pub(crate) fn spend(
        &mut self,
        campaign: usize,
        line: Option<u8>,
        to: usize,
        amount: u128,
    ) -> Option<()> {
        let going = self.going(campaign);
        let payable = match line {
            Some(0) => to == GROCER,
            Some(_) => to == FAMILY,
            None => to == GROCER || to == BOOKSHOP,
        };
        let spends = self.spends.iter().filter(|spend| spend.campaign == campaign);
        let on_line: u128 =
            spends.filter(|spend| spend.line == line).map(|spend| spend.amount).sum();
        let within = line.is_none_or(|line| on_line + amount <= CAPS[usize::from(line)]);
        let found = &mut self.campaigns[campaign];
        // The line's own money, then what was given for any; overhead of any, then of each line.
        let kinds: Vec<Kind> = match line {
            Some(_) => vec![(line, false), (None, false)],
            None => vec![(None, true), (Some(0), true), (Some(1), true)],
        };
        let unspent = found.count(|kind, won| kinds.contains(kind) && won.spend.is_none());
        let can = going && payable && within && amount > 0 && found.given() >= LEAST;
        if !can || amount > unspent || amount > found.released() {
            return None;
        }
        let mut left = amount;
        for kind in &kinds {
            let won = found.won.entry(*kind).or_default().iter_mut();
            for won in won.filter(|won| won.spend.is_none()).take(left as usize) {
                won.spend = Some(self.spends.len());
                left -= 1;
            }
        }
        self.spends.push(Spend { campaign, line, to, amount });
        self.paid[to] += amount;
        Some(())
    }

    pub(crate) fn end(&mut self, campaign: usize) -> Option<()> {
        if !self.going(campaign) {
            return None;
        }
        self.campaigns[campaign].ended = true;
        Some(())
    }

    pub(crate) fn unspent(&self, gift: usize) -> u128 {
        let found = &self.campaigns[self.gifts[gift].campaign];
        found.count(|_, won| won.gift == gift && won.spend.is_none())
    }

    pub(crate) fn refund(&mut self, gift: usize) -> Option<u128> {
        if self.gifts[gift].refunded.is_some() {
            return self.gifts[gift].refunded;
        }
        let (campaign, amount) = (self.gifts[gift].campaign, self.unspent(gift));
        if self.going(campaign) || amount == 0 {
            return None;
        }
        for won in self.campaigns[campaign].won.values_mut().flatten() {
            won.paid_back |= won.gift == gift && won.spend.is_none();
        }
        self.gifts[gift].refunded = Some(amount);
        Some(amount)
    }

    /// What a donor gave in 2026 or 2027 and did not get back.
    pub(crate) fn in_year(&self, who: usize, year: usize) -> u128 {
        let gifts = self.gifts.iter().filter(|gift| gift.who == who && gift.year == year);
        gifts.map(|gift| gift.amount - gift.refunded.unwrap_or(0)).sum()
    }

    /// What a donor has less than at first.
    pub(crate) fn gone(&self, who: usize) -> u128 {
        assert!(who < DONORS);
        self.in_year(who, 0) + self.in_year(who, 1)
    }
}
