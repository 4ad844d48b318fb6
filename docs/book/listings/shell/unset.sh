cp src/lib.rs kept.rs
ln -sfn "$CARGO_TARGET_DIR" target
# ANCHOR: unset
sed -i 's/self\.name\.set(&name);/let _ = name;/' src/lib.rs
dure build
dure deploy target/dure/stamps.wasm --init '{"name": "Won"}' --salt unset
dure query 0xf85800e731c78fa03a5b7d38e2b28c2d488f37fc805db158489dc9c1d941e8d5 name
# ANCHOR_END: unset
mv kept.rs src/lib.rs
rm target
