# ANCHOR: dev
dure dev
# ANCHOR_END: dev
