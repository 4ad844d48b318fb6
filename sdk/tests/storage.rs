//! Every storage type does what a plain collection of std does, whatever is done to it.
#![allow(missing_docs, reason = "types of a test")]

use dure_sdk::{
    OutOfRange, Taken,
    index::{Many, Unique},
    native::Sandbox,
    prelude::*,
};
use proptest::{collection::vec, prelude::*};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Field 1; what lies in the fields beside it must not be seen.
fn place() -> Place {
    Place::field(1)
}

/// Runs with neighbours in the fields before and after.
fn among_neighbours(body: impl FnOnce()) {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        for id in [0, 2] {
            let mut neighbour = Map::<u8, u8>::open(Place::field(id));
            (0..=255).step_by(51).for_each(|key| neighbour.set(&key, &key));
        }
        body();
        for id in [0, 2] {
            let neighbour = Map::<u8, u8>::open(Place::field(id));
            assert_eq!(neighbour.entries(None, Order::Ascending).count(), 6);
        }
    });
}

/// A name with the bytes that keys escape.
fn name() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[ab\u{0}\u{ff}]{0,3}").expect("a pattern")
}

/// All pages one after another.
fn pages<T, K: Clone>(mut page: impl FnMut(Option<&K>) -> Page<T, K>) -> Vec<T> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let Page { items, next } = page(after.as_ref());
        all.extend(items);
        if next.is_none() {
            return all;
        }
        after = next;
    }
}

