# The content of a TOML file. What its text mentions of the store (as the text of a file of a
# flake's sources does) is not a dependency: `fromTOML` refuses texts that have any.
file: builtins.fromTOML (builtins.unsafeDiscardStringContext (builtins.readFile file))
