# ANCHOR: dry
dure apply wired.toml --dry-run
# ANCHOR_END: dry
# ANCHOR: apply
dure apply wired.toml
# ANCHOR_END: apply
# ANCHOR: again
dure apply wired.toml
# ANCHOR_END: again
