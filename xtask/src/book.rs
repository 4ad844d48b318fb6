//! The book, built by mdBook where it is installed.

use crate::{
    Outcome,
    cargo::{self, command, output, root, target_dir},
};

/// Builds `docs/book` into the target folder and says where it is.
pub(crate) fn run() -> Outcome {
    if output(command("mdbook").arg("--version")).is_none() {
        return Err(
            "mdBook is not installed: run `cargo install mdbook --locked` (some minutes), \
             then `cargo xtask book` again; the pages are plain Markdown in docs/book/src"
                .into(),
        );
    }
    let book = target_dir().join("book");
    cargo::run(
        command("mdbook").arg("build").arg(root().join("docs/book")).arg("--dest-dir").arg(&book),
    )?;
    println!("{}", book.join("index.html").display());
    Ok(())
}
