# The address of each registry's index → where its archives are; `extraRegistries` are those beside the public one, as
# nixpkgs' `importCargoLock` has them.
extraRegistries:
{
  "https://github.com/rust-lang/crates.io-index" = "https://static.crates.io/crates";
}
// extraRegistries
