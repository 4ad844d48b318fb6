//! Random seasons of two campaigns, compared with lists of single won after every step.

mod fund;
mod plain;

use donation::donation::{
    Cursor, Line, Payees, Plan, Purpose, Side, Step, Track, call, donation_of,
};
use dure_sdk::{Address, Amount, Hash, Page, TimestampMs, native::Sandbox};
use fund::{
    ANYWHERE, AUDITORS, BOOKSHOP, CHARITY, CITY, DAY, DONORS, FAMILY, FOOD, FUND, GROCER, OWN_SHOP,
    PURSE, START, audit, auditor, donor, id, plan, sandbox, tokens,
};
use plain::{CAPS, GOAL, LEAST, MILESTONES, PAYEES, Plain, QUORUM, TERMS};
use proptest::{collection::vec, prelude::*};

/// The charity's own shop and a stranger are never paid.
const ACCOUNTS: [Address; PAYEES] = [GROCER, BOOKSHOP, FAMILY, OWN_SHOP, Address([34; 32])];

#[derive(Clone, Debug)]
enum Act {
    Give { who: usize, campaign: usize, line: Option<u8>, amount: u128 },
    GiveAgain { gift: usize, more: u128 },
    Report { campaign: usize, milestone: usize, evidence: u64 },
    Approve { campaign: usize, milestone: usize, evidence: u64, by: usize },
    Spend { campaign: usize, line: Option<u8>, to: usize, amount: u128 },
    SpendAgain { spend: usize, more: u128 },
    End { campaign: usize, by_charity: bool },
    Refund { gift: usize },
    Wait { days: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    let (campaign, line) = (0usize..2, prop::option::of(0u8..2));
    let evidence = prop_oneof![9 => Just(0u64), 1 => Just(1)];
    let milestone = (campaign.clone(), 0usize..2, evidence);
    let amount = prop_oneof![6 => 0u128..40, 1 => 40u128..200];
    // Mostly who may be paid for it.
    let spend = line.clone().prop_flat_map(|line| {
        let fits = line.map_or(1, |line| 2 * usize::from(line));
        (Just(line), prop_oneof![5 => Just(fits), 1 => 0..PAYEES])
    });
    let more = prop_oneof![2 => Just(0u128), 1 => Just(1)];
    prop_oneof![
        30 => (0..DONORS, campaign.clone(), line, amount.clone())
            .prop_map(|(who, campaign, line, amount)| Act::Give { who, campaign, line, amount }),
        5 => (0usize..4, more.clone()).prop_map(|(gift, more)| Act::GiveAgain { gift, more }),
        8 => milestone.clone().prop_map(|(campaign, milestone, evidence)| Act::Report {
            campaign, milestone, evidence
        }),
        // The fourth is no auditor.
        40 => (milestone, 0..=AUDITORS).prop_map(|((campaign, milestone, evidence), by)| {
            Act::Approve { campaign, milestone, evidence, by }
        }),
        40 => (campaign.clone(), spend, amount).prop_map(|(campaign, (line, to), amount)| {
            Act::Spend { campaign, line, to, amount }
        }),
        5 => (0usize..4, more).prop_map(|(spend, more)| Act::SpendAgain { spend, more }),
        1 => (campaign, any::<bool>())
            .prop_map(|(campaign, by_charity)| Act::End { campaign, by_charity }),
        12 => (0usize..9).prop_map(|gift| Act::Refund { gift }),
        4 => (0u64..8).prop_map(|days| Act::Wait { days }),
    ]
}

fn plan_of(campaign: usize) -> Plan {
    let (overhead_bp, gifts, spends) = TERMS[campaign];
    let line = |cap, payees| Line { name: "line".to_owned(), cap: Amount(cap), payees };
    let [rice, allowances] = CAPS;
    Plan {
        goal: Amount(GOAL),
        least: Amount(LEAST),
        gifts_until: TimestampMs(START + gifts * DAY),
        spend_until: TimestampMs(START + spends * DAY),
        overhead_bp: overhead_bp as u32,
        overhead_payees: Payees::Merchants { set: ANYWHERE },
        lines: vec![line(rice, Payees::Merchants { set: FOOD }), line(allowances, Payees::Persons)],
        milestones: MILESTONES.map(Amount).to_vec(),
        quorum: QUORUM as u8,
        ..plan()
    }
}

struct World {
    sandbox: Sandbox,
    plain: Plain,
    /// What each gift of the plain list is known by.
    gifts: Vec<(Hash, Hash)>,
    acts: u64,
}

/// What the contract answered, and what it should have.
type Both = (Result<u128, String>, Option<u128>);

fn said<T, E: std::fmt::Debug>(result: Result<T, E>) -> Result<u128, String> {
    result.map(|_| 0).map_err(|error| format!("{error:?}"))
}

fn purpose(line: Option<u8>) -> Purpose {
    line.map_or(Purpose::Overhead, Purpose::Line)
}

/// The last but so many of a list.
fn back(len: usize, back: usize) -> Option<usize> {
    len.checked_sub(1 + back)
}

impl World {
    fn new() -> Self {
        let mut sandbox = sandbox();
        for campaign in 0..2 {
            let open = call::open(campaign as u32, plan_of(campaign));
            sandbox.caller(CITY).send(FUND, &open).unwrap();
        }
        Self { sandbox, plain: Plain::new(), gifts: Vec::new(), acts: 0 }
    }

