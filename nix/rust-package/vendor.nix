# Third-party packages, as arguments of `build`. As in nixpkgs, the first of these that is given holds:
# `cargoVendorDir`, `cargoDeps`, `cargoLock`, `cargoHash`. Without any, the lock file of the sources.
{ pkgs }:
args:

let
  isGiven = name: args.${name} or null != null;
  orNull = name: args.${name} or null;

  # A directory of the sources, which may be there only after a build.
  ofSources = pkgs.stdenv.mkDerivation (
    builtins.intersectAttrs {
      src = null;
      srcs = null;
      sourceRoot = null;
      unpackPhase = null;
      preUnpack = null;
      postUnpack = null;
    } args
    // {
      name = "cargo-vendor-dir";
      __contentAddressed = true;
      directory = args.cargoVendorDir;
      patches = args.cargoPatches or [ ];
      dontConfigure = true;
      dontBuild = true;
      installPhase = ''cp -R "$directory" "$out"'';
      dontFixup = true;
    }
  );

  name = args.cargoDepsName or args.name or "${args.pname}-${args.version}";

  fetched =
    if !(pkgs.rustPlatform ? fetchCargoVendor) then
      throw "dyndrv: buildRustPackage: `cargoHash` of `${name}` needs `rustPlatform.fetchCargoVendor`, which this nixpkgs does not have. Remove it, and give `cargoLock.lockFile` if the sources have no lock file"
    else
      pkgs.rustPlatform.fetchCargoVendor (
        {
          inherit name;
          src = orNull "src";
          srcs = orNull "srcs";
          sourceRoot = orNull "sourceRoot";
          cargoRoot = orNull "cargoRoot";
          preUnpack = orNull "preUnpack";
          unpackPhase = orNull "unpackPhase";
          postUnpack = orNull "postUnpack";
          patches = args.cargoPatches or [ ];
          hash = args.cargoHash;
        }
        // args.depsExtraArgs or { }
      );
in

if isGiven "cargoVendorDir" then
  { vendor = ofSources; }
else if isGiven "cargoDeps" then
  { vendor = args.cargoDeps; }
else if isGiven "cargoLock" then
  { inherit (args) cargoLock; }
else if isGiven "cargoHash" then
  { vendor = fetched; }
else
  { }
