# ANCHOR: new
dure new stamps --template points
cd stamps
# ANCHOR_END: new
ln -s "$CARGO_TARGET_DIR" target
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
# ANCHOR: build
dure build
# ANCHOR_END: build
# ANCHOR: check
dure check
# ANCHOR_END: check
# ANCHOR: apply
dure apply
# ANCHOR_END: apply
# ANCHOR: again
dure apply
# ANCHOR_END: again
# ANCHOR: address
A=0xd606c9d21e8bd584f80206473080fe4f149ed8c6fa6faa314807d2c65c65a1f6
# ANCHOR_END: address
# ANCHOR: issue
dure call $A issue --to @bob --amount 100
# ANCHOR_END: issue
# ANCHOR: query
dure query $A balance --holder @bob
# ANCHOR_END: query
# ANCHOR: transfer
dure call $A transfer --to @carol --amount 30 --key bob
# ANCHOR_END: transfer
# ANCHOR: refused
dure call $A transfer --to @carol --amount 500 --key bob
# ANCHOR_END: refused
# ANCHOR: simulate
dure simulate $A transfer --to @carol --amount 5 --by @bob
# ANCHOR_END: simulate
# ANCHOR: events
dure events --contract $A
# ANCHOR_END: events
# ANCHOR: events_of_bob
dure events --contract $A --event Moved --fields '{"from": "@bob"}'
# ANCHOR_END: events_of_bob
# ANCHOR: inspect
dure inspect $A
# ANCHOR_END: inspect
# ANCHOR: account
dure account @alice --history 2
# ANCHOR_END: account
# ANCHOR: verify
dure verify $A
# ANCHOR_END: verify
# ANCHOR: verify_locked
dure build --locked
dure verify $A
# ANCHOR_END: verify_locked
cp dure.lock ../first.lock
cp "$LISTINGS/stamps-upgraded/src/lib.rs" src/lib.rs
sed -i '/migrate(from = 1)/,/Ok(())/s/^ *self.limit.set(&limit);$/\/\/ &/' src/lib.rs
# ANCHOR: unset
dure build
dure upgrade $A target/dure/stamps.wasm --migrate '{"limit": "50"}' --dry-run
# ANCHOR_END: unset
cp ../first.lock dure.lock
cp "$LISTINGS/stamps-upgraded/src/lib.rs" src/lib.rs
# ANCHOR: rebuild
dure build
# ANCHOR_END: rebuild
# ANCHOR: dry_run
dure upgrade $A target/dure/stamps.wasm --migrate '{"limit": "50"}' --dry-run
# ANCHOR_END: dry_run
# ANCHOR: upgrade
dure upgrade $A target/dure/stamps.wasm --migrate '{"limit": "50"}'
dure query $A limit
dure query $A balance --holder @bob
# ANCHOR_END: upgrade
# ANCHOR: above_limit
dure call $A transfer --to @carol --amount 60 --key bob
# ANCHOR_END: above_limit
# ANCHOR: same_code
dure upgrade $A target/dure/stamps.wasm
# ANCHOR_END: same_code
# ANCHOR: freeze
dure call system set_upgrader --args '{"contract": "0xd606c9d21e8bd584f80206473080fe4f149ed8c6fa6faa314807d2c65c65a1f6", "upgrader": null}'
# ANCHOR_END: freeze
