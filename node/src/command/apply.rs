//! `dure apply`: makes what a file describes, and nothing that is there already.

use super::{
    Remote,
    check::{Build, compile},
    exit::Failure,
    key, module,
    output::Output,
    plan::{Plan, Planned, PlannedCall, resolve},
    read::{connect, say_chain},
    trace,
};
use clap::Args;
use dure_abi::spec::{ContractSpec, MethodKind, MethodSpec};
use dure_build::{BuildRequest, build, build_unpinned};
use dure_client::{Client, ClientError, Key, RpcError};
use dure_rpc::json::{JsonError, arguments_from_json, decode, encode};
use dure_types::{
    Address, Hash, address,
    domain::blake3_hash,
    limits::{CODE_BYTES_MAX, TRANSACTION_BYTES_MAX},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
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
    say_chain(&client, output);
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

/// Makes the contracts of a plan in this order, then its calls; what is there is left alone. What
/// the plan says is checked against the code before anything is sent.
pub(super) async fn carry_out<'a>(
    client: &'a Client,
    plan: &'a Plan,
    order: &[&'a str],
    settings: &'a Settings<'a>,
    output: &Output,
) -> Result<Applied<'a>, Failure> {
    let mut apply = Apply {
        client,
        plan,
        settings,
        keys: BTreeMap::new(),
        addresses: BTreeMap::new(),
        built: BTreeMap::new(),
        sources: BTreeMap::new(),
        done: Vec::new(),
    };
    apply.name_all().await?;
    for name in order {
        apply.look(name, output).await?;
    }
    let calls = plan.calls.iter().map(|call| apply.checked(call)).collect::<Result<Vec<_>, _>>()?;
    for name in order {
        apply.contract(name, output).await?;
    }
    for (call, checked) in plan.calls.iter().zip(&calls) {
        apply.call(call, checked, output).await?;
    }
    Ok(Applied { addresses: apply.addresses, done: apply.done })
}

/// The code of a contract.
enum Code {
    Module(Vec<u8>),
    /// That of another contract.
    Like(Address, Hash),
}

/// A contract of the plan, looked at.
struct Source {
    code: Code,
    spec: Arc<ContractSpec>,
    /// Arguments of its init method.
    init: Value,
    /// Whether the chain has it.
    is_there: bool,
}

/// A call of the plan, with every value as the contract's types have it.
struct Checked {
    args: Value,
    /// The arguments of the query, and what it answers once the call is no longer needed.
    asked: Value,
    wanted: Value,
}

struct Apply<'a> {
    client: &'a Client,
    plan: &'a Plan,
    settings: &'a Settings<'a>,
    keys: BTreeMap<Option<String>, Key>,
    addresses: BTreeMap<&'a str, Address>,
    /// Modules by the folder of their crate, which is built once.
    built: BTreeMap<PathBuf, Vec<u8>>,
    sources: BTreeMap<&'a str, Source>,
    done: Vec<Value>,
}

