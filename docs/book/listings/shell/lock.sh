# ANCHOR: renamed
sed -i 's/supply: Balance/total: Balance/; s/self\.supply\./self.total./' src/lib.rs
dure build
# ANCHOR_END: renamed
# ANCHOR: was
sed -i 's/^ *total: Balance/#[was("supply")]\n&/' src/lib.rs
dure build
# ANCHOR_END: was
# ANCHOR: retyped
sed -i 's/name: Item<String>/name: Item<Vec<u8>>/; s/self\.name\.set(&name)/self.name.set(\&name.into_bytes())/' src/lib.rs
sed -i 's/self\.name\.get()/String::from_utf8_lossy(\&self.name.get()).into_owned()/' src/lib.rs
dure build
# ANCHOR_END: retyped
