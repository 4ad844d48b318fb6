A=0xd606c9d21e8bd584f80206473080fe4f149ed8c6fa6faa314807d2c65c65a1f6
# ANCHOR: json
dure query $A supply --json
# ANCHOR_END: json
# ANCHOR: json_error
dure call $A transfer --to @carol --amount 500 --json
# ANCHOR_END: json_error
# ANCHOR: unknown_method
dure call $A give --to @bob --amount 1
# ANCHOR_END: unknown_method
# ANCHOR: query_as_call
dure query $A issue --to @bob --amount 1
# ANCHOR_END: query_as_call
# ANCHOR: wrong_type
dure call $A issue --to @bob --amount many
# ANCHOR_END: wrong_type
# ANCHOR: missing_argument
dure call $A issue --to @bob
# ANCHOR_END: missing_argument
# ANCHOR: unknown_argument
dure call $A issue --to @bob --sum 1
# ANCHOR_END: unknown_argument
# ANCHOR: no_contract
dure query 0x0101010101010101010101010101010101010101010101010101010101010101 supply
# ANCHOR_END: no_contract
# ANCHOR: bad_address
dure query 0x12 supply
# ANCHOR_END: bad_address
# ANCHOR: no_key
dure call $A issue --to @bob --amount 1 --key nobody
# ANCHOR_END: no_key
# ANCHOR: not_issuer
dure call $A issue --to @bob --amount 1 --key bob
# ANCHOR_END: not_issuer
# ANCHOR: out_of_gas
dure call $A issue --to @bob --amount 1 --gas 40000
# ANCHOR_END: out_of_gas
# ANCHOR: gas_too_low
dure call $A issue --to @bob --amount 1 --gas 100
# ANCHOR_END: gas_too_low
# ANCHOR: no_node
dure status --rpc http://127.0.0.1:1
# ANCHOR_END: no_node
# ANCHOR: no_crate
dure build nowhere
# ANCHOR_END: no_crate
# ANCHOR: occupied
dure new stamps --dir .
# ANCHOR_END: occupied
# ANCHOR: bad_name
dure new City
# ANCHOR_END: bad_name