impl<'a> Apply<'a> {
    /// Computes the address of every contract, made or not.
    async fn name_all(&mut self) -> Result<(), Failure> {
        for (name, planned) in &self.plan.contracts {
            let key = self.key(planned.key.as_ref()).await?;
            let salt = planned.salt.as_ref().unwrap_or(name);
            let address = address::contract(key.address(), salt.as_bytes());
            if let Some((other, _)) = self.addresses.iter().find(|(_, known)| **known == address) {
                return Err(Failure::File(format!(
                    "contract.{other} and contract.{name} have one salt, \"{salt}\", and so one \
                     address, {address}: give one of them another `salt`"
                )));
            }
            self.addresses.insert(name, address);
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
        resolve(value, &['$', '@'], &|text: &str| match text.strip_prefix('$') {
            Some(name) => {
                let address = self.addresses.get(name);
                let unknown =
                    || Failure::File(format!("\"{text}\": the file has no such contract"));
                address.map(ToString::to_string).ok_or_else(unknown)
            }
            None => key::address(text).map(|address| address.to_string()),
        })
    }

    /// Finds the code of a contract, and checks it and the arguments of its init method.
    async fn look(&mut self, name: &'a str, output: &Output) -> Result<(), Failure> {
        let Some(planned) = self.plan.contracts.get(name) else { return Ok(()) };
        let address = self.address(name);
        let code = self.code(planned, output).await?;
        let (hash, spec) = match &code {
            Code::Module(wasm) => {
                let file = planned.wasm.as_ref().map(|path| format!("{}: ", path.display()));
                let told = |reason| {
                    let file = file.unwrap_or_default();
                    Failure::File(format!("contract.{name}: {file}{reason}"))
                };
                (blake3_hash(wasm), Arc::new(module::spec(wasm).map_err(told)?))
            }
            Code::Like(like, hash) => (*hash, self.client.spec(*like).await?),
        };
        let there = self.code_of(address).await?;
        if let Some(there) = there
            && there != hash
        {
            return Err(Failure::Unmet(format!(
                "contract.{name}: {address} has the code {there}, the source builds {hash}; \
                 `dure upgrade {address}` changes its code, and another `salt` in the file makes \
                 another contract"
            )));
        }
        let init = match self.resolved(&planned.init)? {
            Value::Null => json!({}),
            init => init,
        };
        let method = spec.methods.iter().find(|method| method.kind == MethodKind::Init);
        if let Some(method) = method {
            typed(&spec, method, &init, &format!("contract.{name}.init"))?;
        }
        self.sources.insert(name, Source { code, spec, init, is_there: there.is_some() });
        Ok(())
    }

    /// Checks a call: what is wrong with it is found before anything is sent.
    fn checked(&self, call: &PlannedCall) -> Result<Checked, Failure> {
        let shown = format!("{}.{}", call.contract, call.method);
        let unless = &call.unless;
        let Some(Source { spec, .. }) = self.sources.get(call.contract.as_str()) else {
            return Err(Failure::File(format!("call {shown}: no contract.{}", call.contract)));
        };
        let (args, asked) = (self.resolved(&call.args)?, self.resolved(&unless.args)?);
        let method = method_of(spec, MethodKind::Call, &call.method, &format!("call {shown}"))?;
        typed(spec, method, &args, &format!("call {shown}: args"))?;
        let place = format!("call {shown}: unless");
        let query = method_of(spec, MethodKind::Query, &unless.query, &place)?;
        typed(spec, query, &asked, &format!("{place}.args"))?;
        // As the query answers it: `is = 5` of a number that JSON has as text is "5".
        let is = self.resolved(&unless.is)?;
        let wrong = |error| Failure::File(format!("{place}.{error}"));
        let mut bytes = Vec::new();
        encode(&spec.types, query.returns, &is, &mut bytes, TRANSACTION_BYTES_MAX, "is")
            .map_err(wrong)?;
        let wanted =
            decode(&spec.types, query.returns, &mut bytes.as_slice(), "is").map_err(wrong)?;
        Ok(Checked { args, asked, wanted })
    }

    async fn contract(&mut self, name: &'a str, output: &Output) -> Result<(), Failure> {
        let (Some(planned), Some(source)) = (self.plan.contracts.get(name), self.sources.get(name))
        else {
            return Ok(());
        };
        let address = self.address(name);
        let is_there = source.is_there;
        self.done.push(
            json!({ "contract": name, "address": address.to_string(), "changed": !is_there }),
        );
        if is_there {
            output.progress(&format!("{name}: is there already"));
            return Ok(());
        }
        output.progress(&format!("{name}: is to be made"));
        if self.settings.dry_run {
            return Ok(());
        }
        let key = self.key(planned.key.as_ref()).await?;
        let salt = planned.salt.as_deref().unwrap_or(name).as_bytes();
        let Some(Source { code, init, .. }) = self.sources.get(name) else { return Ok(()) };
        match code {
            Code::Module(wasm) => self.client.deploy(&key, wasm, init, salt).await,
            Code::Like(like, _) => self.client.instantiate_like(&key, *like, init, salt).await,
        }
        .map(drop)
        .map_err(trace::tried)
    }

    fn address(&self, name: &str) -> Address {
        self.addresses.get(name).copied().unwrap_or_default()
    }

    /// The code of a contract: built, read or on the chain. Paths are from the plan's folder.
    async fn code(&mut self, planned: &Planned, output: &Output) -> Result<Code, Failure> {
        let folder = self.settings.folder;
        if let Some(like) = planned.like {
            return Ok(Code::Like(like, self.client.contract(like).await?.contract.code.0));
        }
        if let Some(file) = &planned.wasm {
            let path = folder.join(file);
            return crate::file::read(&path, CODE_BYTES_MAX)
                .map(Code::Module)
                .map_err(|error| Failure::File(format!("{}: {error}", path.display())));
        }
        let manifest_dir = folder.join(planned.build.as_deref().unwrap_or_else(|| Path::new(".")));
        if let Some(wasm) = self.built.get(&manifest_dir) {
            return Ok(Code::Module(wasm.clone()));
        }
        let request = BuildRequest {
            manifest_dir: manifest_dir.clone(),
            target_dir: None,
            locked: self.settings.locked,
            offline: self.settings.offline,
        };
        // Who only looks pins no storage.
        let how: Build =
            if self.settings.dry_run && !self.settings.locked { build_unpinned } else { build };
        let wasm = compile(request, how, output).await?.wasm;
        self.built.insert(manifest_dir, wasm.clone());
        Ok(Code::Module(wasm))
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

    async fn call(
        &mut self,
        call: &PlannedCall,
        checked: &Checked,
        output: &Output,
    ) -> Result<(), Failure> {
        let address = self.address(&call.contract);
        let shown = format!("{}.{}", call.contract, call.method);
        let (query, Checked { args, asked, wanted }) = (&call.unless.query, checked);
        // In a dry run the contract itself may be yet to come.
        let made = self.code_of(address).await?.is_some();
        let is_so =
            made && self.answered(address, query, asked.clone()).await?.as_ref() == Ok(wanted);
        self.done.push(json!({ "call": shown, "changed": !is_so }));
        if is_so {
            output.progress(&format!("{shown}: is so already"));
            return Ok(());
        }
        output.progress(&format!("{shown}: is to be called"));
        if self.settings.dry_run {
            return Ok(());
        }
        let key = self.key(call.key.as_ref()).await?;
        trace::call(self.client, &key, address, &call.method, args.clone()).await?;
        let now = match self.answered(address, query, asked.clone()).await? {
            Ok(now) if now == *wanted => return Ok(()),
            Ok(now) => format!("answers {now}"),
            Err(refusal) => format!("refuses with {refusal}"),
        };
        Err(Failure::Unmet(format!(
            "{shown} was called, but {query} {now} instead of {wanted}: the call would be made again \
             each time"
        )))
    }

    /// What a query answers, or the contract's own error: of what is not there yet, mostly.
    async fn answered(
        &self,
        address: Address,
        query: &str,
        args: Value,
    ) -> Result<Result<Value, String>, Failure> {
        match self.client.query(address, query, args).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(error) => match error.refusal() {
                Some(RpcError::ContractRefused { text, .. }) => Ok(Err(text.clone())),
                _ => Err(error.into()),
            },
        }
    }
}

/// The method of a plan's call or query; `place` begins the message when there is none.
fn method_of<'s>(
    spec: &'s ContractSpec,
    kind: MethodKind,
    name: &str,
    place: &str,
) -> Result<&'s MethodSpec, Failure> {
    let of_kind = || spec.methods.iter().filter(|method| method.kind == kind);
    let found = of_kind().find(|method| method.name == name);
    found.ok_or_else(|| {
        let known: Vec<&str> = of_kind().map(|method| method.name.as_str()).collect();
        let what = if kind == MethodKind::Query { "query" } else { "call" };
        let known = known.join(", ");
        Failure::File(format!("{place}: {} has no {what} {name}; it has {known}", spec.name))
    })
}

/// Checks arguments against a method; `place` begins the message.
fn typed(
    spec: &ContractSpec,
    method: &MethodSpec,
    args: &Value,
    place: &str,
) -> Result<(), Failure> {
    match arguments_from_json(spec, method, args, TRANSACTION_BYTES_MAX) {
        Ok(_) => Ok(()),
        Err(JsonError { path, kind }) => {
            let path = path.strip_prefix("args").unwrap_or(&path);
            Err(Failure::File(format!("{place}{path}: {kind}")))
        }
    }
}
