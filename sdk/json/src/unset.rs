//! Fields that an upgrade adds and nothing sets.
//!
//! A map, a balance or a counter is there from the start, empty. One value is not: `Item::get` ends
//! the call until somebody has set it, and after an upgrade no `#[init]` will. The chain cannot know
//! whether the code reads such a field by `get`; the rehearsal knows whether it has a value.

use dure_abi::spec::{ContractSpec, FieldKind, FieldSpec};
use std::fmt;

/// A field of one value that is new and has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsetField {
    /// Its name; of a part of a field `limits.most`.
    pub name: String,
    /// Id of the field, of a part that of the whole.
    pub id: u16,
}

/// Fields that an upgrade adds and leaves without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unset {
    /// The fields, in the order of declaration; at least one.
    pub fields: Vec<UnsetField>,
    /// Version of the storage that is upgraded.
    pub version: u32,
    /// The migration that ran; none where none does.
    pub migration: Option<String>,
}

impl Unset {
    /// What of the new code's fields has no value after an upgrade; none when all have. `is_set` says
    /// whether an entry of the contract has one, by its key.
    pub fn find(
        stored: &ContractSpec,
        offered: &ContractSpec,
        mut is_set: impl FnMut(&[u8]) -> bool,
    ) -> Option<Self> {
        let mut fields = Vec::new();
        for new in &offered.storage {
            let old = stored.storage.iter().find(|old| old.id == new.id);
            let key = new.id.to_be_bytes().to_vec();
            walk(old, new, (&key, &new.name), &mut |key, name| {
                if !is_set(key) {
                    fields.push(UnsetField { name: name.to_owned(), id: new.id });
                }
            });
        }
        let (from, to) = (stored.history.version, offered.history.version);
        let migration = offered.history.migration(from).filter(|_| to > from);
        let migration = migration.map(|migration| migration.name.clone());
        (!fields.is_empty()).then_some(Self { fields, version: from, migration })
    }
}

/// Tells of each value in a field that the old code did not keep there: its key and its name.
fn walk(
    old: Option<&FieldSpec>,
    new: &FieldSpec,
    (key, name): (&[u8], &str),
    tell: &mut impl FnMut(&[u8], &str),
) {
    match new.kind {
        FieldKind::Item if old.is_none_or(|old| old.kind != FieldKind::Item) => tell(key, name),
        // A spec nests parts four deep at most.
        FieldKind::Composite => {
            let parts = old.filter(|old| old.kind == FieldKind::Composite).map(|old| &old.parts);
            for part in &new.parts {
                let old = parts.and_then(|parts| parts.iter().find(|old| old.id == part.id));
                let key: Vec<u8> =
                    key.iter().copied().chain(part.id.to_be_bytes().into_iter().skip(1)).collect();
                walk(old, part, (&key, &format!("{name}.{}", part.name)), tell);
            }
        }
        FieldKind::Item | FieldKind::Map | FieldKind::Balance | FieldKind::Counter => {}
    }
}

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |field: &UnsetField| format!("`{}` (id {})", field.name, field.id);
        let names: Vec<String> = self.fields.iter().map(named).collect();
        let (names, version) = (names.join(", "), self.version);
        let next = version.saturating_add(1);
        match &self.migration {
            Some(migration) => write!(f, "the migration `{migration}` does not set {names}")?,
            None => write!(f, "nothing sets {names}")?,
        }
        write!(f, ", new in this code: `get` of it would end every call that reads it; ")?;
        match &self.migration {
            Some(_) => write!(f, "set it there")?,
            None => write!(
                f,
                "write `#[storage(version = {next})]` and a method `#[migrate(from = {version})]` \
                 that sets it"
            )?,
        }
        write!(f, ", or read it by `try_get`")
    }
}
