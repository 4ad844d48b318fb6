//! Whose database is it, and can this release read it: checked at every opening.

use super::{
    Column, Database, Read, Store, StoreError, WriteBatch,
    column::{CHAIN_KEY, SCHEMA, SCHEMA_KEY},
};
use codec::{DecodeAll, Encode};
use dure_types::Hash;

/// Marks both databases as ours when they are new, else checks the marks.
///
/// # Errors
/// [`StoreError::OtherChain`], [`StoreError::NewerSchema`], [`StoreError::OlderSchema`],
/// [`StoreError::Corrupt`], or what a read or write returns.
pub fn claim(store: &dyn Store, chain: Hash, path: &str) -> Result<(), StoreError> {
    for database in Database::ALL {
        let path = format!("{path}/{}", database.name());
        if check(store as &dyn Read, database, chain, &path)? {
            continue;
        }
        let mut batch = WriteBatch::new(database);
        batch.put(meta(database), SCHEMA_KEY, SCHEMA.encode());
        batch.put(meta(database), CHAIN_KEY, chain.encode());
        store.write(batch)?;
        store.barrier(database)?;
    }
    Ok(())
}

const fn meta(database: Database) -> Column {
    match database {
        Database::Ledger => Column::LedgerMeta,
        Database::State => Column::StateMeta,
    }
}

/// Whether the database carries our marks; false when it is new.
///
/// # Errors
/// As [`claim`].
pub fn check(
    store: &dyn Read,
    database: Database,
    chain: Hash,
    path: &str,
) -> Result<bool, StoreError> {
    let schema: Option<u32> = read(store, database, SCHEMA_KEY, path)?;
    let found: Option<Hash> = read(store, database, CHAIN_KEY, path)?;
    let corrupt = |reason: &str| StoreError::Corrupt { path: path.into(), reason: reason.into() };
    let (schema, found) = match (schema, found) {
        (None, None) => return Ok(false),
        (Some(schema), Some(found)) => (schema, found),
        _ => return Err(corrupt("schema version or chain id is missing")),
    };
    if schema > SCHEMA {
        return Err(StoreError::NewerSchema { path: path.into(), found: schema, known: SCHEMA });
    }
    if schema < SCHEMA {
        return Err(StoreError::OlderSchema { path: path.into(), found: schema, known: SCHEMA });
    }
    if found != chain {
        return Err(StoreError::OtherChain { path: path.into(), found, expected: chain });
    }
    Ok(true)
}

fn read<T: DecodeAll>(
    store: &dyn Read,
    database: Database,
    key: &[u8],
    path: &str,
) -> Result<Option<T>, StoreError> {
    let Some(bytes) = store.get(meta(database), key)? else { return Ok(None) };
    let value = T::decode_all(&mut bytes.as_slice()).map_err(|error| StoreError::Corrupt {
        path: path.into(),
        reason: format!("{}: {error}", String::from_utf8_lossy(key)),
    })?;
    Ok(Some(value))
}
