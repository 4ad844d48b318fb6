//! Whether new code can take over the storage of old code.
//!
//! In this order, and the first that fails is the refusal:
//!
//! 1. Both are of one contract: the names are equal.
//! 2. The version does not fall.
//! 3. No field has an id that was retired.
//! 4. Every id that was ever used is a field or retired.
//! 5. Every field that stays has its name, or the new code says that it had it before: two fields
//!    of one type that changed ids differ in nothing else.
//! 6. No interface is dropped.
//! 7. No field that is published is withdrawn, be it that it is retired.
//! 8. Every method of an interface is still one of it, with the same kind and types.
//! 9. When the version rises, there is a migration from exactly the stored version. When it stays,
//!    every field that stays has the same kind, the same key, a value that reads the old ones, and
//!    the same first parts.
//!
//! 10. With a migration, a field that it opens by `before!` and that is stored is declared as it is
//!     stored: so that its type reads what is there.
//!
//! Judging takes a step for each part of a type that is compared, for each method of an interface
//! and for each field that `before!` opens; the caller says how many there may be.
//!
//! A migration may change any field. Entries of one that changed are read by its new type when the
//! migration is through (`entry.rs`). Of a field that was retired by an earlier code the stored spec
//! has no type: what `before!` says of it is believed.

use super::{
    compare::{Comparison, Mode, TooManySteps},
    difference::{Difference, difference},
    interface,
};
use dure_abi::spec::{ContractSpec, FieldSpec};
use dure_types::SchemaError;
use std::collections::{BTreeMap, BTreeSet};

/// What an upgrade does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Version to migrate from; none when the version stays.
    pub(crate) migrate_from: Option<u32>,
    /// Ids of fields whose stored entries the new types need not read.
    pub(crate) changed: Vec<u16>,
    /// Steps that the comparison took.
    pub(crate) steps: u64,
}

/// Judges an upgrade from the code that runs to new code, in at most `limit` steps.
pub(crate) fn plan(
    stored: &ContractSpec,
    offered: &ContractSpec,
    limit: u64,
) -> Result<Result<Plan, SchemaError>, TooManySteps> {
    let (from, to) = (stored.history.version, offered.history.version);
    if let Err(error) = check_fields(stored, offered) {
        return Ok(Err(error));
    }
    let mut comparison = Comparison::new(&stored.types, &offered.types, limit);
    if let Some((interface, method)) = interface::changed(stored, offered, &mut comparison)? {
        let (interface, method) = (name(&interface.name), name(method));
        return Ok(Err(SchemaError::InterfaceChanged { interface, method }));
    }
    let migrate_from = (to > from).then_some(from);
    if migrate_from.is_some() && offered.history.migration(from).is_none() {
        return Ok(Err(SchemaError::NoMigration { stored: from, offered: to }));
    }
    let mut changed = Vec::new();
    let by_id: BTreeMap<u16, &FieldSpec> =
        offered.storage.iter().map(|field| (field.id, field)).collect();
    for field in &stored.storage {
        let Some(other) = by_id.get(&field.id) else { continue };
        let Some(found) = difference(&mut comparison, field, other, Mode::Grown)? else { continue };
        if migrate_from.is_none() {
            let [stored, offered] = words(&found, stored, offered);
            let (field, id) = (name(&field.name), field.id);
            return Ok(Err(SchemaError::FieldChanged { field, id, stored, offered }));
        }
        changed.push(field.id);
        comparison.restart();
    }
    let opened = offered.history.before.iter().filter(|_| migrate_from.is_some());
    let by_id: BTreeMap<u16, &FieldSpec> =
        stored.storage.iter().map(|field| (field.id, field)).collect();
    for declared in opened {
        // One field may be opened many times over, and its types are compared only once.
        comparison.spend(parts(declared))?;
        let Some(field) = by_id.get(&declared.id) else { continue };
        if let Some(found) = difference(&mut comparison, field, declared, Mode::Grown)? {
            let [stored, declared] = words(&found, stored, offered);
            let (field, id) = (name(&field.name), field.id);
            return Ok(Err(SchemaError::FieldMisread { field, id, stored, declared }));
        }
    }
    Ok(Ok(Plan { migrate_from, changed, steps: comparison.steps() }))
}

/// Fields in a field, with itself.
fn parts(field: &FieldSpec) -> usize {
    // A spec nests parts four deep at most.
    field.parts.iter().fold(1, |sum, part| parts(part).saturating_add(sum))
}

fn words(found: &Difference<'_>, stored: &ContractSpec, offered: &ContractSpec) -> [Vec<u8>; 2] {
    found.words(&stored.types, &offered.types).map(String::into_bytes)
}

