//! Parameters by the table of methods: what it does not have is refused, so that a misspelt name
//! does not silently mean the default.

use dure_rpc::{RpcError, api, discover::Parameter};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{collections::BTreeMap, fmt, sync::LazyLock};

/// The names of the parameters of each method.
static PARAMETERS: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let entries = api::entries().into_iter();
    let names = |parameters: &[Parameter]| parameters.iter().map(Parameter::name).collect();
    entries.map(|entry| (entry.name, names(&entry.parameters))).collect()
});

/// Looks at the names or the number of the parameters, not at their values.
///
/// # Errors
/// [`RpcError::InvalidParams`] for a name that the method does not have, or one value too many.
pub(super) fn check(method: &str, parameters: Option<&str>) -> Result<(), RpcError> {
    let (Some(known), Some(text)) = (PARAMETERS.get(method), parameters) else { return Ok(()) };
    // What is neither list nor object is left to the library.
    let Ok(Some(reason)) =
        serde_json::Deserializer::from_str(text).deserialize_any(Surplus { known })
    else {
        return Ok(());
    };
    Err(RpcError::InvalidParams { reason })
}

/// Finds the first parameter that is not known, and says so.
struct Surplus<'a> {
    known: &'a [&'a str],
}

impl Surplus<'_> {
    fn words(&self, what: &str) -> String {
        if self.known.is_empty() {
            return format!("{what}: the method has no parameters");
        }
        format!("{what}: the method has {}", self.known.join(", "))
    }
}

impl<'de> Visitor<'de> for Surplus<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut surplus = None;
        while let Some(name) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if surplus.is_none() && !self.known.contains(&name.as_str()) {
                let name: String = name.chars().take(80).collect();
                surplus = Some(self.words(&format!("unknown parameter \"{name}\"")));
            }
        }
        Ok(surplus)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut count = 0usize;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count = count.saturating_add(1);
        }
        let surplus = count > self.known.len();
        Ok(surplus.then(|| self.words(&format!("{count} parameters"))))
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn only_parameters_of_the_table_are_taken() {
        let refused = |method, text| check(method, Some(text)).err().map(|error| error.to_string());
        for good in [r#"{"min_height":"1"}"#, "[1]", "[]", "{}", "7"] {
            assert_eq!(refused("chain_status", good), None, "{good}");
        }
        assert_eq!(check("chain_status", None), Ok(()));
        let words = "invalid parameters: unknown parameter \"bogus\": the method has min_height";
        assert_eq!(refused("chain_status", r#"{"bogus":1}"#).unwrap(), words);
        let words = "invalid parameters: 2 parameters: the method has min_height";
        assert_eq!(refused("chain_status", "[null,1]").unwrap(), words);
        let words = "invalid parameters: 1 parameters: the method has no parameters";
        assert_eq!(refused("node_health", "[1]").unwrap(), words);
        assert!(refused("sub_blocks", r#"{"form":"1"}"#).unwrap().contains("\"form\""));
        assert_eq!(refused("nothing", "[1]"), None, "another error is for that");
    }
}
