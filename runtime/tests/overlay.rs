//! The overlay against a plain map that is copied at every savepoint.

use dure_runtime::{StateDelta, StateRead, state::overlay::Overlay};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Get(Vec<u8>),
    Set(Vec<u8>, Option<Vec<u8>>),
    Scan { start: Vec<u8>, end: Vec<u8>, reverse: bool, limit: usize },
    Save,
    Rollback,
    Commit,
}

/// Few keys, some of them prefixes of others, so that steps meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..3, 0..3)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..2, 0..2)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => key().prop_map(Step::Get),
        4 => (key(), prop::option::of(value())).prop_map(|(key, value)| Step::Set(key, value)),
        2 => (key(), key(), any::<bool>(), 0usize..6).prop_map(|(start, end, reverse, limit)| {
            Step::Scan { start, end, reverse, limit }
        }),
        1 => Just(Step::Save),
        1 => Just(Step::Rollback),
        1 => Just(Step::Commit),
    ]
}

fn scan(map: &Map, start: &[u8], end: &[u8], reverse: bool, limit: usize) -> Map {
    let inside = map.iter().filter(|(key, _)| start <= key.as_slice() && key.as_slice() < end);
    let own = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
    if reverse {
        inside.rev().take(limit).map(own).collect()
    } else {
        inside.take(limit).map(own).collect()
    }
}

fn difference(before: &Map, after: &Map) -> StateDelta {
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    let changed = after.iter().filter(|(key, value)| before.get(*key) != Some(*value));
    let changed = changed.map(|(key, value)| (key.clone(), Some(value.clone())));
    removed.map(|key| (key.clone(), None)).chain(changed).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn overlay_equals_a_map_that_is_copied(
        before in prop::collection::btree_map(key(), value(), 0..8),
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let base: Arc<dyn StateRead> = Arc::new(before.clone());
        let mut overlay = Overlay::new(base);
        let mut now = before.clone();
        let mut saved = Vec::new();
        for step in steps {
            match step {
                Step::Get(key) => {
                    prop_assert_eq!(overlay.get(&key).unwrap(), now.get(&key).map(Vec::as_slice));
                }
                Step::Set(key, value) => {
                    overlay.set(&key, value.clone());
                    match value {
                        Some(value) => now.insert(key, value),
                        None => now.remove(&key),
                    };
                }
                Step::Scan { start, end, reverse, limit } => {
                    let mut found = overlay.scan(&start, &end, reverse, limit).unwrap();
                    if reverse {
                        found.reverse();
                    }
                    let expected: Vec<_> =
                        scan(&now, &start, &end, reverse, limit).into_iter().collect();
                    prop_assert_eq!(found, expected);
                }
                Step::Save => saved.push((overlay.savepoint(), now.clone())),
                Step::Rollback => if let Some((savepoint, copy)) = saved.pop() {
                    overlay.rollback(savepoint);
                    now = copy;
                },
                Step::Commit => {
                    overlay.commit();
                    saved.clear();
                }
            }
        }
        prop_assert_eq!(overlay.into_delta().unwrap(), difference(&before, &now));
    }
}
