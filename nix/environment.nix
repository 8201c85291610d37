# The environment that nixpkgs' setup makes of the inputs of a crate, for the units that need it.
#
# One derivation runs stdenv's setup script, with the hooks of all inputs, and records the variables
# that it exports. So what inputs propagate, splicing, hooks, hardening, the flags of the compiler's
# wrapper and what else a nixpkgs has are its own, and the same as in any other derivation of it.
# It is content-addressed and has one name for all crates: equal inputs are recorded once, and
# what comes out as before builds nothing again.
{
  # The package set that `buildInputs` are from.
  pkgs,
  # What the environment of every crate has, as in `mkDerivation`.
  nativeBuildInputs ? [ ],
  buildInputs ? [ ],
  env ? { },
}:

let
  inherit (pkgs) stdenv;
  buildPackages = pkgs.buildPackages or pkgs;
  isCross = stdenv.hostPlatform.config != stdenv.buildPlatform.config;

  # What build scripts of published crates call without anybody having asked for it, beside what
  # stdenv brings along.
  tools = [
    buildPackages.pkg-config
    buildPackages.cmake
    buildPackages.perl
  ];

  constant = {
    # Build scripts wait for it. Nix starts what is ready in the order of names, and this one stands before all crates.
    name = "build-environment";
    __contentAddressed = true;
    __structuredAttrs = false;
    strictDeps = true;
    preferLocalBuild = true;
    allowSubstitutes = false;
    # The environment does not speak of the derivation that records it: of its output neither by a
    # search path nor by what is made of its name.
    NIX_NO_SELF_RPATH = true;
    NIX_OUTPATH_USED_AS_RANDOM_SEED = "dyndrv-build-environment";
    buildCommand = builtins.readFile ./record-environment.sh;
  };

  # What every derivation of stdenv has, and what belongs to the process that records.
  own =
    builtins.filter (name: builtins.substring 0 4 name != "NIX_") (
      builtins.attrNames (stdenv.mkDerivation constant).drvAttrs
    )
    ++ [
      "HOME"
      "IN_NIX_SHELL"
      "NIX_BUILD_CORES"
      "NIX_BUILD_TOP"
      "NIX_LOG_FD"
      "NIX_NO_SELF_RPATH"
      "NIX_OUTPATH_USED_AS_RANDOM_SEED"
      "OLDPWD"
      "PWD"
      "SHLVL"
      "TEMP"
      "TEMPDIR"
      "TERM"
      "TMP"
      "TMPDIR"
      "_"
      "dyndrvSkip"
      "out"
      "outputs"
    ];

  # For the crates that look for the compiler of each platform by themselves.
  cross =
    if isCross then
      {
        depsBuildBuild = [ buildPackages.stdenv.cc ];
        env = {
          HOST_CC = "${buildPackages.stdenv.cc}/bin/cc";
          HOST_CXX = "${buildPackages.stdenv.cc}/bin/c++";
          PKG_CONFIG_ALLOW_CROSS = "1";
        }
        // (import ./target-tools.nix {
          crossPkgs = pkgs;
          target = stdenv.hostPlatform.rust.rustcTarget;
        }).env;
      }
    else
      { };
in

rec {
  # The environment of a crate whose entry has these attributes.
  of =
    entry:
    stdenv.mkDerivation (
      (cross.env or { })
      // env
      // removeAttrs entry [ "env" ]
      // (entry.env or { })
      // constant
      // {
        depsBuildBuild = (cross.depsBuildBuild or [ ]) ++ (entry.depsBuildBuild or [ ]);
        nativeBuildInputs = (entry.nativeBuildInputs or [ ]) ++ nativeBuildInputs ++ tools;
        buildInputs = (entry.buildInputs or [ ]) ++ buildInputs;
        dyndrvSkip = own;
      }
    );

  # The environment of all crates without an entry.
  platform = of { };
}
