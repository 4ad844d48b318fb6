//! Pages of storage: whole, in order, and no more loaded than answered.

use crate::chain::Chain;
use dure_node::rpc::state_page;
use dure_runtime::{Fault, StateRead};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Counts the bytes that scans load.
struct Counted {
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    loaded: AtomicUsize,
}

impl StateRead for Counted {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        StateRead::get(&self.state, key)
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Fault> {
        let found = self.state.scan(start, end, reverse, limit)?;
        let bytes = found.iter().map(|(key, value)| key.len() + value.len()).sum();
        self.loaded.fetch_add(bytes, Ordering::Relaxed);
        Ok(found)
    }
}

#[test]
fn a_page_of_large_entries_loads_little_more_than_it_answers() {
    const LARGE: usize = 65_536;
    let entry = |number: u16| (number.to_be_bytes().to_vec(), vec![0; LARGE]);
    let state: BTreeMap<_, _> = (0..200).map(entry).collect();
    let counted = Counted { state, loaded: AtomicUsize::new(0) };
    let (mut start, mut seen) = (Vec::new(), Vec::new());
    loop {
        counted.loaded.store(0, Ordering::Relaxed);
        let (entries, next) = state_page(&counted, &start, &[0xff], 1_000, 4 * LARGE).unwrap();
        assert_eq!(entries.len(), if next.is_some() { 3 } else { 2 });
        assert!(counted.loaded.load(Ordering::Relaxed) <= 9 * LARGE);
        seen.extend(entries);
        let Some(next) = next else { break };
        start = next;
    }
    assert_eq!(seen, counted.state.into_iter().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_storage_make_up_the_whole() {
    let chain = Chain::start().await;
    let system = dure_types::Address::SYSTEM.to_string();
    let page = async |limit: u32, cursor: &Value| {
        let params = json!({ "contract": system, "limit": limit, "cursor": cursor });
        chain.post("state_list", params).await["result"].take()
    };
    let keys = |page: &Value| -> Vec<Value> {
        page["entries"].as_array().unwrap().iter().map(|entry| entry["key"].clone()).collect()
    };
    let whole = keys(&page(1_000, &Value::Null).await);
    assert!(whole.len() > 4, "{whole:?}");
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let next = page(3, &cursor).await;
        assert!(keys(&next).len() <= 3);
        seen.extend(keys(&next));
        cursor = next["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, whole);
    chain.stop().await;
}
