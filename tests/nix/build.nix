# Builds a source tree, with the package set of a flake, for the tests.
#
# With a file `dyndrv.nix` in it the tree says itself how it is built.
#
# DYNDRV_TOOLS may name a directory with the planner, the unit builder and the checker, as
# `dev/static-tools` makes it, so that no edit of them waits for the bootstrap.
{
  src,
  packageSet,
  args ? "{}",
  # A file with a function of `{ pkgs }` to arguments that JSON cannot state.
  settings ? "",
  attribute ? "",
}:
let
  pkgs = (builtins.getFlake packageSet).legacyPackages.${builtins.currentSystem};
  directory = builtins.getEnv "DYNDRV_TOOLS";
  tool =
    part: name:
    builtins.path {
      path = directory + "/${part}";
      inherit name;
    };
  tools =
    if directory == "" then
      { }
    else
      {
        dyndrv = tool "dyndrv" "dyndrv";
        builder = tool "builder" "dyndrv-builder";
        checker = tool "checker" "dyndrv-checker";
      };
  dyndrv = import ../../nix/nixpkgs.nix ({ inherit pkgs; } // tools);
  sourceAt =
    path:
    builtins.path {
      inherit path;
      name = "source";
    };
  source = sourceAt src;
  parsed = builtins.fromJSON args;
  given =
    parsed
    // (
      if builtins.isString parsed.incrementalFrom or null then
        { incrementalFrom = sourceAt parsed.incrementalFrom; }
      else
        { }
    );
  written = if settings == "" then { } else import settings { inherit pkgs; };
  result =
    if builtins.pathExists (source + "/dyndrv.nix") then
      import (source + "/dyndrv.nix") {
        inherit dyndrv pkgs;
        src = source;
        settings = given;
      }
    else
      dyndrv.build (
        {
          src = source;
        }
        // written
        // given
        // {
          checks = written.checks or { } // given.checks or { };
        }
      );
in
# A path of attributes of `passthru`, separated by dots.
if attribute == "" then
  result
else if dyndrv ? ${attribute} then
  dyndrv.${attribute}
else
  builtins.foldl' (set: name: set.${name}) result.passthru (
    builtins.filter builtins.isString (builtins.split "[.]" attribute)
  )
