//! Intervals on running totals against a list of single won.

use dure_sdk::{
    Amount, Field, Hash, Map, Place,
    domain::trace::{Interval, Overlap, Trace, TraceError, cut},
    native::Sandbox,
};
use proptest::{collection::vec, prelude::*};

fn trace() -> Trace<u8> {
    Trace::open(Place::field(0))
}

fn id(number: usize) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Hash(bytes)
}

fn amounts(overlaps: &[Overlap]) -> Vec<(Hash, u128)> {
    overlaps.iter().map(|overlap| (overlap.of, overlap.interval.amount().0)).collect()
}

fn lies(start: u128, end: u128) -> Interval {
    Interval { start: Amount(start), end: Amount(end) }
}

#[test]
fn each_won_is_followed_first_in_first_out() {
    let (mut sandbox, mut trace) = (Sandbox::new(), trace());
    sandbox.run(|_| {
        let ana = trace.give(&0, id(1), Amount(100)).unwrap();
        let ben = trace.give(&0, id(2), Amount(70)).unwrap();
        assert_eq!((ana, ben), (lies(0, 100), lies(100, 170)));
        let rice = trace.spend(&[0], id(8), Amount(120)).unwrap();
        assert_eq!(rice, [(0, lies(0, 120))]);
        let found = trace.gifts_of(&0, rice[0].1, 9);
        assert_eq!(amounts(&found.items), [(id(1), 100), (id(2), 20)]);
        assert_eq!(amounts(&trace.spends_of(&0, ben, 9).items), [(id(8), 20)]);
        assert_eq!((trace.unspent_of(&0, ana), trace.unspent_of(&0, ben)), (Amount(0), Amount(50)));
    });
}

#[test]
fn what_was_given_for_it_goes_before_what_was_given_for_anything() {
    let (mut sandbox, mut trace) = (Sandbox::new(), trace());
    sandbox.run(|_| {
        trace.give(&1, id(1), Amount(30)).unwrap();
        trace.give(&0, id(2), Amount(50)).unwrap();
        let parts = trace.spend(&[1, 0], id(8), Amount(45)).unwrap();
        assert_eq!(parts, [(1, lies(0, 30)), (0, lies(0, 15))]);
    });
    let before = sandbox.storage();
    let short = TraceError::Short { unspent: Amount(35), wanted: Amount(36) };
    assert_eq!(sandbox.run(|_| trace.spend(&[1, 0], id(9), Amount(36))), Err(short));
    // A track that is named twice has its money once.
    assert_eq!(sandbox.run(|_| trace.spend(&[0, 1, 0, 0], id(9), Amount(36))), Err(short));
    assert_eq!(sandbox.storage(), before);
    let parts = sandbox.run(|_| trace.spend(&[0, 0, 1], id(9), Amount(35)));
    assert_eq!(parts, Ok(vec![(0, lies(15, 50))]));
}

#[test]
fn nothing_is_stored_of_nothing_and_nothing_beyond_the_greatest_amount() {
    let (mut sandbox, mut trace) = (Sandbox::new(), trace());
    let empty = sandbox.run(|_| trace.give(&0, id(1), Amount::ZERO));
    assert_eq!(empty, Ok(lies(0, 0)));
    assert!(sandbox.storage().is_empty());
    sandbox.run(|_| trace.give(&0, id(1), Amount::MAX)).unwrap();
    let before = sandbox.storage();
    let too_much = TraceError::TooMuch { given: Amount::MAX, amount: Amount(1) };
    assert_eq!(sandbox.run(|_| trace.give(&0, id(2), Amount(1))), Err(too_much));
    assert_eq!(sandbox.storage(), before);
}

#[test]
fn a_recount_finds_what_bypassed_the_books() {
    let (mut sandbox, mut trace) = (Sandbox::new(), trace());
    sandbox.run(|_| {
        for gift in 1..=3 {
            trace.give(&0, id(gift), Amount(10)).unwrap();
        }
        let page = trace.recount_gifts(&0, Amount(0), 2).unwrap();
        assert_eq!((page.items.len(), page.next), (2, Some(Amount(20))));
        assert_eq!(trace.recount_gifts(&0, Amount(20), 2).unwrap().next, None);
        let broken = TraceError::Broken { at: Amount(15), total: Amount(30) };
        assert_eq!(trace.recount_gifts(&0, Amount(15), 2).map(|_| ()), Err(broken));
        // Part 0 of part 0 has the totals of the gifts, part 1 the gifts themselves.
        let side = Place::field(0).part(0);
        Map::<u8, Amount>::open(side.part(0)).set(&0, &Amount(31));
        let broken = TraceError::Broken { at: Amount(30), total: Amount(31) };
        assert_eq!(trace.recount_gifts(&0, Amount(0), 9).map(|_| ()), Err(broken));
        Map::<u8, Amount>::open(side.part(0)).set(&0, &Amount(30));
        Map::<(u8, Amount), (Hash, Amount)>::open(side.part(1)).remove(&(0, Amount(10)));
        let broken = TraceError::Broken { at: Amount(10), total: Amount(30) };
        assert_eq!(trace.recount_gifts(&0, Amount(0), 9).map(|_| ()), Err(broken));
    });
}

/// One won: whose gift it is, and what it was spent on.
#[derive(Clone, Copy)]
struct Won {
    gift: Hash,
    spend: Option<Hash>,
}

/// What consecutive won have in common, with how many there are.
fn runs(of: impl Iterator<Item = Hash>) -> Vec<(Hash, u128)> {
    let mut runs: Vec<(Hash, u128)> = Vec::new();
    for hash in of {
        match runs.last_mut() {
            Some((last, count)) if *last == hash => *count += 1,
            _ => runs.push((hash, 1)),
        }
    }
    runs
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Give { track: u8, amount: u128 },
    Spend { first: u8, second: Option<u8>, amount: u128 },
}

