//! `dure verify`: whether the code of a contract is what its source builds.

use super::{Remote, check::compile, exit::Failure, key, output::Output, read::connect};
use clap::Args;
use dure_build::{BuildRequest, build};
use serde_json::json;
use std::path::PathBuf;

/// What to compare.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The contract.
    address: String,
    /// Folder of the `Cargo.toml` of its source.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Use only what is downloaded already.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: VerifyArgs, output: &mut Output) -> Result<(), Failure> {
    let contract = key::address(&args.address)?;
    let client = connect(&args.remote.rpc).await?;
    let on_chain = client.contract(contract).await?.contract.code;
    let request = BuildRequest {
        manifest_dir: args.dir.clone(),
        target_dir: None,
        // Other versions of dependencies would be another source.
        locked: true,
        offline: args.offline,
    };
    let built = compile(request, build, output).await?;
    if built.code_hash != on_chain.0 {
        return Err(Failure::Unmet(format!(
            "{} builds code {}, but the contract has {on_chain}: another source, Cargo.lock or \
             compiler",
            args.dir.display(),
            built.code_hash
        )));
    }
    let value = json!({ "address": contract.to_string(), "code": on_chain, "verified": true });
    output.answer(&value, || format!("verified  {contract} has the code {on_chain}"))
}
