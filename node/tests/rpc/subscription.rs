//! Subscriptions: replay, then live, without gaps.

use crate::{
    chain::Chain,
    websocket::{frame, open, texts},
};
use dure_client::{
    Client, Wait,
    shape::{EventFilter, EventItem, Notice, TransactionFilter},
};
use dure_node::rpc::{Origins, RpcLimits, RpcServer};
use dure_rpc::{DureClient, Place};
use dure_types::Height;
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_replayed_then_live_each_once() {
    let chain = Chain::start().await;
    let client = chain.socket().await;
    let counter = chain.counter(&client).await;
    let add = async |amount: u32| {
        let call = client.transaction(&chain.alice).call(counter, "add", json!([amount]));
        call.submit(Wait::Final).await.unwrap();
    };
    for amount in 0..5 {
        add(amount).await;
    }
    let filter = EventFilter {
        contract: Some(counter.into()),
        from: Some("0".parse().unwrap()),
        ..EventFilter::default()
    };
    let mut stream = client.follow_events(filter).await.unwrap();
    let mut seen = Vec::new();
    let reading = async {
        while seen.len() < 25 {
            seen.push(stream.next().await.unwrap().unwrap());
        }
    };
    // More comes while the replay runs.
    let writing = async {
        for amount in 5..25 {
            add(amount).await;
        }
    };
    let both = async { tokio::join!(reading, writing) };
    tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
    let amounts: Vec<String> =
        seen.iter().map(|event| event.fields["amount"].as_str().unwrap().to_owned()).collect();
    let expect: Vec<String> = (0..25).map(|amount| amount.to_string()).collect();
    assert_eq!(amounts, expect);
    assert!(seen.windows(2).all(|pair| pair[0].place < pair[1].place));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_come_in_order_from_where_asked() {
    let chain = Chain::start().await;
    let client = chain.socket().await;
    client.reach(dure_types::Height(2)).await.unwrap();
    let mut blocks = client.raw().sub_blocks(Some(1.into())).await.unwrap();
    for expect in 1..=4u64 {
        let notice = tokio::time::timeout(Duration::from_secs(10), blocks.next()).await;
        let notice = notice.unwrap().unwrap().unwrap();
        assert_eq!(notice.seq.0, expect - 1);
        assert_eq!(notice.item.unwrap().height.0, expect);
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_an_account_and_of_one_transaction() {
    let chain = Chain::start().await;
    let client = chain.socket().await;
    let counter = chain.counter(&client).await;
    let filter = TransactionFilter {
        contract: Some(counter.into()),
        from: Some("0".parse().unwrap()),
        ..TransactionFilter::default()
    };
    let mut live = client.raw().sub_tx(Some(filter)).await.unwrap();
    let add = client.transaction(&chain.alice).call(counter, "add", json!([4]));
    let done = add.submit(Wait::Final).await.unwrap();
    let next = async |stream: &mut jsonrpsee::core::client::Subscription<Notice<_>>| {
        let notice = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
        notice.unwrap().unwrap().unwrap().item.unwrap()
    };
    assert_eq!(next(&mut live).await, done.receipt.clone().unwrap());
    // One that is final already is told at once.
    let filter = TransactionFilter { id: Some(done.id.0.into()), ..TransactionFilter::default() };
    let mut known = client.raw().sub_tx(Some(filter)).await.unwrap();
    assert_eq!(next(&mut known).await, done.receipt.unwrap());
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_leaves_out_is_not_told() {
    let chain = Chain::start().await;
    let client = chain.socket().await;
    let counter = chain.counter(&client).await;
    let from = Some("0".parse().unwrap());
    let filter = |event: &str, amount: Option<u32>| EventFilter {
        contract: Some(counter.into()),
        event: Some(event.into()),
        fields: amount.and_then(|amount| json!({ "amount": amount }).as_object().cloned()),
        from,
        ..EventFilter::default()
    };
    let mut all = client.follow_events(filter("Added", None)).await.unwrap();
    let mut threes = client.follow_events(filter("Added", Some(3))).await.unwrap();
    let mut others = client.follow_events(filter("0x01020304", None)).await.unwrap();
    let by = |account| TransactionFilter { account: Some(account), from, ..Default::default() };
    let alice = by(chain.alice.address().into());
    let mut of_alice = client.raw().sub_tx(Some(alice)).await.unwrap();
    let nobody = by(dure_types::Address([9; 32]).into());
    let mut of_nobody = client.raw().sub_tx(Some(nobody)).await.unwrap();
    let amounts = [1u32, 3, 2, 3];
    for amount in amounts {
        let add = client.transaction(&chain.alice).call(counter, "add", json!([amount]));
        add.submit(Wait::Final).await.unwrap();
    }
    let told = async {
        for amount in amounts {
            let event = all.next().await.unwrap().unwrap();
            assert_eq!(event.fields["amount"], json!(amount.to_string()));
        }
        let mut places = Vec::new();
        for _ in 0..2 {
            let event = threes.next().await.unwrap().unwrap();
            assert_eq!(event.fields["amount"], "3");
            places.push(event.place);
        }
        assert_ne!(places[0], places[1]);
        // Deploying and making the counter came before.
        for _ in 0..2 + amounts.len() {
            let receipt = of_alice.next().await.unwrap().unwrap().item.unwrap();
            assert_eq!(receipt.account.0, chain.alice.address());
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.unwrap();
    let soon = Duration::from_millis(200);
    assert!(tokio::time::timeout(soon, threes.next()).await.is_err(), "a third three");
    assert!(tokio::time::timeout(soon, others.next()).await.is_err(), "an event of no contract");
    assert!(tokio::time::timeout(soon, of_nobody.next()).await.is_err(), "nobody's transaction");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_filter_is_refused_and_http_cannot_subscribe() {
    let chain = Chain::start().await;
    let client = chain.socket().await;
    let filter = EventFilter { event: Some("Added".into()), ..EventFilter::default() };
    let refused = client.follow_events(filter).await.err().unwrap();
    assert_eq!(refused.refusal().map(dure_client::RpcError::code), Some(1005));
    let plain = chain.client().await.follow_events(EventFilter::default()).await.err().unwrap();
    assert!(matches!(plain, dure_client::ClientError::NeedsWebSocket), "{plain}");
    // The same without our client, alone and among others.
    for method in ["sub_blocks", "sub_blocks_end", "sub_events", "sub_tx"] {
        let (code, name) = chain.refusal(method, json!([])).await;
        assert_eq!((code, name.as_str()), (1006, "NeedsWebSocket"), "{method}");
    }
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "sub_tx", "params": [] },
        { "jsonrpc": "2.0", "id": 2, "method": "chain_status", "params": [] },
    ]);
    let (_, body) = chain.exchange("POST /v1", &[], &batch.to_string()).await;
    let answers: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answers[0]["error"]["code"], 1006, "{answers}");
    assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&json!(1), &json!(2)));
    assert!(answers[1]["result"].is_object(), "{answers}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_subscriptions_end_before_their_next_page_and_hold_up_no_read() {
    // No page of a subscription ever gets its turn: as good as a range without end.
    let limits =
        RpcLimits { subscriptions: 4, subscription_reads: 0, reads: 1, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let client = chain.socket().await;
    let filter = || {
        Some(TransactionFilter {
            account: Some(dure_types::Address([9; 32]).into()),
            from: Some("0".parse().unwrap()),
            ..TransactionFilter::default()
        })
    };
    // Subscriptions that have not ended keep their places: without an end the second round waits.
    let rounds = async {
        for _ in 0..8 {
            let mut open = Vec::new();
            while open.len() < 4 {
                open.extend(client.raw().sub_tx(filter()).await.ok());
            }
            assert!(client.raw().sub_tx(filter()).await.is_err(), "more than four places");
            assert_eq!(chain.post("chain_block", json!([])).await["error"], json!(null));
            for subscription in open {
                subscription.unsubscribe().await.unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), rounds).await.expect("the places came back");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_have_permits_of_their_own() {
    let limits = RpcLimits { reads: 0, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let (code, _) = chain.refusal("chain_block", json!([])).await;
    assert_eq!(code, 6001);
    let client = chain.socket().await;
    let mut blocks = client.raw().sub_blocks(Some(0.into())).await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(30), blocks.next()).await;
    assert_eq!(first.unwrap().unwrap().unwrap().item.unwrap().height.0, 0);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_told_where_to_resume() {
    let limits =
        RpcLimits { messages: 8, stall: Duration::from_millis(50), ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let client = chain.socket().await;
    let counter = chain.counter(&client).await;
    // Many receipts, so that the socket's own buffers fill too.
    for _ in 0..12 {
        let mut many = client.transaction(&chain.alice);
        for _ in 0..64 {
            many = many.call(counter, "add", json!([1]));
        }
        many.submit(Wait::Final).await.unwrap();
    }
    // A client of our own that subscribes and does not read its socket.
    // A server that has no processor for seconds is still at it when the client begins to read.
    let (mut lagged, mut seen) = (None, 0);
    for seconds in [4, 8, 16, 32] {
        if lagged.is_none() {
            (lagged, seen) = stubborn(&chain, Duration::from_secs(seconds)).await;
        }
    }
    let lagged = lagged.expect("told to resume");
    // What was seen and what is resumed make up the whole.
    let filter = EventFilter { from: Some(lagged.parse().unwrap()), ..EventFilter::default() };
    let rest = client.events(EventFilter { limit: Some(1_000), ..filter }).await.unwrap();
    let all = EventFilter {
        from: Some("0".parse().unwrap()),
        limit: Some(1_000),
        ..EventFilter::default()
    };
    let all = client.events(all).await.unwrap().events.len();
    assert_eq!(seen + rest.events.len(), all);
    chain.stop().await;
}

/// Subscribes to all events on a raw WebSocket, waits, then reads: the place in `lagged` and the
/// number of items before it.
async fn stubborn(chain: &Chain, silent: Duration) -> (Option<String>, usize) {
    // Many subscriptions fill the buffers of the connection faster.
    let mut stream = subscribed("127.0.0.1", &chain.server, 32, 0).await;
    tokio::time::sleep(silent).await;
    // To the end of what comes, however slowly: the word of the lag is behind all that waited.
    // A sender whose receiver had no room asks again after seconds.
    let (mut bytes, mut told) = (Vec::new(), false);
    let quiet = |told| Duration::from_secs(if told { 2 } else { 10 });
    while let Ok(Ok(1..)) = tokio::time::timeout(quiet(told), stream.read_buf(&mut bytes)).await {
        let last = bytes.len().saturating_sub(64 << 10);
        told = told || bytes[last..].windows(8).any(|found| found == b"\"lagged\"");
    }
    let messages = texts(&mut bytes);
    // Any one of them that was told to resume.
    let lagged = messages.iter().find(|message| message["params"]["result"]["lagged"].is_string());
    let Some(lagged) = lagged else { return (None, 0) };
    let subscription = &lagged["params"]["subscription"];
    let own = messages.iter().filter(|message| {
        message["params"]["subscription"] == *subscription
            && message["params"]["result"]["item"].is_object()
    });
    let place = lagged["params"]["result"]["lagged"].as_str().map(str::to_owned);
    (place, own.count())
}

/// A raw WebSocket with so many subscriptions to the events from a height on, of which nothing is
/// read.
async fn subscribed(from: &str, server: &RpcServer, subscriptions: usize, first: u64) -> TcpStream {
    let mut stream = open(from, server.address()).await;
    for id in 0..subscriptions {
        let text = json!({
            "jsonrpc": "2.0", "id": id, "method": "sub_events", "params": [{ "from": first.to_string() }],
        });
        stream.write_all(&frame(&text.to_string())).await.unwrap();
    }
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn more_bytes_than_may_wait_lag_and_resume_without_loss_or_duplicate() {
    const SUBSCRIPTIONS: usize = 4;
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    // Bytes are the only bound that can be met.
    let limits = RpcLimits {
        answers_bytes: 128 << 10,
        messages: 1 << 20,
        stall: Duration::from_secs(3_600),
        ..RpcLimits::default()
    };
    let server = chain.second(limits).await;
    let first = client.status().await.unwrap().height.0 + 1;
    let mut stream = subscribed("127.0.0.2", &server, SUBSCRIPTIONS, first).await;
    accepted(&mut stream, SUBSCRIPTIONS).await;
    // More than the system takes ahead of a client that does not read.
    for _ in 0..12 {
        let mut many = client.transaction(&chain.alice);
        for _ in 0..64 {
            many = many.call(counter, "add", json!([1]));
        }
        many.submit(Wait::Final).await.unwrap();
    }
    // Until no subscription goes on.
    let mut quiet = 0;
    while quiet < 30 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        quiet = if server.at_work() == 0 { quiet + 1 } else { 0 };
    }
    let from = |place| EventFilter { from: Some(place), ..EventFilter::default() };
    let list = EventFilter { limit: Some(1_000), ..from(Place::new(Height(first), 0)) };
    let all: Vec<Place> =
        client.events(list).await.unwrap().events.iter().map(|event| event.place).collect();
    let ended = ends(&mut stream, SUBSCRIPTIONS, all.len()).await;
    assert!(ended.values().any(|(_, lagged)| lagged.is_some()), "nobody lagged");
    // A client of ours goes on there, under the same bound.
    let resumed = Client::connect(&format!("ws://{}/v1", server.address())).await.unwrap();
    for (mut seen, lagged) in ended.into_values() {
        if let Some(lagged) = lagged {
            let mut rest = resumed.follow_events(from(lagged)).await.unwrap();
            while seen.len() < all.len() {
                let next = tokio::time::timeout(Duration::from_secs(30), rest.next()).await;
                seen.push(next.expect("more comes").unwrap().unwrap().place);
            }
        }
        assert!(seen == all, "{} places of {}", seen.len(), all.len());
    }
    server.stop().await;
    chain.stop().await;
}

/// Reads the answers to the requests to subscribe.
async fn accepted(stream: &mut TcpStream, mut subscriptions: usize) {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 1_024]);
    while subscriptions > 0 {
        let read = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..read]);
        for answer in texts(&mut bytes) {
            assert!(answer["error"].is_null(), "{answer}");
            subscriptions -= 1;
        }
    }
}

/// What each subscription saw until it lagged or had all, and where it is to resume.
async fn ends(
    stream: &mut TcpStream,
    subscriptions: usize,
    all: usize,
) -> BTreeMap<String, (Vec<Place>, Option<Place>)> {
    let mut ended: BTreeMap<String, (Vec<Place>, Option<Place>)> = BTreeMap::new();
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
    let over = |(seen, lagged): &(Vec<Place>, Option<Place>)| lagged.is_some() || seen.len() == all;
    while ended.len() < subscriptions || !ended.values().all(over) {
        let read = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut chunk)).await;
        let read = read.expect("more comes").unwrap();
        assert!(read > 0, "the connection was closed");
        bytes.extend_from_slice(&chunk[..read]);
        for message in texts(&mut bytes) {
            let subscription = message["params"]["subscription"].to_string();
            let notice: Notice<EventItem> =
                serde_json::from_value(message["params"]["result"].clone()).unwrap();
            let (seen, lagged) = ended.entry(subscription).or_default();
            assert_eq!((notice.seq.0, *lagged), (seen.len() as u64, None), "in order, to the end");
            seen.extend(notice.item.map(|event| event.place));
            *lagged = notice.lagged;
        }
    }
    ended
}