fn ordered<T>(mut ascending: Vec<T>, order: Order) -> Vec<T> {
    if order == Order::Descending {
        ascending.reverse();
    }
    ascending
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_map_is_a_btree_map(
        steps in vec((name(), any::<Option<u16>>()), 0..80),
        from in name(),
        to in name(),
        limit in 1u32..9,
    ) {
        among_neighbours(|| {
            let (mut map, mut model) = (Map::<String, u16>::open(place()), BTreeMap::new());
            for (key, value) in &steps {
                match value {
                    Some(value) => {
                        map.set(key, value);
                        model.insert(key.clone(), *value);
                    }
                    None => {
                        map.remove(key);
                        model.remove(key);
                    }
                }
                assert_eq!(map.get(key), model.get(key).copied());
                assert_eq!(map.contains(key), model.contains_key(key));
            }
            let all: Vec<_> = model.clone().into_iter().collect();
            let at_or_after: Vec<_> = model.range(from.clone()..).map(pair).collect();
            let at_or_before: Vec<_> = model.range(..=from.clone()).rev().map(pair).collect();
            assert_eq!(map.entries(Some(&from), Order::Ascending).collect::<Vec<_>>(), at_or_after);
            let before: Vec<_> = map.entries(Some(&from), Order::Descending).collect();
            assert_eq!(before, at_or_before);
            for (order, from_on) in [(Order::Ascending, at_or_after), (Order::Descending, before)] {
                let inside = |(key, _): &(String, u16)| match order {
                    Order::Ascending => *key < to,
                    Order::Descending => *key > to,
                };
                let expected: Vec<_> = from_on.into_iter().take_while(inside).collect();
                let mut until = map.entries(Some(&from), order).until(&to);
                assert_eq!(until.by_ref().collect::<Vec<_>>(), expected);
                assert_eq!(until.next(), None, "an end is for good");
                let whole = ordered(all.clone(), order).into_iter().take_while(inside);
                assert!(map.entries(None, order).until(&to).eq(whole));
            }
            for order in [Order::Ascending, Order::Descending] {
                let expected = ordered(all.clone(), order);
                assert_eq!(map.entries(None, order).collect::<Vec<_>>(), expected);
                assert_eq!(pages(|after| map.page(after, limit, order)), expected);
            }
        });
    }

    #[test]
    fn a_map_shows_what_is_under_the_first_part_of_its_keys(
        keys in vec((name(), 0u8..3, name()), 0..40),
        first in name(),
        second in 0u8..3,
        limit in 1u32..4,
        other in (name(), 0u8..3, name()),
    ) {
        among_neighbours(|| {
            let mut map = Map::<(String, u8, String), Amount>::open(place());
            let model: BTreeSet<_> = keys.iter().cloned().collect();
            keys.iter().for_each(|key| map.set(key, &Amount(1)));
            let under = |wanted: &dyn Fn(&&(String, u8, String)) -> bool, order| {
                ordered(model.iter().filter(wanted).cloned().collect(), order)
            };
            for order in [Order::Ascending, Order::Descending] {
                let found: Vec<_> = map.under(&first, order).map(|(key, _)| key).collect();
                assert_eq!(found, under(&|key| key.0 == first, order));
                let both = (first.clone(), second);
                let found: Vec<_> = map.under(&both, order).map(|(key, _)| key).collect();
                assert_eq!(found, under(&|key| (&key.0, key.1) == (&first, second), order));
                let page = |after: Option<&_>| map.page_under(&first, after, limit, order);
                let found: Vec<_> = pages(page).into_iter().map(|(key, _)| key).collect();
                assert_eq!(found, under(&|key| key.0 == first, order));
                // From any key, also one that begins otherwise.
                let is_from = |key: &_| match order {
                    Order::Ascending => *key >= other,
                    Order::Descending => *key <= other,
                };
                let found = map.under_from(&first, &other, order).map(|(key, _)| key);
                let wanted = under(&|key| key.0 == first && is_from(*key), order);
                assert_eq!(found.collect::<Vec<_>>(), wanted);
                let mut set = Set::<(String, u8, String)>::open(Place::field(5));
                keys.iter().for_each(|key| set.insert(key));
                let page = |after: Option<&_>| set.page_under(&first, after, limit, order);
                assert_eq!(pages(page), under(&|key| key.0 == first, order));
            }
        });
    }

    #[test]
    fn a_set_is_a_btree_set(
        steps in vec((any::<i8>(), any::<bool>()), 0..200),
        from in any::<i8>(),
        limit in 1u32..40,
    ) {
        among_neighbours(|| {
            let (mut set, mut model) = (Set::<i8>::open(place()), BTreeSet::new());
            for (key, put) in &steps {
                if *put {
                    set.insert(key);
                    model.insert(*key);
                } else {
                    set.remove(key);
                    model.remove(key);
                }
                assert_eq!(set.contains(key), model.contains(key));
            }
            let after: Vec<_> = model.range(from..).copied().collect();
            assert_eq!(set.entries(Some(&from), Order::Ascending).collect::<Vec<_>>(), after);
            let to = from.saturating_add(30);
            let until = set.entries(Some(&from), Order::Ascending).until(&to);
            assert!(until.eq(model.range(from..to).copied()));
            for order in [Order::Ascending, Order::Descending] {
                let expected = ordered(model.iter().copied().collect(), order);
                assert_eq!(set.entries(None, order).collect::<Vec<_>>(), expected);
                assert_eq!(pages(|after| set.page(after, limit, order)), expected);
            }
        });
    }

    #[test]
    fn a_storage_vec_is_a_vec(steps in vec((0u8..5, 0u32..12, any::<u16>()), 0..60)) {
        among_neighbours(|| {
            let (mut list, mut model) = (StorageVec::<u16>::open(place()), Vec::new());
            for (step, index, value) in steps {
                let inside = (index as usize) < model.len();
                match step {
                    0 | 1 => {
                        assert_eq!(list.push(&value) as usize, model.len());
                        model.push(value);
                    }
                    2 => assert_eq!(list.pop(), model.pop()),
                    3 => {
                        let len = model.len() as u32;
                        let expected = if inside { Ok(()) } else { Err(OutOfRange { index, len }) };
                        assert_eq!(list.set(index, &value), expected);
                        if let Some(slot) = model.get_mut(index as usize) {
                            *slot = value;
                        }
                    }
                    _ => {
                        let expected = inside.then(|| model.swap_remove(index as usize));
                        assert_eq!(list.swap_remove(index), expected);
                    }
                }
                assert_eq!((list.len() as usize, list.is_empty()), (model.len(), model.is_empty()));
                assert_eq!(list.get(index), model.get(index as usize).copied());
            }
            let all: Vec<_> = (0u32..).zip(model).collect();
            assert_eq!(list.entries(None, Order::Ascending).collect::<Vec<_>>(), all);
            let pages = pages(|after| list.page(after.copied(), 3, Order::Descending));
            assert_eq!(pages, ordered(all, Order::Descending));
        });
    }

    #[test]
    fn a_queue_is_a_deque(steps in vec((any::<bool>(), any::<u16>()), 0..80)) {
        among_neighbours(|| {
            let mut queue = Queue::<u16>::open(place());
            let (mut model, mut next) = (VecDeque::new(), 0u64);
            for (push, value) in steps {
                if push {
                    assert_eq!(queue.push(&value), next);
                    model.push_back((next, value));
                    next += 1;
                } else {
                    let gone = model.pop_front();
                    assert_eq!(queue.pop(), gone.map(|(_, value)| value));
                    if let Some((number, _)) = gone {
                        assert!(!queue.set(number, &1) && queue.get(number).is_none());
                    }
                }
                assert_eq!(queue.front(), model.front().map(|(_, value)| *value));
                assert_eq!((queue.len(), queue.is_empty()), (model.len() as u64, model.is_empty()));
            }
            if let Some((number, value)) = model.back_mut() {
                *value = 7;
                assert!(queue.set(*number, &7));
            }
            let expected: Vec<_> = model.into();
            assert_eq!(queue.entries(None, Order::Ascending).collect::<Vec<_>>(), expected);
            assert_eq!(pages(|after| queue.page(after.copied(), 2, Order::Ascending)), expected);
        });
    }

    #[test]
    fn a_balance_is_a_number_with_bounds(
        steps in vec((0u8..3, 0u8..4, amount(), amount()), 0..60),
    ) {
        among_neighbours(|| {
            let held = Map::<u8, Balance>::open(place());
            let mut model = BTreeMap::<u8, u128>::new();
            for (step, key, value, bound) in steps {
                let now = *model.get(&key).unwrap_or(&0);
                let (at, amount) = (held.at(&key), Amount(value));
                let next = match step {
                    0 => {
                        let sum = now.checked_add(value).filter(|sum| *sum <= bound);
                        let (held, bound) = (Amount(now), Amount(bound));
                        let room = bound.saturating_sub(held);
                        let above = Above { held, room, added: amount, bound };
                        let expected = sum.map(|_| ()).ok_or(above);
                        assert_eq!(at.add_within(amount, bound), expected);
                        sum
                    }
                    1 => {
                        let rest = now.checked_sub(value);
                        let short = Short { left: Amount(now), wanted: amount };
                        assert_eq!(at.sub(amount), rest.map(|_| ()).ok_or(short));
                        rest
                    }
                    _ => {
                        at.set(amount);
                        Some(value)
                    }
                };
                match next {
                    Some(0) => model.remove(&key),
                    Some(next) => model.insert(key, next),
                    None => None,
                };
                assert_eq!(at.get().0, *model.get(&key).unwrap_or(&0));
            }
            let held: Vec<_> = held.amounts(None, Order::Ascending).collect();
            let expected: Vec<_> = model.into_iter().map(|(key, now)| (key, Amount(now))).collect();
            assert_eq!(held, expected, "an amount of nought is absent");
        });
    }

    #[test]
    fn a_counter_is_a_number_with_bounds(
        steps in vec((any::<bool>(), number(), number()), 0..60),
    ) {
        among_neighbours(|| {
            let (mut counter, mut model) = (Counter::open(place()), 0u64);
            for (add, value, bound) in steps {
                let next = if add {
                    let sum = model.checked_add(value).filter(|sum| *sum <= bound);
                    let room = bound.saturating_sub(model);
                    let above = Above { held: model, room, added: value, bound };
                    let expected = sum.map(|_| ()).ok_or(above);
                    assert_eq!(counter.add_within(value, bound), expected);
                    sum
                } else {
                    let rest = model.checked_sub(value);
                    let expected = rest.map(|_| ()).ok_or(Short { left: model, wanted: value });
                    assert_eq!(counter.sub(value), expected);
                    rest
                };
                model = next.unwrap_or(model);
                assert_eq!(counter.get(), model);
            }
        });
    }
}

