# not run by a test: it installs programs and compiles for minutes
# ANCHOR: packages
sudo apt-get install git build-essential
curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
# ANCHOR_END: packages
# ANCHOR: dure
git clone https://github.com/dure-chain/dure
cd dure
rustup target add wasm32-unknown-unknown
cargo build -p dure-node --no-default-features
export PATH="$PWD/target/debug:$PATH"
dure --version
# ANCHOR_END: dure
# ANCHOR: test
dure test
# ANCHOR_END: test
# ANCHOR: test_gas
dure test --update-gas
# ANCHOR_END: test_gas
# ANCHOR: test_one
dure test -- only_the_issuer_issues
INVARIANT_SEED=7 dure test
# ANCHOR_END: test_one
# ANCHOR: docs
cargo doc -p dure-sdk --open
# ANCHOR_END: docs
# ANCHOR: page
python3 -m http.server 8000 --directory page
# ANCHOR_END: page
# ANCHOR: verify_locked
dure build --locked
dure verify $A
# ANCHOR_END: verify_locked
# ANCHOR: book
cargo xtask book
# ANCHOR_END: book
