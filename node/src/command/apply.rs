//! `dure apply`: makes what a file describes, and nothing that is there already.

use super::{
    Remote,
    check::compile,
    exit::Failure,
    key,
    output::Output,
    plan::{Plan, Planned, PlannedCall, resolve},
    read::connect,
    trace::explain,
};
use clap::Args;
use dure_build::BuildRequest;
use dure_client::{Client, ClientError, Key, RpcError, Wait};
use dure_rpc::shape::CallRequest;
use dure_types::{Address, Hash, address, domain::blake3_hash, limits::CODE_BYTES_MAX};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What to apply.
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// The file.
    #[arg(default_value = "deploy.toml")]
    file: PathBuf,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Refuse to change a `Cargo.lock`.
    #[arg(long)]
    locked: bool,
    /// Use only what is downloaded already.
    #[arg(long)]
    offline: bool,
    /// Who signs where the file does not say; alice of `dure dev` unless told.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: ApplyArgs, output: &mut Output) -> Result<(), Failure> {
    let shown = args.file.display().to_string();
    let text = crate::file::read_text(&args.file)
        .map_err(|error| Failure::File(format!("{shown}: {error}")))?;
    let plan = Plan::parse(&text, &shown)?;
    let order = plan.order(&shown)?;
    let client = connect(&args.remote.rpc).await?;
    let settings = Settings {
        folder: args.file.parent().unwrap_or_else(|| Path::new(".")),
        dry_run: args.dry_run,
        locked: args.locked,
        offline: args.offline,
        key: args.key.as_deref(),
    };
    let Applied { addresses, done } = carry_out(&client, &plan, &order, &settings, output).await?;
    let changed = changed(&done);
    let addresses: BTreeMap<&str, String> =
        addresses.iter().map(|(name, address)| (*name, address.to_string())).collect();
    let value = json!({
        "contracts": addresses,
        "steps": done,
        "changed": changed,
        "dry_run": args.dry_run,
    });
    output.answer(&value, || {
        let mut text = String::new();
        for (name, address) in &addresses {
            text.push_str(&format!("{name:<16} {address}\n"));
        }
        let did = if args.dry_run { "would be done" } else { "done" };
        text.push_str(&format!("{changed} of {} steps {did}\n", done.len()));
        text
    })
}

/// How a plan is carried out.
pub(super) struct Settings<'a> {
    /// Where its paths begin.
    pub(super) folder: &'a Path,
    /// Say what would be done, and do nothing.
    pub(super) dry_run: bool,
    /// Refuse to change a `Cargo.lock`.
    pub(super) locked: bool,
    /// Use only what is downloaded already.
    pub(super) offline: bool,
    /// Who signs where the plan does not say.
    pub(super) key: Option<&'a str>,
}

/// What became of a plan.
pub(super) struct Applied<'a> {
    /// Its contracts.
    pub(super) addresses: BTreeMap<&'a str, Address>,
    /// What was done or was there, for machines.
    pub(super) done: Vec<Value>,
}

/// The number of steps that changed something.
pub(super) fn changed(done: &[Value]) -> usize {
    done.iter().filter(|step| step["changed"] == true).count()
}

/// Makes the contracts of a plan in this order, then its calls; what is there is left alone.
pub(super) async fn carry_out<'a>(
    client: &'a Client,
    plan: &'a Plan,
    order: &[&str],
    settings: &'a Settings<'a>,
    output: &Output,
) -> Result<Applied<'a>, Failure> {
    let (keys, addresses) = (BTreeMap::new(), BTreeMap::new());
    let mut apply = Apply { client, plan, settings, keys, addresses, done: Vec::new() };
    apply.name_all().await?;
    for name in order {
        apply.contract(name, output).await?;
    }
    for call in &plan.calls {
        apply.call(call, output).await?;
    }
    Ok(Applied { addresses: apply.addresses, done: apply.done })
}

/// The code of a contract to be made.
enum Source {
    Module(Vec<u8>),
    /// That of another contract.
    Like(Address, Hash),
}

struct Apply<'a> {
    client: &'a Client,
    plan: &'a Plan,
    settings: &'a Settings<'a>,
    keys: BTreeMap<Option<String>, Key>,
    addresses: BTreeMap<&'a str, Address>,
    done: Vec<Value>,
}

impl<'a> Apply<'a> {
    /// Computes the address of every contract, made or not.
    async fn name_all(&mut self) -> Result<(), Failure> {
        for (name, planned) in &self.plan.contracts {
            let key = self.key(planned.key.as_ref()).await?;
            let salt = planned.salt.as_ref().unwrap_or(name);
            self.addresses.insert(name, address::contract(key.address(), salt.as_bytes()));
        }
        Ok(())
    }

    /// The key that signs for a part of the file.
    async fn key(&mut self, own: Option<&String>) -> Result<Key, Failure> {
        let name = own.or(self.plan.key.as_ref()).map(String::as_str).or(self.settings.key);
        let name = name.map(str::to_owned);
        if let Some(key) = self.keys.get(&name) {
            return Ok(key.clone());
        }
        let key = key::signer(self.client, name.as_deref()).await?;
        self.keys.insert(name, key.clone());
        Ok(key)
    }

