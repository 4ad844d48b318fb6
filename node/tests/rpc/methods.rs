//! Each method once, for success.

use crate::chain::Chain;
use codec::Decode;
use dure_client::{
    Client, RpcError, Wait,
    shape::{CallRequest, EventFilter, ExecutionResult, Stage, TransactionStatus},
};
use dure_node::{
    rpc::{Origins, RpcLimits},
    store::MemoryStore,
};
use dure_rpc::{DureClient, api::BlockRef};
use dure_types::{
    Address, CommitCertificate, Gas, Header, Height, MerkleProof, Outcome, ValidatorSet,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_deployed_called_and_read() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;

    let add = client.transaction(&chain.alice).call(counter, "add", json!({ "amount": 3 }));
    let done = add.submit(Wait::Final).await.unwrap();
    assert_eq!(done.stage, Stage::Final);
    let receipt = done.receipt.unwrap();
    let ExecutionResult::Succeeded { outputs } = &receipt.result else { panic!("{receipt:?}") };
    assert_eq!((outputs[0].method.as_deref(), &outputs[0].value), (Some("add"), &json!("8")));
    assert_eq!(receipt.events[0].name.as_deref(), Some("Added"));
    assert_eq!(receipt.events[0].fields, json!({ "amount": "3" }));
    assert_eq!(client.query(counter, "value", json!({})).await.unwrap(), json!("8"));

    let raw = client.raw();
    let entry = raw.contract_spec(counter.into(), None).await.unwrap();
    assert_eq!((entry.name.as_str(), entry.methods.len()), ("counter", 7));
    let system = raw.contract_spec(Address::SYSTEM.into(), None).await.unwrap();
    assert_eq!(system.name, "system");
    let list = raw.contract_list(None, Some(10), None).await.unwrap();
    assert_eq!(list.contracts.len(), 1);
    assert_eq!(list.contracts[0].address.0, counter);

    let block = raw.chain_block(Some(BlockRef::Height(receipt.height)), None).await.unwrap().block;
    assert_eq!(block.transactions[0].status, TransactionStatus::Succeeded);
    assert_eq!(block.events, 1);
    let by_id = raw.chain_block(Some(BlockRef::Id(block.id.0.into())), None).await.unwrap();
    assert_eq!(by_id.block, block);
    let genesis = raw.chain_block(Some(BlockRef::Height(0.into())), None).await.unwrap();
    assert_eq!(genesis.block.id.0, client.chain());

    let history = client.history(chain.alice.address(), None, 2).await.unwrap();
    assert_eq!(history.transactions.len(), 2);
    assert_eq!(history.transactions[0].id, receipt.id);
    let older = client.history(chain.alice.address(), history.next, 2).await.unwrap();
    assert_eq!(older.transactions.len(), 1);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_share_a_key_do_not_take_each_others_nonce() {
    let chain = Chain::start().await;
    let counter = chain.counter(&chain.client().await).await;
    let clients = futures::future::join_all((0..12).map(|_| chain.client())).await;
    let add = async |client: &dure_client::Client| {
        let call = client.transaction(&chain.alice).call(counter, "add", json!({ "amount": 1 }));
        call.submit(Wait::Final).await
    };
    let all = futures::future::join_all(clients.iter().map(add)).await;
    all.into_iter().for_each(|done| drop(done.unwrap()));
    let value = clients[0].query(counter, "value", json!({})).await.unwrap();
    assert_eq!(value, json!("17"));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recent_blocks_answer_from_memory_what_the_store_answers_after_a_restart() {
    let disk = MemoryStore::new();
    let chain = Chain::start_on(&disk).await;
    let client = chain.socket().await;
    let counter = chain.counter(&client).await;
    let first = client.account(chain.alice.address()).await.unwrap().nonce_next.0;
    // Sent together, so that a block has several, each after another's events.
    let add = async |nth: u64| {
        let (method, args) =
            if nth % 5 == 4 { ("fail", json!({})) } else { ("add", json!({ "amount": nth })) };
        let call = client.transaction(&chain.alice).call(counter, method, args);
        let signed = call.gas_limit(Gas(2_000_000)).nonce(first + nth).sign().await?;
        client.submit(&signed, Wait::Final).await.map(|submitted| submitted.0)
    };
    let sent = futures::future::try_join_all((0..20).map(add)).await.unwrap();
    let told: Vec<Value> =
        sent.iter().map(|done| serde_json::to_value(&done.receipt).unwrap()).collect();
    let heights: BTreeSet<u64> = sent.iter().map(|done| done.height.0).collect();
    assert!(heights.len() < sent.len(), "no block has two");
    let ids: Vec<Value> = told.iter().map(|receipt| receipt["id"].clone()).collect();
    let look = async |chain: &Chain| {
        let mut receipts = Vec::new();
        for id in &ids {
            let answer = chain.post("tx_receipt", json!({ "id": id })).await;
            receipts.push(answer["result"]["receipt"].clone());
        }
        let mut blocks = Vec::new();
        for height in &heights {
            let answer = chain.post("chain_block", json!({ "block": height })).await;
            blocks.push(answer["result"]["block"].clone());
        }
        (receipts, blocks)
    };
    let (receipts, blocks) = look(&chain).await;
    assert_eq!(receipts, told);
    chain.stop().await;
    let chain = Chain::start_on(&disk).await;
    assert_eq!(look(&chain).await, (receipts, blocks));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_params_account_health_and_discovery_answer() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let status = client.status().await.unwrap();
    assert_eq!((status.name.as_str(), status.validators), ("test", 1));
    let reached = client.reach(Height(2)).await.unwrap();
    assert!(reached.height.0 >= 2);
    let params = client.params().await.unwrap();
    assert!(params.block_gas_max.0 > 0 && params.tiers.len() == 2);
    let account = client.account(chain.alice.address()).await.unwrap();
    assert_eq!((account.nonce_next.0, account.may_deploy), (1, true));
    assert_eq!(account.gas, account.gas_capacity);
    let nobody = client.account(Address([9; 32])).await.unwrap();
    assert_eq!((nobody.tier, nobody.gas.0), (0, 0));
    let health = client.health().await.unwrap();
    assert!(health.running);
    assert_eq!(health.peer_id.as_deref(), Some("peer"));
    let document = client.raw().rpc_discover().await.unwrap();
    assert_eq!(document["openrpc"], "1.3.2");
    // Only a development node moves its clock.
    let moved = client.advance(std::time::Duration::from_secs(1)).await.unwrap_err();
    assert!(moved.to_string().contains("cannot be moved"), "{moved}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_queries_see_one_height_and_take_scale_or_json() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let call =
        |method: &str, args| CallRequest { contract: counter.into(), method: method.into(), args };
    let selector = dure_types::domain::selector("value").to_string();
    let calls = vec![call("value", json!([])), call(&selector, json!("0x"))];
    let answer = client.query_many(calls.clone()).await.unwrap();
    assert_eq!(answer.results[0].value, json!("5"));
    assert_eq!(answer.results[0].output, answer.results[1].output);
    // While blocks change it: 32 answers of one request are of one state.
    let many: Vec<_> = calls.iter().cycle().take(32).cloned().collect();
    let writing = async {
        for _ in 0..10 {
            let add = client.transaction(&chain.alice).call(counter, "add", json!([1]));
            add.submit(Wait::Final).await.unwrap();
        }
    };
    let reading = async {
        let (mut seen, mut last) = (BTreeSet::new(), 0);
        while !seen.contains(&json!("15").to_string()) {
            let answer = client.query_many(many.clone()).await.unwrap();
            let first = &answer.results[0].value;
            assert!(answer.results.iter().all(|result| result.value == *first), "{answer:?}");
            assert!(answer.height.0 >= last, "{answer:?} after {last}");
            last = answer.height.0;
            seen.insert(first.to_string());
        }
        seen.len()
    };
    let ((), states) = tokio::join!(writing, reading);
    assert!(states > 2, "{states} states were seen");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_is_answered_before_the_block() {
    let limits = RpcLimits { submissions: 1, ..RpcLimits::default() };
    let chain = Chain::start_with(limits, Origins::Any).await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    for (wait, stage) in [(Wait::None, Stage::Sent), (Wait::Accepted, Stage::Accepted)] {
        let add = client.transaction(&chain.alice).call(counter, "add", json!([1]));
        let signed = add.sign().await.unwrap();
        let told = client.submit(&signed, wait).await.unwrap().0;
        let id = told.id.0;
        assert_eq!((told.stage, told.receipt, told.certified), (stage, None, None));
        assert_eq!(id, signed.body.id(client.chain()));
        // It comes about all the same.
        let follow = async {
            while client.receipt(id, false).await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), follow).await.unwrap();
    }
    assert_eq!(client.query(counter, "value", json!({})).await.unwrap(), json!("7"));
    // What cannot be right is told at once; how many may be on their way is bounded.
    let add = client.transaction(&chain.alice).call(counter, "add", json!([1]));
    let signed = add.sign().await.unwrap();
    let (code, name) = chain.refusal("tx_submit", json!(["0x00", "none"])).await;
    assert_eq!((code, name.as_str()), (2002, "MalformedTransaction"));
    let closed = chain.second(RpcLimits { submissions: 0, ..RpcLimits::default() }).await;
    let other = Client::connect(&format!("http://{}/v1", closed.address())).await.unwrap();
    let error = other.submit(&signed, Wait::None).await.unwrap_err();
    let Some(RpcError::Busy { what, limit: 0 }) = error.refusal() else { panic!("{error}") };
    assert_eq!(what, "submissions");
    closed.stop().await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_simulations_run_at_the_time_that_they_answer_which_is_now() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let call = |method: &str, args| json!({ "contract": counter.to_string(), "method": method, "args": args });
    let time = |answer: &Value| answer["result"]["time"].as_str().unwrap().parse::<u64>().unwrap();
    for _ in 0..5 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let before = now();
        let asked = chain.post("contract_query", json!([call("now", json!([]))])).await;
        assert!(time(&asked) >= before, "older than the question: {asked}");
        assert_eq!(asked["result"]["results"][0]["value"], asked["result"]["time"]);
        let account = chain.alice.address().to_string();
        let request = json!({ "account": &account, "calls": call("add", json!([1])) });
        let tried = chain.post("tx_simulate", json!([request])).await;
        assert!(time(&tried) >= time(&asked), "{tried}");
        // What a quota holds by then is told of the same time.
        let held = chain.post("account_get", json!([account])).await;
        assert!(time(&held) >= time(&tried), "{held}");
    }
    chain.stop().await;
}

fn now() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_transaction_sent_twice_has_one_outcome() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let add = client.transaction(&chain.alice).call(counter, "add", json!({ "amount": "1" }));
    let transaction = add.sign().await.unwrap();
    let (one, two) = tokio::join!(
        client.submit(&transaction, Wait::Final),
        client.submit(&transaction, Wait::Final),
    );
    let (one, two) = (one.unwrap().0.receipt, two.unwrap().0.receipt);
    assert_eq!(one, two);
    let again = client.submit(&transaction, Wait::Final).await.unwrap().0.receipt;
    assert_eq!(one, again);
    let value = client.query(counter, "value", json!({})).await.unwrap();
    assert_eq!(value, json!("6"));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certified_receipt_is_verified_without_trusting_the_node() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let add = client.transaction(&chain.alice).call(counter, "add", json!({ "amount": "1" }));
    let done = add.submit(Wait::Certified).await.unwrap();
    assert_eq!(done.stage, Stage::Certified);
    let certified = done.certified.unwrap();
    let header = Header::decode(&mut certified.header.0.as_slice()).unwrap();
    let certificate = CommitCertificate::decode(&mut certified.certificate.0.as_slice()).unwrap();
    let validators = ValidatorSet::decode(&mut certified.validators.0.as_slice()).unwrap();
    // The chain of trust: the set is in genesis' hash, the certificate is by the set, the
    // certificate is of the header, the header lists the root, the leaf is under the root.
    assert_eq!(validators.hash(), header.validators);
    assert_eq!(header.id(client.chain()), certificate.block);
    dure_light::verify_certificate(client.chain(), &validators, &certificate).unwrap();
    assert!(header.roots.iter().any(|roots| roots.receipts == certified.root.0));
    let proof = MerkleProof::decode(&mut certified.proof.0.as_slice()).unwrap();
    let leaf =
        <(u32, dure_types::Hash, Outcome)>::decode(&mut certified.leaf.0.as_slice()).unwrap();
    dure_light::verify_receipt_proof(certified.root.0, leaf.0, leaf.1, &leaf.2, &proof).unwrap();
    assert_eq!(leaf.1, done.id.0);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_read_and_proved() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let height = client.status().await.unwrap().height;
    let key = vec![0, 0];
    let read = client.raw().state_get(counter.into(), key.clone().into(), None).await.unwrap();
    assert_eq!(read.value.unwrap().0, 5u64.to_le_bytes());
    let proved = client.raw().state_proof(counter.into(), key.into(), Some(height)).await.unwrap();
    assert_eq!(proved.value.clone().unwrap().0, 5u64.to_le_bytes());
    let proof = dure_types::StateProof::decode(&mut proved.proof.0.as_slice()).unwrap();
    let value = proved.value.map(|value| value.0);
    dure_light::verify_state_proof(proved.root.0, &proved.key.0, value.as_deref(), &proof).unwrap();
    let header = Header::decode(&mut proved.header.0.as_slice()).unwrap();
    assert!(header.roots.iter().any(|roots| roots.state == proved.root.0));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_paged_and_filtered() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let mut transaction = client.transaction(&chain.alice);
    for amount in 1..=5 {
        transaction = transaction.call(counter, "add", json!({ "amount": amount }));
    }
    transaction.submit(Wait::Final).await.unwrap();
    let filter = |event: &str, limit| EventFilter {
        contract: Some(counter.into()),
        event: Some(event.into()),
        limit: Some(limit),
        ..EventFilter::default()
    };
    let mut seen = Vec::new();
    let mut asked = filter("Added", 2);
    loop {
        let page = client.events(asked.clone()).await.unwrap();
        assert!(page.events.len() <= 2);
        seen.extend(page.events);
        let Some(next) = page.next else { break };
        asked.from = Some(next);
    }
    let amounts: Vec<_> = seen.iter().map(|event| event.fields["amount"].clone()).collect();
    assert_eq!(amounts, ["1", "2", "3", "4", "5"]);
    // Up to a height, itself included.
    let height = seen[0].place.height;
    for (to, count) in [(height.0 - 1, 0), (height.0, 5)] {
        let asked = EventFilter { to: Some(to.into()), ..filter("Added", 9) };
        assert_eq!(client.events(asked).await.unwrap().events.len(), count, "to {to}");
    }
    let fields = json!({ "amount": 4 }).as_object().cloned();
    let four = client.events(EventFilter { fields, ..filter("Added", 9) }).await.unwrap();
    assert_eq!(four.events, [seen[3].clone()]);
    // Written in another way it is the same value; what is none is refused by its name.
    let fields = json!({ "amount": "004" }).as_object().cloned();
    let four = client.events(EventFilter { fields, ..filter("Added", 9) }).await.unwrap();
    assert_eq!(four.events, [seen[3].clone()]);
    let fields = json!({ "amount": "abc" }).as_object().cloned();
    let none = EventFilter { fields, ..filter("Added", 9) };
    let error = client.events(none).await.unwrap_err();
    let Some(RpcError::InvalidArguments { path, .. }) = error.refusal() else { panic!("{error}") };
    assert_eq!(path, "fields.amount");
    // A subscription has no end.
    let socket = chain.socket().await;
    let ended = EventFilter { to: Some(9.into()), ..EventFilter::default() };
    for filter in [filter("Added", 9), ended] {
        let error = socket.follow_events(filter).await.err().unwrap();
        assert!(matches!(error.refusal(), Some(RpcError::InvalidParams { .. })), "{error}");
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_changes_nothing_and_says_why_it_fails() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let counter = chain.counter(&client).await;
    let request = |method: &str, args| dure_client::shape::SimulateRequest {
        account: chain.alice.address().into(),
        calls: dure_client::shape::OneOrMany::One(CallRequest {
            contract: counter.into(),
            method: method.into(),
            args,
        }),
        gas_limit: None,
        sponsor: None,
        rehearse: false,
    };
    let tried = client.simulate(request("add", json!({ "amount": "2" }))).await.unwrap();
    assert_eq!(tried.events.len(), 1);
    // Several calls, one after another, in JSON or in SCALE.
    let call =
        |args: Value| json!({ "contract": counter.to_string(), "method": "add", "args": args });
    let calls = json!([call(json!([2])), call(json!("0x0300000000000000"))]);
    let account = chain.alice.address().to_string();
    let both = chain.post("tx_simulate", json!([{ "account": account, "calls": calls }])).await;
    let outputs = both["result"]["result"]["outputs"].as_array().unwrap();
    let values: Vec<_> = outputs.iter().map(|output| &output["value"]).collect();
    assert_eq!(values, ["7", "10"], "{both}");
    assert_eq!(client.query(counter, "value", json!({})).await.unwrap(), json!("5"));
    let failed = client.simulate(request("fail", json!({}))).await.unwrap();
    let ExecutionResult::Failed { call: 0, error } = failed.result else { panic!("{failed:?}") };
    assert_eq!(error.code, 4001);
    chain.stop().await;
}
