//! `dure inspect`: what a contract offers, and what it stores.

use super::{Remote, exit::Failure, key, module, output::Output, read::connect};
use crate::printable::one_line;
use clap::Args;
use dure_abi::spec::{ArgSpec, ContractSpec, EventSpec, FieldSpec, MethodKind, MethodSpec};
use dure_client::Client;
use dure_rpc::{
    json::{type_name, typed_text, value_text},
    shape::StorageEntry,
};
use dure_types::{Address, domain::blake3_hash};
use scale_info::{Field, TypeDef, Variant, form::PortableForm};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// A contract's address, `system`, or a module's file.
    what: String,
    /// Most entries of storage that are shown.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// Write the `dure.lock` that the code was built with, where it was lost, into this file; one
    /// that is there is left alone.
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: InspectArgs, output: &mut Output) -> Result<(), Failure> {
    let path = Path::new(&args.what);
    if path.exists() && !path.is_dir() {
        let (wasm, spec) = module::read(path)?;
        if let Some(lock) = &args.lock {
            return write_lock(&spec, lock, output);
        }
        let mut value = describe(&spec);
        value["code"] = json!(blake3_hash(&wasm).to_string());
        value["bytes"] = json!(wasm.len());
        let code = blake3_hash(&wasm);
        return output.answer(&value, || {
            format!("code      {code}\nbytes     {}\n{}", wasm.len(), text(&spec))
        });
    }
    if args.what.ends_with(".wasm") {
        return Err(Failure::File(format!("{}: no such file", args.what)));
    }
    let contract = key::address(&args.what).map_err(|error| {
        let is_name = args.what.starts_with('@');
        if is_name { error } else { Failure::Usage(format!("{error}; nor is there such a file")) }
    })?;
    let client = connect(&args.remote.rpc).await?;
    let spec = client.spec(contract).await?;
    if let Some(lock) = &args.lock {
        return write_lock(&spec, lock, output);
    }
    let entry = client.contract(contract).await?.contract;
    let (entries, more) = storage(&client, contract, args.limit).await?;
    let mut value = describe(&spec);
    value["address"] = json!(entry.address);
    value["code"] = json!(entry.code);
    value["creator"] = json!(entry.creator);
    value["since"] = json!(entry.since);
    value["upgrader"] = json!(entry.upgrader);
    value["storage_version"] = json!(spec.history.version);
    value["storage_entries"] = json!(entries);
    value["storage_more"] = json!(more);
    output.answer(&value, || {
        let upgrader = entry.upgrader.map_or_else(
            || "nobody, the code is frozen".to_owned(),
            |upgrader| upgrader.to_string(),
        );
        let mut shown = format!(
            "address   {}\ncode      {}\ncreator   {}, at height {}\nupgrader  {upgrader}\n\
             version   {} of the storage\n{}",
            entry.address,
            entry.code,
            entry.creator,
            entry.since,
            spec.history.version,
            text(&spec)
        );
        shown.push_str("storage\n");
        for entry in &entries {
            shown.push_str(&format!("  {}\n", entry_text(&spec, entry)));
        }
        if more {
            shown.push_str("  ... (more: --limit)\n");
        }
        shown
    })
}

/// Writes the lock of code that was deployed.
fn write_lock(spec: &ContractSpec, path: &Path, output: &mut Output) -> Result<(), Failure> {
    let shown = path.display();
    let failed = |reason: String| Failure::File(format!("{shown}: {reason}"));
    let text = dure_build::lock_of(spec).ok_or_else(|| {
        failed("not written: the specification is not one that `dure build` made".into())
    })?;
    let mut file = File::create_new(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => failed(
            "is there, and is left alone; name another file, and compare the two, or delete this \
             one first"
                .to_owned(),
        ),
        _ => failed(error.to_string()),
    })?;
    file.write_all(text.as_bytes()).map_err(|error| {
        // Half a lock may read as a shorter one.
        let _ = fs::remove_file(path);
        failed(error.to_string())
    })?;
    let fields = spec.storage.len() + spec.history.retired.len();
    let (name, version) = (&spec.name, spec.history.version);
    let value = json!({ "lock": shown.to_string(), "contract": name, "version": version });
    output.answer(&value, || {
        format!(
            "wrote {shown}: {} of version {version}, {fields} fields; `dure build` says what of the \
             source differs",
            one_line(name)
        )
    })
}

