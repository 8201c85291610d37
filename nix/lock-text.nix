# The text of a lock file with these packages.
{
  # What cargo needs to build with them. Vendoring asks for names, sources and checksums alone.
  withDependencies ? false,
}:
lock:

let
  keys = [
    "name"
    "version"
    "source"
    "checksum"
  ]
  ++ (if withDependencies then [ "dependencies" ] else [ ]);
  # JSON's strings and lists are TOML's.
  line = table: key: "${builtins.toJSON key} = ${builtins.toJSON table.${key}}\n";
  lines = table: keys: builtins.concatStringsSep "" (map (line table) keys);
  package = p: "\n[[package]]\n${lines p (builtins.filter (key: p ? ${key}) keys)}";
in

(if lock ? version then "version = ${toString lock.version}\n" else "")
+ builtins.concatStringsSep "" (map package lock.package)
# Checksums of old lock files.
+ (
  if lock ? metadata then
    "\n[metadata]\n${lines lock.metadata (builtins.attrNames lock.metadata)}"
  else
    ""
)
