# The packages of a toolchain, from whatever users give, and `standardLibrary`: where its sources have the standard
# library, for rust-analyzer, or null.
#
# | given | shape |
# |---|---|
# | null | nixpkgs' own packages |
# | a derivation with all programs in `bin/` | rust-overlay's `rust-bin.….default`, fenix's `….toolchain` |
# | a set with `rustc`, `cargo` and, for the checks, `clippy` and `rustfmt` | nixpkgs' `rustPackages_1_90`, fenix's `stable`, components by themselves |
{
  toolchain,
  # nixpkgs' own.
  packages,
}:

let
  isSet = builtins.isAttrs toolchain && !(toolchain ? outPath);
  missing = builtins.filter (name: !(toolchain ? ${name})) [
    "rustc"
    "cargo"
  ];

  # Where rustup's component `rust-src` puts it.
  libraryOf = package: "${package}/lib/rustlib/src/rust/library";
in
if toolchain == null then
  packages // { standardLibrary = packages.rustPlatform.rustLibSrc or null; }
else if isSet && missing != [ ] then
  throw "dyndrv: `toolchain` lacks `${builtins.head missing}`. Give one derivation with `bin/rustc` and `bin/cargo`, or a set with `rustc`, `cargo`, `clippy` and `rustfmt`"
else if isSet then
  {
    inherit (toolchain) rustc cargo;
    clippy = toolchain.clippy or toolchain.rustc;
    rustfmt = toolchain.rustfmt or toolchain.rustc;
    standardLibrary =
      if toolchain ? rust-src then
        libraryOf toolchain.rust-src
      else
        toolchain.rustPlatform.rustLibSrc or null;
  }
else if builtins.isString toolchain || builtins.isPath toolchain || toolchain ? outPath then
  {
    rustc = toolchain;
    cargo = toolchain;
    clippy = toolchain;
    rustfmt = toolchain;
    standardLibrary = libraryOf toolchain;
  }
else
  throw "dyndrv: `toolchain` must be a derivation with `bin/rustc` and `bin/cargo`, or a set of `rustc`, `cargo`, `clippy` and `rustfmt`, not a ${builtins.typeOf toolchain}"
