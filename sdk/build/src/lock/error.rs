//! Refusals.

/// Says what is wrong with a lock, or with a contract that contradicts it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The file is not a lock.
    #[error("line {line}: {reason}; restore the committed file")]
    Malformed {
        /// Line in the file, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The file is missing and the build may not write one.
    #[error("missing, and --locked does not write one: run `dure build` and commit the file")]
    Missing,
    /// The file is missing, and the storage had versions before this one.
    #[error(
        "missing, and the storage has version {version}: without it stored fields could be read \
         as others; restore the file from the commit that was deployed, or have \
         `dure inspect CONTRACT --lock dure.lock` write it"
    )]
    Lost {
        /// Version in the source.
        version: u32,
    },
    /// The build would have to write the file and may not.
    #[error("is behind the source ({change}): run `dure build` without --locked and commit it")]
    Stale {
        /// The first thing that it lacks.
        change: String,
    },
    /// The file is of another contract.
    #[error(
        "is of the contract `{locked}`, the source is `{source_name}`: a contract keeps its name; \
         if it is a new contract, delete the file"
    )]
    Contract {
        /// Name in the file.
        locked: String,
        /// Name in the source.
        source_name: String,
    },
    /// The version in the source is below the file's.
    #[error(
        "has storage version {locked}, the source has {found}: write `#[storage(version = {locked})]`"
    )]
    Version {
        /// Version in the file.
        locked: u32,
        /// Version in the source.
        found: u32,
    },
    /// The version rose and nothing migrates from the file's.
    #[error(
        "has storage version {locked}, the source has {found}: {}, or keep the version",
        next_version(*.locked, *.found)
    )]
    NoMigration {
        /// Version in the file.
        locked: u32,
        /// Version in the source.
        found: u32,
    },
    /// A field of the source uses the id of a retired one.
    #[error(
        "field `{field}` has id {id}, which `{retired}` had and is retired: leave the id to dure.lock"
    )]
    Retired {
        /// Name in the source.
        field: String,
        /// The id.
        id: u16,
        /// Name of the retired field.
        retired: String,
    },
    /// A field of the source uses the id of another.
    #[error(
        "id {id} is the field `{locked}`, in the source it is `{field}`: if it is the same field, \
         write `#[was(\"{locked}\")]` above it"
    )]
    Used {
        /// The id.
        id: u16,
        /// Name in the file.
        locked: String,
        /// Name in the source.
        field: String,
    },
    /// A field of the file is not in the source.
    #[error(
        "field `{field}` (id {id}) is not in the storage: if it has another name now, write \
         `#[was(\"{field}\")]` above it; if it is gone, write `retired = true` under it in the file"
    )]
    Gone {
        /// Name in the file.
        field: String,
        /// Its id.
        id: u16,
    },
    /// A field has another kind or type.
    #[error(
        "field `{field}` (id {id}) was `{locked}` and is `{found}`: write \
         `#[storage(version = {next})]` and a method `#[migrate(from = {version})]` that rewrites \
         what is stored; if this version was never deployed, restore the file first"
    )]
    Changed {
        /// Name of the field.
        field: String,
        /// Its id.
        id: u16,
        /// Kind and types in the file.
        locked: String,
        /// Kind and types in the source.
        found: String,
        /// Version of the storage.
        version: u32,
        /// The version after it.
        next: u32,
    },
    /// A type that is stored has other parts.
    #[error(
        "type `{ty}`, which is stored, was {locked} and is {found}: write \
         `#[storage(version = {next})]` and a method `#[migrate(from = {version})]` that rewrites \
         what is stored; if this version was never deployed, restore the file first"
    )]
    Type {
        /// Name of the type.
        ty: String,
        /// Its parts in the file.
        locked: String,
        /// Its parts in the source.
        found: String,
        /// Version of the storage.
        version: u32,
        /// The version after it.
        next: u32,
    },
    /// `before!` opens a field as something that it is not.
    #[error(
        "field `{field}` (id {id}) is `{locked}`, and `before!` opens it as `{declared}`: copy the \
         type from the code that was deployed, its fields by name and in order"
    )]
    Misread {
        /// Name in the file.
        field: String,
        /// Its id.
        id: u16,
        /// Kind and types in the file, and the parts of what differs.
        locked: String,
        /// The same as `before!` has them.
        declared: String,
    },
}

impl LockError {
    /// The field of the source that is meant, by its id.
    pub(crate) const fn field(&self) -> Option<u16> {
        match self {
            Self::Retired { id, .. }
            | Self::Used { id, .. }
            | Self::Changed { id, .. }
            | Self::Misread { id, .. } => Some(*id),
            Self::Malformed { .. }
            | Self::Missing
            | Self::Lost { .. }
            | Self::Stale { .. }
            | Self::Contract { .. }
            | Self::Version { .. }
            | Self::NoMigration { .. }
            | Self::Gone { .. }
            | Self::Type { .. } => None,
        }
    }

    /// What helps where nothing is stored under the ids of the file yet.
    pub(crate) const fn way_out(&self) -> &'static str {
        match self {
            Self::Version { .. }
            | Self::NoMigration { .. }
            | Self::Retired { .. }
            | Self::Used { .. }
            | Self::Gone { .. }
            | Self::Changed { .. }
            | Self::Type { .. } => {
                " (a contract that was never deployed: delete the file, the build writes a new one)"
            }
            Self::Malformed { .. }
            | Self::Missing
            | Self::Lost { .. }
            | Self::Stale { .. }
            | Self::Misread { .. }
            | Self::Contract { .. } => "",
        }
    }
}

/// What a source lacks whose version is above that of the file.
fn next_version(locked: u32, found: u32) -> String {
    let (next, migrate) =
        (locked.saturating_add(1), format!("a method `#[migrate(from = {locked})]`"));
    if found == next {
        return format!("write {migrate}, which takes what is stored to version {next}");
    }
    format!("versions follow one by one: write `#[storage(version = {next})]` and {migrate}")
}