/// Lengths of which two are mostly more than a page holds, and which fit a value.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![1 => 0usize..100, 3 => 20_000usize..65_533, 1 => Just(65_532usize)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn long_values_are_gone_through_to_the_end(
        lengths in proptest::collection::btree_map(any::<u8>(), length(), 1..20),
        (from, to) in (any::<u8>(), any::<u8>()),
        limit in 1u32..5,
        fetching in 0u32..400,
    ) {
        among_neighbours(|| {
            let mut map = Map::<u8, Vec<u8>>::open(place());
            lengths.iter().for_each(|(key, length)| map.set(key, &vec![*key; *length]));
            let of = |(key, value): (u8, Vec<u8>)| (key, value.len());
            for order in [Order::Ascending, Order::Descending] {
                let is_from = |key: u8| match order {
                    Order::Ascending => key >= from,
                    Order::Descending => key <= from,
                };
                let is_before = |key: u8| match order {
                    Order::Ascending => key < to,
                    Order::Descending => key > to,
                };
                let all = ordered(lengths.clone().into_iter().collect(), order);
                let some = all.iter().copied().filter(|(key, _)| is_from(*key));
                let mut entries = map.entries(None, order).map(of);
                let first: Vec<_> = entries.by_ref().take(2).collect();
                assert_eq!(first, all.iter().copied().take(2).collect::<Vec<_>>());
                assert!(entries.eq(all.iter().copied().skip(2)));
                assert!(map.entries(None, order).fetching(fetching).map(of).eq(all.clone()));
                assert!(map.entries(Some(&from), order).map(of).eq(some.clone()));
                let until = map.entries(Some(&from), order).until(&to).map(of);
                assert!(until.eq(some.take_while(|(key, _)| is_before(*key))));
                let pages = pages(|after| map.page(after, limit, order));
                assert_eq!(pages.into_iter().map(of).collect::<Vec<_>>(), all);
            }
            // Whoever asks for less in the middle does not end there.
            let mut entries = map.entries(None, Order::Ascending).fetching(1);
            let first = entries.next().map(of);
            assert_eq!(first, lengths.iter().next().map(|(key, length)| (*key, *length)));
            assert_eq!(entries.fetching(1).count(), lengths.len() - 1);
        });
    }
}

