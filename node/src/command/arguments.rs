//! Arguments of a contract's method from the command line, typed by the specification.

use super::{exit::Failure, inspect::arguments, key, plan::resolve};
use crate::printable::one_line;
use dure_abi::spec::{ContractSpec, MethodSpec};
use dure_rpc::json::{JsonError, arguments_from_json, encode, type_name};
use dure_types::limits;
use scale_info::PortableRegistry;
use serde_json::{Map, Value};

/// What stands after the method's name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rest {
    /// `--args JSON`.
    pub(super) args: Option<String>,
    /// `--name value`, in order.
    pub(super) named: Vec<(String, String)>,
    /// Options of the command itself.
    pub(super) options: Vec<(String, String)>,
    /// `--json` among them.
    pub(super) json: bool,
    /// `--help` among them.
    pub(super) help: bool,
}

/// Options of `dure call` that may stand among the arguments. A method whose argument has the name
/// of an option takes it through `--args`.
pub(super) const OF_CALL: &[&str] = &["rpc", "key", "sponsor", "gas", "wait"];
/// Options of `dure simulate` and `dure trace`.
pub(super) const OF_TRIAL: &[&str] = &["rpc", "key", "by", "sponsor", "gas"];
/// Options of `dure query`.
pub(super) const OF_QUERY: &[&str] = &["rpc"];

impl Rest {
    /// Sorts words into options of the command, which are these, and arguments.
    pub(super) fn parse(words: &[String], options: &[&str]) -> Result<Self, Failure> {
        let mut rest = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else {
                let text = format!("\"{word}\": expected --name value or --args JSON");
                return Err(Failure::Usage(text));
            };
            match flag {
                "json" => rest.json = true,
                "help" => rest.help = true,
                _ => {}
            }
            if matches!(flag, "json" | "help") {
                continue;
            }
            let (flag, value) = match flag.split_once('=') {
                Some((flag, value)) => (flag, value.to_owned()),
                None => {
                    let value = words.next();
                    let missing = || Failure::Usage(format!("--{flag}: the value is missing"));
                    (flag, value.ok_or_else(missing)?.clone())
                }
            };
            let name = flag.replace('-', "_");
            let given = |list: &[(String, String)]| list.iter().any(|(known, _)| *known == name);
            if given(&rest.named) || given(&rest.options) || (flag == "args" && rest.args.is_some())
            {
                return Err(Failure::Usage(format!("--{flag}: given twice")));
            }
            if flag == "args" {
                rest.args = Some(value);
            } else if options.contains(&flag) {
                rest.options.push((flag.to_owned(), value));
            } else {
                rest.named.push((name, value));
            }
        }
        Ok(rest)
    }

    /// The value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The arguments as JSON, checked against the method.
    pub(super) fn value(&self, spec: &ContractSpec, method: &MethodSpec) -> Result<Value, Failure> {
        if let Some(text) = &self.args {
            if !self.named.is_empty() {
                let text = "give either --args JSON or --name value, not both";
                return Err(Failure::Usage(text.to_owned()));
            }
            let value =
                parse_json(text).map_err(|error| Failure::Usage(format!("--args: {error}")))?;
            check(spec, method, &value, "--args: ")?;
            return Ok(value);
        }
        let mut object = Map::new();
        for (name, text) in &self.named {
            let Some(arg) = method.args.iter().find(|arg| arg.name == *name) else {
                let known: Vec<&str> = method.args.iter().map(|arg| arg.name.as_str()).collect();
                let known = match known.as_slice() {
                    [] => "it takes none".to_owned(),
                    known => format!("there are {}", known.join(", ")),
                };
                let text = format!("--{name}: {} has no such argument; {known}", method.name);
                return Err(Failure::Usage(text));
            };
            object.insert(name.clone(), typed(&spec.types, arg.ty, name, text)?);
        }
        let value = Value::Object(object);
        check(spec, method, &value, "--")?;
        Ok(value)
    }
}

