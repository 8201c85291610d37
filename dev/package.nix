# A published package, built through dyndrv from its unchanged sources: see dev/package.
{
  # The unpacked package.
  src,
  profile ? "release",
  # Lists, as JSON.
  bins ? "[]",
  features ? "[]",
  # Files to add by hand: package → list of globs, as JSON.
  extraSources ? "{}",
}:
let
  pkgs = import <nixpkgs> { };
  # As dev/static-tools makes it; without it, both are built here.
  tools = builtins.getEnv "DYNDRV_TOOLS";
  tool =
    name:
    if tools == "" then
      null
    else
      builtins.path {
        path = "${tools}/${name}";
        inherit name;
      };
  dyndrv = import ../nix/nixpkgs.nix {
    inherit pkgs;
    dyndrv = tool "dyndrv";
    builder = tool "builder";
    checker = tool "checker";
  };
in
dyndrv.build {
  src = builtins.path {
    path = src;
    name = "source";
  };
  inherit profile;
  bins = builtins.fromJSON bins;
  features = builtins.fromJSON features;
  extraSources = builtins.fromJSON extraSources;
}