fn pair<K: Clone, V: Copy>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), *value)
}

/// Amounts about the edges, often the same.
fn amount() -> impl Strategy<Value = u128> {
    let wide = 1u128 << 64;
    prop_oneof![0u128..4, wide - 2..wide + 2, u128::MAX - 2..=u128::MAX, any::<u128>()]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..4, u64::MAX - 2..=u64::MAX, any::<u64>()]
}

/// What the indexed map holds.
#[dure::ty]
#[derive(Copy)]
pub struct Card {
    pub owner: u8,
    pub code: u8,
    pub open: bool,
}

pub struct ByOwner;
impl Index<u16, Card> for ByOwner {
    const ID: u8 = 1;
    const NAME: &'static str = "by_owner";
    type Kind = Many;
    type Key = u8;
    fn key(_: &u16, card: &Card) -> Option<u8> {
        card.open.then_some(card.owner)
    }
}

pub struct ByCode;
impl Index<u16, Card> for ByCode {
    const ID: u8 = 7;
    const NAME: &'static str = "by_code";
    type Kind = Unique;
    type Key = u8;
    fn key(_: &u16, card: &Card) -> Option<u8> {
        (card.code > 0).then_some(card.code)
    }
}

type Cards = IndexedMap<u16, Card, (ByOwner, ByCode)>;

