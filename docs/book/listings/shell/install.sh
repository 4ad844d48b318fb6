# Not run by a test: `packages` installs programs, `dure` and `docs` compile for minutes, `page` is a
# server that does not end, `book` needs mdBook.
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
# ANCHOR: docs
cargo doc -p dure-sdk --open
# ANCHOR_END: docs
# ANCHOR: page
python3 -m http.server 8000 --directory page
# ANCHOR_END: page
# ANCHOR: book
cargo xtask book
# ANCHOR_END: book
