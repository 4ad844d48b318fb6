//! Reading `dure.lock`, which pins the ids of storage fields.
//!
//! `dure build` writes and judges the file; here it only says which id a field has, so that what is
//! compiled is what is pinned, however the fields are ordered.

use std::{collections::BTreeSet, path::PathBuf};
use syn::Ident;
use toml::de::{DeTable, DeValue};

/// Name of the file, beside `Cargo.toml`.
pub(crate) const FILE: &str = "dure.lock";

/// A field that the lock knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) id: u16,
    pub(crate) name: String,
    /// Its names before.
    pub(crate) was: Vec<String>,
    pub(crate) retired: bool,
}

/// The fields that a lock knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lock(Vec<Locked>);

/// A field as the struct declares it.
pub(crate) struct Declared<'a> {
    pub(crate) ident: &'a Ident,
    /// Its name.
    pub(crate) name: String,
    /// Its name before, of `#[was("..")]`.
    pub(crate) was: Option<String>,
}

/// The ids of the declared fields, and what else the lock remembers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbered {
    /// One for each field, in order.
    pub(crate) ids: Vec<u16>,
    /// Names that fields had before.
    pub(crate) renamed: Vec<(u16, String)>,
    /// Fields of the past.
    pub(crate) retired: Vec<(u16, String)>,
}

impl Lock {
    /// The lock of the crate that is being compiled; none when it has none.
    pub(crate) fn of_crate() -> Result<Option<Self>, String> {
        let Some(folder) = std::env::var_os("CARGO_MANIFEST_DIR") else { return Ok(None) };
        match std::fs::read_to_string(PathBuf::from(folder).join(FILE)) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{FILE}: {error}")),
        }
    }

    /// Reads what numbering needs; `dure build` reads the file whole.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let malformed = |what: &str| {
            format!("{FILE}: {what}; restore the committed file, or see what `dure build` says")
        };
        let table = DeTable::parse(text).map_err(|error| malformed(error.message()))?;
        let list = match table.get_ref().get("field").map(|list| list.get_ref()) {
            Some(DeValue::Array(list)) => list.iter().collect(),
            None => Vec::new(),
            Some(_) => return Err(malformed("`field` is no list of tables")),
        };
        let mut fields = Vec::new();
        for field in list {
            let get = |name: &str| field.get_ref().get(name).map(|value| value.get_ref());
            let id = get("id").and_then(DeValue::as_integer);
            let id = id.and_then(|id| id.as_str().parse::<u16>().ok());
            let name = get("name").and_then(DeValue::as_str);
            let (Some(id), Some(name)) = (id, name) else {
                return Err(malformed("a `[[field]]` has no `id` or no `name`"));
            };
            let was = get("was").and_then(DeValue::as_array).into_iter().flatten();
            let was = was.filter_map(|name| name.get_ref().as_str()).map(str::to_owned).collect();
            let retired = get("retired").and_then(DeValue::as_bool).unwrap_or(false);
            fields.push(Locked { id, name: name.to_owned(), was, retired });
        }
        Ok(Self(fields))
    }

    /// Whether a field is none that the lock knows, by this name or the one before.
    fn is_new(&self, field: &Declared<'_>) -> bool {
        let was = field.was.as_ref().and_then(|was| self.find(was));
        self.find(&field.name).is_none() && was.is_none()
    }

    fn find(&self, name: &str) -> Option<&Locked> {
        self.0.iter().find(|field| field.name == name)
    }
}

fn refuse<T>(at: &Ident, reason: String) -> syn::Result<T> {
    Err(syn::Error::new(at.span(), reason))
}