/// The indexes as the values have them.
fn check_indexes(cards: &Cards, model: &BTreeMap<u16, Card>) {
    let open = || model.iter().filter(|(_, card)| card.open);
    for owner in 0..4 {
        let own = open().filter(|(_, card)| card.owner == owner).map(|(key, _)| *key);
        let own: Vec<_> = own.collect();
        for order in [Order::Ascending, Order::Descending] {
            let expected = ordered(own.clone(), order);
            assert_eq!(cards.keys_by::<ByOwner>(&owner, order).collect::<Vec<_>>(), expected);
            let page = |after: Option<&u16>| cards.page_by::<ByOwner>(&owner, after, 2, order);
            assert_eq!(pages(page), expected);
        }
        let mut from: Vec<_> = open().map(|(key, card)| (card.owner, *key)).collect();
        from.retain(|(other, _)| *other >= owner);
        from.sort_unstable();
        assert_eq!(cards.ordered_by::<ByOwner>(Some(&owner)).collect::<Vec<_>>(), from);
    }
    for code in 1..6 {
        let found = model.iter().find(|(_, card)| card.code == code).map(|(key, _)| *key);
        assert_eq!(cards.find::<ByCode>(&code), found);
    }
    assert_eq!(cards.find::<ByCode>(&0), None, "the index leaves it out");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn an_indexed_map_finds_what_it_holds(
        steps in vec((0u16..8, (0u8..4, 0u8..6, any::<bool>()), 0u8..4), 0..40),
    ) {
        let mut sandbox = Sandbox::new();
        let left = sandbox.run(|_| {
            let (mut cards, mut model) = (Cards::open(place()), BTreeMap::new());
            for (key, (owner, code, open), step) in steps {
                let card = Card { owner, code, open };
                if step == 0 {
                    assert_eq!(cards.remove(&key), model.remove(&key));
                } else {
                    let other = |(number, held): (&u16, &Card)| *number != key && held.code == code;
                    let taken = code > 0 && model.iter().any(other);
                    let expected = if taken { Err(Taken { index: "by_code" }) } else { Ok(()) };
                    assert_eq!(cards.set(&key, &card), expected);
                    if !taken {
                        model.insert(key, card);
                    }
                }
                assert_eq!(cards.get(&key), model.get(&key).copied());
                assert_eq!(cards.contains(&key), model.contains_key(&key));
                check_indexes(&cards, &model);
            }
            assert_eq!(
                cards.entries(None, Order::Ascending).collect::<Vec<_>>(),
                model.clone().into_iter().collect::<Vec<_>>()
            );
            for key in 0..8 {
                assert_eq!(cards.remove(&key), model.remove(&key));
            }
            model.len()
        });
        prop_assert_eq!(left, 0);
        prop_assert!(sandbox.storage().is_empty(), "indexes keep nothing of what is gone");
    }
}

#[test]
fn sums_above_the_greatest_end_the_contract() {
    let ended = |body: fn()| {
        let mut sandbox = Sandbox::new();
        let run = std::panic::AssertUnwindSafe(|| sandbox.run(|_| body()));
        assert!(std::panic::catch_unwind(run).is_err());
        assert!(sandbox.storage().is_empty());
        sandbox.panic_text().unwrap_or_default().to_owned()
    };
    let text = ended(|| {
        let mut balance = Balance::open(place());
        balance.add(Amount::MAX);
        balance.add(Amount(1));
    });
    assert_eq!(text, "a balance exceeds the greatest amount");
    let text = ended(|| {
        let mut counter = Counter::open(place());
        counter.add(u64::MAX);
        counter.add(1);
    });
    assert_eq!(text, "a counter exceeds the greatest number");
    let text = ended(|| {
        Item::<u8>::open(place()).set(&1);
        Balance::open(place()).add(Amount(1));
    });
    assert_eq!(text, "a stored value is not an amount");
}

#[test]
fn dropping_a_field_writes_nothing() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        drop(Cards::open(place()));
        drop(Queue::<u8>::open(place()));
        drop(StorageVec::<u8>::open(place()));
        Balance::open(place()).add(Amount::ZERO);
        Counter::open(place()).add(0);
    });
    assert!(sandbox.storage().is_empty());
}

#[test]
fn keys_are_where_the_formats_say() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        Queue::<u8>::open(Place::field(2)).push(&9);
        StorageVec::<u8>::open(Place::field(3)).push(&8);
        Set::<u8>::open(Place::field(4)).insert(&7);
        let card = Card { owner: 1, code: 2, open: true };
        Cards::open(Place::field(5)).set(&0x0304, &card).expect("nothing is there");
    });
    let mut ends = vec![0; 16];
    ends[8] = 1;
    let expected = [
        (vec![0, 2, 0], ends),
        (vec![0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0], vec![9]),
        (vec![0, 3, 0], vec![1, 0, 0, 0]),
        (vec![0, 3, 1, 0, 0, 0, 0], vec![8]),
        (vec![0, 4, 7], vec![]),
        (vec![0, 5, 0, 3, 4], vec![1, 2, 1]),
        (vec![0, 5, 1, 1, 3, 4], vec![]),
        (vec![0, 5, 7, 2], vec![4, 3]),
    ];
    assert_eq!(sandbox.storage(), expected.into());
}
