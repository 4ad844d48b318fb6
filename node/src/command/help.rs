//! Help on the methods of a contract, from its own description.

use super::{
    Cli,
    contract::method_of,
    exit::Failure,
    inspect::{described_method, form, signature},
    key,
    output::Output,
    read::connect,
};
use crate::printable::one_line;
use clap::CommandFactory;
use dure_abi::spec::{ContractSpec, MethodKind, MethodSpec};
use dure_rpc::json::type_name;
use serde_json::Value;
use std::fmt::Write;

/// Whose help is asked for: that of a command, of a contract's methods, of a method.
pub(super) struct Help {
    pub(super) command: &'static str,
    pub(super) address: Option<String>,
    pub(super) method: Option<String>,
    pub(super) json: bool,
    pub(super) rpc: String,
}

impl Help {
    /// Shows it; `kinds` are those of the methods that the command takes.
    pub(super) async fn show(
        &self,
        kinds: &[MethodKind],
        output: &mut Output,
    ) -> Result<(), Failure> {
        output.also_json(self.json);
        let Some(shown) = &self.address else {
            let text = of_command(self.command);
            return output.answer(&text, || text.clone());
        };
        let client = connect(&self.rpc).await?;
        let contract = key::address(shown)?;
        let spec = client.spec(contract).await?;
        let methods = match &self.method {
            Some(name) => vec![method_of(&spec, contract, name, kinds)?],
            None => spec.methods.iter().filter(|method| kinds.contains(&method.kind)).collect(),
        };
        let value: Vec<Value> =
            methods.iter().map(|method| described_method(&spec, method)).collect();
        output.answer(&value, || {
            let shown = methods.iter().map(|method| text(&spec, method, self.method.is_some()));
            shown.collect::<Vec<_>>().join("")
        })
    }
}

fn of_command(name: &str) -> String {
    let mut cli = Cli::command();
    cli.build();
    cli.find_subcommand_mut(name).map_or_else(String::new, |own| own.render_help().to_string())
}

/// A method with what its source says of it, and its arguments if they are asked for.
fn text(spec: &ContractSpec, method: &MethodSpec, with_arguments: bool) -> String {
    let mut text = format!("{}\n", one_line(&signature(spec, method)));
    // Writing to a `String` cannot fail.
    for line in &method.docs {
        let _ = writeln!(text, "    {}", one_line(line.trim()));
    }
    if !with_arguments || method.args.is_empty() {
        return text;
    }
    text.push_str("\narguments, each by --NAME VALUE, or all by --args JSON\n");
    let width = method.args.iter().map(|arg| arg.name.len()).max().unwrap_or(0);
    for arg in &method.args {
        let ty = type_name(&spec.types, arg.ty);
        let note = match form(spec, arg.ty) {
            Some(form) => format!(" = {form}"),
            None if ty == "Address" => ": 0x and 64 digits, or @NAME of a key".to_owned(),
            None => String::new(),
        };
        let line = format!("  --{:<width$}  {ty}{note}", arg.name);
        let _ = writeln!(text, "{}", one_line(&line));
    }
    text
}
