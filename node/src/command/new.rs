//! `dure new`: a contract crate to begin with.

use super::{exit::Failure, output::Output};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to begin with.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Name of the crate, in small letters, digits and hyphens: `city-voucher`.
    name: String,
    /// What kind of contract.
    #[arg(long, value_enum, default_value = "token")]
    template: Template,
    /// Folder to write it into; the name unless told.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Folder of the repository that has `sdk`; that of this program's source unless told, and
    /// where there is none the published repository.
    #[arg(long, env = "DURE_REPOSITORY", value_name = "DIR")]
    repository: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Template {
    /// A token by the standard `Token`, which one issuer issues.
    Token,
    /// Points that one issuer issues and their holders pass on: the least that is of use.
    Points,
    /// A voucher that expires and is taken by registered merchants alone.
    Voucher,
}

macro_rules! files {
    ($folder:literal: $($file:literal),*) => {
        &[$(($file, include_str!(concat!("../../templates/", $folder, "/", $file)))),*]
    };
}

impl Template {
    const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Points => "points",
            Self::Voucher => "voucher",
        }
    }

    /// Words of the contract and of its tests that a storage struct cannot be called, and more: what
    /// they declare, import and see.
    fn names(self) -> impl Iterator<Item = &'static str> {
        let sources = self.files().iter().filter(|(file, _)| file.ends_with(".rs"));
        let prelude = include_str!("../../../sdk/src/prelude.rs");
        let texts = sources.map(|(_, text)| *text).chain([prelude, RUST]);
        let lines = texts.flat_map(str::lines).filter(|line| !line.trim_start().starts_with("//"));
        lines.flat_map(|line| line.split(|sign: char| !sign.is_alphanumeric() && sign != '_'))
    }

    const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Token => files!(
                "token": "Cargo.toml", "README.md", "deploy.toml", "src/lib.rs", "tests/rules.rs"
            ),
            Self::Points => files!(
                "points": "Cargo.toml", "README.md", "deploy.toml", "src/lib.rs", "tests/rules.rs"
            ),
            Self::Voucher => files!(
                "voucher": "Cargo.toml", "README.md", "deploy.toml", "src/lib.rs", "tests/rules.rs"
            ),
        }
    }
}

/// Names that no crate can have: words of Rust, crates of its own, and ours.
const TAKEN: &[&str] = &[
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue",
    "core", "crate", "do", "dure", "dyn", "else", "enum", "extern", "false", "final", "fn", "for",
    "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override",
    "priv", "pub", "ref", "return", "self", "static", "std", "struct", "super", "test", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];

/// What every Rust module sees unasked.
const RUST: &str = "AsMut AsRef Box Clone Copy Debug Default DoubleEndedIterator Drop Eq Err \
    ExactSizeIterator Extend Fn FnMut FnOnce From FromIterator Hash Into IntoIterator Iterator None Ok \
    Option Ord PartialEq PartialOrd Result Send Sized Some String Sync ToOwned ToString TryFrom TryInto \
    Unpin Vec";

/// What the manifest of a crate outside our workspace needs besides: the executor that tests run
/// on is slow unless optimised, and with the profile of this repository both share what they
/// compiled. What of ours executes is optimised; what only drives it is compiled in half the time.
const PROFILE: &str = "
# The chain that tests run on is slow unless it is optimised.
[profile.dev]
opt-level = 2
debug = false
overflow-checks = true
incremental = true