/// The first entries of a contract's storage, and whether there are more.
async fn storage(
    client: &Client,
    contract: Address,
    limit: u32,
) -> Result<(Vec<StorageEntry>, bool), Failure> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let left = limit.saturating_sub(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        if left == 0 {
            return Ok((entries, true));
        }
        let page = client.storage(contract, cursor, left.min(PAGE)).await?;
        entries.extend(page.entries);
        match page.next {
            Some(next) => cursor = Some(next.0),
            None => return Ok((entries, false)),
        }
    }
}

/// Entries asked for at once.
const PAGE: u32 = 100;

/// The field of a name, of a part by both names: `merchants.sets`.
fn field<'s>(spec: &'s ContractSpec, name: &str) -> Option<&'s FieldSpec> {
    let mut names = name.split('.');
    let named = |fields: &'s [FieldSpec], name: &str| fields.iter().find(|of| of.name == name);
    let first = named(&spec.storage, names.next()?)?;
    names.try_fold(first, |field, name| named(&field.parts, name))
}

/// An entry on one line, its parts in the order of their declaration; of a set the member alone.
fn entry_text(spec: &ContractSpec, entry: &StorageEntry) -> String {
    let known = field(spec, &entry.field);
    let text = |ty: Option<u32>, value| match ty {
        Some(ty) => typed_text(&spec.types, ty, value),
        None => value_text(value),
    };
    let key = match &entry.entry {
        Value::Null => String::new(),
        key => format!("[{}]", text(known.and_then(|field| field.key), key)),
    };
    let unit = |field: &FieldSpec| {
        let described = spec.types.resolve(field.value);
        described.is_some_and(|described| match &described.type_def {
            TypeDef::Tuple(tuple) => tuple.fields.is_empty(),
            _ => false,
        })
    };
    let value = match known.is_some_and(unit) {
        true => String::new(),
        false => format!(" = {}", text(known.map(|field| field.value), &entry.decoded)),
    };
    one_line(&format!("{}{key}{value}", entry.field)).into_owned()
}

/// A method for machines.
pub(super) fn described_method(spec: &ContractSpec, method: &MethodSpec) -> Value {
    let args = method.args.iter();
    let args = args.map(|arg| json!({ "name": arg.name, "type": type_name(&spec.types, arg.ty) }));
    json!({
        "name": method.name,
        "selector": method.selector.to_string(),
        "kind": kind(method.kind),
        "args": args.collect::<Vec<_>>(),
        "returns": type_name(&spec.types, method.returns),
        "fallible": method.fallible,
        "docs": method.docs.join("\n"),
    })
}

fn describe(spec: &ContractSpec) -> Value {
    let methods = spec.methods.iter().map(|method| described_method(spec, method));
    let events = spec.events.iter().map(|event| {
        let fields = event.fields.iter().map(|field| {
            json!({
                "name": field.name,
                "type": type_name(&spec.types, field.ty),
                "indexed": field.indexed,
            })
        });
        json!({ "name": event.name, "fields": fields.collect::<Vec<_>>() })
    });
    let storage = spec.storage.iter().map(|field| {
        json!({
            "name": field.name,
            "id": field.id,
            "key": field.key.map(|ty| type_name(&spec.types, ty)),
            "value": type_name(&spec.types, field.value),
        })
    });
    json!({
        "name": spec.name,
        "docs": spec.docs.join("\n"),
        "interfaces": interfaces(spec),
        "methods": methods.collect::<Vec<_>>(),
        "events": events.collect::<Vec<_>>(),
        "errors": errors(spec),
        "storage": storage.collect::<Vec<_>>(),
    })
}

/// The interfaces that it implements, standards among them.
fn interfaces(spec: &ContractSpec) -> Vec<&str> {
    spec.interfaces.iter().map(|interface| interface.name.as_str()).collect()
}

pub(super) const fn kind(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Init => "init",
        MethodKind::Call => "call",
        MethodKind::Query => "query",
    }
}

/// The variants of the error as its source has them.
fn errors(spec: &ContractSpec) -> Vec<String> {
    let Some(ty) = spec.error.and_then(|id| spec.types.resolve(id)) else { return Vec::new() };
    match &ty.type_def {
        TypeDef::Variant(variants) => {
            variants.variants.iter().map(|variant| shown_variant(spec, variant)).collect()
        }
        _ => Vec::new(),
    }
}

