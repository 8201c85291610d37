# A published package, built through dyndrv from its unchanged sources: see dev/package.
{
  # The unpacked package.
  src,
  profile ? "release",
  # Lists, as JSON.
  bins ? "[]",
  features ? "[]",
  # A directory with `dyndrv/bin` and `builder/bin`, to try a planner without its bootstrap.
  tools ? null,
}:
let
  pkgs = import <nixpkgs> { };
  tool = name: if tools == null then null else builtins.path { path = tools + "/${name}"; inherit name; };
  dyndrv = import ../nix/nixpkgs.nix {
    inherit pkgs;
    dyndrv = tool "dyndrv";
    builder = tool "builder";
  };
in
dyndrv.build {
  src = builtins.path { path = src; name = "source"; };
  inherit profile;
  bins = builtins.fromJSON bins;
  features = builtins.fromJSON features;
}