[profile.dev.package.\"*\"]
debug-assertions = false
codegen-units = 16

[profile.dev.package.cranelift-assembler-x64]
opt-level = 1

[profile.dev.package.cranelift-codegen]
opt-level = 1

[profile.dev.package.gimli]
opt-level = 0

[profile.dev.package.object]
opt-level = 0

[profile.dev.package.pulley-interpreter]
opt-level = 0

[profile.dev.package.rustix]
opt-level = 0

[profile.dev.package.toml]
opt-level = 0

[profile.dev.package.wasm-encoder]
opt-level = 0

[profile.dev.package.wasmprinter]
opt-level = 0

[profile.dev.package.wasmtime-environ]
opt-level = 0

[profile.dev.package.wasmtime-internal-cranelift]
opt-level = 0

[profile.dev.package.zerocopy]
opt-level = 0

[profile.dev.package.dure-abi]
codegen-units = 16
debug-assertions = true

[profile.dev.package.dure-build]
opt-level = 0
debug-assertions = true

[profile.dev.package.dure-json]
codegen-units = 16
debug-assertions = true

[profile.dev.package.dure-light]
codegen-units = 16
debug-assertions = true

[profile.dev.package.dure-runtime]
codegen-units = 16
debug-assertions = true

[profile.dev.package.dure-sdk]
opt-level = 0
debug-assertions = true

[profile.dev.package.dure-testing]
opt-level = 0
debug-assertions = true

[profile.dev.package.dure-types]
codegen-units = 16
debug-assertions = true

[profile.dev.build-override]
opt-level = 0

[workspace]
";

pub(super) fn run(args: NewArgs, output: &mut Output) -> Result<(), Failure> {
    let names = Names::of(&args.name, args.template)?;
    let folder = args.dir.unwrap_or_else(|| PathBuf::from(&args.name));
    let occupied = std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || folder.is_file() {
        let text = format!("{}: is there already; choose another --dir", folder.display());
        return Err(Failure::File(text));
    }
    let repository = repository(args.repository.as_deref())?;
    for (file, text) in args.template.files() {
        let mut text = names.put_into(text);
        if *file == "Cargo.toml" {
            text = manifest(&text, repository.as_deref());
        }
        write(&folder.join(file), &text)?;
    }
    write(&folder.join(".gitignore"), "/target\n")?;
    // The compiler that made what the tests share with this program.
    write(&folder.join("rust-toolchain.toml"), include_str!("../../../rust-toolchain.toml"))?;
    // The versions that this release was tested with, also where nothing can be downloaded.
    let lock = repository.as_ref().map(|root| root.join("Cargo.lock")).filter(|p| p.is_file());
    if let Some(lock) = lock {
        let copied = std::fs::copy(&lock, folder.join("Cargo.lock"));
        copied.map_err(|error| Failure::File(format!("{}: {error}", lock.display())))?;
    }
    let value = json!({ "name": args.name, "template": args.template.name(), "dir": folder });
    output.answer(&value, || {
        format!(
            "wrote {dir}/ from the template {template}\n\n  cd {dir}\n  dure test\n  dure build\n",
            dir = folder.display(),
            template = args.template.name(),
        )
    })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::File(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

/// The repository whose `sdk` the crate uses; none: the published one.
pub(super) fn repository(given: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let has_sdk = |root: &Path| root.join("sdk/testing/Cargo.toml").is_file();
    match given {
        Some(root) if has_sdk(root) => {
            let root = root.canonicalize();
            root.map(Some).map_err(|error| Failure::File(format!("--repository: {error}")))
        }
        Some(root) => {
            let text = format!("--repository {}: has no sdk/testing/Cargo.toml", root.display());
            Err(Failure::Usage(text))
        }
        None => Ok(own.canonicalize().ok().filter(|root| has_sdk(root))),
    }
}

/// The manifest as a crate outside our workspace has it.
fn manifest(text: &str, repository: Option<&Path>) -> String {
    let source = |folder: &str| match repository {
        Some(root) => format!("{{ path = {:?} }}", root.join(folder).display().to_string()),
        None => format!(
            "{{ git = {:?}, tag = \"v{}\" }}",
            env!("CARGO_PKG_REPOSITORY"),
            env!("CARGO_PKG_VERSION")
        ),
    };
    let ours = "{ workspace = true }";
    let text = text
        .replace(&format!("dure-sdk = {ours}"), &format!("dure-sdk = {}", source("sdk")))
        .replace(
            &format!("dure-testing = {ours}"),
            &format!("dure-testing = {}", source("sdk/testing")),
        );
    text + PROFILE
}

/// The names of a contract: of its crate, its module, its storage.
#[derive(Debug)]
struct Names {
    template: &'static str,
    krate: String,
    module: String,
    storage: String,
}

impl Names {
    fn of(name: &str, template: Template) -> Result<Self, Failure> {
        let refused = |reason: &str| Err(Failure::Usage(format!("\"{name}\": {reason}")));
        let letters =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let words: Vec<&str> = name.split('-').collect();
        if !letters || words.iter().any(|word| word.is_empty()) {
            return refused("expected small letters and digits, words joined by single hyphens");
        }
        if !name.starts_with(|first: char| first.is_ascii_lowercase()) || name.len() > 64 {
            return refused("a name begins with a letter and has at most 64 bytes");
        }
        if TAKEN.contains(&name) || name.starts_with("dure-") {
            return refused("the name is taken by Rust or by Dure");
        }
        let capital = |word: &&str| {
            let (first, rest) = word.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        };
        let mut storage: String = words.iter().map(capital).collect();
        if template.names().any(|known| known == storage) {
            storage.push_str("Contract");
        }
        let (krate, module) = (name.to_owned(), words.join("_"));
        Ok(Self { template: template.name(), krate, module, storage })
    }

    fn put_into(&self, text: &str) -> String {
        let capital: String = format!("Template{}", {
            let (first, rest) = self.template.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        });
        text.replace(&format!("template-{}", self.template), &self.krate)
            .replace(&format!("template_{}", self.template), &self.module)
            .replace(&capital, &self.storage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_everywhere_and_bad_ones_are_refused() {
        for template in [Template::Token, Template::Points, Template::Voucher] {
            let names = Names::of("city-2-coin", template).unwrap_or_else(|e| panic!("{e}"));
            for (file, text) in template.files() {
                let text = names.put_into(text);
                assert!(!text.to_lowercase().contains("template"), "{file}: {text}");
            }
        }
        let storage = |name: &str, template| {
            Names::of(name, template).unwrap_or_else(|e| panic!("{name}: {e}")).storage
        };
        // What the template declares or imports, what the prelude has, what Rust has.
        for (template, names) in [
            (Template::Token, "token about moved approved allowance allowances reason error"),
            (Template::Voucher, "issued paid redeemed error"),
            (Template::Points, "moved error"),
        ] {
            let everywhere = "amount address balance map item string short option";
            for name in names.split(' ').chain(everywhere.split(' ')) {
                let chosen = storage(name, template);
                assert_eq!(chosen.to_lowercase(), format!("{name}contract"), "{name}");
            }
        }
        assert_eq!(storage("voucher", Template::Voucher), "Voucher");
        assert_eq!(storage("token", Template::Points), "Token");
        let words = ["abstract", "try", "yield", "virtual", "box", "match"];
        for bad in
            words.iter().chain(&["", "City", "2nd", "a--b", "a_b", "-a", "dure-token", "a b"])
        {
            assert!(Names::of(bad, Template::Token).is_err(), "{bad}");
        }
    }

    /// Else a new crate compiles the engine again for its tests.
    #[test]
    fn the_profile_is_that_of_the_repository() {
        let profile = |text: &str| -> toml::Table {
            let file: toml::Table = toml::from_str(text).unwrap_or_default();
            let dev = file.get("profile").and_then(|profile| profile.get("dev"));
            dev.and_then(|dev| dev.as_table()).cloned().unwrap_or_default()
        };
        let (mut ours, mut new) = (profile(include_str!("../../../Cargo.toml")), profile(PROFILE));
        // Of crates that no test of a contract needs.
        const OTHERS: &[&str] = &[
            "cafe",
            "clap_builder",
            "clap_complete",
            "example-donation",
            "giftishow",
            "gimpo",
            "h2",
            "hyper",
            "idna",
            "jsonrpsee-core",
            "jsonrpsee-server",
            "librocksdb-sys",
            "multiaddr",
            "neighbourhood-energy",
            "rustls",
            "rustls-webpki",
            "schemars",
            "stage",
            "tokio",
            "tracing-subscriber",
            "two-banks",
            "url",
        ];
        // Ours are compiled for each workspace anyway, and for other ends.
        for profile in [&mut ours, &mut new] {
            if let Some(packages) = profile.get_mut("package").and_then(|it| it.as_table_mut()) {
                packages.retain(|name, _| !OTHERS.contains(&name) && !name.starts_with("dure-"));
            }
        }
        assert_eq!(ours, new);
    }

    #[test]
    fn a_manifest_outside_the_workspace_names_the_sdk() {
        let (_, text) = Template::Token.files()[0];
        let here = manifest(text, Some(Path::new("/repository")));
        assert!(here.contains("dure-sdk = { path = \"/repository/sdk\" }"), "{here}");
        assert!(here.contains("dure-testing = { path = \"/repository/sdk/testing\" }"), "{here}");
        let far = manifest(text, None);
        assert!(far.contains("dure-sdk = { git = \"https://"), "{far}");
        assert!(!far.contains("workspace = true"), "{far}");
    }
}
