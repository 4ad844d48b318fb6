//! Reading and writing the file.

use super::LockError;
use std::{collections::BTreeMap, fmt::Write, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockFile {
    /// Version of the storage.
    pub(crate) version: u32,
    /// Name of the contract's module.
    pub(crate) contract: String,
    /// Every field that ever was, ascending by id.
    pub(crate) fields: Vec<LockedField>,
    /// Parts of the contract's own types that are stored: fields of a struct, variants of an enum.
    pub(crate) types: BTreeMap<String, Vec<String>>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockedField {
    pub(crate) id: u16,
    pub(crate) name: String,
    /// Its names before.
    pub(crate) was: Vec<String>,
    /// How it lays out its keys: `item`, `map` ..
    pub(crate) kind: String,
    pub(crate) key: Option<String>,
    pub(crate) value: String,
    /// Parts of a composite: path of ids, name, kind and types of each.
    pub(crate) parts: Vec<String>,
    /// Whether it is gone; its id stays taken.
    pub(crate) retired: bool,
}

impl LockedField {
    /// Kind and types in one line.
    pub(crate) fn layout(&self) -> String {
        match &self.key {
            Some(key) => format!("{} {key} -> {}", self.kind, self.value),
            None if self.parts.is_empty() => format!("{} {}", self.kind, self.value),
            None => format!("{} [{}]", self.kind, self.parts.join(", ")),
        }
    }

    /// Whether the field reads what `old` stored: the same, but that a composite may have got
    /// parts.
    pub(crate) fn reads(&self, old: &Self) -> bool {
        (&self.kind, &self.key, &self.value) == (&old.kind, &old.key, &old.value)
            && old.parts.iter().all(|part| self.parts.contains(part))
    }
}

const HEAD: &str = "\
# The storage of the contract. `dure build` writes this file; commit it.
# An id belongs to one field for ever. Of a field that is gone, write `retired = true` under it.
";

impl LockFile {
    /// Writes the file.
    pub(crate) fn render(&self) -> String {
        let mut text =
            format!("{HEAD}version = {}\ncontract = {}\n", self.version, quoted(&self.contract));
        for field in &self.fields {
            text.push_str("\n[[field]]\n");
            let mut line = |name: &str, value: String| {
                // A string takes every write.
                let _ = writeln!(text, "{name} = {value}");
            };
            line("id", field.id.to_string());
            line("name", quoted(&field.name));
            if !field.was.is_empty() {
                line("was", list(&field.was));
            }
            line("kind", quoted(&field.kind));
            if let Some(key) = &field.key {
                line("key", quoted(key));
            }
            line("value", quoted(&field.value));
            if !field.parts.is_empty() {
                line("parts", list(&field.parts));
            }
            if field.retired {
                line("retired", "true".into());
            }
        }
        if !self.types.is_empty() {
            text.push_str("\n[types]\n");
        }
        for (name, parts) in &self.types {
            let _ = writeln!(text, "{} = {}", quoted_key(name), list(parts));
        }
        text
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LockError::Malformed`] with the line.
    pub(crate) fn parse(text: &str) -> Result<Self, LockError> {
        let reader = Reader { text };
        let table = DeTable::parse(text)
            .map_err(|error| reader.malformed(error.span(), error.message().to_owned()))?;
        let table = reader.keys(&table, &["version", "contract", "field", "types"])?;
        let whole = || 0..text.len();
        let version = reader.number::<u32>(table, &whole(), "version")?;
        if version == 0 {
            return Err(reader.malformed(None, "versions count from 1".into()));
        }
        let contract = reader.text(table, &whole(), "contract")?;
        let fields = match table.get("field") {
            None => Vec::new(),
            Some(list) => reader.fields(list)?,
        };
        let types = match table.get("types") {
            None => BTreeMap::new(),
            Some(types) => reader.types(types)?,
        };
        Ok(Self { version, contract, fields, types })
    }
}

fn list(parts: &[String]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| quoted(part)).collect();
    format!("[{}]", parts.join(", "))
}

fn quoted(text: &str) -> String {
    // Names and types are made of letters, digits and brackets; nothing needs an escape.
    format!("\"{text}\"")
}

/// A bare key where TOML allows one.
fn quoted_key(text: &str) -> String {
    let bare = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { text.to_owned() } else { quoted(text) }
}

/// Reads values and knows their lines.
struct Reader<'t> {
    text: &'t str,
}

type Table<'t> = DeTable<'t>;

impl<'t> Reader<'t> {
    fn malformed(&self, span: Option<Range<usize>>, reason: String) -> LockError {
        let start = span.map_or(0, |span| span.start);
        let before = self.text.get(..start).unwrap_or_default();
        LockError::Malformed { line: before.matches('\n').count() + 1, reason }
    }

    /// Refuses keys that mean nothing here: a typing error must not be ignored.
    fn keys<'a>(
        &self,
        table: &'a Spanned<Table<'t>>,
        known: &[&str],
    ) -> Result<&'a Table<'t>, LockError> {
        let strange = table.get_ref().keys().find(|key| !known.contains(&key.get_ref().as_ref()));
        match strange {
            Some(key) => {
                let reason = format!("unknown key `{}`", key.get_ref());
                Err(self.malformed(Some(key.span()), reason))
            }
            None => Ok(table.get_ref()),
        }
    }

    fn need<'a>(
        &self,
        table: &'a Table<'t>,
        at: &Range<usize>,
        name: &str,
    ) -> Result<&'a Spanned<DeValue<'t>>, LockError> {
        let missing = || self.malformed(Some(at.clone()), format!("`{name}` is missing"));
        table.get(name).ok_or_else(missing)
    }

    fn number<N: std::str::FromStr>(
        &self,
        table: &Table<'t>,
        at: &Range<usize>,
        name: &str,
    ) -> Result<N, LockError> {
        let value = self.need(table, at, name)?;
        let number = value.get_ref().as_integer().filter(|number| number.radix() == 10);
        let number = number.and_then(|number| number.as_str().parse().ok());
        number.ok_or_else(|| {
            self.malformed(Some(value.span()), format!("`{name}` is no number in its range"))
        })
    }

    fn text(&self, table: &Table<'t>, at: &Range<usize>, name: &str) -> Result<String, LockError> {
        let value = self.need(table, at, name)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        text.ok_or_else(|| self.malformed(Some(value.span()), format!("`{name}` is no text")))
    }

    fn fields(&self, list: &Spanned<DeValue<'t>>) -> Result<Vec<LockedField>, LockError> {
        let no_list = || self.malformed(Some(list.span()), "`field` is no list of tables".into());
        let list = list.get_ref().as_array().ok_or_else(no_list)?;
        let mut fields: Vec<LockedField> = Vec::new();
        for value in list.iter() {
            let field = self.field(value)?;
            let (id, name) = (field.id, &field.name);
            let twice =
                fields.iter().find_map(|other| match (other.id == id, other.name == *name) {
                    (true, _) => Some(format!("`{name}` has the id {id} of `{}`", other.name)),
                    (_, true) => {
                        Some(format!("`{name}` stands here twice, as {} and {id}", other.id))
                    }
                    _ => None,
                });
            if let Some(reason) = twice {
                return Err(self.malformed(Some(value.span()), reason));
            }
            fields.push(field);
        }
        fields.sort_by_key(|field| field.id);
        Ok(fields)
    }

    fn field(&self, value: &Spanned<DeValue<'t>>) -> Result<LockedField, LockError> {
        let at = value.span();
        let no_table = || self.malformed(Some(at.clone()), "a field is a table".into());
        let table = value.get_ref().as_table().ok_or_else(no_table)?;
        let known = ["id", "name", "was", "kind", "key", "value", "parts", "retired"];
        if let Some(key) = table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) {
            let reason = format!("unknown key `{}`", key.get_ref());
            return Err(self.malformed(Some(key.span()), reason));
        }
        let retired = match table.get("retired") {
            None => false,
            Some(value) => value.get_ref().as_bool().ok_or_else(|| {
                self.malformed(Some(value.span()), "`retired` is `true` or `false`".into())
            })?,
        };
        let key = table.get("key").map(|_| self.text(table, &at, "key")).transpose()?;
        let listed =
            |name: &str| table.get(name).map_or(Ok(Vec::new()), |value| self.list(name, value));
        Ok(LockedField {
            id: self.number(table, &at, "id")?,
            name: self.text(table, &at, "name")?,
            was: listed("was")?,
            kind: self.text(table, &at, "kind")?,
            key,
            value: self.text(table, &at, "value")?,
            parts: listed("parts")?,
            retired,
        })
    }

    fn types(
        &self,
        value: &Spanned<DeValue<'t>>,
    ) -> Result<BTreeMap<String, Vec<String>>, LockError> {
        let no_table = || self.malformed(Some(value.span()), "`types` is a table".into());
        let table = value.get_ref().as_table().ok_or_else(no_table)?;
        let mut types = BTreeMap::new();
        for (name, parts) in table.iter() {
            types.insert(name.get_ref().to_string(), self.list(name.get_ref(), parts)?);
        }
        Ok(types)
    }

    fn list(&self, name: &str, value: &Spanned<DeValue<'t>>) -> Result<Vec<String>, LockError> {
        let wrong = || {
            let reason = format!("`{name}` is no list of texts");
            self.malformed(Some(value.span()), reason)
        };
        let list = value.get_ref().as_array().ok_or_else(wrong)?;
        let texts: Option<Vec<String>> =
            list.iter().map(|text| text.get_ref().as_str().map(str::to_owned)).collect();
        texts.ok_or_else(wrong)
    }
}