/// Gives every field its id: that of the lock, or the next one.
pub(crate) fn number(
    lock: Option<&Lock>,
    storage: &Ident,
    fields: &[Declared<'_>],
) -> syn::Result<Numbered> {
    let known: &[Locked] = lock.map_or(&[], |lock| &lock.0);
    let mut next = known.iter().map(|field| u32::from(field.id) + 1).max().unwrap_or(0);
    let mut numbered = Numbered::default();
    for field in fields {
        let id = match pinned(lock, field)? {
            Some(locked) => {
                numbered.renamed.extend(former_names(locked, field));
                locked.id
            }
            None => {
                let Ok(id) = u16::try_from(next) else {
                    let reason = "storage has at most 65,536 fields: use a map".to_owned();
                    return refuse(field.ident, reason);
                };
                next += 1;
                id
            }
        };
        numbered.ids.push(id);
    }
    for locked in known {
        if locked.retired {
            numbered.retired.push((locked.id, locked.name.clone()));
        } else if !numbered.ids.contains(&locked.id) {
            let (name, id) = (&locked.name, locked.id);
            // The one that is new is the likeliest to be the one that is missing.
            let new = fields.iter().find(|field| lock.is_some_and(|lock| lock.is_new(field)));
            let reason = format!(
                "the field `{name}` (id {id}) of {FILE} is not in the storage: if it has another \
                 name now, write `#[was(\"{name}\")]` above the field; if it is gone, write \
                 `retired = true` under it in {FILE}"
            );
            return refuse(new.map_or(storage, |field| field.ident), reason);
        }
    }
    Ok(numbered)
}

/// Every name that a field had before: those of the lock, and that of `#[was]`.
fn former_names(locked: &Locked, field: &Declared<'_>) -> BTreeSet<(u16, String)> {
    let names = locked.was.iter().chain(&field.was).filter(|name| **name != field.name);
    names.map(|name| (locked.id, name.clone())).collect()
}

/// The field of the lock that a field is; none when it knows nothing of it.
fn pinned<'l>(lock: Option<&'l Lock>, field: &Declared<'_>) -> syn::Result<Option<&'l Locked>> {
    let name = &field.name;
    let Some(lock) = lock else {
        if let Some(was) = &field.was {
            let reason = format!(
                "`{was}` is no field of a {FILE}, there is none: restore the file from the commit \
                 that was deployed, or drop `#[was]`"
            );
            return refuse(field.ident, reason);
        }
        return Ok(None);
    };
    match (lock.find(name), &field.was) {
        (Some(locked), _) if locked.retired => {
            let reason = format!(
                "`{name}` was retired (id {} of {FILE}) and its stored entries may still be \
                 there: give the field another name",
                locked.id
            );
            refuse(field.ident, reason)
        }
        (Some(locked), Some(was)) if was != name && !locked.was.contains(was) => {
            match lock.find(was) {
                Some(other) => {
                    let reason = format!(
                        "`{was}` is another field (id {} of {FILE}), `{name}` has id {}: drop \
                         `#[was]`",
                        other.id, locked.id
                    );
                    refuse(field.ident, reason)
                }
                None => Ok(Some(locked)),
            }
        }
        (Some(locked), _) => Ok(Some(locked)),
        (None, None) => Ok(None),
        (None, Some(was)) => match lock.find(was).filter(|locked| !locked.retired) {
            Some(locked) => Ok(Some(locked)),
            None => {
                let reason = format!(
                    "`{was}` is no field in {FILE}: `#[was]` names the field as the lock knows it"
                );
                refuse(field.ident, reason)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    const LOCK: &str = "version = 1\ncontract = \"sample\"\n\
        [[field]]\nid = 0\nname = \"a\"\n[[field]]\nid = 4\nname = \"b\"\n\
        [[field]]\nid = 2\nname = \"old\"\nretired = true\n";

    fn numbered(lock: Option<&str>, fields: &[(&str, Option<&str>)]) -> Result<Numbered, String> {
        let lock = lock.map(Lock::parse).transpose()?;
        let ident = Ident::new("Sample", Span::call_site());
        let declared: Vec<_> = fields
            .iter()
            .map(|(name, was)| Declared {
                ident: &ident,
                name: (*name).to_owned(),
                was: was.map(str::to_owned),
            })
            .collect();
        number(lock.as_ref(), &ident, &declared).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(lock: Option<&str>, fields: &[(&str, Option<&str>)], words: &str) {
        let error = numbered(lock, fields).expect_err("it is refused");
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    }

    #[test]
    fn ids_are_those_of_the_lock_and_new_ones_come_after_all_that_were() {
        let found = numbered(Some(LOCK), &[("b", None), ("new", None), ("a", None), ("x", None)]);
        let found = found.unwrap();
        assert_eq!(found.ids, [4, 5, 0, 6]);
        assert_eq!((found.retired, found.renamed), (vec![(2, "old".to_owned())], vec![]));
    }

    #[test]
    fn without_a_lock_fields_are_counted() {
        assert_eq!(numbered(None, &[("b", None), ("a", None)]).unwrap().ids, [0, 1]);
    }

    #[test]
    fn a_renamed_field_keeps_its_id() {
        let found = numbered(Some(LOCK), &[("a", None), ("c", Some("b"))]).unwrap();
        assert_eq!((found.ids, found.renamed), (vec![0, 4], vec![(4, "b".to_owned())]));
        // The lock has the new name already.
        let found = numbered(Some(LOCK), &[("a", None), ("b", Some("c"))]).unwrap();
        assert_eq!((found.ids, found.renamed), (vec![0, 4], vec![(4, "c".to_owned())]));
    }

    #[test]
    fn names_that_the_lock_remembers_are_told_with_and_without_the_attribute() {
        let lock = LOCK.replace("name = \"b\"\n", "name = \"b\"\nwas = [\"c\", \"d\"]\n");
        let names = |names: &[&str]| -> Vec<_> {
            names.iter().map(|name| (4, (*name).to_owned())).collect()
        };
        for was in [None, Some("c")] {
            let found = numbered(Some(&lock), &[("a", None), ("b", was)]).unwrap();
            assert_eq!((found.ids, found.renamed), (vec![0, 4], names(&["c", "d"])));
        }
        // Back to an old name, which is none of before then.
        let found = numbered(Some(&lock), &[("a", None), ("c", Some("b"))]).unwrap();
        assert_eq!((found.ids, found.renamed), (vec![0, 4], names(&["b", "d"])));
        // `c` may be a field of its own by now.
        let lock = format!("{lock}[[field]]\nid = 5\nname = \"c\"\n");
        let fields = [("a", None), ("b", Some("c")), ("c", None)];
        assert_eq!(numbered(Some(&lock), &fields).unwrap().ids, [0, 4, 5]);
    }

    #[test]
    fn what_contradicts_the_lock_is_refused_with_the_remedy() {
        refused(Some(LOCK), &[("a", None)], "`#[was(\"b\")]`");
        refused(Some(LOCK), &[("a", None)], "`retired = true`");
        refused(Some(LOCK), &[("a", None), ("b", None), ("old", None)], "another name");
        refused(Some(LOCK), &[("a", None), ("c", Some("d"))], "no field in dure.lock");
        refused(Some(LOCK), &[("a", None), ("c", Some("old"))], "no field in dure.lock");
        refused(None, &[("a", Some("b"))], "restore the file");
        refused(Some(LOCK), &[("a", Some("b")), ("b", None)], "`b` is another field (id 4");
        refused(Some("[[field]]\nid = 0\n"), &[], "no `name`");
        refused(Some("[[field]]\nid = 70000\nname = \"a\""), &[], "`id`");
        refused(Some("field = 3"), &[], "list of tables");
        refused(Some("x = "), &[], "dure.lock");
    }
}
