//! The scripts of the book, run against the program.

#![allow(missing_docs, reason = "tests are named by the fact that they show")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../program/mod.rs"]
#[allow(dead_code, reason = "shared with other tests of the program")]
mod program;
mod script;
mod shape;

use program::{Dev, code, dure};
use script::{Place, alone, listing, listings};
use std::{fs, path::Path, process::Output};

/// What the tutorial begins with.
fn new(folder: &Path) -> Output {
    let folder = folder.display().to_string();
    dure(&["new", "stamps", "--template", "points", "--dir", &folder])
}

#[test]
fn the_tutorial_begins_with_what_dure_new_writes() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("stamps");
    assert_eq!(code(&new(&dir)), 0);
    for file in ["src/lib.rs", "tests/rules.rs", "deploy.toml"] {
        let written = fs::read_to_string(dir.join(file)).unwrap();
        assert_eq!(listing(&format!("stamps/{file}")), written, "{file}");
    }
}

/// `dure dev` as the page has it; only the port is another, since 9944 may be taken.
#[test]
fn the_chain_of_the_tutorial_is_one_command() {
    assert_eq!(listing("shell/dev.sh"), "dure dev\n");
    let dev = Dev::start(&[]);
    assert_eq!(dev.ready["keys"].as_array().unwrap().len(), 6);
}

#[test]
fn slow_the_tutorial_does_what_it_shows() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    Place { folder: folder.path(), shown: "~", url: &dev.url }.check("tutorial");
    let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
    for (made, kept) in
        [("first.lock", "stamps/dure.lock"), ("stamps/dure.lock", "stamps-upgraded/dure.lock")]
    {
        let kept = fs::read_to_string(listings().join(kept)).unwrap();
        assert_eq!(read(made), kept, "{made}");
    }
    // What its tests used.
    let kept = fs::read_to_string(listings().join("stamps/gas.snapshot")).unwrap();
    assert_eq!(read("stamps/gas.snapshot"), kept);
}

#[test]
fn slow_a_voucher_of_merchants_does_what_its_page_shows() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    Place { folder: folder.path(), shown: "~", url: &dev.url }.check("lunch");
}

#[test]
fn slow_files_answers_and_locks_are_what_the_pages_show() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let crate_folder = folder.path().join("stamps");
    assert_eq!(code(&new(&crate_folder)), 0);
    fs::copy(listings().join("shell/wired.toml"), crate_folder.join("wired.toml")).unwrap();
    let place = Place { folder: &crate_folder, shown: "~/stamps", url: &dev.url };
    for name in ["wired", "answers", "lock"] {
        place.check(name);
    }
}
