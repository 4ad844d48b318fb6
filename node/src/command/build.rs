//! `dure build`.

use super::{check::compile, exit::Failure, output::Output};
use clap::Args;
use dure_build::{BuildRequest, build};
use serde_json::json;
use std::path::PathBuf;

/// What to build.
#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// Folder of the contract's `Cargo.toml`.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Refuse to change `Cargo.lock`.
    #[arg(long)]
    locked: bool,
    /// Use only what is downloaded already.
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(args: BuildArgs, output: &mut Output) -> Result<(), Failure> {
    let request = BuildRequest {
        manifest_dir: args.dir,
        target_dir: None,
        locked: args.locked,
        offline: args.offline,
    };
    let built = compile(request, build, output).await?;
    let methods: Vec<&str> = built.spec.methods.iter().map(|m| m.name.as_str()).collect();
    let value = json!({
        "path": built.path,
        "code": built.code_hash.to_string(),
        "bytes": built.wasm.len(),
        "methods": methods,
    });
    output.answer(&value, || {
        format!(
            "module   {}\ncode     {}\nbytes    {}\nmethods  {}\n",
            built.path.display(),
            built.code_hash,
            built.wasm.len(),
            methods.join(", ")
        )
    })
}
