//! Whether a node still has what a story saw become final.

use crate::story::Record;
use dure_client::{Client, ParseAddress};
use eyre::{WrapErr, ensure};

/// Asks for every receipt and every answer, and holds each against what it was.
pub(crate) async fn verify(rpc: &str, record: &Record) -> eyre::Result<()> {
    let client = Client::connect(rpc).await?;
    for told in &record.receipts {
        let id = told.id;
        let answer = client.receipt(id.0, false).await.wrap_err_with(|| format!("{id:?}"))?;
        ensure!(answer.receipt == *told, "the receipt of {id:?} was another");
    }
    for (contract, query, args, told) in &record.answers {
        let answer = client.query(contract.parse_address()?, query, args.clone()).await?;
        ensure!(answer == *told, "{query} of {contract} is {answer}, not {told}");
    }
    let (receipts, answers) = (record.receipts.len(), record.answers.len());
    println!("  all there: {receipts} receipts, {answers} answers of contracts");
    Ok(())
}
