//! Arguments in SCALE that are no arguments: the contract itself refuses them, by a typed error.

use crate::node::{Node, module, plain};
use codec::Encode;
use dure_client::{ClientError, RpcError, Wait};
use dure_types::Gas;
use serde_json::json;

fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>, method: &str) {
    let error = answer.unwrap_err();
    let Some(RpcError::BadArguments { method: named, .. }) = error.refusal() else {
        panic!("{error}")
    };
    assert_eq!(named, method);
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_are_cut_short_or_too_long_are_refused_by_the_contract() {
    let node = Node::start().await;
    let (client, alice, bob) = (node.client().await, node.key("alice"), node.key("bob"));
    let token = module("token");
    let token = client.deploy(&alice, &token, &plain("Won"), b"cut").await.unwrap().contract;
    let holder = bob.address().encode();
    let amount = 5u128.encode();
    let issue = [holder.as_slice(), &amount].concat();
    let call = async |args: &[u8]| {
        let call = client.transaction(&alice).call_scale(token, "issue", args.to_vec());
        call.gas_limit(Gas(5_000_000)).submit(Wait::Final).await
    };
    let query = async |args: &[u8]| {
        client.query(token, "balance_of", json!(dure_rpc::hex::to_text(args))).await
    };
    for length in 0..issue.len() {
        if length % 7 == 0 || length + 1 == issue.len() {
            refused(call(&issue[..length]).await, "issue");
        }
    }
    refused(call(&[issue.as_slice(), &[0]].concat()).await, "issue");
    refused(query(&holder[..31]).await, "balance_of");
    refused(query(&[holder.as_slice(), &[0]].concat()).await, "balance_of");
    // None of them did anything; whole ones do.
    assert_eq!(query(&holder).await.unwrap(), json!("0"));
    call(&issue).await.unwrap();
    assert_eq!(query(&holder).await.unwrap(), json!("5"));
}
