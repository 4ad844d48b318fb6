//! `dure token issue`: a policy file becomes a token.

use super::{
    super::{
        Remote,
        apply::{Applied, Settings, carry_out, changed},
        key,
        new::repository,
        plan::Planned,
        read::connect,
    },
    Failure, Output,
    policy::{CONTRACT, PolicyFile},
    show::{AboutDiffers, Token},
};
use clap::Args;
use dure_client::{Client, RpcError};
use dure_types::{Address, address};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to issue.
#[derive(Debug, Args)]
pub(in crate::command) struct IssueArgs {
    /// The policy file; `contracts/token/README.md` has its keys.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The contract's module, as `dure build contracts/token` wrote it; unless told, the contract
    /// is built where the repository is at hand, and else the code of another token of the same
    /// key is used.
    #[arg(long, value_name = "FILE.wasm")]
    module: Option<PathBuf>,
    /// Folder of the repository that has `contracts/token`; that of this program's source unless
    /// told.
    #[arg(long, env = "DURE_REPOSITORY", value_name = "DIR")]
    repository: Option<PathBuf>,
    /// Refuse to change `Cargo.lock`.
    #[arg(long)]
    locked: bool,
    /// Use only what is downloaded already.
    #[arg(long)]
    offline: bool,
    /// Who signs and becomes the issuer; alice of `dure dev` unless told.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: IssueArgs, output: &mut Output) -> Result<(), Failure> {
    let shown = args.policy.display().to_string();
    let text = crate::file::read_text(&args.policy)
        .map_err(|error| Failure::File(format!("{shown}: {error}")))?;
    let policy = PolicyFile::parse(&text, &shown)?;
    let client = connect(&args.remote.rpc).await?;
    let signer = key::signer(&client, args.key.as_deref()).await?.address();
    let address = address::contract(signer, policy.salt());
    let is_there = is_token(&client, address).await?;
    if is_there {
        // Before anything of the file is sent to it.
        let token = Token::read(&client, address).await?;
        same(&policy, &token).map_err(|other| refused(&shown, address, &other))?;
    }
    // A token that is there keeps its code, whatever the source has become.
    let code = if is_there {
        Planned { like: Some(address), ..Planned::default() }
    } else {
        code(&client, &args, signer).await?
    };
    let plan = policy.plan(code);
    let settings = Settings {
        folder: Path::new(""),
        dry_run: false,
        locked: args.locked,
        offline: args.offline,
        key: args.key.as_deref(),
    };
    let order = plan.order(&shown)?;
    let Applied { done, .. } = carry_out(&client, &plan, &order, &settings, output).await?;
    let token = Token::read(&client, address).await?;
    let next = next(&policy, address, &args);
    let mut value = token.to_json(address);
    value["steps"] = json!(done);
    value["changed"] = json!(changed(&done));
    value["next"] = json!(next);
    output.answer(&value, || {
        let mut text = token.text(address);
        text.push_str(&format!("{} of {} steps done\n\nnext:\n", changed(&done), done.len()));
        next.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        text
    })
}

/// What a token that is there has other than a file.
enum Other {
    /// Its name, symbol or decimals, which never change.
    About(AboutDiffers),
    /// The conditions in force, and those that are scheduled.
    Conditions,
}

/// Whether a file is of a token that is there.
fn same(policy: &PolicyFile, token: &Token) -> Result<(), Other> {
    token.is_about(policy).map_err(Other::About)?;
    let same = |version: &serde_json::Value| version["conditions"] == policy.conditions;
    if same(&token.policy) || same(&token.last) { Ok(()) } else { Err(Other::Conditions) }
}

fn refused(file: &str, address: Address, other: &Other) -> Failure {
    Failure::Unmet(match other {
        Other::About(AboutDiffers { what, of_file, of_token }) => format!(
            "{file}: {address} was issued with the {what} {of_token}, not {of_file}, and keeps it; \
             nothing was changed; give this one another token.salt"
        ),
        Other::Conditions => format!(
            "{file}: {address} was issued with other conditions, and keeps them; nothing was \
             changed; give this one another token.salt, or change the conditions of that one: dure \
             token policy {address} {file} --from DATE"
        ),
    })
}

/// Where the contract's code is.
async fn code(client: &Client, args: &IssueArgs, signer: Address) -> Result<Planned, Failure> {
    if let Some(module) = &args.module {
        return Ok(Planned { wasm: Some(module.clone()), ..Planned::default() });
    }
    let root = repository(args.repository.as_deref())?;
    let folder = root.map(|root| root.join("contracts/token"));
    if let Some(folder) = folder.filter(|folder| folder.join("Cargo.toml").is_file()) {
        return Ok(Planned { build: Some(folder), ..Planned::default() });
    }
    match another_of(client, signer).await? {
        Some(like) => Ok(Planned { like: Some(like), ..Planned::default() }),
        None => Err(Failure::Usage(
            "the code of the token is needed: give --module FILE.wasm, or --repository DIR that \
             has contracts/token"
                .to_owned(),
        )),
    }
}

/// Pages of contracts that are looked through for code.
const PAGES_MAX: usize = 10;

/// Another token that the same key made: the code of a stranger's is not used unasked.
async fn another_of(client: &Client, creator: Address) -> Result<Option<Address>, Failure> {
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let page = client.contracts(cursor).await?;
        for entry in page.contracts.iter().filter(|entry| entry.creator.0 == creator) {
            if is_token(client, entry.address.0).await? {
                return Ok(Some(entry.address.0));
            }
        }
        let Some(next) = page.next else { break };
        cursor = Some(next.0);
    }
    Ok(None)
}

/// Whether there is a contract of this kind.
async fn is_token(client: &Client, address: Address) -> Result<bool, Failure> {
    match client.spec(address).await {
        Ok(spec) => Ok(spec.name == CONTRACT && spec.method("schedule_policy").is_some()),
        Err(error) => match error.refusal() {
            Some(RpcError::UnknownContract { .. }) => Ok(false),
            _ => Err(error.into()),
        },
    }
}

/// Commands to go on with.
fn next(policy: &PolicyFile, address: Address, args: &IssueArgs) -> Vec<String> {
    let holder = policy.holders.first().map_or("@bob", |holder| &holder.written);
    let payee = policy.merchants.first().map_or("@carol", |merchant| &merchant.written);
    let pays = holder.strip_prefix('@').unwrap_or("HOLDER");
    let signed = args.key.as_ref().map_or_else(String::new, |key| format!(" --key {key}"));
    let lines = [
        format!("dure call {address} issue --to {holder} --amount 10000{signed}"),
        format!("dure call {address} transfer --to {payee} --amount 100 --key {pays}"),
        format!("dure query {address} can_transfer --from {holder} --to {payee} --amount 100"),
        format!("dure token show {address}"),
    ];
    lines.map(|line| format!("{line}{}", remote(&args.remote.rpc))).into()
}

/// What names the node, where it is not the usual one.
fn remote(rpc: &str) -> String {
    if rpc == super::super::RPC_DEFAULT { String::new() } else { format!(" --rpc {rpc}") }
}