    /// None when there is nothing to do it to.
    fn act(&mut self, act: &Act) -> Option<Both> {
        self.acts += 1;
        let Self { sandbox, plain, .. } = self;
        Some(match *act {
            Act::Report { campaign, milestone, evidence } => {
                let report = call::report(campaign as u32, milestone as u8, id(evidence));
                let done = sandbox.caller(CHARITY).send(FUND, &report);
                (said(done), plain.report(campaign, milestone, evidence).map(|()| 0))
            }
            Act::Approve { campaign, milestone, evidence, by } => {
                let approve = call::approve(campaign as u32, milestone as u8, id(evidence));
                let done = sandbox.caller(auditor(by)).send(FUND, &approve);
                (said(done), plain.approve(campaign, milestone, evidence, by).map(|()| 0))
            }
            Act::End { campaign, by_charity } => {
                let by = if by_charity { CHARITY } else { CITY };
                let done = sandbox.caller(by).send(FUND, &call::end(campaign as u32, id(1)));
                (said(done), plain.end(campaign).map(|()| 0))
            }
            Act::Wait { days } => {
                plain.now += days * DAY;
                sandbox.time(TimestampMs(plain.now));
                (Ok(0), Some(0))
            }
            ref money => return self.money(money),
        })
    }

    fn money(&mut self, act: &Act) -> Option<Both> {
        let Self { sandbox, plain, gifts, acts } = self;
        Some(match *act {
            Act::Give { who, campaign, line, amount } => {
                let chosen = id(*acts);
                let donate = call::donate(chosen, campaign as u32, line, Amount(amount));
                let done = sandbox.caller(donor(who)).send(FUND, &donate);
                let expected = plain.give(who, campaign, line, amount).map(|()| 0);
                if expected.is_some() {
                    let donation = sandbox.run(|_| donation_of(donor(who), chosen));
                    gifts.push((donation, chosen));
                }
                (said(done), expected)
            }
            // The same again answers the same; another amount under the id is refused.
            Act::GiveAgain { gift, more } => {
                let index = back(gifts.len(), gift)?;
                let (found, chosen) = (&plain.gifts[index], gifts[index].1);
                let amount = Amount(found.amount + more);
                let donate = call::donate(chosen, found.campaign as u32, found.line, amount);
                let done = sandbox.caller(donor(found.who)).send(FUND, &donate);
                (said(done), (more == 0).then_some(0))
            }
            Act::Spend { campaign, line, to, amount } => {
                let receipt = id(plain.spends.len() as u64);
                let (account, sum) = (ACCOUNTS[to], Amount(amount));
                let spend = call::spend(campaign as u32, purpose(line), account, sum, receipt);
                let done = sandbox.caller(CHARITY).send(FUND, &spend);
                (said(done), plain.spend(campaign, line, to, amount).map(|()| 0))
            }
            Act::SpendAgain { spend, more } => {
                let index = back(plain.spends.len(), spend)?;
                let found = &plain.spends[index];
                let (campaign, to) = (found.campaign as u32, ACCOUNTS[found.to]);
                let (sum, receipt) = (Amount(found.amount + more), id(index as u64));
                let spend = call::spend(campaign, purpose(found.line), to, sum, receipt);
                let done = sandbox.caller(CHARITY).send(FUND, &spend);
                (said(done), (more == 0).then_some(0))
            }
            Act::Refund { gift } => {
                let index = back(gifts.len(), gift)?;
                let done = sandbox.caller(donor(0)).send(FUND, &call::refund(gifts[index].0));
                let done = done.map(|amount| amount.0).map_err(|error| format!("{error:?}"));
                (done, plain.refund(index))
            }
            _ => return None,
        })
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        for campaign in 0..2 {
            self.books(campaign)?;
        }
        for index in 0..self.gifts.len() {
            self.follow_gift(index)?;
        }
        for index in 0..self.plain.spends.len() {
            self.follow_spend(index)?;
        }
        let Self { sandbox, plain, .. } = self;
        for who in 0..DONORS {
            prop_assert_eq!(tokens(sandbox, donor(who)), PURSE - plain.gone(who));
            for (index, year) in [2026, 2027].into_iter().enumerate() {
                let found = sandbox.ask(FUND, &call::given_in_year(donor(who), year)).unwrap();
                prop_assert_eq!(found.0, plain.in_year(who, index));
            }
        }
        for (account, paid) in ACCOUNTS.into_iter().zip(plain.paid) {
            prop_assert_eq!(tokens(sandbox, account), paid);
        }
        prop_assert_eq!(audit(sandbox), Ok(()));
        Ok(())
    }

