//! A contract outside this workspace, as an author has it.

use dure_build::{BuildError, BuildRequest, Built, LOCK_FILE, LockError, build, build_unpinned};
use std::{
    fs,
    path::{Path, PathBuf},
};

const SOURCE: &str = r#"
#![no_std]
use dure_sdk::prelude::*;

/// Counts.
#[dure::contract]
pub mod counter {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Counts {
        count: Item<u64>,
        seen: Map<u8, Counter>,
    }

    #[error]
    pub enum Error {
        Full { limit: u64 },
    }

    impl Counts {
        #[init]
        pub fn new(&mut self) {
            self.count.set(&0);
        }

        /// Raises the count.
        #[call]
        pub fn raise(&mut self) -> Result<u64, Error> {
            let count = self.count.get();
            ensure!(count < 10, Error::Full { limit: 10 });
            self.count.set(&(count + 1));
            Ok(count + 1)
        }

        #[query]
        pub fn count(&self) -> u64 {
            self.count.get()
        }
    }
}
"#;

fn write_crate(folder: &Path, dependencies: &str) {
    let manifest = format!(
        "[package]\nname = \"counter\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{dependencies}\n\n[workspace]\n"
    );
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), SOURCE).unwrap();
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    fs::copy(lock, folder.join("Cargo.lock")).unwrap();
}

fn request(folder: &Path) -> BuildRequest {
    BuildRequest {
        manifest_dir: folder.to_path_buf(),
        target_dir: Some(folder.join("target")),
        offline: true,
        ..BuildRequest::default()
    }
}

/// Copies a folder's manifest and sources.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        let name = entry.file_name();
        if path.is_file() {
            fs::copy(path, copied).unwrap();
        } else if name != "target" && name != "tests" {
            copy(&path, &copied);
        }
    }
}

/// The SDK and what it is made of, in a checkout of its own.
fn checkout(to: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let parts = ["sdk", "runtime/types"];
    for part in parts {
        copy(&root.join(part), &to.join(part));
    }
    let mut manifest: toml::Table =
        fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let members = ["sdk", "sdk/abi", "sdk/light", "sdk/macros", "runtime/types"];
    let members = members.map(toml::Value::from).to_vec();
    manifest["workspace"]["members"] = members.into();
    manifest["workspace"].as_table_mut().unwrap().remove("default-members");
    fs::write(to.join("Cargo.toml"), manifest.to_string()).unwrap();
    to.join("sdk").canonicalize().unwrap()
}

/// Builds a contract as large as an author's, with the SDK at a place, in a folder.
fn lunch(folder: &Path, sdk: &Path) -> Built {
    write_crate(folder, &format!("dure-sdk = {{ path = {sdk:?} }}"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/book/listings/lunch");
    fs::copy(source.join("src/lib.rs"), folder.join("src/lib.rs")).unwrap();
    build(&request(folder), &mut |_| {}).unwrap()
}

#[test]
fn slow_a_contract_and_the_sdk_in_any_folder_give_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let one = lunch(&root.path().join("one"), own);
    let other = checkout(&root.path().join("a checkout/of the SDK"));
    let two = lunch(&root.path().join("somewhere/else"), &other);
    assert!(one.sizes.functions.len() > 60, "so many that they may be in another order");
    assert_eq!(one.code_hash, two.code_hash);
    assert_eq!(fs::read(&one.path).unwrap(), one.wasm);
    let docs = &one.spec.method("register").unwrap().docs;
    assert_eq!((one.spec.name.as_str(), docs.len()), ("lunch", 1));
    for place in [root.path(), own] {
        let place = place.to_str().unwrap().as_bytes();
        assert!(!one.wasm.windows(place.len()).any(|found| found == place), "it is inside");
    }
}

#[test]
fn a_crate_that_is_no_contract_is_refused_before_it_is_compiled() {
    let root = tempfile::tempdir().unwrap();
    write_crate(root.path(), "");
    let refused = build(&request(root.path()), &mut |_| {});
    assert!(
        matches!(&refused, Err(BuildError::Crate { reason, .. }) if reason.contains("dure-sdk"))
    );
    let refused = build(&request(&root.path().join("nowhere")), &mut |_| {});
    assert!(
        matches!(&refused, Err(BuildError::Crate { reason, .. }) if reason.contains("Cargo.toml"))
    );
}

/// The counter with other words in its source.
fn rewrite(folder: &Path, changes: &[(&str, &str)]) {
    let mut source = SOURCE.to_owned();
    for (old, new) in changes {
        assert!(source.contains(old), "{old}");
        source = source.replacen(old, new, 1);
    }
    fs::write(folder.join("src/lib.rs"), source).unwrap();
}

fn refused(request: &BuildRequest, words: &str) -> BuildError {
    let error = build(request, &mut |_| {}).expect_err("it is refused");
    assert!(error.to_string().contains(words), "{error} does not say {words:?}");
    error
}

/// Gives a field another type: refused without a migration, and with one that opens the field as
/// something that it is not.
fn retype(folder: &Path, request: &BuildRequest, first: &str) {
    let lock = folder.join(LOCK_FILE);
    let narrow = ("count: Item<u64>,", "count: Item<u32>,");
    let number = ("let count = self.count.get();", "let count = u64::from(self.count.get());");
    let stored = ("self.count.set(&(count + 1));", "self.count.set(&(count as u32 + 1));");
    let read = (
        "pub fn count(&self) -> u64 {\n            self.count.get()",
        "pub fn count(&self) -> u64 {\n            self.count.get().into()",
    );
    let retyped = [narrow, number, stored, read];
    rewrite(folder, &retyped);
    let error = refused(request, "#[migrate(from = 1)]");
    assert!(
        matches!(&error, BuildError::Lock { path, place, error: LockError::Changed { field, .. } }
            if **path == *lock.canonicalize().unwrap() && field == "count"
                && place.as_deref() == Some("src/lib.rs:12")),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&lock).unwrap(), first, "a refused build writes nothing");
    let storage = ("#[storage]", "#[storage(version = 2)]");
    let migration = (
        "/// Raises the count.",
        "#[migrate(from = 1)]\n        pub fn from_1(&mut self) {\n            \
         let old = dure::before!(Counts, count: Item<u64>).get();\n            \
         self.count.set(&(old as u32));\n        }\n\n        /// Raises the count.",
    );
    let second: Vec<_> = retyped.into_iter().chain([storage, migration]).collect();
    rewrite(folder, &second);
    // What the migration opens is what the lock says is stored.
    let misread = ("before!(Counts, count: Item<u64>)", "before!(Counts, count: Item<i64>)");
    let wrong: Vec<_> = second.iter().copied().chain([misread]).collect();
    rewrite(folder, &wrong);
    let error = refused(request, "is `item u64`, and `before!` opens it as `item i64`");
    assert!(error.to_string().contains("src/lib.rs:12"), "{error}");
    rewrite(folder, &second);
    let built = build(request, &mut |_| {}).unwrap();
    let before = &built.spec.history.before;
    assert_eq!(
        before.iter().map(|field| (&*field.name, field.id)).collect::<Vec<_>>(),
        [("count", 0)]
    );
    assert_eq!((built.spec.history.version, built.spec.history.migrations.len()), (2, 1));
    assert!(fs::read_to_string(&lock).unwrap().contains("version = 2"));
}