/// What a struct or an enum is made of, as its source has it; none for other types.
pub(super) fn form(spec: &ContractSpec, ty: u32) -> Option<String> {
    let ty = spec.types.resolve(ty)?;
    match &ty.type_def {
        TypeDef::Composite(composite) if composite.fields.iter().all(|f| f.name.is_some()) => {
            Some(shown_fields(spec, &composite.fields))
        }
        TypeDef::Variant(variants) if ty.path.segments != ["Option"] => {
            let shown = variants.variants.iter().map(|variant| shown_variant(spec, variant));
            Some(shown.collect::<Vec<_>>().join(" | "))
        }
        _ => None,
    }
}

fn shown_variant(spec: &ContractSpec, variant: &Variant<PortableForm>) -> String {
    match variant.fields.first() {
        None => variant.name.clone(),
        Some(first) => {
            let space = if first.name.is_some() { " " } else { "" };
            format!("{}{space}{}", variant.name, shown_fields(spec, &variant.fields))
        }
    }
}

fn shown_fields(spec: &ContractSpec, fields: &[Field<PortableForm>]) -> String {
    let shown = fields.iter().map(|field| {
        let ty = type_name(&spec.types, field.ty.id);
        field.name.as_ref().map_or_else(|| ty.clone(), |name| format!("{name}: {ty}"))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    let is_named = fields.first().is_some_and(|first| first.name.is_some());
    if is_named { format!("{{ {shown} }}") } else { format!("({shown})") }
}

fn text(spec: &ContractSpec) -> String {
    let mut text = format!("contract  {}\n", one_line(&spec.name));
    for line in &spec.docs {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "          {}", one_line(line.trim()));
    }
    for interface in interfaces(spec) {
        let _ = writeln!(text, "is a      {}", one_line(interface));
    }
    for (title, wanted) in
        [("init", MethodKind::Init), ("calls", MethodKind::Call), ("queries", MethodKind::Query)]
    {
        let mut methods = spec.methods.iter().filter(|method| method.kind == wanted).peekable();
        if methods.peek().is_some() {
            let _ = writeln!(text, "{title}");
        }
        for method in methods {
            let _ = writeln!(text, "  {}", one_line(&signature(spec, method)));
            for line in &method.docs {
                let _ = writeln!(text, "      {}", one_line(line.trim()));
            }
        }
    }
    if !spec.events.is_empty() {
        text.push_str("events\n");
    }
    for event in &spec.events {
        let _ = writeln!(text, "  {}", one_line(&event_text(spec, event)));
    }
    let errors = errors(spec);
    if !errors.is_empty() {
        text.push_str("errors\n");
    }
    for error in errors {
        let _ = writeln!(text, "  {}", one_line(&error));
    }
    if !spec.storage.is_empty() {
        text.push_str("fields\n");
    }
    for field in &spec.storage {
        let value = type_name(&spec.types, field.value);
        let ty = match field.key {
            Some(key) => format!("{} -> {value}", type_name(&spec.types, key)),
            None => value,
        };
        let line = format!("  {} {}: {ty}", field.id, field.name);
        let _ = writeln!(text, "{}", one_line(&line));
    }
    text
}

/// A method as its source has it.
pub(super) fn signature(spec: &ContractSpec, method: &MethodSpec) -> String {
    let returns = type_name(&spec.types, method.returns);
    let returns = if returns == "()" { String::new() } else { format!(" -> {returns}") };
    let fallible = if method.fallible { "  (or an error)" } else { "" };
    format!("{}({}){returns}{fallible}", method.name, arguments(spec, method))
}

/// The arguments of a method with their types.
pub(super) fn arguments(spec: &ContractSpec, method: &MethodSpec) -> String {
    let arg = |arg: &ArgSpec| format!("{}: {}", arg.name, type_name(&spec.types, arg.ty));
    method.args.iter().map(arg).collect::<Vec<_>>().join(", ")
}

fn event_text(spec: &ContractSpec, event: &EventSpec) -> String {
    let fields: Vec<String> = event
        .fields
        .iter()
        .map(|field| {
            let mark = if field.indexed { "#" } else { "" };
            format!("{mark}{}: {}", field.name, type_name(&spec.types, field.ty))
        })
        .collect();
    format!("{} {{ {} }}", event.name, fields.join(", "))
}