fn name(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// Rules 1 to 7: all that does not look into types. Each list is gone through once, and what is
/// looked for in it is found by order: two lists that a spec has room for, each held against each,
/// would be a second's work that only their bytes pay for.
fn check_fields(stored: &ContractSpec, offered: &ContractSpec) -> Result<(), SchemaError> {
    if stored.name != offered.name {
        let (stored, offered) = (name(&stored.name), name(&offered.name));
        return Err(SchemaError::Foreign { stored, offered });
    }
    let (old, new) = (&stored.history, &offered.history);
    if new.version < old.version {
        return Err(SchemaError::Older { stored: old.version, offered: new.version });
    }
    let retired: BTreeMap<u16, &str> =
        old.retired.iter().map(|field| (field.id, field.name.as_str())).collect();
    if let Some(field) = offered.storage.iter().find(|field| retired.contains_key(&field.id)) {
        return Err(SchemaError::FieldReused { field: name(&field.name), id: field.id });
    }
    let used = stored.storage.iter().map(|field| (field.id, field.name.as_str()));
    let known: BTreeSet<u16> = (offered.storage.iter().map(|field| field.id))
        .chain(new.retired.iter().map(|field| field.id))
        .collect();
    if let Some((id, field)) = used.chain(retired).find(|(id, _)| !known.contains(id)) {
        return Err(SchemaError::FieldLost { field: name(field), id });
    }
    check_names(stored, offered)?;
    let kept: BTreeSet<&str> =
        offered.interfaces.iter().map(|interface| interface.name.as_str()).collect();
    let mut promised = stored.interfaces.iter();
    if let Some(lost) = promised.find(|interface| !kept.contains(interface.name.as_str())) {
        return Err(SchemaError::InterfaceDropped { interface: name(&lost.name) });
    }
    let published: BTreeSet<u16> =
        offered.storage.iter().filter(|field| field.published).map(|field| field.id).collect();
    let mut promised = stored.storage.iter().filter(|field| field.published);
    match promised.find(|field| !published.contains(&field.id)) {
        Some(field) => Err(SchemaError::FieldWithdrawn { field: name(&field.name), id: field.id }),
        None => Ok(()),
    }
}

/// Rule 5.
fn check_names(stored: &ContractSpec, offered: &ContractSpec) -> Result<(), SchemaError> {
    let names: BTreeMap<u16, &str> =
        offered.storage.iter().map(|field| (field.id, field.name.as_str())).collect();
    let former: BTreeSet<(u16, &str)> =
        offered.history.renamed.iter().map(|former| (former.id, former.name.as_str())).collect();
    for field in &stored.storage {
        let Some(new) = names.get(&field.id) else { continue };
        if field.name != *new && !former.contains(&(field.id, field.name.as_str())) {
            let (stored, offered) = (name(&field.name), name(new));
            return Err(SchemaError::FieldRenamed { stored, offered, id: field.id });
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{TooManySteps, plan};
    use dure_abi::spec::{
        ContractSpec, FieldKind, FieldSpec, MigrationSpec, StorageHistory, VERSION,
    };
    use scale_info::{MetaType, Registry};

    fn spec(history: StorageHistory) -> ContractSpec {
        let mut types = Registry::new();
        types.register_type(&MetaType::new::<u64>());
        ContractSpec {
            version: VERSION,
            name: "keeper".into(),
            methods: Vec::new(),
            events: Vec::new(),
            error: None,
            storage: vec![count()],
            history,
            interfaces: Vec::new(),
            docs: Vec::new(),
            types: types.into(),
        }
    }

    fn count() -> FieldSpec {
        FieldSpec {
            name: "count".into(),
            id: 0,
            kind: FieldKind::Item,
            key: None,
            value: 0,
            published: false,
            parts: Vec::new(),
        }
    }

    #[test]
    fn a_field_opened_many_times_over_is_paid_for_each_time() {
        let stored = spec(StorageHistory::default());
        let migration = MigrationSpec {
            name: "from_1".into(),
            from: 1,
            args: Vec::new(),
            fallible: false,
            docs: Vec::new(),
        };
        let offered = spec(StorageHistory {
            version: 2,
            migrations: vec![migration],
            before: vec![count(); 1_000],
            ..StorageHistory::default()
        });
        // One step besides: that the stored number is the one of the new code.
        assert_eq!(plan(&stored, &offered, 1_001).map(|plan| plan.unwrap().steps), Ok(1_001));
        assert_eq!(plan(&stored, &offered, 1_000), Err(TooManySteps));
    }
}