    fn books(&mut self, campaign: usize) -> Result<(), TestCaseError> {
        let Self { sandbox, plain, .. } = self;
        let (number, found) = (campaign as u32, &plain.campaigns[campaign]);
        let books = sandbox.ask(FUND, &call::books(number)).unwrap();
        let (given, spent, refunded) = (found.given(), found.spent(), found.refunded());
        prop_assert_eq!(books.given.0, given);
        prop_assert_eq!(books.overhead.0, found.overhead());
        prop_assert_eq!(books.spent.0, spent);
        prop_assert_eq!(books.refunded.0, refunded);
        prop_assert_eq!(books.held.0, given - spent - refunded);
        let released = sandbox.ask(FUND, &call::released(number)).unwrap();
        prop_assert_eq!(released.0, found.released());

        let (mut all, mut back, mut out) = (0, 0, 0);
        for line in [None, Some(0), Some(1)] {
            for overhead in [false, true] {
                let track = Track { campaign: number, line, overhead };
                let (counted, refunded) = recount(sandbox, track, Side::Gifts);
                (all, back) = (all + counted, back + refunded);
                out += recount(sandbox, track, Side::Spends).0;
            }
        }
        prop_assert_eq!((all, back, out), (given, refunded, spent));
        Ok(())
    }

    fn follow_gift(&mut self, index: usize) -> Result<(), TestCaseError> {
        let Self { sandbox, plain, gifts, .. } = self;
        let (gift, donation) = (&plain.gifts[index], gifts[index].0);
        let page = |after, limit| call::trace(donation, after, limit);
        let found = all(|after, limit| sandbox.ask(FUND, &page(after, limit)).unwrap());
        let mut expected = Vec::new();
        for overhead in [false, true] {
            let won = plain.campaigns[gift.campaign].won.get(&(gift.line, overhead));
            let own = won.into_iter().flatten().filter(|won| won.gift == index);
            let spends = own.filter_map(|won| won.spend).map(|spend| id(spend as u64));
            expected.extend(runs(spends, gift.line, overhead));
        }
        prop_assert_eq!(found, expected);
        let unspent = sandbox.ask(FUND, &call::unspent_of(donation)).unwrap();
        let expected = gift.refunded.is_none().then(|| Amount(plain.unspent(index)));
        prop_assert_eq!(unspent, expected);
        Ok(())
    }

    fn follow_spend(&mut self, index: usize) -> Result<(), TestCaseError> {
        let Self { sandbox, plain, gifts, .. } = self;
        let spend = &plain.spends[index];
        let page = |after, limit| call::trace_of_spend(id(index as u64), after, limit);
        let found = all(|after, limit| sandbox.ask(FUND, &page(after, limit)).unwrap());
        let kinds: &[(Option<u8>, bool)] = match spend.line {
            Some(_) => &[(spend.line, false), (None, false)],
            None => &[(None, true), (Some(0), true), (Some(1), true)],
        };
        let mut expected = Vec::new();
        for (line, overhead) in kinds.iter().copied() {
            let won = plain.campaigns[spend.campaign].won.get(&(line, overhead));
            let own = won.into_iter().flatten().filter(|won| won.spend == Some(index));
            expected.extend(runs(own.map(|won| gifts[won.gift].0), line, overhead));
        }
        prop_assert_eq!(found.iter().map(|run| run.3).sum::<u128>(), spend.amount);
        prop_assert_eq!(found, expected);
        Ok(())
    }
}

/// What is it, of which money, how much.
type Run = (Hash, Option<u8>, bool, u128);

/// What consecutive won have in common, with how many there are.
fn runs(of: impl Iterator<Item = Hash>, line: Option<u8>, overhead: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for hash in of {
        match runs.last_mut() {
            Some((last, .., count)) if *last == hash => *count += 1,
            _ => runs.push((hash, line, overhead, 1)),
        }
    }
    runs
}

/// All pages of two.
fn all(mut page: impl FnMut(Option<Cursor>, u32) -> Page<Step, Cursor>) -> Vec<Run> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let Page { items, next } = page(after, 2);
        assert!(items.len() <= 2 && (next.is_none() || items.len() == 2));
        assert!(after.is_none() || !items.is_empty(), "what is said to follow does");
        let run = |step: &Step| {
            let Track { line, overhead, .. } = step.track;
            (step.of, line, overhead, step.interval.amount().0)
        };
        found.extend(items.iter().map(run));
        if next.is_none() {
            return found;
        }
        after = next;
    }
}

/// What all pages of two count.
fn recount(sandbox: &mut Sandbox, track: Track, side: Side) -> (u128, u128) {
    let (mut counted, mut refunded, mut from) = (0, 0, Some(Amount::ZERO));
    while let Some(start) = from {
        let page = sandbox.ask(FUND, &call::recount(track, side, start, 2)).unwrap();
        (counted, refunded) = (counted + page.counted.0, refunded + page.refunded.0);
        from = page.next;
    }
    (counted, refunded)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn seasons_of_campaigns_are_those_of_a_list_of_single_won(acts in vec(act(), 20..160)) {
        let mut world = World::new();
        for act in &acts {
            let Some((done, expected)) = world.act(act) else { continue };
            prop_assert_eq!(done.clone().ok(), expected, "{:?}: {:?}", act, done);
            world.compare()?;
        }
    }
}
