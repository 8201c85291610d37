# The library without flakes: `(import dyndrv { }).project { src = ./.; }`, with the arguments of `nix/nixpkgs.nix`.
{
  pkgs ? import <nixpkgs> { },
  ...
}@args:

import ./nix/mk-lib.nix (args // { inherit pkgs; })
