# A shell in which plain cargo builds the project: the toolchain, and the inputs and variables of all
# of its crates.
{
  pkgs,
  # The project's name.
  name,
  # Packages with rustc, cargo, clippy and rustfmt.
  toolchain,
  # The sources of its standard library, or null.
  standardLibrary,
  # What all crates have.
  nativeBuildInputs,
  buildInputs,
  env,
  # What single crates have: { name; evaluates = whether nixpkgs gives it on this platform; attrs; }.
  crates,
}:

let
  usable = map (crate: crate.attrs) (builtins.filter (crate: crate.evaluates) crates);
  listOf = key: builtins.concatMap (attrs: attrs.${key} or [ ]) usable;
  lists = [
    "nativeBuildInputs"
    "propagatedNativeBuildInputs"
    "buildInputs"
    "propagatedBuildInputs"
    "depsBuildBuild"
    "extraLinkFlags"
    "extraRustcOpts"
    "patches"
    "patchFlags"
    "prePatch"
    "postPatch"
    "env"
  ];
  variablesOf = attrs: removeAttrs attrs lists // (attrs.env or { });
  variables = builtins.foldl' (all: attrs: variablesOf attrs // all) { } usable;

  buildPackages = pkgs.buildPackages or pkgs;
  tools = [
    buildPackages.pkg-config
    buildPackages.cmake
    buildPackages.perl
  ];
  analyzer = if pkgs ? rust-analyzer then [ pkgs.rust-analyzer ] else [ ];
  # nixpkgs' rust-analyzer would take the library of nixpkgs' own compiler, whatever the toolchain is.
  sources = if standardLibrary == null then { } else { RUST_SRC_PATH = "${standardLibrary}"; };

  inputs = {
    nativeBuildInputs =
      nativeBuildInputs ++ listOf "nativeBuildInputs" ++ listOf "propagatedNativeBuildInputs" ++ tools;
    buildInputs = buildInputs ++ listOf "buildInputs" ++ listOf "propagatedBuildInputs";
  };
  # For a derivation in which cargo runs.
  attrs =
    variables
    // env
    // {
      nativeBuildInputs = toolchain ++ inputs.nativeBuildInputs;
      inherit (inputs) buildInputs;
    };
in
{
  inherit inputs attrs;
  derivation = pkgs.mkShell (
    sources
    // attrs
    // {
      name = "${name}-shell";
      nativeBuildInputs = attrs.nativeBuildInputs ++ analyzer;
    }
  );
}
