//! A contract outside this workspace, as an author has it.

use dure_build::{BuildError, BuildRequest, Built, build};
use std::{fs, path::Path};

const SOURCE: &str = r#"
#![no_std]
use dure_sdk::prelude::*;

/// Counts.
#[dure::contract]
pub mod counter {
    use dure_sdk::prelude::*;

    #[storage]
    pub struct Counter {
        count: Item<u64>,
    }

    #[error]
    pub enum Error {
        Full { limit: u64 },
    }

    impl Counter {
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

fn build_in(folder: &Path) -> Built {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    write_crate(folder, &format!("dure-sdk = {{ path = {sdk:?} }}"));
    build(&request(folder), &mut |_| {}).unwrap()
}

#[test]
fn slow_a_contract_in_any_folder_gives_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let one = build_in(&root.path().join("one"));
    let two = build_in(&root.path().join("somewhere/else"));
    assert_eq!(one.code_hash, two.code_hash);
    assert_eq!(fs::read(&one.path).unwrap(), one.wasm);
    let methods: Vec<_> = one.spec.methods.iter().map(|method| method.name.as_str()).collect();
    assert_eq!((one.spec.name.as_str(), methods), ("counter", vec!["new", "raise", "count"]));
    assert_eq!(one.spec.method("raise").unwrap().docs, ["Raises the count."]);
    let place = root.path().to_str().unwrap().as_bytes();
    assert!(!one.wasm.windows(place.len()).any(|window| window == place), "the folder is inside");
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
