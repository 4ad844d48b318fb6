//! What goes through storage does as WASM what it does in the sandbox: the shadow compares values,
//! errors and storage. That the sandbox is right is shown in `sdk/tests/storage.rs`.

use dure_sdk::Invocation;
use dure_testing::{Account, Address, Chain, Refusal, codec::Decode};
use proptest::{collection::vec, option, prelude::*, sample::select};
use shelf::{
    Card,
    shelf::{Error, Shelf, call},
};
use std::collections::BTreeMap;

struct Scene {
    chain: Chain,
    keeper: Account,
    shelf: Address,
}

impl Scene {
    fn new() -> Self {
        let mut chain = Chain::new();
        let keeper = chain.account("keeper");
        chain.shadow::<Shelf>(chain.next_address(keeper));
        let shelf = chain.deploy(env!("CARGO_MANIFEST_DIR"), keeper, ()).unwrap();
        Self { chain, keeper, shelf }
    }

    /// What was answered; none when the contract refused.
    fn send<T: Decode>(&mut self, invocation: &Invocation<T, Error>) -> Option<T> {
        match self.chain.send(self.keeper, self.shelf, invocation) {
            Ok(value) => Some(value),
            Err(Refusal::Contract(_)) => None,
            Err(Refusal::Other(other)) => panic!("{other}"),
        }
    }

    fn ask<T: Decode>(&self, invocation: &Invocation<T, Error>) -> T {
        self.chain.ask(self.shelf, invocation).unwrap()
    }
}

/// Lengths of which two are mostly more than an output, and which fit a value with its length.
fn length() -> impl Strategy<Value = u32> {
    prop_oneof![1 => 0u32..100, 3 => 20_000u32..65_533, 1 => Just(65_532u32)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn long_values_are_gone_through_to_the_end(
        lengths in proptest::collection::btree_map(0u8..20, length(), 1..7),
        from in 0u8..20,
        limit in 1u32..4,
    ) {
        let mut scene = Scene::new();
        for (key, bytes) in &lengths {
            scene.send(&call::put(*key, *bytes));
        }
        for descending in [false, true] {
            let ordered = |map: &BTreeMap<u8, u32>| {
                let mut all: Vec<(u8, u32)> = map.clone().into_iter().collect();
                if descending {
                    all.reverse();
                }
                all
            };
            let all = ordered(&lengths);
            prop_assert_eq!(&scene.ask(&call::lengths(None, descending)), &all);
            let beyond = |key: &u8| if descending { *key <= from } else { *key >= from };
            let some = lengths.iter().filter(|(key, _)| beyond(key)).map(|(k, l)| (*k, *l));
            let some = ordered(&some.collect());
            prop_assert_eq!(scene.ask(&call::lengths(Some(from), descending)), some);
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let (items, next) = scene.ask(&call::page(after, limit, descending));
                paged.extend(items);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(&paged, &all);
        }
    }

    #[test]
    fn indexed_maps_lists_and_queues_are_the_same_as_wasm(
        steps in vec((0u8..9, 0u16..5, 0u8..3, 0u8..4), 1..40),
        asked in (0u8..3, 0u8..4, option::of(0u16..5), select(vec![0u32, 1, 3])),
    ) {
        let mut scene = Scene::new();
        for (act, key, owner, code) in steps {
            match act {
                0..=2 => scene.send(&call::keep(key, Card { owner, code })).map(drop),
                3 => scene.send(&call::drop_card(key)).map(drop),
                4 | 5 => scene.send(&call::push(key)).map(drop),
                6 => scene.send(&call::pop()).map(drop),
                7 => scene.send(&call::change(u32::from(key), u16::from(code))).map(drop),
                _ => scene.send(&call::take(u32::from(key))).map(drop),
            };
        }
        let (owner, code, after, from) = asked;
        let (all, own, _) = scene.ask(&call::cards(owner, code));
        prop_assert_eq!(own.len(), all.iter().filter(|(_, card)| card.owner == owner).count());
        scene.ask(&call::owners(owner, after));
        scene.ask(&call::list(from));
        scene.ask(&call::queue(u64::from(from)));
        scene.ask(&call::lens());
    }
}
