# Builds a source tree, with the package set of a flake, for the tests.
#
# With a file `dyndrv.nix` in it the tree says itself how it is built.
{
  src,
  packageSet,
  args ? "{}",
  attribute ? "",
}:
let
  pkgs = (builtins.getFlake packageSet).legacyPackages.${builtins.currentSystem};
  dyndrv = import ../../nix/nixpkgs.nix { inherit pkgs; };
  source = builtins.path {
    path = src;
    name = "source";
  };
  result =
    if builtins.pathExists (source + "/dyndrv.nix") then
      import (source + "/dyndrv.nix") {
        inherit dyndrv pkgs;
        src = source;
      }
    else
      dyndrv.build ({ src = source; } // builtins.fromJSON args);
in
if attribute == "" then result else result.passthru.${attribute}
