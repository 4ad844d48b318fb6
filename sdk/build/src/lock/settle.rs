//! Holding a contract against its lock.

use super::{
    LockError, before,
    file::{LockFile, LockedField},
    layout::Layout,
};
use dure_abi::spec::ContractSpec;
use std::collections::BTreeMap;

/// A lock that fits the contract, and what is new in it, a line each.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) lock: LockFile,
    pub(crate) changes: Vec<String>,
}

/// Holds the specification of a contract against its lock, and gives the lock that fits it.
///
/// # Errors
/// [`LockError`]: what the contract contradicts.
pub(crate) fn settle(lock: Option<&LockFile>, spec: &ContractSpec) -> Result<Settled, LockError> {
    let layout = Layout::of(spec);
    let version = spec.history.version;
    let empty = LockFile {
        version,
        contract: spec.name.clone(),
        fields: Vec::new(),
        types: BTreeMap::new(),
    };
    let Some(lock) = lock else {
        if version > 1 {
            return Err(LockError::Lost { version });
        }
        let mut fields = layout.fields;
        fields.sort_by_key(|field| field.id);
        let new = LockFile { fields, types: layout.types, ..empty };
        return Ok(Settled { lock: new, changes: vec!["a new lock".into()] });
    };
    let migrates = check_version(lock, spec)?;
    let mut changes = Vec::new();
    if version > lock.version {
        changes.push(format!("storage version {} -> {version}", lock.version));
    }
    let mut fields = Vec::new();
    for old in &lock.fields {
        let found = layout.fields.iter().find(|field| field.id == old.id);
        let field = check_field(lock, old, found, migrates)?;
        note(old, field, &mut changes);
        fields.push(field.clone());
    }
    for field in &layout.fields {
        if !lock.fields.iter().any(|old| old.id == field.id) {
            changes.push(format!("new field `{}` (id {})", field.name, field.id));
            fields.push(field.clone());
        }
    }
    fields.sort_by_key(|field| field.id);
    if migrates {
        before::check(lock, spec)?;
    } else {
        check_types(lock, &layout)?;
    }
    for (name, parts) in &layout.types {
        match lock.types.get(name) {
            None => changes.push(format!("new type `{name}`")),
            Some(old) if old != parts => changes.push(format!("type `{name}` changed")),
            Some(_) => {}
        }
    }
    let new = LockFile { fields, types: layout.types, ..empty };
    if changes.is_empty() && new != *lock {
        changes.push("types that are stored no more".into());
    }
    Ok(Settled { lock: new, changes })
}

/// Checks name and version; says whether a migration runs, which may change every type.
fn check_version(lock: &LockFile, spec: &ContractSpec) -> Result<bool, LockError> {
    if lock.contract != spec.name {
        let (locked, source_name) = (lock.contract.clone(), spec.name.clone());
        return Err(LockError::Contract { locked, source_name });
    }
    let (locked, found) = (lock.version, spec.history.version);
    if found < locked {
        return Err(LockError::Version { locked, found });
    }
    if found > locked && spec.history.migration(locked).is_none() {
        return Err(LockError::NoMigration { locked, found });
    }
    Ok(found > locked)
}

/// Checks one field of the lock against the source's field of the same id; gives the line that
/// belongs into the lock.
fn check_field<'a>(
    lock: &LockFile,
    old: &'a LockedField,
    found: Option<&'a LockedField>,
    migrates: bool,
) -> Result<&'a LockedField, LockError> {
    let (id, locked) = (old.id, old.name.clone());
    let Some(field) = found else {
        return if old.retired { Ok(old) } else { Err(LockError::Gone { field: locked, id }) };
    };
    if old.retired {
        return Err(LockError::Retired { field: field.name.clone(), id, retired: locked });
    }
    if field.name != locked && !field.was.contains(&locked) {
        return Err(LockError::Used { id, locked, field: field.name.clone() });
    }
    if !field.reads(old) && !migrates {
        return Err(LockError::Changed {
            field: field.name.clone(),
            id,
            locked: old.layout(),
            found: field.layout(),
            version: lock.version,
            next: lock.version.saturating_add(1),
        });
    }
    Ok(field)
}

fn note(old: &LockedField, new: &LockedField, changes: &mut Vec<String>) {
    if old.name != new.name {
        changes.push(format!("field `{}` (id {}) is now `{}`", old.name, old.id, new.name));
    } else if old.was != new.was {
        let was = new.was.join("`, `");
        changes.push(format!("field `{}` (id {}) was `{was}`", new.name, new.id));
    }
    if old.layout() != new.layout() {
        let (before, after) = (old.layout(), new.layout());
        changes.push(format!("field `{}` (id {}) `{before}` -> `{after}`", new.name, new.id));
    }
}

/// Types that are stored keep their parts; an enum that is no part of a key may get more variants.
fn check_types(lock: &LockFile, layout: &Layout) -> Result<(), LockError> {
    for (name, old) in &lock.types {
        let Some(new) = layout.types.get(name) else { continue };
        // A variant's line begins with its number, a field's with its name.
        let is_enum =
            old.first().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()));
        let grows = is_enum && !layout.in_keys.contains(name);
        let keeps = if grows { old.iter().all(|part| new.contains(part)) } else { old == new };
        if !keeps {
            return Err(LockError::Type {
                ty: name.clone(),
                locked: format!("[{}]", old.join(", ")),
                found: format!("[{}]", new.join(", ")),
                version: lock.version,
                next: lock.version.saturating_add(1),
            });
        }
    }
    Ok(())
}
