//! What decoding takes for one answer, with a contract whose smallest values take megabytes.

use crate::chain::{Chain, heavy};
use dure_client::{
    Wait,
    shape::{CallRequest, EventFilter},
};
use dure_rpc::RpcError;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_decodes_so_much_for_one_page_and_the_next_goes_on() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.deploy(&client, &heavy()).await;
    let mut adds = client.transaction(&chain.alice);
    for amount in 0..20 {
        adds = adds.call(counter, "add", json!([amount]));
    }
    adds.submit(Wait::Final).await.unwrap();
    let pages = async |amount: &str| {
        let fields = json!({ "amount": amount }).as_object().cloned();
        let mut filter =
            EventFilter { contract: Some(counter.into()), fields, ..Default::default() };
        let (mut pages, mut found) = (0, Vec::new());
        loop {
            let page = client.events(filter.clone()).await.unwrap();
            pages += 1;
            found.extend(page.events.iter().map(|event| event.fields["amount"].clone()));
            if page.next.is_none() {
                return (pages, found);
            }
            filter.from = page.next;
        }
    };
    // Four megabytes an event, and thirty-two of which one value may take eight.
    assert_eq!(pages("100").await, (4, vec![]));
    assert_eq!(pages("19").await, (4, vec![json!("19")]));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_one_answer_share_its_memory_and_say_where_they_are_cut() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.deploy(&client, &heavy()).await;
    let refuse = CallRequest { contract: counter.into(), method: "refuse".into(), args: json!([]) };
    let answer = client.query_many(vec![refuse; 20]).await.unwrap();
    let (mut whole, mut texts) = (0, Vec::new());
    for result in answer.results {
        let RpcError::ContractRefused { decoded, text, error, .. } = result.error.unwrap().data
        else {
            panic!("not refused by the contract")
        };
        assert_eq!(error.0, [0, 7, 0, 0, 0, 0, 0, 0, 0]);
        whole += usize::from(decoded["Refused"]["limit"] == "7");
        texts.push(text);
    }
    assert_eq!(whole, 4, "the others are null");
    assert!(texts[0].starts_with("counter::Error::Refused { limit: 7, nothing: [[], [], "));
    assert_eq!(texts[19], "counter::Error(0x000700000000000000, cut: 9 bytes)");
    assert!(texts.iter().map(String::len).sum::<usize>() < 2 << 20);
    chain.stop().await;
}