fn act() -> impl Strategy<Value = Act> {
    let (track, amount) = (0u8..3, prop_oneof![4 => 0u128..20, 1 => 20u128..90]);
    prop_oneof![
        3 => (track.clone(), amount.clone())
            .prop_map(|(track, amount)| Act::Give { track, amount }),
        2 => (track.clone(), prop::option::of(track), amount)
            .prop_map(|(first, second, amount)| Act::Spend { first, second, amount }),
    ]
}

/// All pages of at most `limit`.
fn all(
    mut interval: Interval,
    limit: u32,
    page: impl Fn(Interval) -> dure_sdk::Page<Overlap, Amount>,
) -> Vec<(Hash, u128)> {
    let mut found = Vec::new();
    loop {
        let page = page(interval);
        assert!(page.items.len() <= limit as usize);
        found.extend(amounts(&page.items));
        let Some(next) = page.next else { return found };
        assert!(next > interval.start, "each page goes on");
        interval.start = next;
    }
}

#[derive(Default)]
struct Model {
    tracks: [Vec<Won>; 3],
    gifts: Vec<(u8, Hash, Interval)>,
    spends: Vec<(u8, Hash, Interval)>,
}

impl Model {
    fn unspent(&self, track: u8) -> u128 {
        self.tracks[track as usize].iter().filter(|won| won.spend.is_none()).count() as u128
    }

    fn compare(&self, sandbox: &mut Sandbox, limit: u32) -> Result<(), TestCaseError> {
        let trace = trace();
        for (track, gift, interval) in &self.gifts {
            let own = || self.tracks[*track as usize].iter().filter(|won| won.gift == *gift);
            let expected = runs(own().filter_map(|won| won.spend));
            let found =
                sandbox.run(|_| all(*interval, limit, |rest| trace.spends_of(track, rest, limit)));
            prop_assert_eq!(found, expected);
            let unspent = own().filter(|won| won.spend.is_none()).count() as u128;
            let found = sandbox.run(|_| trace.unspent_of(track, *interval));
            prop_assert_eq!(found, Amount(unspent));
        }
        for (track, spend, interval) in &self.spends {
            let won = self.tracks[*track as usize].iter();
            let expected = runs(won.filter(|won| won.spend == Some(*spend)).map(|won| won.gift));
            let found =
                sandbox.run(|_| all(*interval, limit, |rest| trace.gifts_of(track, rest, limit)));
            prop_assert_eq!(found, expected);
        }
        for (track, won) in (0u8..).zip(&self.tracks) {
            let whole = lies(0, won.len() as u128);
            let gifts = sandbox.run(|_| {
                all(whole, limit, |rest| trace.recount_gifts(&track, rest.start, limit).unwrap())
            });
            prop_assert_eq!(gifts, runs(won.iter().map(|won| won.gift)));
            let spends = sandbox.run(|_| {
                all(whole, limit, |rest| trace.recount_spends(&track, rest.start, limit).unwrap())
            });
            prop_assert_eq!(spends, runs(won.iter().filter_map(|won| won.spend)));
            prop_assert_eq!(sandbox.run(|_| trace.unspent(&track)).0, self.unspent(track));
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn every_won_goes_where_a_list_of_single_won_says(
        acts in vec(act(), 1..50),
        limit in 1u32..5,
    ) {
        let (mut sandbox, mut trace, mut model) = (Sandbox::new(), trace(), Model::default());
        for (number, act) in acts.into_iter().enumerate() {
            match act {
                Act::Give { track, amount } => {
                    let found = sandbox.run(|_| trace.give(&track, id(number), Amount(amount)));
                    let won = &mut model.tracks[track as usize];
                    let start = won.len() as u128;
                    let interval = lies(start, start + amount);
                    prop_assert_eq!(found, Ok(interval));
                    let won_of_gift = Won { gift: id(number), spend: None };
                    won.extend((0..amount).map(|_| won_of_gift));
                    model.gifts.push((track, id(number), interval));
                }
                Act::Spend { first, second, amount } => {
                    let tracks: Vec<u8> =
                        [first].into_iter().chain(second.filter(|track| *track != first)).collect();
                    let unspent = tracks.iter().map(|track| model.unspent(*track)).sum::<u128>();
                    let found = sandbox.run(|_| trace.spend(&tracks, id(number), Amount(amount)));
                    prop_assert_eq!(found.is_ok(), amount <= unspent);
                    let Ok(parts) = found else { continue };
                    let mut left = amount;
                    for track in &tracks {
                        let won = model.tracks[*track as usize].iter_mut();
                        let open = won.filter(|won| won.spend.is_none()).take(left as usize);
                        left -= open.map(|won| won.spend = Some(id(number))).count() as u128;
                    }
                    let spent = parts.iter().map(|(track, part)| (*track, id(number), *part));
                    model.spends.extend(spent);
                }
            }
            model.compare(&mut sandbox, limit)?;
        }
    }

    #[test]
    fn cuts_of_any_gifts_sum_to_the_share_of_all(
        gifts in vec(0u128..1_000, 1..60),
        rate_bp in 0u32..=10_000,
    ) {
        let (mut total, mut sum) = (0, 0);
        for gift in gifts {
            let part = cut(Amount(total), Amount(gift), rate_bp).unwrap().0;
            // The own share, rounded down or up.
            let exact = gift * u128::from(rate_bp);
            prop_assert!(part == exact / 10_000 || part == exact.div_ceil(10_000));
            prop_assert!(part <= gift);
            total += gift;
            sum += part;
            prop_assert_eq!(sum, total * u128::from(rate_bp) / 10_000);
        }
    }
}