    fn resolved(&self, value: &Value) -> Result<Value, Failure> {
        resolve(value, &|text: &str| match text.strip_prefix('$') {
            Some(name) => {
                let address = self.addresses.get(name);
                let unknown =
                    || Failure::File(format!("\"{text}\": the file has no such contract"));
                address.map(ToString::to_string).ok_or_else(unknown)
            }
            None => key::address(text).map(|address| address.to_string()),
        })
    }

    async fn contract(&mut self, name: &str, output: &Output) -> Result<(), Failure> {
        let Some(planned) = self.plan.contracts.get(name) else { return Ok(()) };
        let address = self.addresses.get(name).copied().unwrap_or_default();
        let source = self.source(planned, output).await?;
        let code = match &source {
            Source::Module(wasm) => blake3_hash(wasm),
            Source::Like(_, code) => *code,
        };
        let there = self.code_of(address).await?;
        if let Some(there) = there
            && there != code
        {
            return Err(Failure::Unmet(format!(
                "contract.{name}: {address} has the code {there}, the source builds {code}; \
                 change its salt to make another contract"
            )));
        }
        let step =
            json!({ "contract": name, "address": address.to_string(), "changed": there.is_none() });
        self.done.push(step);
        if there.is_some() {
            output.progress(&format!("{name}: is there already"));
            return Ok(());
        }
        let init = match self.resolved(&planned.init)? {
            Value::Null => json!({}),
            init => init,
        };
        output.progress(&format!("{name}: is to be made"));
        if self.settings.dry_run {
            return Ok(());
        }
        let key = self.key(planned.key.as_ref()).await?;
        let salt = planned.salt.as_deref().unwrap_or(name);
        let salt = salt.as_bytes();
        match source {
            Source::Module(wasm) => self.client.deploy(&key, &wasm, &init, salt).await?,
            Source::Like(like, _) => self.client.instantiate_like(&key, like, &init, salt).await?,
        };
        Ok(())
    }

    /// The code of a contract: built, read or on the chain. Paths are from the plan's folder.
    async fn source(&self, planned: &Planned, output: &Output) -> Result<Source, Failure> {
        let folder = self.settings.folder;
        if let Some(like) = planned.like {
            return Ok(Source::Like(like, self.client.contract(like).await?.contract.code.0));
        }
        if let Some(file) = &planned.wasm {
            let path = folder.join(file);
            return crate::file::read(&path, CODE_BYTES_MAX)
                .map(Source::Module)
                .map_err(|error| Failure::File(format!("{}: {error}", path.display())));
        }
        let request = BuildRequest {
            manifest_dir: folder.join(planned.build.as_deref().unwrap_or_else(|| Path::new("."))),
            target_dir: None,
            locked: self.settings.locked,
            offline: self.settings.offline,
        };
        Ok(Source::Module(compile(request, output).await?.wasm))
    }

    /// The code of a contract; none when there is no contract.
    async fn code_of(&self, address: Address) -> Result<Option<Hash>, Failure> {
        match self.client.contract(address).await {
            Ok(answer) => Ok(Some(answer.contract.code.0)),
            Err(ClientError::Refused(error))
                if matches!(*error, RpcError::UnknownContract { .. }) =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn call(&mut self, call: &PlannedCall, output: &Output) -> Result<(), Failure> {
        let address = self.addresses.get(call.contract.as_str()).copied().unwrap_or_default();
        let shown = format!("{}.{}", call.contract, call.method);
        // In a dry run the contract itself may be yet to come.
        let made = self.code_of(address).await?.is_some();
        let wanted = self.resolved(&call.unless.is)?;
        let is_so = made && {
            let args = self.resolved(&call.unless.args)?;
            self.client.query(address, &call.unless.query, args).await? == wanted
        };
        self.done.push(json!({ "call": shown, "changed": !is_so }));
        if is_so {
            output.progress(&format!("{shown}: is so already"));
            return Ok(());
        }
        output.progress(&format!("{shown}: is to be called"));
        if self.settings.dry_run {
            return Ok(());
        }
        let args = self.resolved(&call.args)?;
        let key = self.key(call.key.as_ref()).await?;
        let transaction = self.client.transaction(&key).call(address, &call.method, args.clone());
        if let Err(error) = transaction.submit(Wait::Final).await {
            let method = call.method.clone();
            let request = CallRequest { contract: address.into(), method, args };
            return Err(explain(self.client, key.address(), request, error).await);
        }
        let args = self.resolved(&call.unless.args)?;
        let now = self.client.query(address, &call.unless.query, args).await?;
        if now == wanted {
            return Ok(());
        }
        Err(Failure::Unmet(format!(
            "{shown} was called, but {} answers {now} instead of {wanted}: the call would be made \
             again each time",
            call.unless.query
        )))
    }
}
