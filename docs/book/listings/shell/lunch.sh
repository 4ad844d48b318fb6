# ANCHOR: new
dure new lunch --template points
cd lunch
rm tests/rules.rs
# ANCHOR_END: new
cp "$LISTINGS/lunch/src/lib.rs" src/lib.rs
cp "$LISTINGS/lunch/tests/lunch.rs" tests/lunch.rs
cp "$LISTINGS/lunch/deploy.toml" .
# ANCHOR: apply
dure apply
# ANCHOR_END: apply
# ANCHOR: address
A=0x804ee959be885b35913578ccc7d22468da75e869d4a3c2fd60619ec74f6b32e7
# ANCHOR_END: address
# ANCHOR: help
dure call $A register --help
# ANCHOR_END: help
# ANCHOR: register
OWNER=0x0707070707070707070707070707070707070707070707070707070707070707
dure call $A register --account @carol --merchant "{\"owner\": \"$OWNER\", \"region\": 41110, \"category\": \"0x01020000\", \"tier\": 0, \"status\": \"Active\"}"
dure call $A register --account @dave --merchant "{\"owner\": \"$OWNER\", \"region\": 11000, \"category\": \"0x01020000\", \"tier\": 0, \"status\": \"Active\"}"
# ANCHOR_END: register
# ANCHOR: pay
dure call $A issue --to @bob --amount 20 --until 4102412400000
dure call $A pay --merchant @carol --amount 8 --key bob
dure query $A balance --holder @bob
# ANCHOR_END: pay
# ANCHOR: refused
dure call $A pay --merchant @dave --amount 8 --key bob
# ANCHOR_END: refused
# ANCHOR: merchant
dure query $A merchant --account @dave
# ANCHOR_END: merchant
# ANCHOR: inspect
dure inspect $A | sed -n '/^storage/,$p'
# ANCHOR_END: inspect