#[test]
fn slow_the_lock_is_written_and_then_held_to() {
    let root = tempfile::tempdir().unwrap();
    let (folder, lock) = (root.path(), root.path().join(LOCK_FILE));
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    write_crate(folder, &format!("dure-sdk = {{ path = {sdk:?} }}"));
    let (request, strict) = (request(folder), BuildRequest { locked: true, ..request(folder) });
    // Before anything is compiled: there is no lock, or none that can be read.
    refused(&strict, "commit the file");
    fs::write(&lock, "version = 1\ncontract = \"counter\"\nfields = []\n").unwrap();
    refused(&request, "dure.lock: line 3: unknown key `fields`");
    fs::remove_file(&lock).unwrap();

    build_unpinned(&request, &mut |_| {}).unwrap();
    assert!(!lock.exists(), "a test pins nothing");
    let mut said = Vec::new();
    build(&request, &mut |line| said.push(line.to_owned())).unwrap();
    assert!(said.iter().any(|line| line.contains("commit it")), "{said:?}");
    let first = fs::read_to_string(&lock).unwrap();
    assert!(
        first.contains("id = 0\nname = \"count\"\nkind = \"item\"\nvalue = \"u64\""),
        "{first}"
    );
    let seen = "name = \"seen\"\nkind = \"counter\"\nkey = \"u8\"\nvalue = \"u128\"";
    assert!(first.contains(seen), "{first}");
    let module = build(&strict, &mut |_| {}).unwrap().path;
    assert!(module.exists());

    // A field in front gets the next id.
    let before = ("count: Item<u64>,", "other: Item<u8>, count: Item<u64>,");
    rewrite(folder, &[before]);
    let error = refused(&strict, "new field `other` (id 2)");
    assert!(matches!(error, BuildError::Lock { error: LockError::Stale { .. }, .. }), "{error}");
    assert!(!module.exists(), "what was built before is not what the source says");
    // Another name without a word, another type without a migration.
    rewrite(folder, &[("count: Item<u64>,", "total: Item<u64>,")]);
    let error = refused(&request, "#[was(\"count\")]");
    assert!(matches!(error, BuildError::Compiler(_)), "{error}");
    retype(folder, &request, &first);
    fs::remove_file(&lock).unwrap();
    let error = refused(&request, "restore the file");
    assert!(matches!(error, BuildError::Lock { error: LockError::Lost { version: 2 }, .. }));
}

/// What only this compiler pass sees says, too, whose line it is and what to write instead.
#[test]
fn slow_what_no_contract_can_have_is_named_with_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    write_crate(folder, &format!("dure-sdk = {{ path = {sdk:?} }}"));
    let request = request(folder);
    // Encoded by hand, and not described: `cargo check` has nothing against it.
    let pair = "#[derive(dure_sdk::codec::Encode, dure_sdk::codec::Decode)]\n\
                #[codec(crate = dure_sdk::codec)]\npub struct Pair(u8, u8);\n\n    #[error]";
    let raise = "pub fn raise(&mut self, by: Pair) ->";
    rewrite(folder, &[("#[error]", pair), ("pub fn raise(&mut self) ->", raise)]);
    let error = refused(&request, "put `#[dure::ty]` on the struct or enum").to_string();
    let line = fs::read_to_string(folder.join("src/lib.rs")).unwrap();
    let line = 1 + line.lines().position(|line| line.contains(raise)).unwrap();
    assert!(error.contains(&format!("src/lib.rs:{line}:")), "{error}");
    assert!(!error.contains("TypeInfo"), "{error}");

    let half = "let half = (count as f64 / cx.height().0 as f64) as u64;\n\
                self.count.set(&(half + 1));";
    let raise = ("pub fn raise(&mut self)", "pub fn raise(&mut self, cx: &Cx)");
    rewrite(folder, &[raise, ("self.count.set(&(count + 1));", half)]);
    let error = refused(&request, "count in the smallest unit");
    assert!(
        matches!(&error, BuildError::Floats { function } if function.contains("counter")
            || function == "dure_call"),
        "{error}"
    );
    assert!(!folder.join("dure.lock").exists(), "a lock of what was never built");
}