/// Reads a word as a value of a type: as text if the type takes text, else as JSON. What begins as
/// an object or a list is meant as one, and what is wrong is told of what is in it.
fn typed(types: &PortableRegistry, ty: u32, name: &str, text: &str) -> Result<Value, Failure> {
    let path = format!("args.{name}");
    let fits = |value: &Value| {
        let mut out = Vec::new();
        encode(types, ty, value, &mut out, limits::TRANSACTION_BYTES_MAX, &path)
    };
    let is_address = type_name(types, ty).contains("Address");
    let as_text = if is_address && (text.starts_with('@') || text == key::SYSTEM) {
        Value::String(key::address(text)?.to_string())
    } else {
        Value::String(text.to_owned())
    };
    let Err(error) = fits(&as_text) else { return Ok(as_text) };
    let wrong = |error: JsonError| Failure::Argument(error.into());
    if text.trim_start().starts_with(['{', '[']) {
        let json =
            parse_json(text).map_err(|error| Failure::Usage(format!("--{name}: {error}")))?;
        return fits(&json).map(|()| json).map_err(wrong);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(json) if fits(&json).is_ok() => Ok(json),
        _ if is_address && key::is_known(text) => Err(key::lacks_at(text)),
        _ => Err(wrong(error)),
    }
}

/// Reads JSON in which `"@NAME"` stands for the address of a key.
pub(super) fn parse_json(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let address = |text: &str| key::address(text).map(|address| address.to_string());
    resolve(&value, &['@'], &address).map_err(|error| error.to_string())
}

fn check(
    spec: &ContractSpec,
    method: &MethodSpec,
    value: &Value,
    place: &'static str,
) -> Result<(), Failure> {
    let encoded = arguments_from_json(spec, method, value, limits::TRANSACTION_BYTES_MAX);
    encoded.map(drop).map_err(|error| {
        let takes = match arguments(spec, method) {
            none if none.is_empty() => "it takes no arguments".to_owned(),
            some => format!("{} takes ({})", one_line(&method.name), one_line(&some)),
        };
        Failure::Arguments { error: Box::new(error.into()), place, takes }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use scale_info::{MetaType, Registry, TypeInfo};

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn options_and_arguments_are_told_apart() {
        let line = words("--to 0x00 --amount=5 --key bob --json --new-name x");
        let rest = Rest::parse(&line, OF_CALL).unwrap_or_default();
        assert_eq!(rest.option("key"), Some("bob"));
        assert!(rest.json);
        let names: Vec<&str> = rest.named.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["to", "amount", "new_name"]);
        let asked = Rest::parse(&line, OF_QUERY).unwrap_or_default();
        assert_eq!((asked.option("key"), asked.named.len()), (None, 4));
    }

    #[test]
    fn a_word_without_a_name_or_with_one_that_was_given_is_refused() {
        for twice in ["--to a --to b", "--new-name x --new_name=y", "--key a --key b"] {
            let refused = Rest::parse(&words(twice), OF_CALL);
            assert!(
                refused.is_err_and(|error| error.to_string().contains("given twice")),
                "{twice}"
            );
        }
        assert!(Rest::parse(&words("5"), OF_CALL).is_err());
        assert!(Rest::parse(&words("--amount"), OF_CALL).is_err());
    }

    #[test]
    fn what_is_wrong_inside_a_value_is_told_with_its_path() {
        #[derive(TypeInfo)]
        #[allow(dead_code, reason = "only its type is used")]
        struct Merchant {
            region: u32,
            open: bool,
        }
        let mut registry = Registry::new();
        let ty = registry.register_type(&MetaType::new::<Merchant>()).id;
        let types = PortableRegistry::from(registry);
        let check = |text: &str, expect: &str| {
            let refused = typed(&types, ty, "merchant", text).unwrap_err().to_string();
            assert!(refused.contains(expect), "{text}: {refused}");
        };
        let wrong = r#"{"region": "x", "open": true}"#;
        check(wrong, "--merchant.region: expected u32, found \"x\"");
        check(r#"{"region": 1}"#, "--merchant.open: the field is missing");
        check(r#"{"region": 1,"#, "--merchant: no JSON: EOF");
        check("7", "--merchant: expected an object with [region, open]");
        let right = r#"{"region": 1, "open": true}"#;
        assert_eq!(typed(&types, ty, "merchant", right).unwrap()["region"], 1);
    }
}
