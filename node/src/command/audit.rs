//! `dure audit`: whether the books of a contract are what its entries come to.
//!
//! A contract that answers it has a query `audit(counted, limit)`, which counts a page, refuses
//! where something differs, and says in `next` what to count after it. Nothing proves that a page
//! belongs to the one before but the height: where that moved meanwhile, a refusal may be of the
//! pages and not of the books, so the count begins again.

use super::{Remote, exit::Failure, key, output::Output, read::connect};
use crate::printable::one_line;
use clap::Args;
use dure_abi::spec::{ContractSpec, MethodKind};
use dure_client::{Client, ClientError, RpcError};
use dure_rpc::shape::{CallRequest, Number};
use dure_types::Address;
use serde_json::{Value, json};

/// The query that counts.
const AUDIT: &str = "audit";
/// How often a count begins again before it is given up.
const ATTEMPTS: u32 = 5;

/// What to count.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// The contract.
    address: String,
    /// Entries that one answer counts.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    remote: Remote,
}

/// How a count ended.
enum Count {
    /// All was counted; the height of the last page, how many, and what that said.
    Right(Number, u32, Value),
    /// Something differs.
    Differs(Number, RpcError),
    /// The chain went on meanwhile.
    Moved,
}

pub(super) async fn run(args: AuditArgs, output: &mut Output) -> Result<(), Failure> {
    let client = connect(&args.remote.rpc).await?;
    let contract = key::address(&args.address)?;
    let spec = client.spec(contract).await?;
    if !answers(&spec) {
        return Err(Failure::Usage(format!(
            "{} has no query {AUDIT}(counted, limit), so nobody can count it",
            one_line(&spec.name)
        )));
    }
    for _ in 0..ATTEMPTS {
        match count(&client, contract, args.limit).await? {
            Count::Moved => output.progress("the chain went on meanwhile: counting again"),
            Count::Differs(height, error) => {
                return Err(Failure::Unmet(format!(
                    "the books differ at height {height}: {}",
                    one_line(&error.to_string())
                )));
            }
            Count::Right(height, pages, last) => {
                let value = json!({
                    "address": contract.to_string(), "height": height, "pages": pages,
                    "last": last, "audited": true,
                });
                return output.answer(&value, || {
                    format!("audited  {contract} at height {height}: {pages} pages, no difference")
                });
            }
        }
    }
    Err(Failure::Unmet(format!(
        "the chain went on {ATTEMPTS} times while it was counted; ask a node that stands still, or \
         with a greater --limit"
    )))
}

/// Whether a contract has the query.
fn answers(spec: &ContractSpec) -> bool {
    spec.method(AUDIT).is_some_and(|method| {
        let names: Vec<&str> = method.args.iter().map(|arg| arg.name.as_str()).collect();
        method.kind == MethodKind::Query && names == ["counted", "limit"]
    })
}

/// Counts from the beginning to the end, at one height.
async fn count(client: &Client, contract: Address, limit: u32) -> Result<Count, Failure> {
    let (mut counted, mut first, mut pages) = (Value::Null, None, 0u32);
    loop {
        let args = json!({ "counted": counted, "limit": limit });
        let ask = CallRequest { contract: contract.into(), method: AUDIT.into(), args };
        let answer = client.query_many(vec![ask]).await?;
        let height = answer.height;
        if *first.get_or_insert(height) != height {
            return Ok(Count::Moved);
        }
        let result = answer.results.into_iter().next();
        let result = result.ok_or_else(|| ClientError::Malformed("no result".into()))?;
        match result.error.map(|error| error.data) {
            Some(error @ RpcError::ContractRefused { .. }) => {
                return Ok(Count::Differs(height, error));
            }
            Some(error) => return Err(ClientError::from(error).into()),
            None => {}
        }
        pages = pages.saturating_add(1);
        let next = result.value.get("next");
        let next = next.ok_or_else(|| Failure::Usage(format!("its {AUDIT} says no `next`")))?;
        counted = next.clone();
        if counted.is_null() {
            return Ok(Count::Right(height, pages, result.value));
        }
    }
}
