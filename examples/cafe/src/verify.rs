//! Whether a node still has what a story saw become final.

use crate::story::{Record, number};
use dure_client::{Client, ParseAddress, shape::ExecutionResult};
use dure_types::Hash;
use eyre::{WrapErr, ensure};
use serde_json::json;

/// Asks for every receipt and every balance.
pub(crate) async fn verify(rpc: &str, record: &Record) -> eyre::Result<()> {
    let client = Client::connect(rpc).await?;
    for id in &record.transactions {
        let hash = Hash(id.parse_address()?.0);
        let answer = client.receipt(hash, false).await.wrap_err_with(|| id.clone())?;
        let succeeded = matches!(answer.receipt.result, ExecutionResult::Succeeded { .. });
        ensure!(succeeded, "{id} did not succeed any more");
    }
    for (token, holder, amount) in &record.balances {
        let held = client.query(token.parse_address()?, "balance_of", json!({"holder": holder}));
        let held = number(&held.await?)?.to_string();
        ensure!(held == *amount, "{holder} has {held} of {token}, not {amount}");
    }
    println!(
        "  all there: {} receipts, {} balances",
        record.transactions.len(),
        record.balances.len()
    );
    Ok(())
}
